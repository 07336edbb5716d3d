// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/config/profile_file.h"

#include <utility>

#include "controlplane/config/field_checks.h"
#include "controlplane/config/tunnel_fields.h"
#include "lib/config/yaml.h"
#include "lib/net/dscp.h"

#include "absl/strings/str_cat.h"
#include "lns/config/v1/controlplane.pb.h"

namespace lns::controlplane {
namespace {

using config::v1::ProfileConfig;

constexpr Range kAckDelayMs{0, 1000};
constexpr Range kReorderMs{0, 1000};
constexpr Range kDscp{0, 63};
constexpr Range kPathMtu{576, 65534};

std::shared_ptr<const PeerMatch> ReadMatch(const ProfileConfig& in, FieldChecks& check) {
  if (!in.has_match()) return nullptr;
  PeerMatch match;
  for (int i = 0; i < in.match().vendor_names_size(); ++i) {
    match.vendor_names.push_back(
        check.Pattern(Element("match.vendor_names", i, ""), in.match().vendor_names(i)));
  }
  for (int i = 0; i < in.match().host_names_size(); ++i) {
    match.host_names.push_back(
        check.Pattern(Element("match.host_names", i, ""), in.match().host_names(i)));
  }
  for (int i = 0; i < in.match().addresses_size(); ++i) {
    match.addresses.push_back(
        check.Prefix(Element("match.addresses", i, ""), in.match().addresses(i)));
  }
  if (match.vendor_names.empty() && match.host_names.empty() && match.addresses.empty()) {
    check.Fail("match", "expected vendor_names, host_names or addresses");
  }
  return std::make_shared<const PeerMatch>(std::move(match));
}

void ReadTunnel(const ProfileConfig& in, FieldChecks& check, l2tp::TunnelSettings& tunnel) {
  const config::v1::ToleranceConfig& tolerate = in.tolerate();
  const auto flag = [&](const char* path, bool value, bool& out) {
    if (check.Has(path)) out = value;
  };
  flag("tolerate.unknown_mandatory_avps", tolerate.unknown_mandatory_avps(),
       tunnel.tolerate.unknown_mandatory_avps);
  flag("tolerate.misplaced_mandatory_avps", tolerate.misplaced_mandatory_avps(),
       tunnel.tolerate.misplaced_mandatory_avps);
  flag("tolerate.missing_framing", tolerate.missing_framing(), tunnel.tolerate.missing_framing);
  flag("hide_avps", in.hide_avps(), tunnel.hide_avps);
  flag("data_is_life", in.data_is_life(), tunnel.data_is_life);
  tunnel.tolerate.zero_tunnel_id = in.zero_tunnel_id();
  tunnel.accept_session_dscp = in.accept_dscp();
  if (in.accept_dscp()) tunnel.control_dscp = net::kControlDscp;
  ReadRetransmission(in, "", check, tunnel);
  tunnel.max_retransmits_established = static_cast<int>(
      check.Number("max_retransmits_established", in.max_retransmits_established(), kRetransmits,
                   static_cast<uint64_t>(tunnel.max_retransmits_established)));
  tunnel.receive_window = static_cast<uint16_t>(
      check.Number("receive_window", in.receive_window(), kWindow, tunnel.receive_window));
  tunnel.ack_delay =
      check.Milliseconds("ack_delay_ms", in.ack_delay_ms(), kAckDelayMs, tunnel.ack_delay);
}

void ReadLink(const ProfileConfig& in, FieldChecks& check, ppp::LinkSettings& link) {
  switch (in.proxy()) {
    case config::v1::PROXY_POLICY_NEVER:
      link.proxy.renegotiate = ppp::Renegotiate::kNever;
      break;
    case config::v1::PROXY_POLICY_ALWAYS:
      link.proxy.renegotiate = ppp::Renegotiate::kAlways;
      break;
    default:
      link.proxy.renegotiate = ppp::Renegotiate::kOnMismatch;
      break;
  }
  link.proxy.rechallenge = in.proxy_rechallenge();
  link.auth = ReadAuth(in.auth(), "auth", check, link.auth);
  link.mru = static_cast<uint16_t>(check.Number("mru", in.mru(), kMru, link.mru));
  link.ask_pfc = in.ask_pfc();
  link.ask_acfc = in.ask_acfc();
  link.echo_interval =
      check.Seconds("echo_interval_s", in.echo_interval_s(), kEchoSeconds, link.echo_interval);
  if (in.has_echo_always()) link.echo_always = in.echo_always();
}

PeerTreatment ReadTreatment(const ProfileConfig& in, FieldChecks& check) {
  return {.sequencing = in.sequencing() == config::v1::SEQUENCING_POLICY_ALWAYS
                            ? SequencingPolicy::kAlways
                            : SequencingPolicy::kAsAsked,
          .reorder_ms =
              static_cast<uint16_t>(check.Number("reorder_ms", in.reorder_ms(), kReorderMs, 0)),
          .data_dscp = static_cast<uint8_t>(check.Number("data_dscp", in.data_dscp(), kDscp, 0)),
          .peer_move = in.peer_move() == config::v1::PEER_MOVE_POLICY_ALLOW_IF_IDS_MATCH
                           ? PeerMovePolicy::kAllowIfIdsMatch
                           : PeerMovePolicy::kDeny,
          .outer_path = {
              .mtu = static_cast<uint16_t>(check.Number("path_mtu", in.path_mtu(), kPathMtu, 0)),
              .fragment = in.fragment_outer(),
              .dont_fragment = in.outer_df()}};
}

}  // namespace

absl::StatusOr<Profile> LoadProfile(const std::string& directory, const std::string& name,
                                    const Profile& defaults) {
  ProfileConfig in;
  const auto source = config::LoadYaml(absl::StrCat(directory, "/", name, ".yaml"), &in);
  if (!source.ok()) return source.status();
  FieldChecks check(*source);
  Profile profile = defaults;
  profile.name = name;
  profile.match = ReadMatch(in, check);
  ReadTunnel(in, check, profile.tunnel);
  ppp::LinkSettings link = *defaults.link;
  ReadLink(in, check, link);
  profile.link = std::make_shared<const ppp::LinkSettings>(std::move(link));
  profile.treatment = ReadTreatment(in, check);
  ReadChallenge(in.challenge(), profile.tunnel);
  if (!check.status().ok()) return check.status();
  return profile;
}

}  // namespace lns::controlplane
