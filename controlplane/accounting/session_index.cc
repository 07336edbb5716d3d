// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/accounting/session_index.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace lns::controlplane {
namespace {

// Called numbers are shared by all users of a service: an index of them is one long list.
bool IsIndexed(radius::AttributeId id) { return Identifies(id) && id != radius::kCalledStationId; }

bool Equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace

bool Identifies(radius::AttributeId id) {
  return std::find(kIdentifyingAttributes.begin(), kIdentifyingAttributes.end(), id) !=
         kIdentifyingAttributes.end();
}

bool SaysAll(ByteView attributes, std::span<const radius::Attribute> wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const radius::Attribute& one) {
    radius::AttributeReader reader(attributes);
    radius::Attribute attribute;
    while (reader.Next(attribute)) {
      if (attribute.id == one.id && Equal(attribute.value, one.value)) return true;
    }
    return false;
  });
}

size_t SessionIndex::KeyOf(const radius::Attribute& attribute) {
  const absl::string_view value(reinterpret_cast<const char*>(attribute.value.data()),
                                attribute.value.size());
  return absl::HashOf(attribute.id, value);
}

void SessionIndex::Add(uint32_t slot, ByteView attributes) {
  radius::AttributeReader reader(attributes);
  radius::Attribute attribute;
  while (reader.Next(attribute)) {
    if (IsIndexed(attribute.id)) slots_[KeyOf(attribute)].push_back(slot);
  }
}

void SessionIndex::Remove(uint32_t slot, ByteView attributes) {
  radius::AttributeReader reader(attributes);
  radius::Attribute attribute;
  while (reader.Next(attribute)) {
    if (!IsIndexed(attribute.id)) continue;
    const auto found = slots_.find(KeyOf(attribute));
    if (found == slots_.end()) continue;
    auto& list = found->second;
    const auto entry = std::find(list.begin(), list.end(), slot);
    if (entry != list.end()) {
      *entry = list.back();
      list.pop_back();
    }
    if (list.empty()) slots_.erase(found);
  }
}

std::span<const uint32_t> SessionIndex::Candidates(
    std::span<const radius::Attribute> wanted) const {
  std::span<const uint32_t> shortest;
  bool any = false;
  for (const radius::Attribute& attribute : wanted) {
    if (!IsIndexed(attribute.id)) continue;
    const auto found = slots_.find(KeyOf(attribute));
    if (found == slots_.end()) return {};
    if (!any || found->second.size() < shortest.size()) shortest = found->second;
    any = true;
  }
  return shortest;
}

}  // namespace lns::controlplane
