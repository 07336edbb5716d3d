// Configuration files: YAML read into a protobuf message, whose schema (proto/lns/config) is the
// only description of what may be written. Called once at start, and for `--check`; any thread.
//
// Field names are the YAML keys, enum values are written in lower case without their prefix. An
// unknown or repeated field, a value of the wrong type or out of range, and an unknown enum value
// are refused with one line for the operator: file, line, column, field path, what was expected.
// What the schema cannot say (an address that must parse, a name that must be unique) is checked by
// the process that reads the file, and reported in the same form through SourceMap::Error.
//
// yaml-cpp throws; no exception leaves this folder.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace lns::config {

struct Position {
  int line = 1;  // from 1
  int column = 1;
};

// Where in a file each field was written. Paths look like "ports[0].af_xdp.interface".
class SourceMap {
 public:
  explicit SourceMap(std::string file) : file_(std::move(file)) {}

  // "FILE:LINE:COLUMN: PATH: WHAT" as INVALID_ARGUMENT. A field that was not written is reported at
  // the nearest enclosing one that was.
  absl::Status Error(std::string_view path, std::string_view what) const;
  // True if the field was written (proto3 cannot tell a written zero from an absent one).
  bool Has(std::string_view path) const { return positions_.find(path) != positions_.end(); }

  void Record(const std::string& path, Position position) { positions_[path] = position; }
  const std::string& file() const { return file_; }

 private:
  Position Find(std::string_view path) const;

  std::string file_;
  std::map<std::string, Position, std::less<>> positions_;
};

// Reads `path` into `message`, which is cleared first. NOT_FOUND or PERMISSION_DENIED if the file
// cannot be read, INVALID_ARGUMENT for its content.
absl::StatusOr<SourceMap> LoadYaml(const std::string& path, google::protobuf::Message* message);

// The same for text at hand; `file` is the name used in errors.
absl::StatusOr<SourceMap> ParseYaml(const std::string& text, const std::string& file,
                                    google::protobuf::Message* message);

}  // namespace lns::config
