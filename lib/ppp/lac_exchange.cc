// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/lac_exchange.h"

#include <memory>
#include <utility>
#include <variant>

#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/proxied.h"

namespace lns::ppp {
namespace {

// Of frames there and back; a negotiation takes a handful.
constexpr int kMaxRounds = 64;

// The options, where `frame`, one of a link's, is a Configure-Request of LCP.
std::optional<Bytes> LcpRequest(const Bytes& frame) {
  if (LoadBe16(frame.data()) != kProtocolLcp || frame[2] != kConfigureRequest) return std::nullopt;
  return Bytes(frame.begin() + 6, frame.end());
}

// A subscriber that need not say who it is begins at once with its network protocols.
bool IsForLac(const Bytes& frame) {
  const uint16_t protocol = LoadBe16(frame.data());
  return protocol == kProtocolLcp || protocol == kProtocolPap || protocol == kProtocolChap;
}

ProxyAuthenType TypeOf(AuthProtocol protocol) {
  switch (protocol) {
    case AuthProtocol::kNone:
      return ProxyAuthenType::kNone;
    case AuthProtocol::kPap:
      return ProxyAuthenType::kPap;
    case AuthProtocol::kMsChapV1:
      return ProxyAuthenType::kMsChapV1;
    case AuthProtocol::kChapMd5:
    case AuthProtocol::kMsChapV2:
      return ProxyAuthenType::kChap;
  }
  return ProxyAuthenType::kNone;
}

void TakeAnswer(AuthenticationNeeded& answer, LacExchange& exchange) {
  exchange.authen_type = static_cast<uint16_t>(TypeOf(answer.protocol));
  if (answer.protocol == AuthProtocol::kNone) return;
  exchange.authen_name = std::move(answer.user_name);
  exchange.authen_id = answer.identifier;
  exchange.authen_challenge = std::move(answer.challenge);
  exchange.authen_response = std::move(answer.response);
  if (answer.protocol == AuthProtocol::kPap) {
    const ByteView password = AsBytes(answer.password);
    exchange.authen_response.assign(password.begin(), password.end());
  }
}

}  // namespace

ProxiedLcp LacExchange::view() const {
  return {.initial_received = initial_received,
          .last_sent = last_sent,
          .last_received = last_received,
          .authen_type = authen_type,
          .authen_name = authen_name,
          .authen_challenge = authen_challenge,
          .authen_id = authen_id,
          .authen_response = authen_response};
}

std::optional<LacExchange> ExchangeAsLac(Link& subscriber, const LinkSettings& settings, Rng& rng,
                                         Instant now, LinkActions& out) {
  const std::unique_ptr<Link> lac = Link::MakeServer(settings, rng);
  LacExchange exchange;
  LinkActions from_lac;
  LinkActions from_subscriber;
  lac->Start(now, from_lac);
  subscriber.Start(now, from_subscriber);
  for (int round = 0; round < kMaxRounds; ++round) {
    for (LinkAction& action : std::exchange(from_subscriber, {})) {
      const auto* frame = std::get_if<SendFrame>(&action);
      if (frame == nullptr || !IsForLac(frame->bytes)) {
        out.push_back(std::move(action));
        continue;
      }
      if (std::optional<Bytes> request = LcpRequest(frame->bytes)) {
        if (exchange.initial_received.empty()) exchange.initial_received = *request;
        exchange.last_received = std::move(*request);
      }
      lac->OnFrame(frame->bytes, now, from_lac);
    }
    for (LinkAction& action : std::exchange(from_lac, {})) {
      if (auto* answer = std::get_if<AuthenticationNeeded>(&action)) {
        TakeAnswer(*answer, exchange);
        // What the subscriber has begun to say since is for the LNS.
        for (LinkAction& later : from_subscriber) out.push_back(std::move(later));
        return exchange;
      }
      const auto* frame = std::get_if<SendFrame>(&action);
      if (frame == nullptr) continue;
      if (std::optional<Bytes> request = LcpRequest(frame->bytes)) {
        exchange.last_sent = std::move(*request);
      }
      subscriber.OnFrame(frame->bytes, now, from_subscriber);
    }
  }
  return std::nullopt;
}

}  // namespace lns::ppp
