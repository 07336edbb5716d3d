// One PPP link, server (authenticator, LNS) or client (lacsim's subscriber): LCP, one
// authentication phase, IPCP and IPV6CP, in the phases of RFC 1661 3. Sans-IO: frames and `now` in,
// LinkActions out. Frames are PPP frames as they stand in an L2TP data message; those appended here
// start at the two-byte protocol field (the sender adds FF 03). Who the user is, and which address
// they get, is the owner's: the link asks with AuthenticationNeeded and is answered by
// OnAuthentication. Nothing here is thread-safe and nothing is shared but the settings.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"

namespace lns::ppp {

enum class AuthProtocol : uint8_t { kNone, kPap, kChapMd5 };
const char* ToString(AuthProtocol protocol);

// CHAP-MD5, then PAP.
std::vector<AuthProtocol> DefaultAuthProtocols();

enum class Role : uint8_t { kServer, kClient };

// One settings object is shared by all links of a profile; it must outlive them.
struct LinkSettings {
  Role role = Role::kServer;
  uint16_t mru = 1492;  // what we can receive
  // Server: demanded, in order of preference. Client: what it can answer, others are Nak'ed.
  std::vector<AuthProtocol> auth = DefaultAuthProtocols();
  std::string local_name;  // server: CHAP Name
  bool ipv4 = true;
  bool ipv6 = false;
  bool ask_pfc = false;   // offer to receive compressed protocol fields
  bool ask_acfc = false;  // and no address and control fields
  // RFC 1661 4.6 and 5.
  Duration restart = Duration::Seconds(3);
  int max_configure = 10;
  int max_terminate = 2;
  int max_failure = 5;
  Duration auth_timeout = Duration::Seconds(30);     // whole authentication phase
  Duration network_timeout = Duration::Seconds(60);  // until the first NCP is open
  Duration echo_interval = Duration::Seconds(30);    // zero: never
  int echo_max_misses = 3;
};

// Client only: what it is.
struct Credentials {
  std::string user_name;
  std::string password;
};

// Host-order addresses; zero = none.
struct Ipv4Parameters {
  uint32_t local = 0;  // ours
  uint32_t peer = 0;   // the subscriber's
  std::array<uint32_t, 2> dns{};
};

// Why a link ended; the values' meanings follow RFC 3145 where it has them.
enum class LinkDownCause : uint8_t {
  kNone,
  kClosedLocally,     // Close() was called
  kTerminatedByPeer,  // LCP Terminate-Request
  kLcpTimeout,        // LCP never opened
  kLcpRefused,        // no agreement (auth option rejected, max-failure)
  kLoopback,          // our own magic number came back
  kEchoTimeout,
  kAuthTimeout,
  kAuthRefused,  // the peer would not do any protocol we offer
  kAuthFailed,
  kNetworkTimeout,     // no NCP opened
  kNoNetworkProtocol,  // every NCP was refused
  kAddressRefused,     // the peer would not take the address
};
const char* ToString(LinkDownCause cause);

struct SendFrame {
  Bytes bytes;  // from the protocol field
};
// LCP reached Opened.
struct LinkOpened {
  uint16_t peer_mru = 1500;
  bool send_pfc = false;   // the peer allows us protocol field compression
  bool send_acfc = false;  // and address-and-control field compression
  AuthProtocol auth = AuthProtocol::kNone;
};
// LCP left Opened and is negotiating again; network layers are down. An AuthenticationNeeded not
// yet answered is void: its verdict must not be passed on.
struct LinkRenegotiating {};
// Server: check these. CHAP: challenge and 16-byte response; PAP: password; kNone: the peer was not
// asked, the owner says whether it may go on and with which address.
struct AuthenticationNeeded {
  AuthProtocol protocol;
  std::string user_name;
  std::string password;
  uint8_t identifier = 0;
  Bytes challenge;
  Bytes response;
};
// Client: the server said yes.
struct Authenticated {};
// Server: a Configure-Ack for the peer follows, and with it the peer may consider the protocol open
// and send packets at once, long before we learn that (Ipv4Up). Whoever forwards them must be ready
// before the frames after this one leave. Told again only when it is over or has changed.
struct Ipv4Opening {
  Ipv4Parameters parameters;
};
struct Ipv6Opening {
  uint64_t peer_interface_id = 0;
};
struct Ipv4Up {
  Ipv4Parameters parameters;
};
// After Ipv4Up, or after an Ipv4Opening that came to nothing.
struct Ipv4Down {};
struct Ipv6Up {
  uint64_t local_interface_id = 0;
  uint64_t peer_interface_id = 0;
};
struct Ipv6Down {};
// The link is dead; nothing more will come from it.
struct LinkDown {
  LinkDownCause cause = LinkDownCause::kNone;
  std::string message;  // for people: the peer's or server's text, if any
};
enum class PppEvent : uint8_t;  // lib/ppp/event.def
struct CountEvent {
  PppEvent event;
};

using LinkAction = std::variant<SendFrame, LinkOpened, LinkRenegotiating, AuthenticationNeeded,
                                Authenticated, Ipv4Opening, Ipv4Up, Ipv4Down, Ipv6Opening, Ipv6Up,
                                Ipv6Down, LinkDown, CountEvent>;
using LinkActions = std::vector<LinkAction>;

// The owner's answer to AuthenticationNeeded.
struct AuthenticationVerdict {
  bool accepted = false;
  std::string message;             // CHAP Success/Failure text, PAP message
  Ipv4Parameters ipv4;             // accepted only; peer == 0: no IPv4 for this user
  uint64_t ipv6_interface_id = 0;  // suggested to the peer; 0 = by the link
};

enum class LinkPhase : uint8_t { kDead, kEstablish, kAuthenticate, kNetwork, kTerminate };
const char* ToString(LinkPhase phase);

class Link {
 public:
  static std::unique_ptr<Link> MakeServer(const LinkSettings& settings, Rng& rng);
  static std::unique_ptr<Link> MakeClient(const LinkSettings& settings,
                                          const Credentials& credentials, Rng& rng);
  virtual ~Link() = default;

  // The lower layer is up: LCP starts.
  virtual void Start(Instant now, LinkActions& out) = 0;
  // A frame from the peer, with or without FF 03, compressed protocol field or not. Frames of
  // network protocols are not for this class and are counted.
  virtual void OnFrame(ByteView frame, Instant now, LinkActions& out) = 0;
  virtual void OnAuthentication(const AuthenticationVerdict& verdict, Instant now,
                                LinkActions& out) = 0;
  // LCP Terminate-Request; LinkDown follows when it is answered or max-terminate is exhausted.
  virtual void Close(Instant now, LinkActions& out) = 0;
  // Data of the subscriber arrived on another path: a sign of life, no echo is needed.
  virtual void OnDataSeen() = 0;
  virtual void OnTimer(Instant now, LinkActions& out) = 0;
  virtual Instant NextDeadline() const = 0;

  virtual LinkPhase phase() const = 0;
};

}  // namespace lns::ppp
