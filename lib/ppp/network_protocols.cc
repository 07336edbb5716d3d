// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/network_protocols.h"

#include <algorithm>
#include <utility>

#include "lib/ppp/append_action.h"
#include "lib/ppp/frame.h"

namespace lns::ppp {
namespace {

// Of a frame we built: two bytes of protocol, then the code.
bool IsConfigureAck(ByteView frame) { return frame[2] == kConfigureAck; }

}  // namespace

void NetworkProtocols::Assign(const AuthenticationVerdict& verdict) {
  ipcp_.Assign(verdict.ipv4);
  ipv6cp_.Suggest(verdict.ipv6_interface_id);
  ipv6_granted_ = verdict.ipv6;
}

void NetworkProtocols::set_peer_mru(uint16_t mru) {
  ipcp_fsm_.set_peer_mru(mru);
  ipv6cp_fsm_.set_peer_mru(mru);
}

bool NetworkProtocols::Begin(const LinkSettings& settings, Instant now, LinkActions& out) {
  const bool ipv4 =
      settings.ipv4 && (settings.role == Role::kClient || ipcp_.parameters().peer != 0);
  const bool ipv6 = settings.ipv6 && ipv6_granted_;
  if (ipv4) Start(ipcp_fsm_, now, out);
  if (ipv6) Start(ipv6cp_fsm_, now, out);
  return ipv4 || ipv6;
}

void NetworkProtocols::Stop(Instant now, LinkActions& out) {
  Stop(ipcp_fsm_, now, out);
  Stop(ipv6cp_fsm_, now, out);
}

void NetworkProtocols::Start(OptionFsm& ncp, Instant now, LinkActions& out) {
  OptionOutputs outputs;
  ncp.Open(now, outputs);
  ncp.Up(now, outputs);
  Carry(ncp, outputs, LinkDownCause::kNoNetworkProtocol, out);
}

// Back to Initial from wherever it is. That it is finished is no news to the link.
void NetworkProtocols::Stop(OptionFsm& ncp, Instant now, LinkActions& out) {
  OptionOutputs outputs;
  ncp.Down(now, outputs);
  ncp.Close(now, outputs);
  Carry(ncp, outputs, LinkDownCause::kNone, out);
}

// From Begin to Stop the lower layer of an NCP in use is up; the others stay in Initial.
bool NetworkProtocols::Uses(uint16_t protocol) const {
  return (protocol == kProtocolIpcp && ipcp_fsm_.state() != FsmState::kInitial) ||
         (protocol == kProtocolIpv6cp && ipv6cp_fsm_.state() != FsmState::kInitial);
}

NetworkStep NetworkProtocols::OnPacket(uint16_t protocol, const ControlPacket& packet, Instant now,
                                       LinkActions& out) {
  OptionFsm& ncp = protocol == kProtocolIpcp ? ipcp_fsm_ : ipv6cp_fsm_;
  OptionOutputs outputs;
  ncp.OnPacket(packet, now, outputs);
  return Carry(ncp, outputs, LinkDownCause::kNoNetworkProtocol, out);
}

NetworkStep NetworkProtocols::OnProtocolReject(uint16_t protocol, Instant now, LinkActions& out) {
  OptionOutputs outputs;
  switch (protocol) {
    case kProtocolIpcp:
    case kProtocolIpv4:
      ipcp_fsm_.OnProtocolReject(now, outputs);
      return Carry(ipcp_fsm_, outputs, LinkDownCause::kNoNetworkProtocol, out);
    case kProtocolIpv6cp:
    case kProtocolIpv6:
      ipv6cp_fsm_.OnProtocolReject(now, outputs);
      return Carry(ipv6cp_fsm_, outputs, LinkDownCause::kNoNetworkProtocol, out);
    default:
      return {};  // not something we send
  }
}

NetworkStep NetworkProtocols::OnTimer(Instant now, LinkActions& out) {
  NetworkStep step;
  for (OptionFsm* ncp : {&ipcp_fsm_, &ipv6cp_fsm_}) {
    OptionOutputs outputs;
    ncp->OnTimer(now, outputs);
    const NetworkStep each = Carry(*ncp, outputs, LinkDownCause::kNetworkTimeout, out);
    if (each.ended_by != LinkDownCause::kNone) step = each;
  }
  return step;
}

Instant NetworkProtocols::NextDeadline() const {
  return std::min(ipcp_fsm_.NextDeadline(), ipv6cp_fsm_.NextDeadline());
}

NetworkStep NetworkProtocols::Carry(const OptionFsm& ncp, OptionOutputs& outputs,
                                    LinkDownCause reason, LinkActions& out) {
  using Kind = OptionOutput::Kind;
  NetworkStep step;
  for (OptionOutput& output : outputs) {
    switch (output.kind) {
      case Kind::kSend:
        if (server_ && IsConfigureAck(output.frame)) TellOpening(ncp, out);
        Append(out, SendFrame{std::move(output.frame)});
        break;
      case Kind::kCount:
        Append(out, CountEvent{output.event});
        break;
      case Kind::kLayerUp:
        step.opened = true;
        OnLayerUp(ncp, out);
        break;
      case Kind::kLayerDown:
        OnLayerDown(ncp, out);
        break;
      case Kind::kLayerFinished:
        if (!Alive()) {
          const LinkDownCause refusal =
              ipcp_.refusal() != LinkDownCause::kNone ? ipcp_.refusal() : ipv6cp_.refusal();
          step.ended_by = refusal != LinkDownCause::kNone ? refusal : reason;
        }
        break;
      case Kind::kLayerStarted:
      case Kind::kEchoReply:
        break;
    }
  }
  TakeBackOpening(ncp, out);
  return step;
}

void NetworkProtocols::TellOpening(const OptionFsm& ncp, LinkActions& out) {
  if (&ncp == &ipcp_fsm_) {
    if (opening_address_ == ipcp_.parameters().peer) return;
    opening_address_ = ipcp_.parameters().peer;
    Append(out, Ipv4Opening{ipcp_.parameters()});
  } else {
    if (opening_interface_id_ == ipv6cp_.peer_interface_id()) return;
    opening_interface_id_ = ipv6cp_.peer_interface_id();
    Append(out, Ipv6Opening{opening_interface_id_});
  }
}

// RFC 1661 4.2: only in Ack-Sent and Opened does an Ack of ours stand.
void NetworkProtocols::TakeBackOpening(const OptionFsm& ncp, LinkActions& out) {
  const bool told = &ncp == &ipcp_fsm_ ? opening_address_ != 0 : opening_interface_id_ != 0;
  if (told && ncp.state() != FsmState::kAckSent && !ncp.opened()) OnLayerDown(ncp, out);
}

void NetworkProtocols::OnLayerUp(const OptionFsm& ncp, LinkActions& out) {
  if (&ncp == &ipcp_fsm_) {
    Append(out, Ipv4Up{ipcp_.parameters()});
  } else {
    Append(out, Ipv6Up{.local_interface_id = ipv6cp_.local_interface_id(),
                       .peer_interface_id = ipv6cp_.peer_interface_id()});
  }
}

void NetworkProtocols::OnLayerDown(const OptionFsm& ncp, LinkActions& out) {
  if (&ncp == &ipcp_fsm_) {
    opening_address_ = 0;
    Append(out, Ipv4Down{});
  } else {
    opening_interface_id_ = 0;
    Append(out, Ipv6Down{});
  }
}

}  // namespace lns::ppp
