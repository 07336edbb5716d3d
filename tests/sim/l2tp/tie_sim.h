// Two nodes that want a tunnel to each other at about the same time, over a lossy link (RFC 2661
// 4.4.3, 7.2.1). In the end they have one tunnel where either sent a Tie Breaker, and one each of
// their own where neither did. Everything follows from the seed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "tests/support/lossy_link.h"
#include "tests/support/tunnel_node.h"

namespace lns::l2tp {

class TieSim {
 public:
  explicit TieSim(uint64_t seed);
  // The first broken invariant, or nothing.
  std::optional<std::string> Run();
  std::string Summary() const;
  // Both had sent an SCCRQ before either had heard of the other's.
  bool collided() const { return a_.opened && b_.opened; }

 private:
  struct End {
    End(int number_on_link, const char* name, bool with_tie_breaker, Instant open, Rng& rng);

    const int number;
    const bool tie_breaker;
    Instant open_at;
    bool opened = false;
    test::TunnelNode node;
  };

  void RunUntil(Instant until);
  void MaybeOpen(End& end);
  void Carry(End& end);

  SeededRng rng_;
  test::LossyLink link_;
  Instant now_ = Instant::FromNanoseconds(1);
  End a_;
  End b_;
};

}  // namespace lns::l2tp
