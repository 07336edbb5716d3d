// A value or the reason there is none. For decoders and other code whose failures are ordinary
// (bytes from the network): E is an enum that becomes a counter, never an exception.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <utility>
#include <variant>

#include "lib/base/check.h"

namespace lns {

template <typename E>
class Failure {
 public:
  explicit constexpr Failure(E error) : error_(std::move(error)) {}
  constexpr const E& error() const { return error_; }

 private:
  E error_;
};

// `return value;` or `return Failure(Error::kTruncated);`
template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure<E> failure) : state_(std::in_place_index<1>, failure.error()) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const T& value() const& {
    LNS_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    LNS_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    LNS_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  E error() const {
    LNS_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

}  // namespace lns
