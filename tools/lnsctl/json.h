// Protobuf messages as JSON for programs: every field is written, also those at their default;
// names as in the schema; 64-bit numbers as numbers. Addresses, prefixes and MACs are text, and a
// list of named counters is one object. By reflection: a new field needs nothing here.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "google/protobuf/message.h"
#include "lns/types/v1/types.pb.h"

namespace lns::lnsctl {

std::string ToJson(const google::protobuf::Message& message);

using CounterList = google::protobuf::RepeatedPtrField<types::v1::NamedCounter>;
std::string ToJson(const CounterList& counters);

// A JSON string, quoted.
std::string Quote(const std::string& text);

// "198.51.100.1"; "none" for no address; bytes that are no address as they are, in hex.
std::string AddressText(const types::v1::IpAddress& address);
std::string PrefixText(const types::v1::IpPrefix& prefix);
// "02:00:00:00:00:01"; empty stays empty, any other length in hex.
std::string MacText(const std::string& octets);

}  // namespace lns::lnsctl
