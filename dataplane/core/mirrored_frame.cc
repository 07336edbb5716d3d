// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/core/mirrored_frame.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/net/ethernet.h"
#include "lib/net/icmpv6.h"
#include "lib/net/ipv4.h"
#include "lib/net/ipv6.h"

namespace lns::dataplane {
namespace {

using punt::PuntReason;

constexpr uint16_t kEtherTypeServiceVlan = 0x88a8;
constexpr int kMaxTags = 2;
constexpr uint16_t kLowestEtherType = 0x0600;  // below: a length, LLC follows
constexpr uint8_t kOsiSap = 0xfe;              // IS-IS
constexpr uint8_t kProtocolOspf = 89;
constexpr uint8_t kProtocolVrrp = 112;
constexpr uint16_t kBgpPort = 179;
constexpr std::array<uint16_t, 3> kBfdPorts = {3784, 3785, 4784};  // RFC 5881, RFC 5883
constexpr uint8_t kOnLinkHopLimit = 255;                           // RFC 4861 7.1

// `payload`: from the transport header on, empty where it is another fragment's.
bool IsRouting(uint8_t protocol, ByteView payload) {
  if (protocol == kProtocolOspf || protocol == kProtocolVrrp) return true;
  if (payload.size() < 4) return false;
  const uint16_t source = LoadBe16(payload.data());
  const uint16_t destination = LoadBe16(payload.data() + 2);
  if (protocol == net::kProtocolTcp) return source == kBgpPort || destination == kBgpPort;
  return protocol == net::kProtocolUdp &&
         std::find(kBfdPorts.begin(), kBfdPorts.end(), destination) != kBfdPorts.end();
}

bool IsNeighbourDiscovery(const uint8_t* ip, ByteView payload) {
  return ip[6] == net::kProtocolIcmpv6 && ip[7] == kOnLinkHopLimit && !payload.empty() &&
         payload[0] >= net::kIcmpv6RouterSolicitation && payload[0] <= net::kIcmpv6Redirect;
}

uint64_t MacWord(const uint8_t* address) {
  uint64_t word = 0;
  std::memcpy(&word, address, sizeof(net::MacAddress));
  return word;
}

}  // namespace

MirroredFrame DescribeMirrored(ByteView frame) {
  MirroredFrame result;
  if (frame.size() < net::kEthernetHeaderLength) return result;
  result.source = MacWord(frame.data() + 6);
  const auto everything_else =
      (frame[0] & 1) != 0 ? PuntReason::kLinuxGroup : PuntReason::kLinuxHost;
  result.reason = everything_else;
  ByteView rest = frame.subspan(12);
  for (int tag = 0; tag < kMaxTags && rest.size() >= 6; ++tag) {
    const uint16_t type = LoadBe16(rest.data());
    if (type != net::kEtherTypeVlan && type != kEtherTypeServiceVlan) break;
    rest = rest.subspan(4);
  }
  const uint16_t type = LoadBe16(rest.data());
  const ByteView packet = rest.subspan(2);
  if (type == net::kEtherTypeArp) {
    result.reason = PuntReason::kLinuxNeighbour;
  } else if (type < kLowestEtherType) {
    if (!packet.empty() && packet[0] == kOsiSap) result.reason = PuntReason::kLinuxRouting;
  } else if (type == net::kEtherTypeIpv4 && packet.size() >= net::kIpv4HeaderLength) {
    result.source = LoadBe32(packet.data() + 12);
    const size_t header = net::Ipv4HeaderLength(packet.data());
    const bool is_later = (LoadBe16(packet.data() + 6) & net::kIpv4FragmentOffset) != 0;
    const ByteView payload =
        is_later || header > packet.size() ? ByteView() : packet.subspan(header);
    if (IsRouting(packet[9], payload)) result.reason = PuntReason::kLinuxRouting;
  } else if (type == net::kEtherTypeIpv6 && packet.size() >= net::kIpv6HeaderLength) {
    std::memcpy(&result.source, packet.data() + 8, sizeof(result.source));
    const ByteView payload = packet.subspan(net::kIpv6HeaderLength);
    if (IsNeighbourDiscovery(packet.data(), payload)) {
      result.reason = PuntReason::kLinuxNeighbour;
    } else if (IsRouting(packet[6], payload)) {
      result.reason = PuntReason::kLinuxRouting;
    }
  }
  return result;
}

}  // namespace lns::dataplane
