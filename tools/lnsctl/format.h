// Numbers, ages and message fields as people read them.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <string>

#include "google/protobuf/message.h"

namespace lns::lnsctl {

// The two largest units: "12s", "3m05s", "2h07m", "4d03h".
std::string AgeText(uint64_t ns);
// `part` per `whole` with one decimal; "-" when whole is 0.
std::string RatioText(uint64_t part, uint64_t whole);
std::string PercentText(uint64_t part, uint64_t whole);
// One "name: value" line per field, as in JSON; names padded to one width.
std::string FieldLines(const google::protobuf::Message& message);

}  // namespace lns::lnsctl
