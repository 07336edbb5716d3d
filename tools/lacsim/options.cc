// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/options.h"

#include <array>
#include <charconv>
#include <map>

#include <CLI/CLI.hpp>

#include "lib/ppp/mschap.h"
#include "tools/lacsim/probe.h"

namespace lns::lacsim {
namespace {

constexpr uint32_t kMaxAddressRange = 65536;
constexpr uint16_t kL2tpPort = 1701;

std::optional<uint32_t> ParseNumber(std::string_view digits, uint32_t max) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value > max) {
    return std::nullopt;
  }
  return value;
}

// The address `step` after `first`, carrying through its bytes.
net::IpAddress Advance(const net::IpAddress& first, uint32_t step) {
  std::array<uint8_t, 16> bytes = first.raw();
  uint32_t carry = step;
  for (size_t i = first.is_v4() ? 4 : 16; i > 0 && carry > 0; --i) {
    carry += bytes[i - 1];
    bytes[i - 1] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  return *net::IpAddress::FromBytes(ByteView(bytes).first(first.is_v4() ? 4 : 16));
}

Duration FromSeconds(double seconds) {
  return Duration::Microseconds(static_cast<int64_t>(seconds * 1e6));
}

// The command line as CLI11 fills it, before it is checked.
struct RawOptions {
  std::string lns, lac_addresses, host, auth = "chap", direction = "both";
  std::string order = "round-robin", close = "sessions", proxy = "none", network = "ipv4";
  double hold = 0, setup_timeout = 30, traffic_seconds = 0, ping_interval = 0.2, catch_up = 0;
  double silent_after = 0;
  double hello = 60, echo = 30, exec_timeout = 120;
};

void Declare(CLI::App& app, Options& options, RawOptions& raw) {
  // So that a script can add to a command line that already says something.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--lns", raw.lns, "LNS to dial: ADDR[:PORT]")->required();
  app.add_option("--tunnels,--lacs", options.tunnels, "number of tunnels")
      ->check(CLI::Range(1u, 65535u));
  app.add_option("--sessions", options.sessions, "sessions, spread evenly over the tunnels")
      ->check(CLI::Range(0u, 4'000'000u));
  app.add_option("--lac-addresses", raw.lac_addresses,
                 "source addresses FIRST[/COUNT]; with one per tunnel the source port is 1701");
  app.add_option("--netns", options.netns, "network namespace of the LAC side");
  app.add_option("--core-netns", options.core_netns, "network namespace of the host");
  app.add_option("--host", raw.host, "address of the core host for traffic and --ping");
  app.add_option("--host-port", options.host_port, "UDP port of the core host for traffic");

  app.add_option("--secret", options.secret, "tunnel secret; without it no authentication");
  app.add_option("--host-name", options.host_name, "Host Name of the LAC; %d is the tunnel");
  app.add_option("--user", options.user, "user name; %d is the subscriber, from 1");
  app.add_option("--password", options.password, "password; %d as in --user");
  app.add_option("--auth", raw.auth, "pap, chap, mschapv1, mschapv2 or any")
      ->check(CLI::IsMember({"pap", "chap", "mschapv1", "mschapv2", "any"}));
  app.add_option("--proxy", raw.proxy,
                 "what a LAC does before it calls: none, lcp (negotiate), auth (ask as well)")
      ->check(CLI::IsMember({"none", "lcp", "auth"}));
  app.add_option("--network", raw.network, "what to negotiate: ipv4, ipv6 or both")
      ->check(CLI::IsMember({"ipv4", "ipv6", "both"}));
  app.add_flag("--delegate", options.delegate,
               "each subscriber asks for a prefix by DHCPv6, and gives it back in the end");
  app.add_option("--mru", options.mru, "MRU to negotiate")->check(CLI::Range(128, 1500));
  app.add_flag("--compress", options.compress,
               "let the LNS leave out PPP's address, control and first protocol bytes");
  app.add_option("--hello", raw.hello, "HELLO interval, seconds; 0 is never");
  app.add_option("--echo", raw.echo, "LCP echo interval, seconds; 0 is never");

  app.add_flag("--outgoing", options.outgoing,
               "dial nobody: the subscribers wait, --setup-timeout at most, for the LNS's calls");
  app.add_option("--rate", options.calls_per_second, "calls started per second")
      ->check(CLI::Range(1u, 1'000'000u));
  app.add_option("--in-flight", options.calls_in_flight, "calls being set up at once, at most")
      ->check(CLI::Range(1u, 65535u));
  app.add_option("--catch-up", raw.catch_up,
                 "seconds that lacsim may be late and still start every call of --rate");
  app.add_option("--setup-timeout", raw.setup_timeout, "seconds a tunnel or a call may take");
  app.add_option("--hold", raw.hold, "seconds to stay online; negative: until a signal");
  app.add_option("--silent", options.silent,
                 "so many subscribers, the last ones, play dead; the LNS is to notice");
  app.add_option("--silent-after", raw.silent_after, "seconds of being online before they do");
  app.add_option("--close", raw.close, "how to leave: sessions, tunnels or none")
      ->check(CLI::IsMember({"sessions", "tunnels", "none"}));

  app.add_option("--traffic-pps", options.traffic.packets_per_second,
                 "packets per second and direction, over all sessions");
  app.add_option("--traffic-seconds", raw.traffic_seconds, "how long to send");
  app.add_option("--payload", options.traffic.payload_bytes, "UDP payload, bytes")
      ->check(CLI::Range(static_cast<int>(kProbeSize), static_cast<int>(kMaxProbePayload)));
  app.add_option("--direction", raw.direction, "up, down or both")
      ->check(CLI::IsMember({"up", "down", "both"}));
  app.add_option("--order", raw.order, "sessions in traffic: round-robin or random")
      ->check(CLI::IsMember({"round-robin", "random"}));
  app.add_option("--seed", options.traffic.seed, "seed of --order random");
  app.add_option("--ping", options.pings, "ICMP echoes from subscriber 1 to the host");
  app.add_option("--ping-interval", raw.ping_interval, "seconds between them");

  app.add_option("--tun", options.tun_name, "TUN device that carries subscriber 1's packets");
  app.add_option("--tun-netns", options.tun_netns, "network namespace of that device");
  app.add_option("--exec", options.exec, "command to run once all is up");
  app.add_option("--exec-timeout", raw.exec_timeout, "seconds it may take");

  app.add_option("--json", options.json_file, "write the report here as JSON");
  app.add_flag("--allow-loss", options.allow_loss, "loss and reordering do not fail the run");
  app.add_flag("--quiet", options.quiet, "no progress lines");
}

// The first thing that is wrong with the values, in words; empty when nothing is.
std::string Interpret(const RawOptions& raw, Options& options) {
  const std::optional<net::Endpoint> lns = ParseEndpoint(raw.lns, kL2tpPort);
  if (!lns) return "--lns: '" + raw.lns + "' is not ADDR[:PORT]";
  options.lns = *lns;
  if (!raw.lac_addresses.empty()) {
    auto addresses = ParseAddressRange(raw.lac_addresses);
    if (!addresses) return "--lac-addresses: '" + raw.lac_addresses + "' is not FIRST[/COUNT]";
    if (addresses->front().family() != lns->address.family()) {
      return "--lac-addresses: not of the same family as --lns";
    }
    options.lac_addresses = *std::move(addresses);
  }
  if (!raw.host.empty()) {
    const auto host = net::IpAddress::Parse(raw.host);
    if (!host || !host->is_v4()) return "--host: '" + raw.host + "' is not an IPv4 address";
    options.host = *host;
  }
  if (options.sessions / options.tunnels >= 65535) return "--sessions: over 65534 per tunnel";
  if (options.silent > options.sessions) return "--silent: more than --sessions";
  options.silent_after = FromSeconds(raw.silent_after);
  if (options.password.empty()) return "--password: empty";
  static const std::map<std::string, ppp::AuthProtocol> kAuth = {
      {"pap", ppp::AuthProtocol::kPap},
      {"chap", ppp::AuthProtocol::kChapMd5},
      {"mschapv1", ppp::AuthProtocol::kMsChapV1},
      {"mschapv2", ppp::AuthProtocol::kMsChapV2},
      {"any", ppp::AuthProtocol::kNone}};
  options.auth = kAuth.at(raw.auth);
  if (options.auth >= ppp::AuthProtocol::kMsChapV1 && !ppp::MsChapError().empty()) {
    return "--auth: " + ppp::MsChapError();
  }
  static const std::map<std::string, ProxyMode> kProxy = {
      {"none", ProxyMode::kNone}, {"lcp", ProxyMode::kLcp}, {"auth", ProxyMode::kAuth}};
  options.proxy = kProxy.at(raw.proxy);
  static const std::map<std::string, CloseMode> kClose = {{"sessions", CloseMode::kSessions},
                                                          {"tunnels", CloseMode::kTunnels},
                                                          {"none", CloseMode::kNone}};
  options.close = kClose.at(raw.close);
  options.ipv4 = raw.network != "ipv6";
  options.ipv6 = raw.network != "ipv4";
  if (options.delegate && !options.ipv6) return "--delegate: needs --network ipv6 or both";
  options.hello_interval = FromSeconds(raw.hello);
  options.echo_interval = FromSeconds(raw.echo);
  options.setup_timeout = FromSeconds(raw.setup_timeout);
  options.catch_up = FromSeconds(raw.catch_up);
  options.ping_interval = FromSeconds(raw.ping_interval);
  options.exec_timeout = FromSeconds(raw.exec_timeout);
  options.hold = raw.hold < 0 ? std::nullopt : std::optional(FromSeconds(raw.hold));

  TrafficOptions& traffic = options.traffic;
  traffic.up = raw.direction != "down";
  traffic.down = raw.direction != "up";
  traffic.duration = FromSeconds(raw.traffic_seconds);
  traffic.order = raw.order == "random" ? SessionOrder::kRandom : SessionOrder::kRoundRobin;
  if ((traffic.packets_per_second > 0) != (raw.traffic_seconds > 0)) {
    return "--traffic-pps and --traffic-seconds: give both or neither";
  }
  if ((traffic.enabled() || options.pings > 0) && options.host.is_none()) {
    return "--host: needed for --traffic-pps and --ping";
  }
  if (!options.ipv4 && (options.traffic.enabled() || options.pings > 0)) {
    return "--traffic-pps and --ping: are of IPv4";
  }
  if (options.tun_name.size() > 15) return "--tun: a device name has at most 15 characters";
  return "";
}

}  // namespace

std::variant<Options, ExitCode> ParseOptions(int argc, const char* const* argv) {
  CLI::App app("lacsim: an L2TP LAC with PPP subscribers that dial an LNS, send and measure");
  Options options;
  RawOptions raw;
  Declare(app, options, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return ExitCode{app.exit(error) == 0 ? 0 : 2};
  }
  const std::string mistake = Interpret(raw, options);
  if (!mistake.empty()) {
    std::fprintf(stderr, "lacsim: %s\n", mistake.c_str());
    return ExitCode{2};
  }
  return options;
}

std::string ExpandNumber(std::string_view pattern, uint32_t number) {
  const size_t at = pattern.find("%d");
  if (at == std::string_view::npos) return std::string(pattern);
  return std::string(pattern.substr(0, at)) + std::to_string(number) +
         ExpandNumber(pattern.substr(at + 2), number);
}

std::optional<std::vector<net::IpAddress>> ParseAddressRange(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<net::IpAddress> first = net::IpAddress::Parse(text.substr(0, slash));
  if (!first) return std::nullopt;
  uint32_t count = 1;
  if (slash != std::string_view::npos) {
    const auto number = ParseNumber(text.substr(slash + 1), kMaxAddressRange);
    if (!number || *number == 0) return std::nullopt;
    count = *number;
  }
  std::vector<net::IpAddress> result;
  for (uint32_t i = 0; i < count; ++i) result.push_back(Advance(*first, i));
  return result;
}

std::optional<net::Endpoint> ParseEndpoint(std::string_view text, uint16_t default_port) {
  if (const auto bare = net::IpAddress::Parse(text)) return net::Endpoint{*bare, default_port};
  std::string_view host, port_text;
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    host = text.substr(1, bracket - 1);
    port_text = text.substr(bracket + 1);
  } else {
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    host = text.substr(0, colon);
    port_text = text.substr(colon);
  }
  const auto address = net::IpAddress::Parse(host);
  if (!address || address->is_v6() != text.starts_with('[')) return std::nullopt;
  if (port_text.empty()) return net::Endpoint{*address, default_port};
  if (!port_text.starts_with(':')) return std::nullopt;
  const auto port = ParseNumber(port_text.substr(1), 65535);
  if (!port || *port == 0) return std::nullopt;
  return net::Endpoint{*address, static_cast<uint16_t>(*port)};
}

}  // namespace lns::lacsim
