// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "controlplane/loop/mailbox.h"
#include "tests/unit/controlplane/loop/fakes.h"

namespace lns::controlplane {
namespace {

using std::chrono::system_clock;

bool Readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return poll(&entry, 1, 0) == 1;
}

class MailboxTest : public ::testing::Test {
 protected:
  size_t DrainAll(size_t limit) {
    return mailbox.Drain(limit, [&](Mailbox::Command& command) {
      command(engine, Instant::FromNanoseconds(1), actions);
    });
  }
  // Runs what is posted until `done`, as the loop would.
  void Serve(const std::atomic<bool>& done) {
    while (!done) {
      pollfd entry{mailbox.wake_fd(), POLLIN, 0};
      poll(&entry, 1, 10);
      mailbox.ClearWake();
      while (DrainAll(16) > 0) {
      }
    }
  }
  Mailbox mailbox;
  FakeEngine engine;
  EngineActions actions;
};

TEST_F(MailboxTest, WakesTheLoopOncePerQueueAndKeepsTheOrder) {
  std::string ran;
  EXPECT_FALSE(Readable(mailbox.wake_fd()));
  for (const char c : {'a', 'b', 'c'}) {
    mailbox.Post([&ran, c](Engine&, Instant, EngineActions&) { ran += c; });
  }
  EXPECT_TRUE(Readable(mailbox.wake_fd()));
  mailbox.ClearWake();
  EXPECT_FALSE(Readable(mailbox.wake_fd()));
  EXPECT_EQ(DrainAll(2), 2u);
  EXPECT_EQ(ran, "ab");
  EXPECT_FALSE(mailbox.Empty());
  EXPECT_EQ(DrainAll(2), 1u);
  EXPECT_EQ(ran, "abc");
  EXPECT_TRUE(mailbox.Empty());
}

TEST_F(MailboxTest, ACallBringsBackItsResult) {
  std::atomic<bool> done = false;
  std::thread loop([&] { Serve(done); });
  const auto deadline = system_clock::now() + std::chrono::seconds(30);
  const absl::StatusOr<std::string> answer = mailbox.Call<std::string>(
      deadline,
      [](Engine&, Instant now, EngineActions&) { return absl::StrCat(now.nanoseconds()); });
  done = true;
  loop.join();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, "1");
}

TEST_F(MailboxTest, ACallThatNobodyServesEndsAtItsDeadline) {
  const auto answer =
      mailbox.Call<int>(system_clock::now(), [](Engine&, Instant, EngineActions&) { return 1; });
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(DrainAll(16), 1u);  // and its late result goes nowhere, harmlessly
}

TEST_F(MailboxTest, ClosingTellsWaitingCallersAndRefusesNewOnes) {
  absl::Status waiting;
  std::thread caller([&] {
    waiting = mailbox
                  .Call<int>(system_clock::now() + std::chrono::seconds(30),
                             [](Engine&, Instant, EngineActions&) { return 1; })
                  .status();
  });
  pollfd entry{mailbox.wake_fd(), POLLIN, 0};
  ASSERT_EQ(poll(&entry, 1, 30'000), 1);
  mailbox.Close();
  caller.join();
  EXPECT_EQ(waiting.code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(mailbox.Post([](Engine&, Instant, EngineActions&) {}));
  EXPECT_EQ(mailbox
                .Call<int>(system_clock::now() + std::chrono::seconds(30),
                           [](Engine&, Instant, EngineActions&) { return 1; })
                .status()
                .code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(MailboxTest, ManyThreadsCallAtOnceAndEachGetsItsOwnAnswer) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 500;
  std::atomic<bool> done = false;
  std::thread loop([&] { Serve(done); });
  std::atomic<int> right = 0;
  std::vector<std::thread> callers;
  for (int t = 0; t < kThreads; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        const int wanted = t * kCalls + i;
        const auto answer =
            mailbox.Call<int>(system_clock::now() + std::chrono::seconds(30),
                              [wanted](Engine&, Instant, EngineActions&) { return wanted; });
        if (answer.ok() && *answer == wanted) ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  done = true;
  loop.join();
  EXPECT_EQ(right, kThreads * kCalls);
}

}  // namespace
}  // namespace lns::controlplane
