// Strings that many sessions share (the number they all called, a pool's or a realm's name) kept
// once and counted. The engine's thread only.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/node_hash_map.h"

namespace lns::controlplane {

class InternedStrings {
  struct Use {
    uint32_t count = 0;
    InternedStrings* table = nullptr;
  };
  using Map = absl::node_hash_map<std::string, Use>;

 public:
  // One pointer; the empty string costs nothing. Gives its count back when destroyed, so it must
  // not outlive the table.
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
      std::swap(entry_, other.entry_);
      return *this;
    }
    ~Handle() {
      if (entry_ != nullptr) entry_->second.table->Drop(entry_);
    }
    std::string_view text() const {
      return entry_ == nullptr ? std::string_view() : std::string_view(entry_->first);
    }

   private:
    friend class InternedStrings;
    explicit Handle(Map::value_type* entry) : entry_(entry) {}
    Map::value_type* entry_ = nullptr;
  };

  InternedStrings() = default;
  InternedStrings(const InternedStrings&) = delete;
  InternedStrings& operator=(const InternedStrings&) = delete;

  Handle Intern(const std::string& text) {
    if (text.empty()) return {};
    Map::value_type& entry = *strings_.try_emplace(text, Use{0, this}).first;
    ++entry.second.count;
    return Handle(&entry);
  }
  size_t size() const { return strings_.size(); }

 private:
  void Drop(Map::value_type* entry) {
    if (--entry->second.count > 0) return;
    strings_.erase(strings_.find(entry->first));
  }

  Map strings_;
};

}  // namespace lns::controlplane
