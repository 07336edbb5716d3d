// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/southbound/traffic_reader.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>

#include "controlplane/southbound/channel.h"
#include "controlplane/southbound/convert.h"

namespace lns::controlplane {

TrafficReader::TrafficReader(const std::string& target, OnReading on_reading)
    : on_reading_(std::move(on_reading)),
      stub_(dataplane::v1::Telemetry::NewStub(MakeChannel(target))) {}

TrafficReader::~TrafficReader() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  waiting_.clear();
  for (Call* call : calls_) call->context.TryCancel();
  const auto done = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return running_ == 0; };
  mutex_.Await(absl::Condition(&done));
}

void TrafficReader::Read(const std::vector<SessionKey>& sessions) {
  {
    absl::MutexLock lock(&mutex_);
    for (size_t from = 0; from < sessions.size(); from += kBatch) {
      const size_t count = std::min(kBatch, sessions.size() - from);
      const auto first = sessions.begin() + static_cast<std::ptrdiff_t>(from);
      waiting_.emplace_back(first, first + static_cast<std::ptrdiff_t>(count));
    }
  }
  StartWaiting();
}

void TrafficReader::StartWaiting() {
  while (true) {
    std::vector<SessionKey> sessions;
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_ || waiting_.empty() || running_ >= kMaxCalls) return;
      ++running_;
      sessions = std::move(waiting_.front());
      waiting_.pop_front();
    }
    Start(std::move(sessions));
  }
}

void TrafficReader::Start(std::vector<SessionKey> sessions) {
  auto* call = new Call;  // OnDone's
  for (const SessionKey& key : sessions) ToProto(key, *call->request.add_keys());
  call->asked = std::move(sessions);
  call->context.set_deadline(std::chrono::system_clock::now() +
                             std::chrono::nanoseconds(kCallTimeout.nanoseconds()));
  {
    absl::MutexLock lock(&mutex_);
    calls_.insert(call);
    if (stopping_) call->context.TryCancel();
  }
  stub_->async()->ReadSessionTraffic(
      &call->context, &call->request, &call->reply,
      [this, call](const grpc::Status& status) { OnDone(call, status); });
}

void TrafficReader::OnDone(Call* call, const grpc::Status& status) {
  TrafficReading reading{.asked = std::move(call->asked)};
  if (status.ok()) {
    reading.generation = call->reply.generation();
    reading.counted.reserve(static_cast<size_t>(call->reply.sessions_size()));
    for (const types::v1::SessionTraffic& session : call->reply.sessions()) {
      reading.counted.emplace_back(FromProto(session.key()), FromProto(session));
    }
  }
  bool stopping = false;
  {
    absl::MutexLock lock(&mutex_);
    stopping = stopping_;
  }
  if (!stopping) {
    on_reading_(std::move(reading));
    StartWaiting();
  }
  {
    absl::MutexLock lock(&mutex_);
    calls_.erase(call);
  }
  delete call;  // before the destructor may go on: it holds on to the channel
  absl::MutexLock lock(&mutex_);
  --running_;
}

}  // namespace lns::controlplane
