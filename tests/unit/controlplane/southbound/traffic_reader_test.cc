// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

#include "controlplane/southbound/traffic_reader.h"
#include "tests/unit/controlplane/loop/fakes.h"

namespace lns::controlplane {
namespace {

// Knows every session but those with an even id; each has passed as many packets as its id.
class FakeTelemetry final : public dataplane::v1::Telemetry::Service {
 public:
  grpc::Status ReadSessionTraffic(grpc::ServerContext* context,
                                  const dataplane::v1::ReadSessionTrafficRequest* request,
                                  dataplane::v1::ReadSessionTrafficReply* reply) override {
    const int now = ++at_once;
    most_at_once = std::max(most_at_once.load(), now);
    largest = std::max(largest.load(), request->keys_size());
    while (held && !context->IsCancelled()) std::this_thread::yield();
    reply->set_generation(77);
    for (const types::v1::SessionKey& key : request->keys()) {
      if (key.local_session_id() % 2 == 0) continue;
      types::v1::SessionTraffic& session = *reply->add_sessions();
      *session.mutable_key() = key;
      session.set_uplink_packets(key.local_session_id());
      if (key.local_session_id() % 3 == 0) session.set_lost_packets(key.local_session_id());
    }
    --at_once;
    return grpc::Status::OK;
  }
  std::atomic<bool> held{false};
  std::atomic<int> at_once{0};
  std::atomic<int> most_at_once{0};
  std::atomic<int> largest{0};
};

class TrafficReaderTest : public testing::Test {
 protected:
  TrafficReaderTest() {
    std::string pattern = testing::TempDir() + "/lns-telemetry-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    reader_ = std::make_unique<TrafficReader>(target(), [this](TrafficReading reading) {
      const std::lock_guard lock(mutex_);
      for (const SessionKey& key : reading.asked) ++answers_[key];
      answered_ += reading.asked.size();
      for (const auto& [key, traffic] : reading.counted) counted_[key] = traffic;
      generation_ = reading.generation;
      changed_.notify_all();
    });
  }
  ~TrafficReaderTest() override {
    reader_.reset();
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
    std::filesystem::remove_all(directory_);
  }
  std::string target() const { return "unix:" + directory_ + "/dataplane.sock"; }
  void Serve() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
    builder.RegisterService(&telemetry_);
    server_ = builder.BuildAndStart();
  }
  bool WaitFor(size_t answers) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return answered_ >= answers; });
  }

  FakeTelemetry telemetry_;
  std::string directory_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<SessionKey, int> answers_;
  std::map<SessionKey, Traffic> counted_;
  size_t answered_ = 0;
  uint64_t generation_ = 0;
  std::unique_ptr<TrafficReader> reader_;
};

TEST_F(TrafficReaderTest, ManySessionsAreReadInBatchesAndEachAnsweredOnce) {
  Serve();
  std::vector<SessionKey> keys;
  for (uint16_t id = 1; id <= 10 * TrafficReader::kBatch; ++id) keys.push_back(Key(7, id));
  reader_->Read(keys);
  ASSERT_TRUE(WaitFor(keys.size()));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(answers_.size(), keys.size());
  for (const auto& [key, times] : answers_) ASSERT_EQ(times, 1);
  EXPECT_EQ(counted_.size(), keys.size() / 2) << "those that are there";
  EXPECT_EQ(counted_.at(Key(7, 4001)).uplink_packets, 4001u);
  EXPECT_EQ(counted_.at(Key(7, 4001)).lost_packets, std::nullopt);
  EXPECT_EQ(counted_.at(Key(7, 3999)).lost_packets, 3999u);
  EXPECT_EQ(generation_, 77u);
  EXPECT_EQ(telemetry_.largest, static_cast<int>(TrafficReader::kBatch));
  EXPECT_LE(telemetry_.most_at_once, static_cast<int>(TrafficReader::kMaxCalls));
}

TEST_F(TrafficReaderTest, WithoutADataPlaneTheAnswerIsThatThereIsNone) {
  reader_->Read({Key(1, 1)});
  ASSERT_TRUE(WaitFor(1));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(generation_, 0u);
  EXPECT_TRUE(counted_.empty());
}

TEST_F(TrafficReaderTest, EndsWhileADataPlaneHangs) {
  telemetry_.held = true;
  Serve();
  reader_->Read({Key(1, 1)});
  while (telemetry_.at_once == 0) std::this_thread::yield();
  reader_.reset();  // the test's timeout is the bound
  telemetry_.held = false;
}

}  // namespace
}  // namespace lns::controlplane
