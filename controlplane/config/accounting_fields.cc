// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/accounting_fields.h"

#include "controlplane/config/radius_fields.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr uint16_t kDynamicAuthorizationPort = 3799;  // RFC 5176 2.1
constexpr Range kPort{1, 65535};
constexpr Range kInterimSeconds{0, 86'400 * 7};
constexpr Range kLeastInterimSeconds{1, 86'400};
constexpr Range kWindowSeconds{1, 86'400};
constexpr Range kLimitSeconds{1, uint64_t{86'400} * 366 * 10};
constexpr Range kQuota{1, UINT64_MAX};
constexpr Range kSessionsOfAUser{0, uint64_t{1} << 24};
constexpr Range kRecords{1000, 1'000'000'000};

void ReadCoa(const config::v1::ControlplaneConfig& config, const NasIdentity& nas,
             const std::vector<net::IpAddress>& addresses, FieldChecks& check,
             AccountingSettings& out) {
  const config::v1::DynamicAuthorizationConfig& in = config.dynamic_authorization();
  out.coa.nas = nas;
  out.coa.window = check.Seconds("dynamic_authorization.window_s", in.window_s(), kWindowSeconds,
                                 out.coa.window);
  out.coa.timestamp_required = in.require_event_timestamp();
  for (int i = 0; i < in.clients_size(); ++i) {
    const config::v1::DynamicAuthorizationClient& client = in.clients(i);
    const auto at = [i](const char* field) {
      return Element("dynamic_authorization.clients", i, field);
    };
    CoaClient read{.name = client.name(),
                   .address = check.Prefix(at("address"), client.address()),
                   .secret = client.secret()};
    if (read.address.address.is_none()) check.Fail(at("address"), "expected a prefix");
    if (read.secret.empty()) check.Fail(at("secret"), "expected the client's shared secret");
    if (client.has_require_message_authenticator() && !client.require_message_authenticator()) {
      read.demand = radius::MessageAuthenticator::kOptional;
    }
    out.coa.clients.push_back(std::move(read));
  }
  const auto port = static_cast<uint16_t>(
      check.Number("dynamic_authorization.port", in.port(), kPort, kDynamicAuthorizationPort));
  for (int i = 0; i < in.addresses_size(); ++i) {
    const std::string path = Element("dynamic_authorization.addresses", i, "");
    const net::IpAddress address = check.Address(path, in.addresses(i));
    if (address.is_none()) check.Fail(path, "expected an IP address");
    out.coa_addresses.push_back({address, port});
  }
  if (in.addresses().empty()) {
    for (const net::IpAddress& address : addresses) out.coa_addresses.push_back({address, port});
  }
}

}  // namespace

AccountingSettings ReadAccounting(const config::v1::ControlplaneConfig& config,
                                  const NasIdentity& nas,
                                  const std::vector<net::IpAddress>& addresses,
                                  const std::string& run_dir, FieldChecks& check) {
  const config::v1::AccountingConfig& in = config.accounting();
  AccountingSettings out;
  out.client.servers =
      ReadServers(in.servers(), "accounting.servers", kRadiusAccountingPort, check);
  ReadTimes(in.times(), "accounting.times.", check, out.client);
  AccountantSettings& accountant = out.accountant;
  accountant.nas = nas;
  accountant.tunnels = in.tunnels();
  accountant.interim_interval =
      check.Seconds("accounting.interim_interval_s", in.interim_interval_s(), kInterimSeconds,
                    accountant.interim_interval);
  accountant.least_interim = check.Seconds("accounting.least_interim_s", in.least_interim_s(),
                                           kLeastInterimSeconds, accountant.least_interim);
  accountant.max_records =
      check.Number("accounting.max_records", in.max_records(), kRecords, accountant.max_records);
  out.spool = in.spool().empty() ? absl::StrCat(run_dir, "/accounting.db") : in.spool();
  if (in.has_survive_power_loss()) out.survives_power_loss = in.survive_power_loss();
  ReadCoa(config, nas, addresses, check, out);
  return out;
}

void ReadUserLimits(const config::v1::ControlplaneConfig& config, FieldChecks& check,
                    std::vector<LocalUser>& users) {
  for (int i = 0; i < config.users_size() && static_cast<size_t>(i) < users.size(); ++i) {
    const config::v1::UserConfig& in = config.users(i);
    const auto at = [i](const char* field) { return Element("users", i, field); };
    ServiceProfile& service = users[static_cast<size_t>(i)].service;
    service.session_timeout =
        check.Seconds(at("session_timeout_s"), in.session_timeout_s(), kLimitSeconds, {});
    service.idle_timeout =
        check.Seconds(at("idle_timeout_s"), in.idle_timeout_s(), kLimitSeconds, {});
    service.interim_interval =
        check.Seconds(at("interim_interval_s"), in.interim_interval_s(), kLimitSeconds, {});
    service.max_sessions = static_cast<uint32_t>(
        check.Number(at("max_sessions"), in.max_sessions(), kSessionsOfAUser, 0));
    service.quota_octets = check.Number(at("quota_octets"), in.quota_octets(), kQuota, 0);
  }
}

}  // namespace lns::controlplane
