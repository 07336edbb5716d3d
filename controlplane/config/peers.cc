// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/peers.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "controlplane/config/rate_fields.h"
#include "controlplane/config/tunnel_fields.h"
#include "lib/l2tp/header.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

using config::v1::ControlplaneConfig;
using config::v1::PeerConfig;

constexpr char kDefaultDirectory[] = "profiles";
constexpr Range kPort{1, 65535};
constexpr Range kMostSessions{0, uint64_t{1} << 24};

std::string DirectoryOf(const ControlplaneConfig& config, const std::string& file) {
  const std::string& directory =
      config.profile_dir().empty() ? kDefaultDirectory : config.profile_dir();
  if (directory[0] == '/') return directory;
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? directory
                                    : absl::StrCat(file.substr(0, slash + 1), directory);
}

class PeerReader {
 public:
  PeerReader(const ControlplaneConfig& config, const std::string& file, const Profile& defaults,
             FieldChecks& check)
      : config_(config),
        directory_(DirectoryOf(config, file)),
        defaults_(defaults),
        check_(check) {}

  std::vector<PeerProfile> Read() {
    std::set<std::string> seen;
    for (int i = 0; i < config_.profiles_size(); ++i) {
      const std::string path = Element("profiles", i, "");
      check_.UniqueName(path, config_.profiles(i), seen);
      const Profile& profile = Find(path, config_.profiles(i));
      if (profile.match == nullptr) {
        check_.Fail(path, absl::StrCat("profile \"", profile.name,
                                       "\" has no `match` that a peer could be recognised by"));
      }
    }
    if (config_.peers().empty()) {
      check_.Fail("peers", "expected at least one peer: without any, every tunnel is refused");
    }
    std::vector<PeerProfile> peers;
    std::set<std::string> names;
    for (int i = 0; i < config_.peers_size(); ++i) {
      check_.UniqueName(Element("peers", i, "name"), config_.peers(i).name(), names);
      ReadPeer(config_.peers(i), i, peers);
    }
    return peers;
  }

 private:
  const Profile& Find(const std::string& path, const std::string& name) {
    if (const auto known = profiles_.find(name); known != profiles_.end()) return known->second;
    absl::StatusOr<Profile> loaded = LoadProfile(directory_, name, defaults_);
    if (absl::IsNotFound(loaded.status())) {
      check_.Fail(path, absl::StrCat("there is no profile \"", name, "\" (", directory_, "/", name,
                                     ".yaml)"));
    } else if (!loaded.ok()) {
      check_.Fail(loaded.status());
    }
    return profiles_.emplace(name, loaded.ok() ? *std::move(loaded) : defaults_).first->second;
  }

  void ReadPeer(const PeerConfig& in, int index, std::vector<PeerProfile>& out) {
    const auto at = [&](const char* field) { return Element("peers", index, field); };
    if (!in.profile().empty()) {
      if (!in.match_profile().empty()) {
        check_.Fail(at("match_profile"), "expected either `profile` or `match_profile`");
      }
      out.push_back(PeerUnder(Find(at("profile"), in.profile()), in, index));
      return;
    }
    if (!in.match_profile().empty() &&
        std::count(config_.profiles().begin(), config_.profiles().end(), in.match_profile()) == 0) {
      check_.Fail(at("match_profile"), absl::StrCat("\"", in.match_profile(),
                                                    "\" is not in `profiles`, so no peer is "
                                                    "recognised as it"));
    }
    for (const std::string& name : config_.profiles()) {
      if (!in.match_profile().empty() && in.match_profile() != name) continue;
      const Profile& profile = Find(at("profile"), name);
      out.push_back(PeerUnder(profile, in, index));
      out.back().recognised_by = profile.match;
    }
    if (in.match_profile().empty()) out.push_back(PeerUnder(defaults_, in, index));
  }

  PeerProfile PeerUnder(const Profile& profile, const PeerConfig& in, int index) {
    const auto at = [&](const char* field) { return Element("peers", index, field); };
    PeerProfile peer;
    peer.name = in.name();
    peer.match_host_name = check_.Pattern(at("match_host_name"), in.match_host_name());
    peer.match_vendor_name = check_.Pattern(at("match_vendor_name"), in.match_vendor_name());
    if (!in.match_address().empty()) {
      peer.match_address = check_.Prefix(at("match_address"), in.match_address());
    }
    peer.profile = profile.name;
    peer.tunnel = profile.tunnel;
    peer.link = profile.link;
    peer.treatment = profile.treatment;
    peer.tunnel.secret = in.secret();
    ReadChallenge(in.challenge(), peer.tunnel);
    if (in.challenge() == config::v1::ALWAYS && in.secret().empty()) {
      check_.Fail(at("challenge"), "a challenge needs a secret");
    }
    if (peer.tunnel.hide_avps && in.secret().empty()) {
      check_.Fail(at("secret"),
                  absl::StrCat("profile \"", profile.name, "\" hides AVPs, which needs a secret"));
    }
    ReadRetransmission(in, Element("peers", index, "") + ".", check_, peer.tunnel);
    const net::IpAddress dial = check_.Address(at("dial_address"), in.dial_address());
    const auto port = static_cast<uint16_t>(
        check_.Number(at("dial_port"), in.dial_port(), kPort, l2tp::kUdpPort));
    if (!dial.is_none()) peer.dial = net::Endpoint{dial, port};
    peer.max_sessions = static_cast<uint32_t>(
        check_.Number(at("max_sessions"), in.max_sessions(), kMostSessions, 0));
    peer.aggregate = ReadAggregate(in, index, check_);
    return peer;
  }

  const ControlplaneConfig& config_;
  const std::string directory_;
  const Profile& defaults_;
  FieldChecks& check_;
  std::map<std::string, Profile> profiles_;
};

}  // namespace

std::vector<PeerProfile> ReadPeers(const ControlplaneConfig& config, const std::string& file,
                                   const Profile& defaults, FieldChecks& check) {
  return PeerReader(config, file, defaults, check).Read();
}

}  // namespace lns::controlplane
