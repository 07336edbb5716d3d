// Why calls end, and what each reason looks like in a CDN and in the log (close_cause.def).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "controlplane/lns/terminate_cause.h"
#include "lib/l2tp/actions.h"
#include "lib/ppp/link.h"

namespace lns::controlplane {

enum class CloseCause : uint8_t {
  kNone,
#define CLOSE_CAUSE(enumerator, name, result, error, terminate, text) enumerator,
#include "controlplane/lns/close_cause.def"
#undef CLOSE_CAUSE
  kCount,
};
inline constexpr size_t kCloseCauses = static_cast<size_t>(CloseCause::kCount);

const char* NameOf(CloseCause cause);
const char* TextOf(CloseCause cause);
l2tp::ResultCode ResultOf(CloseCause cause);
TerminateCause TerminateCauseOf(CloseCause cause);
CloseCause CauseOf(ppp::LinkDownCause cause);
// What the CDN says beside its result (RFC 3145); nullopt where PPP has nothing to do with it.
std::optional<l2tp::PppDisconnectCause> PppCauseOf(CloseCause cause);

}  // namespace lns::controlplane
