// Appends one action in place. Building a variant from a temporary and moving it into the list
// makes gcc 12 warn of uninitialised members that it cannot see are never read.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <utility>

#include "lib/ppp/link.h"

namespace lns::ppp {

template <typename Action>
void Append(LinkActions& out, Action action) {
  out.emplace_back(std::in_place_type<Action>, std::move(action));
}

}  // namespace lns::ppp
