// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/sim/l2tp/tie_sim.h"

#include <algorithm>

namespace lns::l2tp {
namespace {

// Longer than a cycle of retransmissions (31 s), a set-up that stops halfway and its StopCCN.
constexpr Duration kSettleTime = Duration::Seconds(120);
constexpr uint64_t kMaxSteps = 100'000;

TunnelSettings SettingsOf(const char* name, bool tie_breaker) {
  TunnelSettings settings{.host_name = name};
  // A set-up should survive the link.
  settings.max_retransmits = settings.max_retransmits_established = 10;
  settings.hello_interval = Duration();
  settings.tie_breaker = tie_breaker;
  return settings;
}

}  // namespace

TieSim::End::End(int number_on_link, const char* name, bool with_tie_breaker, Instant open,
                 Rng& rng)
    : number(number_on_link),
      tie_breaker(with_tie_breaker),
      open_at(open),
      node(static_cast<uint16_t>(0x100 * (number + 1)), SettingsOf(name, tie_breaker), rng) {}

TieSim::TieSim(uint64_t seed)
    : rng_(seed),
      link_({.loss_percent = 20, .duplicate_percent = 20, .reorder_percent = 20}, rng_),
      a_(0, "a", rng_.Below(3) != 0, now_ + Duration::Milliseconds(rng_.Below(1000)), rng_),
      b_(1, "b", rng_.Below(3) != 0, now_ + Duration::Milliseconds(rng_.Below(1000)), rng_) {}

std::optional<std::string> TieSim::Run() {
  RunUntil(now_ + Duration::Seconds(30));
  link_.set_settings({.loss_percent = 0, .duplicate_percent = 0, .reorder_percent = 0});
  RunUntil(now_ + kSettleTime);
  const size_t expected = collided() && !a_.tie_breaker && !b_.tie_breaker ? 2 : 1;
  for (const End* end : {&a_, &b_}) {
    if (end->node.CountIn(TunnelState::kEstablished) != expected) {
      return "(tie) " + Summary() + ": expected " + std::to_string(expected);
    }
  }
  return std::nullopt;
}

void TieSim::RunUntil(Instant until) {
  for (uint64_t step = 0; step < kMaxSteps; ++step) {
    const Instant opens = std::min(a_.open_at, b_.open_at);
    const Instant next =
        std::min({link_.NextDelivery(), a_.node.NextDeadline(), b_.node.NextDeadline(), opens});
    if (next > until) break;
    now_ = std::max(now_, next);
    if (std::optional<test::LossyLink::Delivery> delivery = link_.Take(now_)) {
      (delivery->to == a_.number ? a_ : b_).node.OnDatagram(delivery->datagram, now_);
    }
    for (End* end : {&a_, &b_}) {
      MaybeOpen(*end);
      if (end->node.NextDeadline() <= now_) end->node.OnTimer(now_);
      Carry(*end);
    }
  }
  now_ = until;
}

// Who already has a tunnel with the peer, or one on its way from it, opens none.
void TieSim::MaybeOpen(End& end) {
  if (end.open_at > now_) return;
  end.open_at = Instant::Never();
  if (end.node.tunnels() > 0) return;
  end.opened = true;
  end.node.Open(now_);
}

void TieSim::Carry(End& end) {
  for (; !end.node.sent.empty(); end.node.sent.pop_front()) {
    link_.Send(1 - end.number, end.node.sent.front(), now_);
  }
}

std::string TieSim::Summary() const {
  const auto of = [](const End& end) {
    return std::string(end.opened ? "opened" : "did not open") +
           (end.tie_breaker ? " with" : " without") + " tie breaker, has " +
           std::to_string(end.node.CountIn(TunnelState::kEstablished)) + " tunnels";
  };
  return "tie: a " + of(a_) + ", b " + of(b_);
}

}  // namespace lns::l2tp
