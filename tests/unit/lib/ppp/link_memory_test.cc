// What a million idle subscribers cost here.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>
#include <vector>

#include "lib/ppp/link.h"

namespace lns::ppp {
namespace {

constexpr size_t kLinks = 1000;
constexpr size_t kMaxBytesPerLink = 500;

size_t HeapInUse() { return mallinfo2().uordblks; }

// Brings `server` up against a client that is thrown away.
void Open(Link& server, const LinkSettings& client_settings, Rng& rng) {
  const Instant now = Instant::FromNanoseconds(1);
  const std::unique_ptr<Link> client =
      Link::MakeClient(client_settings, {"alice@example", "a password"}, rng);
  LinkActions up;
  LinkActions down;
  server.Start(now, down);
  client->Start(now, up);
  for (int round = 0; round < 50 && !(up.empty() && down.empty()); ++round) {
    const LinkActions from_server = std::exchange(down, {});
    const LinkActions from_client = std::exchange(up, {});
    for (const LinkAction& action : from_server) {
      if (const auto* frame = std::get_if<SendFrame>(&action))
        client->OnFrame(frame->bytes, now, up);
      if (std::holds_alternative<AuthenticationNeeded>(action)) {
        server.OnAuthentication({.accepted = true, .ipv4 = {.local = 1, .peer = 2, .dns = {}}}, now,
                                down);
      }
    }
    for (const LinkAction& action : from_client) {
      if (const auto* frame = std::get_if<SendFrame>(&action)) {
        server.OnFrame(frame->bytes, now, down);
      }
    }
  }
  ASSERT_EQ(server.phase(), LinkPhase::kNetwork);
}

TEST(LinkMemoryTest, AnIdleOpenServerLinkIsSmall) {
  LinkSettings server_settings;
  LinkSettings client_settings;
  client_settings.role = Role::kClient;
  SeededRng rng(1);
  std::vector<std::unique_ptr<Link>> links;
  links.reserve(kLinks);
  // The first run warms up what the C library keeps for itself.
  Open(*links.emplace_back(Link::MakeServer(server_settings, rng)), client_settings, rng);
  const size_t before = HeapInUse();
  if (before == 0) GTEST_SKIP() << "this allocator does not tell what is in use";
  for (size_t i = 1; i < kLinks; ++i) {
    Open(*links.emplace_back(Link::MakeServer(server_settings, rng)), client_settings, rng);
  }
  const size_t each = (HeapInUse() - before) / (kLinks - 1);
  RecordProperty("bytes_per_link", static_cast<int>(each));
  std::printf("%zu bytes per idle open link\n", each);
  EXPECT_GT(each, 0u);
  EXPECT_LT(each, kMaxBytesPerLink);
}

}  // namespace
}  // namespace lns::ppp
