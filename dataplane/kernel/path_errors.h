// Listens to what routers on the way to LACs say of packets that are too long for their next link
// (RFC 1191, RFC 8201), and has the tables take it into account. Such messages are for an address
// of ours, so they come to Linux by any port, past our packet path; here they are heard on raw
// sockets. Linux itself learns nothing from them: no socket of its own sends what they quote.
//
// Anybody can forge such a message who knows a tunnel's addresses and ports, and its id where it is
// quoted: docs/decisions/0019-routers-are-believed-so-far.md says what is believed.
//
// One thread at a time, but for the counters, which any thread may read.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

#include "dataplane/core/counters.h"
#include "dataplane/core/path_verdict.h"
#include "dataplane/kernel/path_policy.h"
#include "dataplane/tables/table_writer.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/os/file_descriptor.h"

#include "absl/status/status.h"

namespace lns::dataplane {

using PathErrorCounters = std::array<Counter, kPathVerdictCount>;

class PathErrors {
 public:
  // The VRF of the port behind a Linux interface; none: no port by which L2TP comes.
  using VrfOfInterface = std::function<std::optional<VrfIndex>(int interface_index)>;
  static constexpr uint32_t kMaxPerSecond = 100;

  // The writer outlives it.
  PathErrors(const PathPolicy& policy, VrfOfInterface vrf_of, TableWriter& writer);

  // Without it nothing is heard. kPermissionDenied: the process lacks CAP_NET_RAW.
  absl::Status Open();
  // To wait for; -1 where it does not listen.
  std::array<int, 2> descriptors() const { return {ipv4_.get(), ipv6_.get()}; }
  // What waits in the sockets, some of it: the rest stays readable.
  void Serve(Instant now);
  // Once a second: forgets what is old, and looks at messages again.
  void Tick(Instant now);
  // One message from its ICMP header on, that came by this interface.
  void Take(net::Family family, ByteView message, int interface_index, Instant now);

  const PathErrorCounters& counters() const { return counters_; }

 private:
  PathVerdict Judge(net::Family family, ByteView message, int interface_index, Instant now);
  void ServeSocket(net::Family family, int descriptor, Instant now);

  const PathPolicy policy_;
  const VrfOfInterface vrf_of_;
  TableWriter& writer_;
  FileDescriptor ipv4_;
  FileDescriptor ipv6_;
  uint32_t left_ = kMaxPerSecond;
  PathErrorCounters counters_;
};

}  // namespace lns::dataplane
