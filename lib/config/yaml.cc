// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/config/yaml.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include "lib/config/field_reader.h"

#include "absl/strings/str_cat.h"
#include "yaml-cpp/yaml.h"

namespace lns::config {
namespace {

// Far above any real configuration; a device or a wrong file name ends here.
constexpr size_t kMaxFileSize = size_t{64} << 20;

absl::Status ReadError(const std::string& path, int error) {
  const std::string text = absl::StrCat("cannot read ", path, ": ", std::strerror(error));
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == EACCES) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

}  // namespace

Position SourceMap::Find(std::string_view path) const {
  // Each step drops the last path element, so the loop ends at the empty path.
  while (!path.empty()) {
    if (const auto it = positions_.find(path); it != positions_.end()) return it->second;
    const size_t cut = path.find_last_of(".[");
    path = cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
  }
  return {};
}

absl::Status SourceMap::Error(std::string_view path, std::string_view what) const {
  const Position position = Find(path);
  std::string text =
      absl::StrCat(file_, ":", position.line, ":", position.column, ": ", std::string(path));
  if (!path.empty()) text += ": ";
  text += what;
  return absl::InvalidArgumentError(text);
}

absl::StatusOr<SourceMap> ParseYaml(const std::string& text, const std::string& file,
                                    google::protobuf::Message* message) {
  message->Clear();
  SourceMap source(file);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) {
      return source.Error("", "expected one YAML document, found several (a line `---`)");
    }
    if (documents.empty() || documents.front().IsNull()) return source;
    const absl::Status status = ReadMessage(documents.front(), "", source, message);
    if (!status.ok()) return status;
    return source;
  } catch (const YAML::Exception& error) {
    const bool has_mark = !error.mark.is_null();
    return absl::InvalidArgumentError(absl::StrCat(file, ":", has_mark ? error.mark.line + 1 : 1,
                                                   ":", has_mark ? error.mark.column + 1 : 1,
                                                   ": not valid YAML: ", error.msg));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": cannot be parsed: ", error.what()));
  }
}

absl::StatusOr<SourceMap> LoadYaml(const std::string& path, google::protobuf::Message* message) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), std::fclose);
  if (file == nullptr) return ReadError(path, errno);
  std::string text;
  char block[4096];
  size_t got = 0;
  while ((got = std::fread(block, 1, sizeof(block), file.get())) > 0) {
    text.append(block, got);
    if (text.size() > kMaxFileSize) return ReadError(path, EFBIG);
  }
  if (std::ferror(file.get()) != 0) return ReadError(path, errno);
  return ParseYaml(text, path, message);
}

}  // namespace lns::config
