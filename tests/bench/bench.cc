// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tests/bench/bench.h"

namespace lns::bench {

std::unique_ptr<dataplane::ForwardingState> MakeTables(const Population& population,
                                                       uint32_t workers) {
  dataplane::ForwardingConfig config;
  config.limits.max_sessions = population.sessions;
  config.workers = workers;
  config.ports = {{*net::ParseMac(kAccessMac), kAccessMtu}, {*net::ParseMac(kCoreMac), kCoreMtu}};
  auto state = dataplane::MakeForwardingState(config);
  if (!state.ok()) Die("tables: " + std::string(state.status().message()));
  return *std::move(state);
}

Devices& Bench::devices() {
  if (devices_ == nullptr) {
    Mesh(1);  // the field it registers must be known when buffers are made
    devices_ = std::make_unique<Devices>();
  }
  return *devices_;
}

dataplane::HandoffMesh& Bench::Mesh(uint32_t workers) {
  std::unique_ptr<dataplane::HandoffMesh>& mesh = meshes_[workers];
  if (mesh == nullptr) mesh = dataplane::HandoffMesh::Make(workers, 0);
  if (mesh == nullptr) Die("handoff rings");
  return *mesh;
}

dataplane::ForwardingState& Bench::Tables(const Population& population, uint32_t workers) {
  std::unique_ptr<dataplane::ForwardingState>& state = tables_[{population, workers}];
  if (state == nullptr) {
    state = MakeTables(population, workers);
    Program(state->writer(), population);
  }
  return *state;
}

}  // namespace lns::bench
