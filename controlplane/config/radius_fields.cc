// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/radius_fields.h"

#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "lib/radius/builder.h"
#include "lib/radius/dictionary.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

constexpr char kDefaultDictionary[] = "radius/dictionary";
// A dictionary may include others; together no more than this.
constexpr size_t kMaxDictionaryFiles = 1024;

constexpr Range kPort{1, 65535};
constexpr Range kOrder{1, 1000};
constexpr Range kWeight{1, 1000};
constexpr Range kRetransmitMs{50, 60'000};
constexpr Range kTries{1, 20};
// Together less than what the peer waits for an answer to its credentials.
constexpr Range kSeconds{1, 3600};
constexpr Range kCacheUsers{0, 10'000'000};
constexpr Range kCacheSeconds{1, 30 * 86'400};
constexpr Range kInFlight{1, 16'384};  // 64 source ports
constexpr Range kWaiting{1, 1'000'000};
constexpr Range kTargetMs{1, 60'000};
constexpr size_t kMaxDeviceName = 15;  // IFNAMSIZ

std::string Beside(const std::string& file, const std::string& name) {
  if (name.starts_with('/')) return name;
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? name : absl::StrCat(file.substr(0, slash + 1), name);
}

bool ReadFile(const std::string& path, std::string& out) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return false;
  out.assign(std::istreambuf_iterator<char>(in), {});
  return true;
}

// The file and what it includes, in the order they name each other.
absl::Status AddDictionary(const std::string& path, radius::Dictionary& dictionary) {
  std::vector<std::string> files = {path};
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string name = files[i];
    std::string text;
    if (files.size() > kMaxDictionaryFiles) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": includes too many files"));
    }
    if (!ReadFile(name, text)) {
      return absl::NotFoundError(absl::StrCat(name, ": cannot be read"));
    }
    std::vector<std::string> includes;
    if (const auto error = dictionary.Add(text, includes)) {
      return absl::InvalidArgumentError(absl::StrCat(name, ":", error->line, ": ", error->what));
    }
    for (const std::string& include : includes) files.push_back(Beside(name, include));
  }
  return absl::OkStatus();
}

std::shared_ptr<const radius::Dictionary> ReadDictionaries(const config::v1::RadiusConfig& in,
                                                           const std::string& file,
                                                           FieldChecks& check) {
  auto dictionary = std::make_shared<radius::Dictionary>();
  for (const std::string& name : in.dictionaries()) {
    const absl::Status status = AddDictionary(Beside(file, name), *dictionary);
    if (!status.ok()) check.Fail(status);
  }
  const std::string usual = Beside(file, kDefaultDictionary);
  if (in.dictionaries().empty() && std::ifstream(usual).good()) {
    const absl::Status status = AddDictionary(usual, *dictionary);
    if (!status.ok()) check.Fail(status);
  }
  return dictionary;
}

Bytes ReadAttributes(const config::v1::RadiusConfig& in, const radius::Dictionary& dictionary,
                     FieldChecks& check) {
  radius::PacketBuilder builder(radius::Code::kAccessRequest, 0);
  for (int i = 0; i < in.send_size(); ++i) {
    const config::v1::RadiusAttribute& attribute = in.send(i);
    const radius::DictionaryAttribute* known = dictionary.Find(attribute.name());
    if (known == nullptr) {
      check.Fail(Element("radius.send", i, "name"),
                 absl::StrCat("no dictionary knows \"", attribute.name(), "\""));
      continue;
    }
    const auto value = radius::Dictionary::Encode(*known, attribute.value());
    if (!value || !builder.Add(known->id, *value)) {
      check.Fail(Element("radius.send", i, "value"),
                 absl::StrCat("\"", attribute.value(), "\" is no value of ", attribute.name()));
    }
  }
  const ByteView attributes = builder.attributes();
  return Bytes(attributes.begin(), attributes.end());
}

RadiusSource ReadSource(const config::v1::RadiusConfig& in, FieldChecks& check) {
  RadiusSource source{.device = in.device()};
  for (int i = 0; i < in.source_addresses_size(); ++i) {
    const std::string path = Element("radius.source_addresses", i, "");
    const net::IpAddress address = check.Address(path, in.source_addresses(i));
    if (address.is_none()) check.Fail(path, "expected an IP address");
    source.addresses.push_back(address);
  }
  if (source.device.size() > kMaxDeviceName) {
    check.Fail("radius.device", "expected the name of an interface, at most 15 characters");
  }
  return source;
}

void ReadPolicy(const config::v1::RadiusConfig& in, FieldChecks& check, RadiusSettings& out) {
  if (in.has_local_users_first()) out.local_users_first = in.local_users_first();
  for (int i = 0; i < in.when_down_size(); ++i) {
    switch (in.when_down(i)) {
      case config::v1::CACHE:
        out.when_down.push_back(Fallback::kCache);
        break;
      case config::v1::LOCAL_USERS:
        out.when_down.push_back(Fallback::kLocalUsers);
        break;
      default:
        check.Fail(Element("radius.when_down", i, ""), "expected cache or local_users");
        break;
    }
  }
  const auto number = [&](const char* path, uint64_t value, Range range, uint32_t fallback) {
    return static_cast<uint32_t>(check.Number(path, value, range, fallback));
  };
  out.cache_users = number("radius.cache_users", in.cache_users(), kCacheUsers, out.cache_users);
  out.cache_lifetime = check.Seconds("radius.cache_lifetime_s", in.cache_lifetime_s(),
                                     kCacheSeconds, out.cache_lifetime);
  AdmissionSettings& admission = out.admission;
  admission.max_in_flight =
      number("radius.max_in_flight", in.max_in_flight(), kInFlight, admission.max_in_flight);
  admission.max_waiting =
      number("radius.max_waiting", in.max_waiting(), kWaiting, admission.max_waiting);
  admission.max_wait =
      check.Seconds("radius.max_wait_s", in.max_wait_s(), kSeconds, admission.max_wait);
  admission.target =
      check.Milliseconds("radius.target_ms", in.target_ms(), kTargetMs, admission.target);
}

}  // namespace

std::vector<radius::ServerSettings> ReadServers(
    const google::protobuf::RepeatedPtrField<config::v1::RadiusServer>& in, const std::string& list,
    uint16_t default_port, FieldChecks& check) {
  std::vector<radius::ServerSettings> servers;
  if (static_cast<size_t>(in.size()) > radius::ClientSettings::kMaxServers) {
    check.Fail(list, absl::StrCat("expected at most ", radius::ClientSettings::kMaxServers));
  }
  std::set<std::string> names;
  for (int i = 0; i < in.size(); ++i) {
    const config::v1::RadiusServer& written = in.Get(i);
    const auto at = [&](const char* field) { return Element(list, i, field); };
    radius::ServerSettings server;
    server.endpoint.address = check.Address(at("address"), written.address());
    if (written.address().empty()) check.Fail(at("address"), "expected an IP address");
    server.endpoint.port =
        static_cast<uint16_t>(check.Number(at("port"), written.port(), kPort, default_port));
    server.name = written.name().empty() ? server.endpoint.address.ToString() : written.name();
    check.UniqueName(at("name"), server.name, names);
    server.secret = written.secret();
    if (server.secret.empty()) check.Fail(at("secret"), "expected the server's shared secret");
    server.order =
        static_cast<uint32_t>(check.Number(at("order"), written.order(), kOrder, server.order));
    server.weight =
        static_cast<uint32_t>(check.Number(at("weight"), written.weight(), kWeight, server.weight));
    if (written.has_require_message_authenticator() && !written.require_message_authenticator()) {
      server.demand = radius::MessageAuthenticator::kOptional;
    }
    if (written.has_probe()) server.probe = written.probe();
    servers.push_back(std::move(server));
  }
  return servers;
}

void ReadTimes(const config::v1::RadiusTimes& in, const std::string& prefix, FieldChecks& check,
               radius::ClientSettings& client) {
  client.retransmit = check.Milliseconds(prefix + "retransmit_ms", in.retransmit_ms(),
                                         kRetransmitMs, client.retransmit);
  client.retransmit_cap = check.Milliseconds(prefix + "retransmit_cap_ms", in.retransmit_cap_ms(),
                                             kRetransmitMs, client.retransmit_cap);
  client.tries =
      static_cast<uint32_t>(check.Number(prefix + "tries", in.tries(), kTries, client.tries));
  client.give_up = check.Seconds(prefix + "give_up_s", in.give_up_s(), kSeconds, client.give_up);
  client.dead_after =
      check.Seconds(prefix + "dead_after_s", in.dead_after_s(), kSeconds, client.dead_after);
  client.dead_time =
      check.Seconds(prefix + "dead_time_s", in.dead_time_s(), kSeconds, client.dead_time);
  client.probe_interval = check.Seconds(prefix + "probe_interval_s", in.probe_interval_s(),
                                        kSeconds, client.probe_interval);
}

RadiusSettings ReadRadius(const config::v1::RadiusConfig& in, const std::string& file,
                          const NasIdentity& otherwise, FieldChecks& check) {
  RadiusSettings out;
  out.client.servers = ReadServers(in.servers(), "radius.servers", kRadiusPort, check);
  ReadTimes(in.times(), "radius.times.", check, out.client);
  out.source = ReadSource(in, check);
  out.nas = otherwise;
  if (!in.nas_identifier().empty()) out.nas.identifier = in.nas_identifier();
  if (!in.nas_address().empty()) {
    out.nas.address = check.Address("radius.nas_address", in.nas_address());
  }
  out.dictionary = ReadDictionaries(in, file, check);
  out.extra = ReadAttributes(in, *out.dictionary, check);
  for (int i = 0; i < in.framed_prefixes_size(); ++i) {
    const std::string path = Element("radius.framed_prefixes", i, "");
    const net::IpPrefix prefix = check.Prefix(path, in.framed_prefixes(i));
    if (prefix.address.is_none()) check.Fail(path, "expected a prefix");
    out.framed_prefixes.push_back(prefix);
  }
  ReadPolicy(in, check, out);
  return out;
}

}  // namespace lns::controlplane
