// One YAML node into one protobuf message, by reflection: the part of lib/config that knows both
// type systems. Private to lib/config; may throw YAML::Exception, which yaml.cc turns into a
// status.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>

#include "lib/config/yaml.h"

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "yaml-cpp/yaml.h"

namespace lns::config {

// `path` is the message's own ("" for the root); positions of all fields are recorded in `source`.
absl::Status ReadMessage(const YAML::Node& node, const std::string& path, SourceMap& source,
                         google::protobuf::Message* message);

}  // namespace lns::config
