// Subscribers of the engine: the PPP link of a session, its user, and what the data plane is told
// about it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <type_traits>

#include "controlplane/lns/engine_impl.h"
#include "lib/base/check.h"
#include "lib/ppp/frame.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

const char* OpenText(bool ipv4, bool ipv6) {
  return ipv4 && ipv6 ? "IPv4 and IPv6" : ipv4 ? "IPv4" : "IPv6";
}

// What we call ourselves towards the holder of the lease.
net::IpAddress OwnIpcpAddress(const EngineSettings& settings, const AddressBook& addresses,
                              const Lease& lease) {
  return settings.local_ipcp_address.is_v4() ? settings.local_ipcp_address
                                             : addresses.GatewayOf(lease);
}

// Rounded up to whole seconds.
EchoEntry EchoesOf(const ppp::LinkSettings& link, uint32_t magic) {
  return {.magic = magic,
          .interval_s = static_cast<uint32_t>((link.echo_interval.milliseconds() + 999) / 1000),
          .max_misses = static_cast<uint8_t>(link.echo_max_misses),
          .always = link.echo_always};
}

}  // namespace

void EngineImpl::OnPpp(const SessionKey& key, ByteView frame, Instant now, EngineActions& out) {
  const Turn turn{now, out};
  SessionRecord* session = sessions_.Find(key);
  if (session == nullptr) {
    counters_.Add(Counter::kPppUnknownSession);
    return;
  }
  session->tunnel->l2tp->OnDataSeen(now);
  RecordPpp(*session, TrailKind::kPppReceived, frame, turn);
  if (session->link == nullptr) {
    QueueEarlyFrame(*session, frame);
    return;
  }
  if (session->ipv6_open && TakeIpv6Packet(*session, frame, turn)) return FinishTurn();
  ppp::LinkActions actions;
  session->link->OnFrame(frame, now, actions);
  CarryOut(*session, actions, turn);
  FinishTurn();
}

const ppp::LinkSettings& EngineImpl::LinkSettingsOf(const SessionRecord& session) const {
  const PeerProfile& profile = *session.tunnel->profile;
  return profile.link == nullptr ? settings_.ppp : *profile.link;
}

// `info` is what the LAC has negotiated for us, and asks of us.
void EngineImpl::StartLink(SessionRecord& session, const l2tp::CallInfo& info, Turn turn) {
  const bool ready = session.outgoing ? session.stage == SessionStage::kProgramming
                                      : session.stage == SessionStage::kWaitConnect;
  if (!ready) return;
  session.stage = SessionStage::kLink;
  if (session.numbers_or_marks() && !session.outgoing) {
    // From the first frame on; where they must be numbered, not before the data plane does it.
    ++session.revision;
    if (session.sequence_numbers) BeginHolding(session, turn);
    turn.out.push_back(ProgramSession{EntryOf(session), session.awaits_dataplane()});
  }
  session.link = ppp::Link::MakeServer(LinkSettingsOf(session), rng_);
  if (!info.lcp_want_options.empty() || !info.lcp_allow_options.empty()) {
    session.link->SetInterfaceOptions(info.lcp_want_options, info.lcp_allow_options);
  }
  Note(session, TrailNote::kLcpStarts, "", turn);
  ppp::LinkActions actions;
  session.link->StartProxied({.initial_received = info.initial_received_confreq,
                              .last_sent = info.last_sent_confreq,
                              .last_received = info.last_received_confreq,
                              .authen_type = info.proxy_authen_type,
                              .authen_name = info.proxy_authen_name,
                              .authen_challenge = info.proxy_authen_challenge,
                              .authen_id = info.proxy_authen_id,
                              .authen_response = info.proxy_authen_response},
                             turn.now, actions);
  if (session.early_frames != nullptr) {
    for (const Bytes& frame : *session.early_frames) {
      session.link->OnFrame(frame, turn.now, actions);
    }
    DropEarlyFrames(session);
  }
  CarryOut(session, actions, turn);
}

void EngineImpl::OnLinkOpened(SessionRecord& session, const ppp::LinkOpened& opened, Turn turn) {
  session.peer_mru = opened.peer_mru;
  session.send_pfc = opened.send_pfc;
  session.send_acfc = opened.send_acfc;
  session.auth = opened.auth;
  session.proxied = opened.proxied;
  session.magic = opened.magic;
  if (opened.proxied) counters_.Add(Counter::kLcpTakenOver);
  Note(session, opened.proxied ? TrailNote::kLcpTakenOver : TrailNote::kLcpOpened, "", turn);
  TellLac(session, opened, turn);
}

// PPP of a session and control of its tunnel are punted by different rings, so the subscriber's
// first frame can overtake the ICCN it was sent after. Before the ICRP the peer cannot know the
// session, and whatever claims to be its is forged.
void EngineImpl::QueueEarlyFrame(SessionRecord& session, ByteView frame) {
  const size_t queued = session.early_frames == nullptr ? 0 : session.early_frames->size();
  const bool expected = session.stage == SessionStage::kWaitConnect ||
                        (session.stage == SessionStage::kProgramming && session.outgoing);
  if (!expected || queued >= settings_.max_early_frames_per_session ||
      early_frames_ >= settings_.max_early_frames) {
    counters_.Add(Counter::kPppEarlyDropped);
    return;
  }
  counters_.Add(Counter::kPppEarlyQueued);
  if (session.early_frames == nullptr)
    session.early_frames = std::make_unique<std::vector<Bytes>>();
  session.early_frames->emplace_back(frame.begin(), frame.end());
  ++early_frames_;
}

void EngineImpl::DropEarlyFrames(SessionRecord& session) {
  if (session.early_frames == nullptr) return;
  early_frames_ -= static_cast<uint32_t>(session.early_frames->size());
  session.early_frames.reset();
}

void EngineImpl::CarryOut(SessionRecord& session, ppp::LinkActions& actions, Turn turn) {
  for (ppp::LinkAction& action : actions) {
    if (session.stage == SessionStage::kGone) return;
    CarryOut(session, std::move(action), turn);
  }
  if (session.stage != SessionStage::kGone) Reschedule(session);
}

void EngineImpl::CarryOut(SessionRecord& session, ppp::LinkAction action, Turn turn) {
  std::visit(
      [&](auto& what) {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, ppp::SendFrame>) {
          RecordPpp(session, TrailKind::kPppSent, what.bytes, turn);
          SendOrHold(session, std::move(what.bytes), turn);
        } else if constexpr (std::is_same_v<What, ppp::LinkOpened>) {
          OnLinkOpened(session, what, turn);
        } else if constexpr (std::is_same_v<What, ppp::LinkRenegotiating>) {
          session.auth_request = 0;
          Note(session, TrailNote::kLcpAgain, "", turn);
        } else if constexpr (std::is_same_v<What, ppp::AuthenticationNeeded>) {
          AskAaa(session, std::move(what), turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv4Opening>) {
          if (what.parameters.peer != session.lease.ipv4()) {
            return EndSession(session, CloseCause::kAddressRefused, "another address came up",
                              turn);
          }
          SetOpen(session, true, session.ipv6_open, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv6Opening>) {
          session.ipv6_interface_id = what.peer_interface_id;
          SetOpen(session, session.ipv4_open, true, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv4Up>) {
          SetUp(session, true, session.ipv6_up, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv6Up>) {
          SetUp(session, session.ipv4_up, true, turn);
          OnIpv6Up(session, what, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv4Down>) {
          CloseNetwork(session, ppp::kProtocolIpcp, turn);
        } else if constexpr (std::is_same_v<What, ppp::Ipv6Down>) {
          CloseNetwork(session, ppp::kProtocolIpv6cp, turn);
        } else if constexpr (std::is_same_v<What, ppp::LinkDown>) {
          // After a failed authentication the text is our own refusal.
          EndSession(session, CauseOf(what.cause),
                     what.cause == ppp::LinkDownCause::kAuthFailed ? std::string()
                                                                   : Printable(what.message),
                     turn);
        } else if constexpr (std::is_same_v<What, ppp::CountEvent>) {
          counters_.Add(what.event);
        } else {
          static_assert(std::is_same_v<What, ppp::Authenticated>);  // clients only
        }
      },
      action);
}

// The request id names the slot and is never given twice, so a verdict finds its session without a
// table of requests, and one for an earlier question or holder of the slot finds none.
void EngineImpl::AskAaa(SessionRecord& session, ppp::AuthenticationNeeded credentials, Turn turn) {
  counters_.Add(Counter::kAuthAsked);
  Note(session, TrailNote::kUserAsked, credentials.user_name, turn);
  FailServiceOrder(session.service_order, absl::AbortedError("the user is asked again"), turn);
  // Renegotiated as somebody else: what was decided for the first user is void.
  if (credentials.user_name != session.user_name) {
    ReleaseAddresses(session, turn);
    ReleaseName(session);
    session.service.reset();
  }
  session.user_name = credentials.user_name;
  session.auth_request = uint64_t{++auth_requests_} << 32 | (session.slot + 1);
  turn.out.push_back(
      AuthenticateUser{session.auth_request, session.key, std::move(credentials),
                       std::make_shared<const CallDescription>(DescribeCall(session))});
}

CallDescription EngineImpl::DescribeCall(const SessionRecord& session) const {
  const TunnelRecord& tunnel = *session.tunnel;
  const uint16_t tunnel_id = session.key.tunnel.value();
  const uint16_t session_id = session.key.session.value();
  CallDescription call{
      .accounting_id = AccountingIdOf(session).ToString(),
      .nas_port = uint32_t{tunnel_id} << 16 | session_id,
      .nas_port_id = absl::StrCat("l2tp ", tunnel_id, "/", session_id),
      .tunnel = tunnel.endpoints,
      .lac_host_name = tunnel.l2tp->peer_host_name(),
      .lns_host_name = tunnel.profile->tunnel.host_name,
      .peer = tunnel.profile->name,
      .serial_number = session.call.serial_number,
      .called_number = std::string(session.call.called_number.text()),
      .calling_number = session.call.calling_number,
      .sub_address = std::string(session.call.sub_address.text()),
      .tx_connect_speed_bps = session.call.tx_connect_speed_bps,
      .rx_connect_speed_bps = session.call.rx_connect_speed_bps,
      .physical_channel_id = session.call.physical_channel_id,
      .peer_mru = session.peer_mru,
  };
  if (session.line != nullptr) call.line = session.line->line;
  return call;
}

void EngineImpl::OnAuthVerdict(uint64_t request_id, const AuthVerdict& verdict, Instant now,
                               EngineActions& out) {
  const Turn turn{now, out};
  SessionRecord* session = sessions_.At(static_cast<uint32_t>(request_id) - 1);
  if (session == nullptr || session->auth_request != request_id ||
      session->stage != SessionStage::kLink) {
    counters_.Add(Counter::kVerdictLate);
    return;
  }
  session->auth_request = 0;
  ppp::AuthenticationVerdict answer{
      .accepted = verdict.accepted, .message = verdict.message, .ms_chap = verdict.ms_chap};
  if (!verdict.accepted) {
    counters_.Add(Counter::kAuthRejected);
    const std::string cause = verdict.cause.empty() ? "refused by AAA" : Printable(verdict.cause);
    Note(*session, TrailNote::kUserRefused, cause, turn);
    Log(LogLevel::kWarn, absl::StrCat("authentication failed: ", cause, ", ", NameOf(*session)),
        turn);
    if (session->close_cause == CloseCause::kNone) session->close_cause = verdict.refusal;
  } else if (const CloseCause refusal = Admit(*session, verdict.service, turn);
             refusal != CloseCause::kNone) {
    // The user is who they say, but has nowhere to go: told in PPP's only words for it, and by the
    // CDN's result code to the LAC.
    counters_.Add(Counter::kAuthAccepted);
    session->close_cause = refusal;
    Note(*session, TrailNote::kUserRefused, TextOf(refusal), turn);
    answer = {.accepted = false, .message = TextOf(refusal)};
  } else {
    counters_.Add(Counter::kAuthAccepted);
    Note(*session, TrailNote::kUserAccepted, AddressText(*session), turn);
    answer.ipv4.peer = session->lease.ipv4();
    const net::IpAddress ours = OwnIpcpAddress(settings_, BookOf(*session), session->lease);
    answer.ipv4.local = ours.is_v4() ? ours.v4() : 0;
    const auto& dns = session->service->dns.empty() ? settings_.dns : session->service->dns;
    const size_t servers = std::min(dns.size(), answer.ipv4.dns.size());
    for (size_t i = 0; i < servers; ++i) answer.ipv4.dns[i] = dns[i].v4();
    answer.ipv6_interface_id = session->service->ipv6_interface_id.value_or(0);
    answer.ipv6 = session->ipv6 != nullptr;
  }
  ppp::LinkActions actions;
  session->link->OnAuthentication(answer, now, actions);
  CarryOut(*session, actions, turn);
  FinishTurn();
}

// kNone: the user may go on, with what AAA granted.
CloseCause EngineImpl::Admit(SessionRecord& session, ServicePtr service, Turn turn) {
  session.service = service == nullptr ? DefaultService() : std::move(service);
  if (const CloseCause refusal = policies_.Check(*session.service); refusal != CloseCause::kNone) {
    return refusal;
  }
  const CloseCause refusal = SettleDuplicates(session, turn);
  return refusal == CloseCause::kNone ? GrantAddresses(session, turn) : refusal;
}

// Opening more waits for the data plane; so does what is left of an opening when the other protocol
// closes meanwhile. Closing alone waits for nothing.
void EngineImpl::SetOpen(SessionRecord& session, bool ipv4_open, bool ipv6_open, Turn turn) {
  if (ipv4_open == session.ipv4_open && ipv6_open == session.ipv6_open) return;
  const bool opens = (ipv4_open && !session.ipv4_open) || (ipv6_open && !session.ipv6_open);
  session.ipv4_open = ipv4_open;
  session.ipv6_open = ipv6_open;
  ++session.revision;
  // The data plane does the echoes of what it lets pass.
  if (session.link != nullptr) session.link->SetEchoElsewhere(session.open(), turn.now);
  if (opens) {
    Note(session, TrailNote::kOpening, OpenText(ipv4_open, ipv6_open), turn);
    BeginHolding(session, turn);
  }
  if (!session.open()) SendHeldFrames(session, turn);
  turn.out.push_back(ProgramSession{EntryOf(session), session.awaits_dataplane()});
}

void EngineImpl::CloseNetwork(SessionRecord& session, uint16_t control_protocol, Turn turn) {
  const bool ipv4 = control_protocol == ppp::kProtocolIpcp;
  DropHeldGrants(session, control_protocol);
  if (!ipv4 && session.ipv6 != nullptr) session.ipv6->LinkDown();
  Note(session, TrailNote::kNetworkDown, OpenText(ipv4, !ipv4), turn);
  SetUp(session, session.ipv4_up && !ipv4, session.ipv6_up && ipv4, turn);
  SetOpen(session, session.ipv4_open && !ipv4, session.ipv6_open && ipv4, turn);
}

void EngineImpl::SetUp(SessionRecord& session, bool ipv4_up, bool ipv6_up, Turn turn) {
  const bool was_up = session.online();
  const bool ipv4_was_up = session.ipv4_up;
  const bool ipv6_was_up = session.ipv6_up;
  const bool ipv4_rose = ipv4_up && !ipv4_was_up;
  const bool ipv6_rose = ipv6_up && !ipv6_was_up;
  session.ipv4_up = ipv4_up;
  session.ipv6_up = ipv6_up;
  if (session.online() && !was_up) ++sessions_online_;
  if (!session.online() && was_up) --sessions_online_;
  if (ipv4_rose || ipv6_rose)
    Note(session, TrailNote::kOnline, OpenText(ipv4_rose, ipv6_rose), turn);
  if (ipv4_rose) {
    Log(LogLevel::kInfo,
        absl::StrCat(NameOf(session), " online with ", session.lease.prefix.address.ToString()),
        turn);
  }
  if (ipv6_rose) Log(LogLevel::kInfo, absl::StrCat(NameOf(session), " online with IPv6"), turn);
  if (session.online() && !session.was_online) {
    session.was_online = true;
    counters_.Add(Counter::kSessionOnline);
    turn.out.push_back(SessionStarted{FactsOf(session)});
  } else if (ipv4_rose || ipv6_rose) {
    // What goes down may be all on its way down: the last record says what the session had.
    TellChange(session, turn);
  }
}

// What LCP negotiated matters to packets of network protocols only, so it goes along when one
// opens.
SessionEntry EngineImpl::EntryOf(const SessionRecord& session) const {
  SessionEntry entry{.key = session.key, .revision = session.revision, .peer_id = session.peer_id};
  entry.vrf = session.vrf;
  entry.sequence_numbers = session.sequence_numbers;
  if (session.sequence_numbers) entry.reorder_ms = session.tunnel->profile->treatment.reorder_ms;
  if (session.dscp != SessionRecord::kNoDscp) entry.dscp = session.dscp;
  if (!session.open()) return entry;
  entry.ipv4_open = session.ipv4_open;
  entry.ipv6_open = session.ipv6_open;
  entry.peer_mru = session.peer_mru;
  if (session.service != nullptr && session.service->mtu != 0) {
    entry.peer_mru = std::min(entry.peer_mru, session.service->mtu);
  }
  entry.send_pfc = session.send_pfc;
  entry.send_acfc = session.send_acfc;
  AppendPrefixes(session, entry);
  if (session.ipv4_open) {
    entry.gateway = OwnIpcpAddress(settings_, BookOf(session), session.lease);
  }
  entry.clamp_mss = settings_.clamp_mss;
  entry.echo = EchoesOf(LinkSettingsOf(session), session.magic);
  if (session.service != nullptr) {
    AppendRates(*session.service, settings_.rates, entry);
    policies_.AppendTo(*session.service, entry);
  }
  return entry;
}

void EngineImpl::Reschedule(SessionRecord& session) {
  Instant deadline = session.own_deadline;
  if (session.link != nullptr) deadline = std::min(deadline, session.link->NextDeadline());
  if (session.ipv6 != nullptr) deadline = std::min(deadline, session.ipv6->NextDeadline());
  session_deadlines_.Set(session.slot, deadline);
}

}  // namespace lns::controlplane
