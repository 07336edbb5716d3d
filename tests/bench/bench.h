// What stays between the measurements of one program: ports, filled tables by population, lookup
// tables. Made when first asked for, so that rounds of many measurements cost only their own time,
// and all of them in one process see the same memory.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "dataplane/core/handoff.h"
#include "dataplane/tables/forwarding_state.h"
#include "tests/bench/devices.h"
#include "tests/bench/population.h"

namespace lns::bench {

inline constexpr uint16_t kAccessMtu = 1600;
inline constexpr uint16_t kCoreMtu = 1500;

// Empty tables at exactly the population's size.
std::unique_ptr<dataplane::ForwardingState> MakeTables(const Population& population,
                                                       uint32_t workers);

class Bench {
 public:
  Devices& devices();
  dataplane::HandoffMesh& Mesh(uint32_t workers);
  // Programmed with the population.
  dataplane::ForwardingState& Tables(const Population& population, uint32_t workers);
  // What `make` returned when `name` was asked for first.
  template <typename T>
  T* Keep(const std::string& name, const std::function<std::unique_ptr<T>()>& make) {
    std::shared_ptr<void>& kept = kept_[name];
    if (kept == nullptr) kept = std::shared_ptr<T>(make());
    return static_cast<T*>(kept.get());
  }

 private:
  // Destroyed in reverse: rings hold packets of the devices' pools.
  std::unique_ptr<Devices> devices_;
  std::map<uint32_t, std::unique_ptr<dataplane::HandoffMesh>> meshes_;
  std::map<std::pair<Population, uint32_t>, std::unique_ptr<dataplane::ForwardingState>> tables_;
  std::map<std::string, std::shared_ptr<void>> kept_;
};

}  // namespace lns::bench
