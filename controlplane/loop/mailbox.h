// The one way into the protocol loop from other threads: commands are posted here and run on the
// loop thread with the engine, the time and a list for the engine's actions. gRPC threads post
// operators' requests (and wait, with a deadline); southbound posts outcomes.
//
// What bounds the queue: an operator's handler waits for its command before it posts another, so
// there are at most as many as gRPC threads; southbound posts one per reply of a bounded window.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "controlplane/lns/actions.h"
#include "controlplane/lns/engine.h"
#include "lib/base/time.h"
#include "lib/os/file_descriptor.h"

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace lns::controlplane {

class Mailbox {
 public:
  using Command = absl::AnyInvocable<void(Engine& engine, Instant now, EngineActions& out)>;

  Mailbox();

  // Any thread. False once closed: the command will never run.
  bool Post(Command command);

  // Any thread but the loop's. Runs `work(engine, now, out)` on the loop and waits for its result:
  // DEADLINE_EXCEEDED when it did not run in time (it may still run later, harmlessly),
  // UNAVAILABLE when the loop ended before it.
  template <typename T, typename Work>
  absl::StatusOr<T> Call(std::chrono::system_clock::time_point deadline, Work work) {
    auto reply = std::make_shared<Reply<T>>();
    // The ticket abandons the reply when the command is destroyed without having run.
    Post([ticket = Ticket<T>(reply), work = std::move(work)](Engine& engine, Instant now,
                                                             EngineActions& out) mutable {
      ticket.Answer(work(engine, now, out));
    });
    std::unique_lock lock(reply->mutex);
    if (!reply->changed.wait_until(lock, deadline, [&] { return reply->settled; })) {
      return absl::DeadlineExceededError("the protocol loop did not answer in time");
    }
    if (!reply->value) return absl::UnavailableError("the control plane is stopping");
    return std::move(*reply->value);
  }

  // Loop thread. Runs up to `limit` commands through `run(Command&)`; returns how many.
  template <typename Run>
  size_t Drain(size_t limit, Run run) {
    std::deque<Command> batch = Take(limit);
    for (Command& command : batch) run(command);
    return batch.size();
  }
  bool Empty() const;
  // Loop thread, at its end: what is queued is dropped unrun and its callers told UNAVAILABLE.
  void Close();

  // Readable while commands wait.
  int wake_fd() const { return wake_.get(); }
  void ClearWake();

 private:
  template <typename T>
  struct Reply {
    std::mutex mutex;
    std::condition_variable changed;
    bool settled = false;
    std::optional<T> value;  // none when settled: abandoned
  };

  template <typename T>
  class Ticket {
   public:
    explicit Ticket(std::shared_ptr<Reply<T>> reply) : reply_(std::move(reply)) {}
    Ticket(Ticket&&) noexcept = default;
    ~Ticket() {
      if (reply_ != nullptr) Settle(std::nullopt);
    }
    void Answer(T value) {
      Settle(std::move(value));
      reply_.reset();
    }

   private:
    void Settle(std::optional<T> value) {
      const std::lock_guard lock(reply_->mutex);
      reply_->value = std::move(value);
      reply_->settled = true;
      reply_->changed.notify_one();
    }
    std::shared_ptr<Reply<T>> reply_;
  };

  std::deque<Command> Take(size_t limit);

  FileDescriptor wake_;
  mutable std::mutex mutex_;
  std::deque<Command> queue_;  // guarded by mutex_
  bool closed_ = false;        // guarded by mutex_
};

}  // namespace lns::controlplane
