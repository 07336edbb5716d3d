// The port a packet came in by, for stages that ask for it per packet: of one batch all packets are
// from one port, as a rule.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "dataplane/core/batch.h"
#include "dataplane/core/context.h"
#include "lib/base/check.h"

namespace lns::dataplane {

class BatchPort {
 public:
  // Of the batch's first packet; there is one.
  BatchPort(const Context& context, const Batch& batch) : context_(context) {
    Change(batch.meta(0).in_port);
  }
  // To this packet's port. True: it is another one.
  bool Follow(const PacketMeta& meta) {
    if (meta.in_port == index_) [[likely]]
      return false;
    Change(meta.in_port);
    return true;
  }
  const WorkerPort& operator*() const { return *port_; }
  const WorkerPort* operator->() const { return port_; }

 private:
  void Change(uint16_t index) {
    index_ = index;
    port_ = context_.port(index);
    LNS_CHECK(port_ != nullptr);
  }

  const Context& context_;
  uint16_t index_ = 0;
  const WorkerPort* port_ = nullptr;
};

}  // namespace lns::dataplane
