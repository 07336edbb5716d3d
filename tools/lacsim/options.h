// What the user asked for: the command line of lacsim as plain values. Parsed once, before anything
// is opened; everything else reads it and nothing writes it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/time.h"
#include "lib/net/address.h"
#include "lib/ppp/link.h"

namespace lns::lacsim {

enum class CloseMode : uint8_t {
  kSessions,  // LCP Terminate and CDN for each session, then StopCCN
  kTunnels,   // StopCCN only
  kNone,      // leave without a word
};

// What a LAC does with a subscriber before it calls (RFC 2661 4.4.5).
enum class ProxyMode : uint8_t {
  kNone,  // nothing: PPP is the LNS's
  kLcp,   // negotiates LCP
  kAuth,  // and asks who it is
};

enum class SessionOrder : uint8_t { kRoundRobin, kRandom };

struct TrafficOptions {
  bool up = false;
  bool down = false;
  uint32_t packets_per_second = 0;  // per direction, over all sessions
  Duration duration;
  uint16_t payload_bytes = 64;  // UDP payload
  SessionOrder order = SessionOrder::kRoundRobin;
  uint64_t seed = 1;
  bool enabled() const { return packets_per_second > 0 && (up || down); }
};

struct Options {
  net::Endpoint lns;
  uint32_t tunnels = 1;
  uint32_t sessions = 1;
  std::vector<net::IpAddress> lac_addresses;  // tunnel i binds the (i mod n)-th; empty: any
  std::string netns;
  std::string core_netns;
  net::IpAddress host;
  uint16_t host_port = 7001;

  std::string secret;
  std::string host_name = "lacsim";  // "%d" is the tunnel's number
  std::string user = "user%d";       // "%d" is the subscriber's number, from 1
  std::string password = "password";
  ppp::AuthProtocol auth = ppp::AuthProtocol::kChapMd5;
  ProxyMode proxy = ProxyMode::kNone;
  bool ipv4 = true;
  bool ipv6 = false;
  bool delegate = false;  // subscribers want a prefix, too
  uint16_t mru = 1460;    // what 1500 bytes on the way to the LNS leave
  bool compress = false;  // offer to receive compressed PPP headers
  Duration hello_interval = Duration::Seconds(60);
  Duration echo_interval = Duration::Seconds(30);

  bool outgoing = false;  // the subscribers wait for the LNS to call them
  uint32_t calls_per_second = 500;
  uint32_t calls_in_flight = 256;
  Duration catch_up;  // of calls that could not be started in time
  Duration setup_timeout = Duration::Seconds(30);
  std::optional<Duration> hold = Duration();  // none: until a signal
  CloseMode close = CloseMode::kSessions;
  uint32_t silent = 0;  // subscribers, the last ones, that play dead once all are online
  Duration silent_after;

  TrafficOptions traffic;
  uint32_t pings = 0;
  Duration ping_interval = Duration::Milliseconds(200);

  std::string tun_name;
  std::string tun_netns;
  std::string exec;
  Duration exec_timeout = Duration::Seconds(120);

  std::string json_file;
  bool allow_loss = false;
  bool quiet = false;

  // Each tunnel has a source address of its own, so it can use L2TP's port.
  bool tunnels_have_own_addresses() const { return lac_addresses.size() >= tunnels; }
};

// The process's exit code when the command line asks for no run (--help, or a mistake, which has
// been printed).
struct ExitCode {
  int value = 0;
};
std::variant<Options, ExitCode> ParseOptions(int argc, const char* const* argv);

// "%d" in `pattern` replaced by `number`; the rest, other "%" included, stays.
std::string ExpandNumber(std::string_view pattern, uint32_t number);

// "198.51.100.11/4": that address and the next three. A bare address is one.
std::optional<std::vector<net::IpAddress>> ParseAddressRange(std::string_view text);

// "198.51.100.1", "198.51.100.1:1701", "2001:db8::1", "[2001:db8::1]:1701".
std::optional<net::Endpoint> ParseEndpoint(std::string_view text, uint16_t default_port);

}  // namespace lns::lacsim
