// Open sessions by what identifies them in a CoA- or Disconnect-Request (RFC 5176 3): for each
// identifying attribute of a session's records, which sessions say the same. Keys are hashes, so
// what is found here is a candidate; its attributes decide. Bookkeeping thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/radius/attributes.h"
#include "lib/radius/packet.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"

namespace lns::controlplane {

// What names sessions, beside Acct-Session-Id, which is one's own.
inline constexpr std::array kIdentifyingAttributes = {
    radius::kUserName,           radius::kNasPort,          radius::kFramedIpAddress,
    radius::kCallingStationId,   radius::kCalledStationId,  radius::kNasPortId,
    radius::kFramedInterfaceId,  radius::kFramedIpv6Prefix, radius::kFramedIpv6Address,
    radius::kDelegatedIpv6Prefix};

bool Identifies(radius::AttributeId id);
// Whether each of `wanted` is among `attributes`.
bool SaysAll(ByteView attributes, std::span<const radius::Attribute> wanted);

class SessionIndex {
 public:
  void Add(uint32_t slot, ByteView attributes);
  // With the attributes it was added with.
  void Remove(uint32_t slot, ByteView attributes);

  // The slots that may say all of `wanted`, which holds at least one identifying attribute.
  std::span<const uint32_t> Candidates(std::span<const radius::Attribute> wanted) const;
  size_t size() const { return slots_.size(); }

 private:
  static size_t KeyOf(const radius::Attribute& attribute);

  absl::flat_hash_map<size_t, absl::InlinedVector<uint32_t, 2>> slots_;
};

}  // namespace lns::controlplane
