// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/protection_service.h"

#include <algorithm>
#include <string>

#include "dataplane/services/convert.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

PuntRate ToRate(bool is_limited, uint32_t per_second, uint32_t burst) {
  if (!is_limited) return {};
  return {.per_second = std::min(per_second, PuntRate::kUnlimited - 1),
          .burst = std::max<uint32_t>(burst, 1)};
}

PuntLimits ToLimits(const v1::PuntLimits& message) {
  return {.group = ToRate(message.has_per_second(), message.per_second(), message.burst()),
          .source = ToRate(message.has_source_per_second(), message.source_per_second(),
                           message.source_burst())};
}

void FromLimits(const PuntLimits& limits, v1::PuntLimits& message) {
  if (limits.group.per_second != PuntRate::kUnlimited) {
    message.set_per_second(limits.group.per_second);
    message.set_burst(limits.group.burst);
  }
  if (limits.source.per_second != PuntRate::kUnlimited) {
    message.set_source_per_second(limits.source.per_second);
    message.set_source_burst(limits.source.burst);
  }
}

// What passes for a reason in the table: those that something is punted for.
constexpr size_t kFirstReason = 1;

}  // namespace

grpc::Status ProtectionService::ListPuntLimits(grpc::ServerContext*,
                                               const v1::ListPuntLimitsRequest*,
                                               v1::ListPuntLimitsReply* reply) {
  const std::lock_guard lock(mutex_);
  for (uint32_t group = 0; group < policy_.groups().size(); ++group) {
    for (size_t i = kFirstReason; i < punt::kPuntReasonCount; ++i) {
      const auto reason = punt::PuntReason{static_cast<uint8_t>(i)};
      v1::PuntLimitsRow& row = *reply->add_rows();
      row.set_group(policy_.groups()[group]);
      row.set_reason(CounterName(punt::Describe(reason).name));
      row.set_punt_class(std::string(punt::ClassName(punt::Describe(reason).punt_class)));
      FromLimits(policy_.Get(group, reason), *row.mutable_limits());
      for (const PuntGuard* guard : guards_) {
        const PuntCounters& counters = *guard->counters(group, i);
        row.set_passed(row.passed() + counters.passed.value());
        row.set_group_refused(row.group_refused() + counters.group_refused.value());
        row.set_source_refused(row.source_refused() + counters.source_refused.value());
      }
    }
  }
  return grpc::Status::OK;
}

grpc::Status ProtectionService::SetPuntLimits(grpc::ServerContext*,
                                              const v1::SetPuntLimitsRequest* request,
                                              v1::SetPuntLimitsReply* reply) {
  const std::lock_guard lock(mutex_);
  const std::vector<PuntRow> rows =
      PuntPolicy::Rows(policy_.groups(), request->group(), request->reason());
  if (rows.empty()) {
    return {grpc::StatusCode::NOT_FOUND,
            absl::StrCat("no interface group '", request->group(), "' or no punt reason '",
                         request->reason(), "'")};
  }
  for (const PuntRow& row : rows) policy_.Set(row.group, row.reason, ToLimits(request->limits()));
  reply->set_changed(static_cast<uint32_t>(rows.size()));
  return grpc::Status::OK;
}

}  // namespace lns::dataplane
