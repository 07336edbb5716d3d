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
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/frame.h"

namespace lns::ppp {

// The MS-CHAPs need algorithms that OpenSSL keeps apart: only where MsChapError() (mschap.h) is
// empty may a settings object name them.
enum class AuthProtocol : uint8_t { kNone, kPap, kChapMd5, kMsChapV1, kMsChapV2 };
const char* ToString(AuthProtocol protocol);

// CHAP-MD5, then PAP.
std::vector<AuthProtocol> DefaultAuthProtocols();

enum class Role : uint8_t { kServer, kClient };

// When a server negotiates LCP itself although the LAC has done so already (StartProxied).
enum class Renegotiate : uint8_t {
  kNever,       // what the LAC agreed on must do; a link without it, or with less, ends
  kOnMismatch,  // where it is absent or not acceptable
  kAlways,
};
const char* ToString(Renegotiate policy);

struct ProxySettings {
  Renegotiate renegotiate = Renegotiate::kOnMismatch;
  bool rechallenge = false;  // authenticate here even where the LAC brought an answer
};

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
  // Asynchronous framing at the LAC: the characters the peer must escape (RFC 1662 7.1).
  std::optional<uint32_t> ask_accm;
  std::string identification;      // RFC 1570 2.1: told the peer when LCP opens; empty: nothing
  std::array<uint32_t, 2> nbns{};  // server: RFC 1877 NetBIOS name servers; zero: rejected
  ProxySettings proxy;
  // Server: CHAP and MS-CHAP ask again this often while the link is open; zero: never.
  Duration reauthenticate;
  // RFC 1661 4.6 and 5.
  Duration restart = Duration::Seconds(3);
  int max_configure = 10;
  int max_terminate = 2;
  int max_failure = 5;
  Duration auth_timeout = Duration::Seconds(30);     // whole authentication phase
  Duration network_timeout = Duration::Seconds(60);  // until the first NCP is open
  Duration echo_interval = Duration::Seconds(30);    // zero: never
  int echo_max_misses = 3;
  bool echo_always = false;  // ask also where data says that the peer is alive
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

// RFC 2661 4.4.5: what a LAC did with the peer before it handed it over, as the AVPs of its ICCN
// bring it. Option lists are Configure-Requests without their headers; empty is absent.
struct ProxiedLcp {
  ByteView initial_received;  // the peer's first Configure-Request
  ByteView last_sent;         // the LAC's, which the peer acknowledged
  ByteView last_received;     // the peer's, which the LAC acknowledged
  std::optional<uint16_t> authen_type;
  std::string_view authen_name;
  ByteView authen_challenge;
  std::optional<uint16_t> authen_id;
  ByteView authen_response;
};

// Why a link ended; Rfc3145CauseOf (rfc3145.h) gives the words another network understands.
enum class LinkDownCause : uint8_t {
  kNone,
  kClosedLocally,     // Close() was called
  kTerminatedByPeer,  // LCP Terminate-Request
  kNoLcp,             // not one readable LCP packet came
  kLcpTimeout,        // LCP never opened
  kLcpRefused,        // no agreement (auth option rejected, max-failure)
  kLoopback,          // our own magic number came back
  kProxyRequired,     // what the LAC negotiated is absent or not enough, and we may not
  kEchoTimeout,
  kAuthTimeout,
  kAuthRefused,  // the peer would not do any protocol we offer
  kAuthFailed,
  kAuthNameChanged,    // another user answered when asked again
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
  uint32_t magic = 0;      // ours
  bool send_pfc = false;   // the peer allows us protocol field compression
  bool send_acfc = false;  // and address-and-control field compression
  AuthProtocol auth = AuthProtocol::kNone;
  bool proxied = false;  // as the LAC had negotiated it
  // RFC 1662 7.1, for the LAC (RFC 2661 6.14): escaped towards the peer, and by it.
  uint32_t send_accm = kDefaultAccm;
  uint32_t receive_accm = kDefaultAccm;
  // Both sides' options, where SetInterfaceOptions was called (RFC 3437 2.3); else empty.
  Bytes sent_options;
  Bytes received_options;
};
// LCP left Opened and is negotiating again; network layers are down. An AuthenticationNeeded not
// yet answered is void: its verdict must not be passed on.
struct LinkRenegotiating {};
// Server: check these. CHAP: challenge and 16-byte response; MS-CHAP: challenge (8 bytes, version
// 2: 16) and 49-byte response; PAP: password; kNone: the peer was not asked, the owner says whether
// it may go on and with which address.
struct AuthenticationNeeded {
  AuthProtocol protocol;
  std::string user_name;
  std::string password;
  uint8_t identifier = 0;
  Bytes challenge;
  Bytes response;
  bool proxied = false;  // the LAC asked, and the peer answered it (RFC 2661 4.4.5)
  bool again = false;    // the open link's periodic check: addresses stay, the user may not change
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
  std::string message;  // CHAP Success/Failure text, PAP message
  // MS-CHAP: the whole text of the Success or Failure, sent as it is ("S=...", "E=691 ...").
  // Without it `message` is wrapped in a Failure; an MS-CHAPv2 Success cannot be made up, so there
  // an acceptance without it counts as a refusal (RFC 2759 5).
  std::string ms_chap;
  Ipv4Parameters ipv4;             // accepted only; peer == 0: no IPv4 for this user
  uint64_t ipv6_interface_id = 0;  // suggested to the peer; 0 = by the link
  bool ipv6 = true;                // false: no IPv6 for this user, whatever the settings
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
  // Server, instead of Start: the LAC has negotiated LCP, perhaps also asked who the user is. Where
  // that is acceptable LCP is open without a packet; else as settings.proxy says.
  virtual void StartProxied(const ProxiedLcp& proxied, Instant now, LinkActions& out) = 0;
  // Server, before either: the options the LAC's interface wants asked of the peer, and those it
  // allows granted to it (RFC 3437 2.1, 2.2).
  virtual void SetInterfaceOptions(ByteView want, ByteView allow) = 0;
  // A frame from the peer, with or without FF 03, compressed protocol field or not. Frames of
  // network protocols are not for this class and are counted.
  virtual void OnFrame(ByteView frame, Instant now, LinkActions& out) = 0;
  virtual void OnAuthentication(const AuthenticationVerdict& verdict, Instant now,
                                LinkActions& out) = 0;
  // LCP Terminate-Request; LinkDown follows when it is answered or max-terminate is exhausted.
  virtual void Close(Instant now, LinkActions& out) = 0;
  // Data of the subscriber arrived on another path: a sign of life, no echo is needed.
  virtual void OnDataSeen() = 0;
  // Another does the echoes of the open link, or no longer does; a link that opens anew does its
  // own. OnEchoTimeout: it has found that the peer is not there.
  virtual void SetEchoElsewhere(bool elsewhere, Instant now) = 0;
  virtual void OnEchoTimeout(Instant now, LinkActions& out) = 0;
  virtual void OnTimer(Instant now, LinkActions& out) = 0;
  virtual Instant NextDeadline() const = 0;

  virtual LinkPhase phase() const = 0;
};

}  // namespace lns::ppp
