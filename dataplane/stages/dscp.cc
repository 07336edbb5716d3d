// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/dscp.h"

#include "dataplane/stages/outer_header.h"
#include "dataplane/stages/ppp_header.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/net/dscp.h"

namespace lns::dataplane {
namespace {

// Calls mark(i, profile) for each packet whose session has a policy.
template <typename Mark>
void ForEachMarked(Context& context, Batch& batch, Mark&& mark) {
  const Tables& tables = context.tables();
  for (uint32_t i = 0; i < batch.size(); ++i) {
    const DownlinkEntry& session = tables.downlink[batch.meta(i).session];
    const uint32_t flags = session.flags.load(std::memory_order_acquire);
    if ((flags & kDscpPolicy) == 0) continue;
    const uint32_t extras = session.extras.load(std::memory_order_acquire);
    mark(i, flags, tables.dscp_profiles[tables.extras[extras].dscp_profile]);
  }
}

void MarkInside(Batch& batch, uint32_t i, const net::DscpMap& map) {
  const net::Family family = batch.meta(i).family;
  uint8_t* ip = batch.At(i, batch.meta(i).l3_offset);
  const uint8_t before = net::DscpOf(family, ip);
  if (map[before] != before) net::SetDscp(family, ip, map[before]);
}

// Behind the L2TP and PPP headers that were just written, as the session's flags say.
const uint8_t* InnerHeader(const Batch& batch, uint32_t i, uint32_t flags) {
  const uint32_t l2tp = l2tp::kMinHeaderLength + ((flags & kSequenced) != 0 ? kNumbersLength : 0u);
  const uint32_t ppp = PppHeaderOf(flags, net::Family::kIpv4).length;
  return batch.At(i, batch.meta(i).payload_offset + l2tp + ppp);
}

}  // namespace

void DscpUplink(Context& context, Batch& batch) {
  ForEachMarked(context, batch, [&](uint32_t i, uint32_t, const DscpProfile& profile) {
    MarkInside(batch, i, profile.uplink);
  });
}

void DscpDownlink(Context& context, Batch& batch) {
  ForEachMarked(context, batch, [&](uint32_t i, uint32_t, const DscpProfile& profile) {
    MarkInside(batch, i, profile.downlink);
  });
}

void DscpOuter(Context& context, Batch& batch) {
  ForEachMarked(context, batch, [&](uint32_t i, uint32_t flags, const DscpProfile& profile) {
    if (!profile.has_outer) return;
    const uint8_t* inner = InnerHeader(batch, i, flags);
    const net::Family inside = inner[0] >> 4 == 4 ? net::Family::kIpv4 : net::Family::kIpv6;
    const PacketMeta& meta = batch.meta(i);
    net::SetDscp(meta.family, batch.At(i, meta.l3_offset),
                 profile.outer[net::DscpOf(inside, inner)]);
  });
}

}  // namespace lns::dataplane
