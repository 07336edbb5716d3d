// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/settings.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <utility>

#include "controlplane/config/addressing.h"
#include "controlplane/config/field_checks.h"
#include "controlplane/config/peers.h"
#include "controlplane/config/policy_fields.h"
#include "controlplane/config/profile_file.h"
#include "controlplane/config/radius_fields.h"
#include "controlplane/config/rate_fields.h"
#include "controlplane/config/tunnel_fields.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

using config::v1::ControlplaneConfig;

constexpr char kDefaultRunDir[] = "/run/terminus";
constexpr const char* kLogLevels[] = {"trace", "debug", "info", "warn", "error"};

// What each number may be. Ids are 16 bits and 0 is none (RFC 2661 3.1).
constexpr Range kTunnels{1, 65535};
constexpr Range kSessions{1, uint64_t{1} << 24};
constexpr Range kSessionsPerTunnel{1, 65535};
constexpr Range kIdRestSeconds{0, 3600};
constexpr Range kEchoMisses{1, 255};
constexpr Range kVrfIds{1, net::kMaxVrfs - 1};
constexpr Range kReauthenticateSeconds{0, 86400};
constexpr Range kTrailBytes{0, 65535};
constexpr Range kTrailsBytes{0, uint64_t{1} << 40};
constexpr Range kEndedTrails{0, 1u << 20};
constexpr Range kRememberSeconds{0, 10 * 365 * 86'400};
constexpr Range kRememberedLeases{1, uint64_t{1} << 27};
constexpr int kMaxDnsServers = 2;  // RFC 1877 has a primary and a secondary

std::string MachineName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "terminus";
  return name.data();
}

void CheckProcess(const ControlplaneConfig& config, FieldChecks& check, Settings& out) {
  out.run_dir = config.run_dir().empty() ? kDefaultRunDir : config.run_dir();
  if (out.run_dir[0] != '/') check.Fail("run_dir", "expected an absolute path");
  out.listen = check.UnixTarget("listen", config.listen(),
                                absl::StrCat("unix:", out.run_dir, "/control.sock"));
  out.dataplane = check.UnixTarget("dataplane", config.dataplane(),
                                   absl::StrCat("unix:", out.run_dir, "/dataplane.sock"));
  out.log_level = config.log_level().empty() ? "info" : config.log_level();
  if (std::find(std::begin(kLogLevels), std::end(kLogLevels), out.log_level) ==
      std::end(kLogLevels)) {
    check.Fail("log_level", absl::StrCat("expected trace, debug, info, warn or error, got \"",
                                         out.log_level, "\""));
  }
}

DuplicateUserPolicy DuplicatesOf(config::v1::DuplicateUserPolicy policy) {
  switch (policy) {
    case config::v1::DUPLICATE_USER_POLICY_REPLACE:
      return DuplicateUserPolicy::kReplace;
    case config::v1::DUPLICATE_USER_POLICY_DENY:
      return DuplicateUserPolicy::kDeny;
    case config::v1::DUPLICATE_USER_POLICY_COUNT:
      return DuplicateUserPolicy::kCount;
    default:
      return DuplicateUserPolicy::kAllow;
  }
}

void CheckVrfs(const ControlplaneConfig& config, FieldChecks& check, Settings& out) {
  std::set<std::string> names;
  std::set<uint32_t> ids;
  for (int i = 0; i < config.vrfs_size(); ++i) {
    const config::v1::VrfName& in = config.vrfs(i);
    check.UniqueName(Element("vrfs", i, "name"), in.name(), names);
    const std::string id_path = Element("vrfs", i, "id");
    const uint64_t id = check.Number(id_path, in.id(), kVrfIds, 0);
    if (id == 0) check.Fail(id_path, "is required");
    if (!ids.insert(in.id()).second) {
      check.Fail(id_path, absl::StrCat(in.id(), " is another VRF's already"));
    }
    out.engine.vrfs.push_back({in.name(), static_cast<net::VrfIndex>(id)});
  }
}

void CheckVrfAddresses(const ControlplaneConfig& config, FieldChecks& check, Settings& out) {
  for (int i = 0; i < config.lns().vrf_addresses_size(); ++i) {
    const config::v1::VrfAddresses& in = config.lns().vrf_addresses(i);
    const net::VrfIndex vrf =
        ReadVrf(Element("lns.vrf_addresses", i, "vrf"), in.vrf(), out.engine.vrfs, check);
    if (vrf == net::kMainVrf) {
      check.Fail(Element("lns.vrf_addresses", i, "vrf"),
                 "is required; lns.addresses are the main "
                 "VRF's");
    }
    for (int j = 0; j < in.addresses_size(); ++j) {
      const std::string path = Element(Element("lns.vrf_addresses", i, "addresses").c_str(), j, "");
      const net::IpAddress address = check.Address(path, in.addresses(j));
      if (address.is_none()) check.Fail(path, "expected an IP address");
      out.vrf_addresses.emplace_back(vrf, address);
    }
  }
}

void CheckLns(const ControlplaneConfig& config, FieldChecks& check, Settings& out) {
  const config::v1::LnsConfig& lns = config.lns();
  if (lns.addresses().empty()) check.Fail("lns.addresses", "expected at least one address");
  for (int i = 0; i < lns.addresses_size(); ++i) {
    const std::string path = Element("lns.addresses", i, "");
    const net::IpAddress address = check.Address(path, lns.addresses(i));
    if (address.is_none()) check.Fail(path, "expected an IP address");
    if (std::count(out.addresses.begin(), out.addresses.end(), address) > 0) {
      check.Fail(path, absl::StrCat(lns.addresses(i), " is there already"));
    }
    out.addresses.push_back(address);
    out.engine.local_addresses.push_back(address);
  }
  EngineSettings& engine = out.engine;
  engine.max_tunnels = static_cast<uint32_t>(
      check.Number("lns.max_tunnels", lns.max_tunnels(), kTunnels, engine.max_tunnels));
  engine.max_sessions = static_cast<uint32_t>(
      check.Number("lns.max_sessions", lns.max_sessions(), kSessions, engine.max_sessions));
  engine.id_rest = check.Seconds("lns.id_rest_s", lns.id_rest_s(), kIdRestSeconds, engine.id_rest);
  engine.duplicate_users = DuplicatesOf(lns.duplicate_users());
  engine.sessions_per_user = static_cast<uint32_t>(check.Number(
      "lns.sessions_per_user", lns.sessions_per_user(), kSessions, engine.sessions_per_user));
  const config::v1::ExplainConfig& explain = lns.explain();
  TrailSettings& trails = engine.trails;
  trails.session_bytes = static_cast<uint32_t>(check.Number(
      "lns.explain.session_bytes", explain.session_bytes(), kTrailBytes, trails.session_bytes));
  trails.tunnel_bytes = static_cast<uint32_t>(check.Number(
      "lns.explain.tunnel_bytes", explain.tunnel_bytes(), kTrailBytes, trails.tunnel_bytes));
  trails.total_bytes = check.Number("lns.explain.total_bytes", explain.total_bytes(), kTrailsBytes,
                                    trails.total_bytes);
  trails.ended = static_cast<uint32_t>(
      check.Number("lns.explain.ended", explain.ended(), kEndedTrails, trails.ended));
}

void CheckPpp(const ControlplaneConfig& config, FieldChecks& check, Settings& out) {
  const config::v1::PppConfig& in = config.ppp();
  ppp::LinkSettings& link = out.engine.ppp;
  link.local_name = config.lns().host_name().empty() ? MachineName() : config.lns().host_name();
  link.role = ppp::Role::kServer;
  link.mru = static_cast<uint16_t>(check.Number("ppp.mru", in.mru(), kMru, link.mru));
  link.ipv6 = in.ipv6();
  link.echo_interval =
      check.Seconds("ppp.echo_interval_s", in.echo_interval_s(), kEchoSeconds, link.echo_interval);
  link.echo_max_misses =
      static_cast<int>(check.Number("ppp.echo_max_misses", in.echo_max_misses(), kEchoMisses,
                                    static_cast<uint64_t>(link.echo_max_misses)));
  link.echo_always = in.echo_always();
  link.auth = ReadAuth(in.auth(), "ppp.auth", check, link.auth);
  link.reauthenticate = check.Seconds("ppp.reauthenticate_s", in.reauthenticate_s(),
                                      kReauthenticateSeconds, link.reauthenticate);
  if (in.dns_size() > kMaxDnsServers) {
    check.Fail(Element("ppp.dns", kMaxDnsServers, ""), "expected at most two DNS servers");
  }
  for (int i = 0; i < in.dns_size(); ++i) {
    const std::string path = Element("ppp.dns", i, "");
    const net::IpAddress server = check.Ipv4Address(path, in.dns(i));
    if (server.is_none()) check.Fail(path, "expected an IPv4 address");
    out.engine.dns.push_back(server);
  }
  out.engine.local_ipcp_address = check.Ipv4Address("ppp.local_address", in.local_address());
  out.engine.clamp_mss = in.clamp_mss();
  out.engine.rates = ReadRates(in, check);
}

// In every VRF.
std::vector<net::VrfAddress> OwnAddresses(const Settings& settings) {
  std::vector<net::VrfAddress> ours(settings.addresses.begin(), settings.addresses.end());
  ours.insert(ours.end(), settings.vrf_addresses.begin(), settings.vrf_addresses.end());
  return ours;
}

// What every peer gets that no profile treats otherwise.
Profile GeneralProfile(const ControlplaneConfig& config, FieldChecks& check, const Settings& out) {
  const config::v1::LnsConfig& lns = config.lns();
  Profile profile;
  l2tp::TunnelSettings& tunnel = profile.tunnel;
  tunnel.host_name = out.engine.ppp.local_name;
  tunnel.receive_window = static_cast<uint16_t>(
      check.Number("lns.receive_window", lns.receive_window(), kWindow, tunnel.receive_window));
  tunnel.max_sessions = static_cast<uint32_t>(
      check.Number("lns.max_sessions_per_tunnel", lns.max_sessions_per_tunnel(), kSessionsPerTunnel,
                   tunnel.max_sessions));
  profile.link = std::make_shared<const ppp::LinkSettings>(out.engine.ppp);
  return profile;
}

// What a user's own filters and DSCP policy are, all of which there must be.
void CheckUserPolicies(const config::v1::UserConfig& in, const std::string& path,
                       const PolicySettings& policies, FieldChecks& check,
                       ServiceProfile& service) {
  service.filters.assign(in.filters().begin(), in.filters().end());
  service.dscp_policy = in.dscp_policy();
  service.redirect_url = in.redirect_url();
  PolicySettings strict = policies;
  strict.ignore_unknown = false;
  switch (Policies(strict).Check(service)) {
    case CloseCause::kUnknownPolicy:
      check.Fail(path, "filters or dscp_policy name what is not there");
      break;
    case CloseCause::kTooManyFilters:
      check.Fail(path, absl::StrCat("expected at most ", Policies::kMaxPerDirection,
                                    " filters for each direction"));
      break;
    default:
      break;
  }
}

void CheckUsers(const ControlplaneConfig& config, FieldChecks& check, Settings& out) {
  std::set<std::string> names;
  std::set<net::VrfAddress> addresses;
  for (int i = 0; i < config.users_size(); ++i) {
    const config::v1::UserConfig& in = config.users(i);
    const auto at = [i](const char* field) { return Element("users", i, field); };
    check.UniqueName(at("name"), in.name(), names);
    if (in.password().empty()) check.Fail(at("password"), "expected a password");
    LocalUser user{in.name(), in.password()};
    const net::VrfIndex vrf = ReadVrf(at("vrf"), in.vrf(), out.engine.vrfs, check);
    user.service = ReadAddressing(in, i, vrf, out.engine.pools, check);
    user.service.vrf = in.vrf();
    CheckUserPolicies(in, Element("users", i, ""), out.engine.policies, check, user.service);
    const net::IpAddress address = user.service.ipv4_address;
    ReadRates(in, i, check, user.service);
    if (!address.is_none() && !addresses.emplace(vrf, address).second) {
      check.Fail(at("address"), absl::StrCat(in.address(), " is another user's already"));
    }
    out.users.push_back(std::move(user));
  }
}

void CheckLeases(const ControlplaneConfig& config, FieldChecks& check, Settings& out) {
  const config::v1::LeaseConfig& in = config.leases();
  LeaseSettings& leases = out.leases;
  leases.path = in.file().empty() ? absl::StrCat(out.run_dir, "/leases.db") : in.file();
  leases.remember =
      check.Seconds("leases.remember_s", in.remember_s(), kRememberSeconds, leases.remember);
  leases.max_leases =
      check.Number("leases.max_users", in.max_users(), kRememberedLeases, leases.max_leases);
  for (const AddressPoolSettings& pool : out.engine.pools) leases.pools.push_back(pool.name);
}

}  // namespace

absl::StatusOr<Settings> CheckConfig(const ControlplaneConfig& config,
                                     const config::SourceMap& source) {
  FieldChecks check(source);
  Settings settings;
  CheckProcess(config, check, settings);
  CheckVrfs(config, check, settings);
  CheckLns(config, check, settings);
  CheckVrfAddresses(config, check, settings);
  CheckPpp(config, check, settings);
  const Profile general = GeneralProfile(config, check, settings);
  settings.engine.peers = ReadPeers(config, source.file(), general, check);
  settings.engine.ipv6 = ReadIpv6(config.ipv6(), settings.engine.ppp.local_name, check);
  settings.engine.pools = ReadPools(config, settings.engine.vrfs, OwnAddresses(settings), check);
  CheckLeases(config, check, settings);
  settings.engine.policies = ReadPolicies(config, check);
  CheckUsers(config, check, settings);
  const NasIdentity nas{
      .address = settings.addresses.empty() ? net::IpAddress() : settings.addresses[0],
      .identifier = settings.engine.ppp.local_name};
  ReadUserLimits(config, check, settings.users);
  settings.radius = ReadRadius(config.radius(), source.file(), nas, check);
  settings.accounting =
      ReadAccounting(config, settings.radius.nas, settings.addresses, settings.run_dir, check);
  settings.metrics = config.metrics().listen();
  if (!check.status().ok()) return check.status();
  return settings;
}

absl::StatusOr<Settings> LoadSettings(const std::string& path) {
  ControlplaneConfig config;
  const absl::StatusOr<config::SourceMap> source = config::LoadYaml(path, &config);
  if (!source.ok()) return source.status();
  return CheckConfig(config, *source);
}

std::string SocketPath(const std::string& target) {
  constexpr std::string_view kScheme = "unix:";
  return target.starts_with(kScheme) ? target.substr(kScheme.size()) : target;
}

}  // namespace lns::controlplane
