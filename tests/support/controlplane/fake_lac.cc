// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/support/controlplane/fake_lac.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "lib/l2tp/header.h"
#include "lib/ppp/frame.h"

namespace lns::test {

Bytes DataMessage(uint16_t tunnel_id, uint16_t session_id, ByteView frame) {
  Bytes bytes(l2tp::kMinHeaderLength + 2 + frame.size());
  Writer writer(bytes);
  writer.WriteU16(l2tp::kVersion);
  writer.WriteU16(tunnel_id);
  writer.WriteU16(session_id);
  writer.WriteU16(0xff03);
  writer.WriteBytes(frame);
  return bytes;
}

void FakeLac::Open(Instant now) {
  l2tp::Actions actions;
  tunnel_ = l2tp::Tunnel::Open(settings_.tunnel, settings_.tunnel_id, rng_, now, actions);
  CarryOut(actions, now);
}

FakeLac::Call& FakeLac::Place(const ppp::Credentials& credentials, const l2tp::CallInfo& info,
                              Instant now) {
  Call& call = *calls_.emplace_back(std::make_unique<Call>());
  call.id = l2tp::LocalSessionId(next_session_++);
  call.credentials = credentials;
  call.info = info;
  l2tp::Actions actions;
  tunnel_->PlaceCall(call.id, info, now, actions);
  CarryOut(actions, now);
  return call;
}

void FakeLac::Terminate(Call& call, Instant now) {
  if (call.link == nullptr) return;
  ppp::LinkActions actions;
  call.link->Close(now, actions);
  CarryOut(call, actions, now);
}

void FakeLac::Hangup(Call& call, Instant now) {
  if (call.state == CallState::kEnded || tunnel_ == nullptr) return;
  call.state = CallState::kEnded;
  call.link.reset();
  l2tp::Actions actions;
  tunnel_->CloseSession(call.id, {.result = 1, .message = "carrier lost"}, now, actions);
  CarryOut(actions, now);
}

void FakeLac::Close(const l2tp::ResultCode& result, Instant now) {
  l2tp::Actions actions;
  tunnel_->Close(result, now, actions);
  CarryOut(actions, now);
}

void FakeLac::Die() {
  tunnel_.reset();
  established_ = false;
  for (auto& call : calls_) {
    call->link.reset();
    call->state = CallState::kEnded;
  }
}

void FakeLac::OnDatagram(ByteView datagram, Instant now) {
  l2tp::Header header;
  if (l2tp::ParseHeader(datagram, header) != l2tp::HeaderError::kNone) return;
  if (header.control) {
    l2tp::Actions actions;
    if (tunnel_ == nullptr || IsForAnother(datagram)) {
      if (!settings_.accepts_tunnels || !l2tp::PeekSccrq(datagram).ok()) return;
      tunnel_ =
          l2tp::Tunnel::Accept(settings_.tunnel, settings_.tunnel_id, datagram, rng_, now, actions);
    } else {
      tunnel_->OnDatagram(datagram, now, actions);
    }
    return CarryOut(actions, now);
  }
  Call* call = Find(l2tp::LocalSessionId(header.session_id));
  if (call == nullptr || call->link == nullptr) return;
  const ByteView frame = datagram.subspan(header.payload_offset, header.payload_length());
  const ppp::FrameHeader ppp_header = ppp::ParseFrameHeader(frame);
  if (ppp_header.ok() && ppp_header.protocol == ppp::kProtocolIpv6) {
    const ByteView packet = frame.subspan(ppp_header.length);
    call->ipv6_packets.emplace_back(packet.begin(), packet.end());
    return;
  }
  ppp::LinkActions actions;
  call->link->OnFrame(frame, now, actions);
  CarryOut(*call, actions, now);
}

// The LNS opens a tunnel while ours is on its way: the tie is broken here too, and either ours goes
// (true) or the datagram is nothing to us, which ours is given to find out.
bool FakeLac::IsForAnother(ByteView datagram) {
  const auto info = l2tp::PeekSccrq(datagram);
  if (!info.ok() || tunnel_->state() != l2tp::TunnelState::kWaitCtlReply) return false;
  return l2tp::BreakTie(tunnel_->tie_breaker(), info->tie_breaker) == l2tp::TieVerdict::kKeepTheirs;
}

void FakeLac::OnTimer(Instant now) {
  if (tunnel_ != nullptr && tunnel_->NextDeadline() <= now) {
    l2tp::Actions actions;
    tunnel_->OnTimer(now, actions);
    CarryOut(actions, now);
  }
  for (auto& call : calls_) {
    if (call->link == nullptr || call->link->NextDeadline() > now) continue;
    ppp::LinkActions actions;
    call->link->OnTimer(now, actions);
    CarryOut(*call, actions, now);
  }
}

Instant FakeLac::NextDeadline() const {
  Instant next = tunnel_ == nullptr ? Instant::Never() : tunnel_->NextDeadline();
  for (const auto& call : calls_) {
    if (call->link != nullptr) next = std::min(next, call->link->NextDeadline());
  }
  return next;
}

std::vector<Bytes> FakeLac::TakeSent() { return std::exchange(sent_, {}); }

size_t FakeLac::CountOf(CallState state) const {
  return static_cast<size_t>(std::count_if(calls_.begin(), calls_.end(),
                                           [&](const auto& call) { return call->state == state; }));
}

void FakeLac::CarryOut(l2tp::Actions& actions, Instant now) {
  bool released = false;
  for (l2tp::Action& action : actions) {
    if (auto* send = std::get_if<l2tp::SendDatagram>(&action)) {
      sent_.push_back(std::move(send->bytes));
    } else if (std::holds_alternative<l2tp::TunnelEstablished>(action)) {
      established_ = true;
    } else if (const auto* closed = std::get_if<l2tp::TunnelClosed>(&action)) {
      established_ = false;
      closed_ = *closed;
    } else if (std::holds_alternative<l2tp::TunnelReleased>(action)) {
      released = true;
    } else if (const auto* up = std::get_if<l2tp::SessionEstablished>(&action)) {
      Call* call = Find(up->local_session_id);
      if (call == nullptr || call->state != CallState::kPlaced) continue;
      call->state = CallState::kEstablished;
      call->peer_id = up->peer_session_id;
      call->link = ppp::Link::MakeClient(settings_.ppp, call->credentials, rng_);
      ppp::LinkActions link_actions;
      call->link->Start(now, link_actions);
      CarryOut(*call, link_actions, now);
    } else if (const auto* down = std::get_if<l2tp::SessionClosed>(&action)) {
      Call* call = Find(down->local_session_id);
      if (call == nullptr) continue;
      call->state = CallState::kEnded;
      call->closed = down->result;
      call->ppp_cause = down->ppp_cause;
      call->link.reset();
    } else if (const auto* request = std::get_if<l2tp::OutgoingCallRequested>(&action)) {
      Answer(*request, now);
    } else if (const auto* info = std::get_if<l2tp::LinkInfo>(&action)) {
      link_infos_.push_back(*info);
    }
  }
  if (released) tunnel_.reset();
}

// The called party answers at once.
void FakeLac::Answer(const l2tp::OutgoingCallRequested& request, Instant now) {
  Call& call = *calls_.emplace_back(std::make_unique<Call>());
  call.id = l2tp::LocalSessionId(next_session_++);
  call.credentials = settings_.called_party;
  call.outgoing = request.info;
  l2tp::Actions actions;
  if (!tunnel_->AcceptOutgoingCall(request.peer_session_id, call.id, now, actions)) {
    call.state = CallState::kEnded;  // withdrawn by what came right behind the request
    return;
  }
  l2tp::CallInfo answer = settings_.answer;
  answer.tx_connect_speed_bps = request.info.maximum_bps;
  tunnel_->ConnectOutgoingCall(call.id, answer, now, actions);
  CarryOut(actions, now);
}

void FakeLac::CarryOut(Call& call, ppp::LinkActions& actions, Instant) {
  for (ppp::LinkAction& action : actions) {
    if (auto* send = std::get_if<ppp::SendFrame>(&action)) {
      SendPpp(call, send->bytes);
    } else if (std::holds_alternative<ppp::Authenticated>(action)) {
      call.authenticated = true;
    } else if (const auto* up = std::get_if<ppp::Ipv4Up>(&action)) {
      call.state = CallState::kOnline;
      call.address = up->parameters.local;
    } else if (std::holds_alternative<ppp::Ipv4Down>(action)) {
      call.state = CallState::kEstablished;
      call.address = 0;
    } else if (const auto* ipv6 = std::get_if<ppp::Ipv6Up>(&action)) {
      call.ipv6_up = true;
      call.interface_id = ipv6->local_interface_id;
    } else if (std::holds_alternative<ppp::Ipv6Down>(action)) {
      call.ipv6_up = false;
    } else if (const auto* down = std::get_if<ppp::LinkDown>(&action)) {
      // The call stays until the LNS or the LAC clears it.
      call.link_down = down->cause;
      call.link_message = down->message;
      if (call.state == CallState::kOnline) call.state = CallState::kEstablished;
    }
  }
}

FakeLac::Call* FakeLac::Find(l2tp::LocalSessionId id) {
  for (auto& call : calls_) {
    if (call->id == id) return call.get();
  }
  return nullptr;
}

void FakeLac::SendIpv6(const Call& call, ByteView packet) {
  Bytes frame(2 + packet.size());
  StoreBe16(frame.data(), ppp::kProtocolIpv6);
  std::copy(packet.begin(), packet.end(), frame.begin() + 2);
  SendPpp(call, frame);
}

void FakeLac::SendPpp(const Call& call, ByteView frame) {
  if (tunnel_ == nullptr) return;
  sent_.push_back(DataMessage(tunnel_->peer_id().value(), call.peer_id.value(), frame));
}

}  // namespace lns::test
