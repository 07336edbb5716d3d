// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>

#include "controlplane/loop/poller.h"

namespace lns::controlplane {
namespace {

FileDescriptor Event(unsigned value) {
  return FileDescriptor(eventfd(value, EFD_NONBLOCK | EFD_CLOEXEC));
}
constexpr Duration kNoSleep;

TEST(Poller, RunsTheCallbacksOfReadyDescriptorsOnly) {
  Poller poller;
  const FileDescriptor ready = Event(1);
  const FileDescriptor quiet = Event(0);
  int ready_calls = 0;
  int quiet_calls = 0;
  poller.Watch(ready.get(), [&] { ++ready_calls; });
  poller.Watch(quiet.get(), [&] { ++quiet_calls; });
  poller.Wait(kNoSleep);
  EXPECT_EQ(ready_calls, 1);
  EXPECT_EQ(quiet_calls, 0);
}

TEST(Poller, ACallbackMayForgetItselfAndOthers) {
  Poller poller;
  const FileDescriptor a = Event(1);
  const FileDescriptor b = Event(1);
  int calls = 0;
  const auto forget_both = [&] {
    ++calls;
    poller.Forget(a.get());
    poller.Forget(b.get());
  };
  poller.Watch(a.get(), forget_both);
  poller.Watch(b.get(), forget_both);
  poller.Wait(kNoSleep);
  poller.Wait(kNoSleep);
  EXPECT_EQ(calls, 1);
}

TEST(Poller, AHungUpSocketIsReady) {
  Poller poller;
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()), 0);
  const FileDescriptor ours(ends[0]);
  FileDescriptor theirs(ends[1]);
  int calls = 0;
  poller.Watch(ours.get(), [&] { ++calls; });
  poller.Wait(kNoSleep);
  EXPECT_EQ(calls, 0);
  theirs.Reset();
  poller.Wait(kNoSleep);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace lns::controlplane
