// What LAC and LNS tell each other of a subscriber's line while the call lasts: its data and speeds
// (RFC 5515), its errors (WEN, RFC 2661 6.13), and what LCP agreed on (SLI, 6.14, and RFC 3437).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/engine_impl.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr uint32_t kAsyncFraming = 2;  // RFC 2661 4.4.4

}  // namespace

LineRecord& EngineImpl::LineOf(SessionRecord& session) {
  if (session.line == nullptr) session.line = std::make_unique<LineRecord>();
  return *session.line;
}

void EngineImpl::LearnLine(SessionRecord& session, const l2tp::CallInfo& info) {
  if (info.access_line == l2tp::AccessLine() && !info.connect_speed_updates) return;
  LineOf(session).line = info.access_line;
  LineOf(session).speed_updates = info.connect_speed_updates;
}

void EngineImpl::OnWanErrors(TunnelRecord& tunnel, const l2tp::WanErrors& errors, Turn turn) {
  SessionRecord* session = sessions_.Find({tunnel.id, errors.local_session_id});
  if (session == nullptr) return;
  counters_.Add(Counter::kWanErrors);
  LineRecord& line = LineOf(*session);
  line.errors = errors.counts;
  ++line.error_notices;
  Note(*session, TrailNote::kWanErrors,
       absl::StrCat("CRC ", errors.counts.crc_errors, ", framing ", errors.counts.framing_errors),
       turn);
}

void EngineImpl::OnLineSpeed(TunnelRecord& tunnel, const l2tp::AccessLineUpdate& update,
                             Turn turn) {
  SessionRecord* session = sessions_.Find({tunnel.id, update.local_session_id});
  if (session == nullptr) return;
  counters_.Add(Counter::kLineSpeed);
  ++LineOf(*session).updates;
  // RFC 5515 6.1: they take the place of the connect speeds of the ICCN, in whose 32 bits they
  // came. The line's data rates are something else, and stay. The LAC's transmit direction is
  // towards the subscriber.
  session->call.tx_connect_speed_bps = static_cast<uint32_t>(update.tx_bps);
  session->call.rx_connect_speed_bps = static_cast<uint32_t>(update.rx_bps);
  Note(*session, TrailNote::kLineSpeed,
       absl::StrCat("down ", update.tx_bps, " bps, up ", update.rx_bps, " bps"), turn);
}

absl::Status EngineImpl::RequestLineSpeed(const SessionKey& key, Instant now, EngineActions& out) {
  SessionRecord* session = sessions_.Find(key);
  l2tp::Actions actions;
  if (session == nullptr ||
      !session->tunnel->l2tp->RequestAccessLineUpdate(key.session, now, actions)) {
    return absl::NotFoundError(
        absl::StrCat("no established session ", key.tunnel.value(), "/", key.session.value()));
  }
  CarryOut(*session->tunnel, actions, {now, out});
  FinishTurn();
  return absl::OkStatus();
}

// A LAC with asynchronous framing must know what to escape; one whose interface asked for options
// must know what came of them.
void EngineImpl::TellLac(SessionRecord& session, const ppp::LinkOpened& opened, Turn turn) {
  const bool escapes =
      (session.call.framing_type & kAsyncFraming) != 0 &&
      (opened.send_accm != ppp::kDefaultAccm || opened.receive_accm != ppp::kDefaultAccm);
  const bool asked = !opened.sent_options.empty() || !opened.received_options.empty();
  if (!escapes && !asked) return;
  TunnelRecord& tunnel = *session.tunnel;
  l2tp::Actions actions;
  const bool sent = tunnel.l2tp->SendLinkInfo({.local_session_id = session.key.session,
                                               .send_accm = opened.send_accm,
                                               .receive_accm = opened.receive_accm,
                                               .last_sent_confreq = opened.sent_options,
                                               .last_received_confreq = opened.received_options},
                                              turn.now, actions);
  if (sent) counters_.Add(Counter::kLinkInfoSent);
  CarryOut(tunnel, actions, turn);
}

}  // namespace lns::controlplane
