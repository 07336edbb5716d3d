// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/filter.h"

#include <rte_prefetch.h>

#include <array>
#include <bit>
#include <cstdint>

#include "dataplane/tables/flow_key.h"
#include "dataplane/tables/forwarding_state.h"

namespace lns::dataplane {
namespace {

struct Uplink {
  static constexpr bool kRedirects = true;
  static const auto& FiltersOf(const SessionExtras& extras) { return extras.uplink_filters; }
};
struct Downlink {
  static constexpr bool kRedirects = false;
  static const auto& FiltersOf(const SessionExtras& extras) { return extras.downlink_filters; }
};

// A bit for each packet of a batch.
using Places = uint32_t;
static_assert(kBatchSize <= 32);

template <typename Visit>
void ForEachPlace(Places places, Visit&& visit) {
  for (; places != 0; places &= places - 1) visit(static_cast<uint32_t>(std::countr_zero(places)));
}

template <typename Direction>
class Judgement {
 public:
  Judgement(Context& context, Batch& batch) : context_(context), batch_(batch) {}

  void Run() {
    FindFilters();
    MakeKeys();
    // Of all packets the first filter, then the second of those that have one and have passed.
    for (size_t turn = 0; turn < kMaxSessionFilters && passed_ != 0; ++turn) RunTurn(turn);
  }

 private:
  void FindFilters() {
    const Tables& tables = context_.tables();
    for (uint32_t i = 0; i < batch_.size(); ++i) {
      if constexpr (Direction::kRedirects) batch_.meta(i).next_hop = 0;
      const DownlinkEntry& session = tables.downlink[batch_.meta(i).session];
      if ((session.flags.load(std::memory_order_acquire) & kFiltered) == 0) continue;
      extras_[i] = &tables.extras[session.extras.load(std::memory_order_acquire)];
      rte_prefetch0(extras_[i]);
      passed_ |= Places{1} << i;
    }
  }

  void MakeKeys() {
    ForEachPlace(passed_, [this](uint32_t i) {
      const PacketMeta& meta = batch_.meta(i);
      if (SlotOf(i, 0) == 0) return Forget(i);
      const ByteView packet(batch_.At(i, meta.l3_offset), meta.l3_length);
      if (MakeFlowKey(meta.family, packet, keys_[i])) return;
      batch_.Drop(i, DropReason::kFilterNoHeader);
      Forget(i);
    });
  }

  void RunTurn(size_t turn) {
    ForEachPlace(passed_, [&](uint32_t i) {
      if (SlotOf(i, turn) == 0) Forget(i);
    });
    Places todo = passed_;
    while (todo != 0) {
      const auto first = static_cast<uint32_t>(std::countr_zero(todo));
      const uint16_t slot = SlotOf(first, turn);
      const net::Family family = batch_.meta(first).family;
      Places alike = 0;
      ForEachPlace(todo, [&](uint32_t i) {
        if (SlotOf(i, turn) == slot && batch_.meta(i).family == family) alike |= Places{1} << i;
      });
      todo &= ~alike;
      Judge(slot, family, alike);
    }
  }

  void Judge(uint16_t slot, net::Family family, Places places) {
    CompiledFilter& filter = *context_.tables().filters[slot].load(std::memory_order_acquire);
    std::array<const FlowKey*, kBatchSize> keys;
    std::array<uint32_t, kBatchSize> actions;
    uint32_t count = 0;
    ForEachPlace(places, [&](uint32_t i) { keys[count++] = &keys_[i]; });
    filter.Classify(family, keys.data(), count, actions.data());
    count = 0;
    ForEachPlace(places, [&](uint32_t i) {
      const uint32_t action = actions[count++];
      PacketMeta& meta = batch_.meta(i);
      filter.Count(context_.worker(), action, meta.l3_length);
      const net::FilterVerdict verdict = filter.action(action).verdict;
      if (verdict == net::FilterVerdict::kDeny) {
        batch_.Drop(i, DropReason::kFilterDenied);
        Forget(i);
      } else if (Direction::kRedirects && verdict == net::FilterVerdict::kRedirect &&
                 meta.next_hop == 0) {
        meta.next_hop = filter.RedirectOf(action, family);
      }
    });
  }

  uint16_t SlotOf(uint32_t i, size_t turn) const { return Direction::FiltersOf(*extras_[i])[turn]; }
  void Forget(uint32_t i) { passed_ &= ~(Places{1} << i); }

  Context& context_;
  Batch& batch_;
  Places passed_ = 0;  // which packets may still be judged
  std::array<const SessionExtras*, kBatchSize> extras_;
  std::array<FlowKey, kBatchSize> keys_;
};

}  // namespace

void FilterUplink(Context& context, Batch& batch) { Judgement<Uplink>(context, batch).Run(); }
void FilterDownlink(Context& context, Batch& batch) { Judgement<Downlink>(context, batch).Run(); }

}  // namespace lns::dataplane
