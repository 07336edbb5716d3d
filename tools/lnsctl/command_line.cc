// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lnsctl/command_line.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "lib/net/address.h"
#include "tools/lnsctl/client.h"
#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/tzsp.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace lns::lnsctl {
namespace {

struct LimitOption {
  const char* name;
  void (dataplane::v1::PuntLimits::*set)(uint32_t);
  const char* what;
};
using dataplane::v1::PuntLimits;
constexpr LimitOption kLimitOptions[] = {
    {"--per-second", &PuntLimits::set_per_second, "of the whole group; 0: nothing passes"},
    {"--burst", &PuntLimits::set_burst, "of the group, at once"},
    {"--source-per-second", &PuntLimits::set_source_per_second,
     "of each sender, tunnel or session"},
    {"--source-burst", &PuntLimits::set_source_burst, "of each, at once"},
};

// Groups of lns.dataplane.v1.Counters that are verbs of their own.
struct CounterVerb {
  const char* verb;
  CounterGroup group;
  const char* what;
};
using dataplane::v1::Counters;
constexpr CounterVerb kCounterVerbs[] = {
    {"drops", &Counters::drops, "packets the data plane dropped, by reason"},
    {"punts", &Counters::punts, "frames the data plane punted, by reason"},
    {"punt-overflows", &Counters::punt_overflows, "frames a full punt ring refused, by class"},
    {"injects", &Counters::injects, "frames the control plane injected, by kind and outcome"},
    {"traffic", &Counters::traffic, "subscribers' packets and bytes, by direction"},
    {"xdp", &Counters::xdp, "packets by verdict of the XDP programs"},
    {"router", &Counters::router, "ICMP answers, fragments and what else a router does"},
    {"path-reports", &Counters::path_reports,
     "what routers said of the width of ways to LACs, by what became of it"},
};

// "TUNNEL/SESSION".
struct KeyArgument {
  uint32_t tunnel = 0;
  uint32_t session = 0;
};
bool lexical_cast(const std::string& text, KeyArgument& key) {
  char rest = 0;
  return std::sscanf(text.c_str(), "%u/%u%c", &key.tunnel, &key.session, &rest) == 2;
}

bool ParseAddress(const std::string& text, types::v1::IpAddress& out) {
  const std::optional<net::IpAddress> address = net::IpAddress::Parse(text);
  if (!address.has_value()) return false;
  out.set_octets(address->bytes().data(), address->bytes().size());
  return true;
}

// Digits of whole octets; blanks and colons between them do not matter.
bool FromHex(std::string_view text, std::string& out) {
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == ':' || c == '\n') continue;
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
    digits += c;
  }
  if (digits.size() % 2 != 0) return false;
  out = absl::HexStringToBytes(digits);
  return true;
}

// What was typed, and what it asks for.
struct Line {
  Endpoints endpoints;
  Output output;
  uint32_t tunnel = 0;
  KeyArgument key;
  std::string user;
  std::string address;
  bool all = false;
  std::string what;  // KEY, USER or peer name
  std::string drain;
  control::v1::PlaceCallRequest call;
  std::string number;
  dataplane::v1::PuntLimits limits;
  dataplane::v1::WatchPacketsRequest watch;
  dataplane::v1::ExplainPacketRequest explain_packet;
  std::function<absl::Status(Client&)> action;
  CLI::App app{"Shows and operates a running Terminus LNS.", "lnsctl"};

  Line();
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

 private:
  using Action = std::function<absl::Status(Client&)>;
  void Verb(CLI::App* verb, Action does) {
    verb->callback([this, does = std::move(does)] { action = does; });
  }
  void AddSession();
  void AddTunnel();
  void AddExplain();
  void AddOrders();
  void AddFilters();
  void AddPunt();
  void AddInspection();
  void AddWatch(CLI::App* verb);
  void AddExplainPacket(CLI::App* explain);
  void AddFilter(CLI::App* verb);
  control::v1::ListSessionsRequest Filter() const;
};

Line::Line() {
  app.add_option("--run-dir", endpoints.run_dir, "directory of the processes' sockets")
      ->capture_default_str();
  app.add_option("--control", endpoints.control,
                 "control plane's API (default unix:RUN_DIR/control.sock)");
  app.add_option("--dataplane", endpoints.dataplane,
                 "data plane's API (default unix:RUN_DIR/dataplane.sock)");
  app.add_option("--timeout", endpoints.timeout_s, "seconds to wait for an answer")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_flag("--json", output.json, "JSON for programs instead of tables");
  app.set_version_flag("--version", std::string("lnsctl ") + LNS_VERSION);
  app.require_subcommand(1);
  app.fallthrough();

  Verb(app.add_subcommand("status", "the LNS at a glance: links, tunnels, sessions, pools"),
       [this](Client& c) { return ShowStatus(c, output); });
  Verb(app.add_subcommand("pool", "pools of addresses and prefixes: use, and how often in vain"),
       [this](Client& c) { return ListPools(c, output); });
  AddSession();
  AddTunnel();
  AddExplain();
  AddOrders();
  Verb(app.add_subcommand("counters", "everything the control plane counted"),
       [this](Client& c) { return ShowControlCounters(c, output); });
  Verb(app.add_subcommand("radius",
                          "the RADIUS servers: state, latency, counters, and who waits for them"),
       [this](Client& c) { return ShowRadius(c, output); });
  Verb(app.add_subcommand("dataplane",
                          "the data plane: generation, table limits, installed entries"),
       [this](Client& c) { return ShowDataplane(c, output); });
  Verb(
      app.add_subcommand("workers", "the data plane's workers and cycles per packet of each stage"),
      [this](Client& c) { return ListWorkers(c, output); });
  Verb(app.add_subcommand("ports", "the data plane's ports and their counters"),
       [this](Client& c) { return ListPorts(c, output); });
  Verb(app.add_subcommand("aggregates",
                          "limits of tunnels and peers: rates, and what was beyond them"),
       [this](Client& c) { return ListAggregates(c, output); });
  Verb(app.add_subcommand("paths", "ways to LACs that are narrower than their ports, routers said"),
       [this](Client& c) { return ListPathLimits(c, output); });
  CLI::App* routes = app.add_subcommand("routes", "the data plane's routes");
  routes->add_option("--vrf", what, "of this VRF, by name or number (default: all)");
  Verb(routes, [this](Client& c) { return ListRoutes(c, output, what); });
  CLI::App* vrf = app.add_subcommand("vrf", "routing instances");
  vrf->require_subcommand(1);
  Verb(vrf->add_subcommand("show", "every VRF: its table in Linux, its ports, what is in it"),
       [this](Client& c) { return ListVrfs(c, output); });
  AddFilters();
  AddPunt();
  AddInspection();
  for (const CounterVerb& counters : kCounterVerbs) {
    Verb(app.add_subcommand(counters.verb, counters.what),
         [this, group = counters.group](Client& c) {
           return ShowDataplaneCounters(c, output, group);
         });
  }
}

control::v1::ListSessionsRequest Line::Filter() const {
  control::v1::ListSessionsRequest filter;
  filter.set_local_tunnel_id(tunnel);
  filter.set_user_name(user);
  filter.set_address(address);
  if (key.tunnel != 0 || key.session != 0) {
    filter.mutable_key()->set_local_tunnel_id(key.tunnel);
    filter.mutable_key()->set_local_session_id(key.session);
  }
  return filter;
}

void Line::AddPunt() {
  CLI::App* punt = app.add_subcommand("punt", "what may go up to the control plane");
  punt->require_subcommand(1);
  Verb(punt->add_subcommand("show",
                            "the limits of each interface group and reason, and who met them"),
       [this](Client& c) { return ShowPuntLimits(c, output); });
  CLI::App* set = punt->add_subcommand(
      "set", "replaces limits until the next start; what is not given is unlimited");
  set->add_option("--group", what, "interface group (default: all)");
  set->add_option("--reason", number, "punt reason (default: all of what is unproven)");
  for (const LimitOption& option : kLimitOptions) {
    set->add_option_function<uint32_t>(
        option.name, [this, setter = option.set](uint32_t value) { (limits.*setter)(value); },
        option.what);
  }
  Verb(set, [this](Client& c) {
    dataplane::v1::SetPuntLimitsRequest request;
    request.set_group(what);
    request.set_reason(number);
    *request.mutable_limits() = limits;
    return SetPuntLimits(c, output, request);
  });
}

void Line::AddFilters() {
  CLI::App* filter = app.add_subcommand("filter", "packet filters of sessions");
  filter->require_subcommand(1);
  CLI::App* show = filter->add_subcommand(
      "show", "the rules in force, what each has matched, and how many sessions have them");
  show->add_option("NAME", what, "one filter (default: all)");
  Verb(show, [this](Client& c) { return ShowFilters(c, output, what); });
  CLI::App* set = filter->add_subcommand(
      "set", "makes a filter, or changes one under its sessions, until the next start");
  set->add_option("FILE", what, "YAML, as an element of `filters` in the configuration")
      ->required();
  Verb(set, [this](Client& c) { return SetFilter(c, output, what); });
  CLI::App* remove = filter->add_subcommand("remove", "removes a filter that no session has");
  remove->add_option("NAME", what, "its name")->required();
  Verb(remove, [this](Client& c) { return RemoveFilter(c, output, what); });
}

// What has been watched, or the next packets and seconds.
constexpr uint32_t kDefaultWatched = 1000;
constexpr uint32_t kDefaultWatchSeconds = 60;

void Line::AddWatch(CLI::App* verb) {
  watch.set_packets(kDefaultWatched);
  watch.set_seconds(kDefaultWatchSeconds);
  verb->add_option("--session", key, "of this session")->type_name("TUNNEL/SESSION");
  verb->add_flag_function(
      "--drops", [this](int64_t) { watch.set_drops_only(true); }, "only what is dropped");
  verb->add_option_function<std::string>(
      "--reason", [this](const std::string& reason) { watch.set_drop_reason(reason); },
      "only what is dropped for this reason (docs/counters.md)");
  verb->add_option_function<uint32_t>(
          "--packets", [this](uint32_t packets) { watch.set_packets(packets); },
          "stop after so many")
      ->check(CLI::Range(1, 100'000))
      ->default_str(std::to_string(kDefaultWatched));
  verb->add_option_function<uint32_t>(
          "--seconds", [this](uint32_t seconds) { watch.set_seconds(seconds); },
          "and after this time")
      ->check(CLI::Range(1, 3600))
      ->default_str(std::to_string(kDefaultWatchSeconds));
}

void Line::AddInspection() {
  const auto request = [this] {
    if (key.tunnel != 0 || key.session != 0) *watch.mutable_session() = Filter().key();
    return watch;
  };
  CLI::App* trace = app.add_subcommand(
      "trace", "packets with the stages they passed and the verdict they left by; slows workers");
  AddWatch(trace);
  Verb(trace, [this, request](Client& c) { return TracePackets(c, output, request()); });
  CLI::App* capture =
      app.add_subcommand("capture",
                         "packets into a pcapng file, with verdicts as comments, or to a "
                         "collector");
  AddWatch(capture);
  capture
      ->add_option(
          "TARGET", what,
          "a file to write, - for standard output, or udp:ADDRESS:PORT for a collector that "
          "reads TZSP (usually port 37008)")
      ->required();
  Verb(capture, [this, request](Client& c) {
    if (what.starts_with(kCollectorPrefix)) return SendPackets(c, output, request(), what);
    return CapturePackets(c, request(), what);
  });
}

void Line::AddExplainPacket(CLI::App* explain) {
  CLI::App* packet = explain->add_subcommand(
      "packet", "what every stage says of a packet, by the tables as they are; sends nothing");
  const auto described = [this] { return explain_packet.mutable_described(); };
  packet->add_option("--session", key, "its subscriber sends it (else it comes from the core)")
      ->type_name("TUNNEL/SESSION");
  packet->add_option_function<std::string>(
      "--port", [this](const std::string& port) { explain_packet.set_in_port(port); },
      "where it arrives (default the first that fits)");
  packet->add_option("--from", address, "source address");
  packet->add_option("--to", user, "destination address");
  const auto number_option = [&](const char* name, auto setter, const char* text) {
    packet->add_option_function<uint32_t>(
        name, [described, setter](uint32_t value) { (described()->*setter)(value); }, text);
  };
  using Described = dataplane::v1::DescribedPacket;
  number_option("--protocol", &Described::set_protocol, "IP protocol number (default 17, UDP)");
  number_option("--source-port", &Described::set_source_port, "of UDP and TCP");
  number_option("--destination-port", &Described::set_destination_port, "of UDP and TCP");
  number_option("--length", &Described::set_length, "of the IP packet (default the shortest)");
  number_option("--hop-limit", &Described::set_hop_limit, "or TTL (default 64)");
  number_option("--dscp", &Described::set_dscp, "0 to 63");
  packet->add_flag_function(
      "--df", [described](int64_t) { described()->set_dont_fragment(true); },
      "IPv4: it must not be fragmented");
  packet->add_option("--frame", what, "instead of all this: a whole Ethernet frame, as hex digits");
  Verb(packet, [this](Client& c) -> absl::Status {
    if (!what.empty()) {
      std::string frame;
      if (!FromHex(what, frame)) return absl::InvalidArgumentError("--frame: not hex digits");
      explain_packet.set_frame(frame);
      return ExplainPacket(c, output, explain_packet);
    }
    Described& inner = *explain_packet.mutable_described();
    if (!ParseAddress(address, *inner.mutable_source()) ||
        !ParseAddress(user, *inner.mutable_destination())) {
      return absl::InvalidArgumentError("--from and --to: expected two addresses, or --frame");
    }
    if (key.tunnel != 0 || key.session != 0) *inner.mutable_session() = Filter().key();
    return ExplainPacket(c, output, explain_packet);
  });
}

void Line::AddFilter(CLI::App* verb) {
  verb->add_option("--tunnel", tunnel, "of this tunnel (our id)")->check(CLI::Range(1, 65535));
  verb->add_option("--user", user, "of this user");
  verb->add_option("--address", address, "with this address");
}

void Line::AddSession() {
  CLI::App* session = app.add_subcommand("session", "subscribers' sessions");
  session->require_subcommand(1);
  CLI::App* list = session->add_subcommand("list", "all sessions, or those that match");
  AddFilter(list);
  Verb(list, [this](Client& c) { return ListSessions(c, output, Filter()); });
  CLI::App* show = session->add_subcommand("show", "one session with its counters");
  show->add_option("KEY", key, "TUNNEL/SESSION, our ids")->required()->type_name("TUNNEL/SESSION");
  Verb(show, [this](Client& c) { return ShowSession(c, output, Filter()); });
  Verb(session->add_subcommand(
           "counters", "packets, octets and LCP echoes of every session, as the data plane counts"),
       [this](Client& c) { return ListSessionCounters(c, output); });
  CLI::App* speed = session->add_subcommand(
      "line-speed", "asks the LAC for the speeds of the subscriber's line (CSURQ)");
  speed->add_option("KEY", key, "TUNNEL/SESSION, our ids")->required()->type_name("TUNNEL/SESSION");
  Verb(speed, [this](Client& c) { return RequestLineSpeed(c, output, Filter().key()); });
  CLI::App* clear = session->add_subcommand("clear", "ends the sessions that match, or all");
  clear->add_option("KEY", key, "TUNNEL/SESSION, our ids")->type_name("TUNNEL/SESSION");
  AddFilter(clear);
  clear->add_flag("--all", all, "every session");
  Verb(clear, [this](Client& c) {
    control::v1::ClearSessionsRequest request;
    *request.mutable_filter() = Filter();
    request.set_all(all);
    return ClearSessions(c, output, request);
  });
}

void Line::AddTunnel() {
  CLI::App* parent = app.add_subcommand("tunnel", "L2TP tunnels");
  parent->require_subcommand(1);
  Verb(parent->add_subcommand("list", "all tunnels"),
       [this](Client& c) { return ListTunnels(c, output, 0); });
  CLI::App* show = parent->add_subcommand("show", "one tunnel");
  show->add_option("TUNNEL", tunnel, "our id")->required()->check(CLI::Range(1, 65535));
  Verb(show, [this](Client& c) { return ShowTunnel(c, output, tunnel); });
  CLI::App* open = parent->add_subcommand("open", "opens a tunnel to a configured peer");
  open->add_option("PEER", what, "its name in the configuration; it needs a dial_address")
      ->required();
  Verb(open, [this](Client& c) { return OpenTunnel(c, output, what); });
  CLI::App* clear = parent->add_subcommand("clear", "ends a tunnel and its sessions, or all");
  clear->add_option("TUNNEL", tunnel, "our id")->check(CLI::Range(1, 65535));
  clear->add_flag("--all", all, "every tunnel");
  Verb(clear, [this](Client& c) {
    control::v1::ClearTunnelsRequest request;
    request.set_local_tunnel_id(tunnel);
    request.set_all(all);
    return ClearTunnels(c, output, request);
  });
}

void Line::AddExplain() {
  CLI::App* explain = app.add_subcommand(
      "explain", "the latest messages and events of a session or tunnel, decoded, and why it fell");
  explain->require_subcommand(1);
  CLI::App* session =
      explain->add_subcommand("session", "sessions that live and those that ended lately");
  session->add_option("KEY_OR_USER", what, "TUNNEL/SESSION, our ids, or a user's name")->required();
  Verb(session, [this](Client& c) {
    control::v1::ExplainRequest request;
    KeyArgument argument;
    if (lexical_cast(what, argument)) {
      key = argument;
    } else {
      user = what;
    }
    *request.mutable_sessions() = Filter();
    return Explain(c, output, request);
  });
  CLI::App* of_tunnel = explain->add_subcommand("tunnel", "tunnels with this id, the ended first");
  of_tunnel->add_option("TUNNEL", tunnel, "our id")->required()->check(CLI::Range(1, 65535));
  Verb(of_tunnel, [this](Client& c) {
    control::v1::ExplainRequest request;
    request.set_local_tunnel_id(tunnel);
    return Explain(c, output, request);
  });
  AddExplainPacket(explain);
}

void Line::AddOrders() {
  CLI::App* state = app.add_subcommand(
      "drain", "refuses new tunnels and calls, or takes them again; what there is stays");
  state->add_option("STATE", drain, "on or off")->required()->check(CLI::IsMember({"on", "off"}));
  Verb(state, [this](Client& c) { return SetDrain(c, output, drain == "on"); });
  CLI::App* dial = app.add_subcommand("call", "places an outgoing call (OCRQ)");
  dial->add_option("NUMBER", number, "the number the LAC is to call")->required();
  CLI::Option* by_peer = dial->add_option("--peer", what, "by an established tunnel of this peer");
  dial->add_option("--tunnel", tunnel, "by this tunnel (our id)")
      ->check(CLI::Range(1, 65535))
      ->excludes(by_peer);
  Verb(dial, [this](Client& c) {
    call.set_called_number(number);
    call.set_local_tunnel_id(tunnel);
    call.set_peer(what);
    return PlaceCall(c, output, call);
  });
}

void AppendReference(const CLI::App& app, const std::string& path, std::string& text) {
  const auto subcommands = app.get_subcommands([](const CLI::App*) { return true; });
  if (subcommands.empty()) {
    absl::StrAppend(&text, "\n### `", path, "`\n\n", app.get_description(), "\n");
  }
  std::string options;
  for (const CLI::Option* option : app.get_options()) {
    if (option == app.get_help_ptr() || option == app.get_version_ptr()) continue;
    absl::StrAppend(&options, "- `", option->get_name(option->get_positional()),
                    "`: ", option->get_description());
    if (!option->get_default_str().empty()) {
      absl::StrAppend(&options, " (default ", option->get_default_str(), ")");
    }
    options += "\n";
  }
  if (!options.empty()) absl::StrAppend(&text, "\n", options);
  for (const CLI::App* verb : subcommands) {
    AppendReference(*verb, absl::StrCat(path, " ", verb->get_name()), text);
  }
}

}  // namespace

std::string Reference() {
  Line line;
  std::string text =
      "# lnsctl\n\n"
      "The operator's command line: a plain client of the two processes' gRPC services, with no\n"
      "other way in. Made by `lnsctl --reference`; a test keeps it equal to the program.\n\n"
      "Exit status: 0 done, 1 it could not be done (one line says why and what to do), 2 the\n"
      "command line was not understood. With `--json` lists are arrays of objects, fields are\n"
      "named as in `proto/`, defaults are written out, 64-bit numbers are numbers, and a group of\n"
      "counters is one object from name to value.\n\n"
      "## Options of every command\n";
  AppendReference(line.app, "lnsctl", text);
  return text;
}

int Run(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--reference") {
    std::fputs(Reference().c_str(), stdout);
    return 0;
  }
  Line line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.app.exit(error) == 0 ? 0 : 2;
  }
  Client client(line.endpoints);
  const absl::Status status = line.action(client);
  if (status.ok()) return 0;
  std::fprintf(stderr, "lnsctl: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace lns::lnsctl
