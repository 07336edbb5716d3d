// An in-process data plane behind the gRPC service Forwarding, on a unix socket in a directory of
// its own: applies updates to plain maps, marks and sweeps, refuses what it is told to refuse, and
// can be held back, killed and started again with nothing.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lns/dataplane/v1/forwarding.grpc.pb.h"

namespace lns::controlplane {

class FakeForwarding final : public dataplane::v1::Forwarding::Service {
 public:
  using Key = std::pair<uint32_t, uint32_t>;
  struct State {
    std::set<std::string> local_addresses;  // octets
    std::set<std::string> prefixes;
    std::map<uint32_t, dataplane::v1::Tunnel> tunnels;
    std::map<Key, dataplane::v1::Session> sessions;
    std::map<std::string, dataplane::v1::Filter> filters;
    std::vector<size_t> batch_sizes;
    bool draining = false;
    int syncs_ended = 0;
  };

  FakeForwarding() {
    std::string pattern = ::testing::TempDir() + "/lns-fwd-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~FakeForwarding() override {
    Stop();
    std::filesystem::remove_all(directory_);
  }

  std::string target() const { return "unix:" + directory_ + "/dataplane.sock"; }
  std::string punt_socket() const { return directory_ + "/punt.sock"; }

  // With nothing in its tables and a new generation; `held_at_start` as by Hold.
  void Start(bool held_at_start = false) {
    {
      const std::lock_guard lock(mutex_);
      state_ = {};
      stale_.reset();
      held_ = held_at_start;
      stopping_ = false;
      ++generation_;
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort(target(), grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  // Cuts every stream, as a killed process does.
  void Stop() {
    if (server_ == nullptr) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }

  // While held, updates are taken from the wire and neither applied nor answered.
  void Hold(bool hold) {
    const std::lock_guard lock(mutex_);
    held_ = hold;
    changed_.notify_all();
  }
  void Refuse(Key key, grpc::StatusCode code) {
    const std::lock_guard lock(mutex_);
    refused_[key] = code;
  }
  void Preload(const dataplane::v1::Session& session) {
    const std::lock_guard lock(mutex_);
    state_.sessions[KeyOf(session.key())] = session;
  }
  State state() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  uint64_t generation() const {
    const std::lock_guard lock(mutex_);
    return generation_;
  }

 private:
  static Key KeyOf(const types::v1::SessionKey& key) {
    return {key.local_tunnel_id(), key.local_session_id()};
  }

  grpc::Status GetInfo(grpc::ServerContext*, const dataplane::v1::GetInfoRequest*,
                       dataplane::v1::Info* info) override {
    info->set_generation(generation());
    info->set_punt_socket(punt_socket());
    return grpc::Status::OK;
  }
  grpc::Status Sync(grpc::ServerContext*, const dataplane::v1::SyncRequest* request,
                    dataplane::v1::SyncReply* reply) override {
    const std::lock_guard lock(mutex_);
    if (request->step() == dataplane::v1::SyncRequest::STEP_BEGIN) {
      stale_ = state_;
      return grpc::Status::OK;
    }
    if (!stale_) return {grpc::StatusCode::FAILED_PRECONDITION, "END without BEGIN"};
    for (const auto& [key, session] : stale_->sessions) {
      reply->set_swept_sessions(reply->swept_sessions() +
                                static_cast<uint32_t>(state_.sessions.erase(key)));
    }
    for (const auto& [id, tunnel] : stale_->tunnels) {
      reply->set_swept_tunnels(reply->swept_tunnels() +
                               static_cast<uint32_t>(state_.tunnels.erase(id)));
    }
    stale_.reset();
    ++state_.syncs_ended;
    return grpc::Status::OK;
  }
  grpc::Status Apply(grpc::ServerContext* context,
                     grpc::ServerReaderWriter<dataplane::v1::ApplyReply,
                                              dataplane::v1::ApplyRequest>* stream) override {
    dataplane::v1::ApplyRequest request;
    while (stream->Read(&request)) {
      dataplane::v1::ApplyReply reply;
      reply.set_batch_id(request.batch_id());
      removed_ = &reply;
      {
        std::unique_lock lock(mutex_);
        while (held_ && !stopping_ && !context->IsCancelled()) {
          changed_.wait_for(lock, std::chrono::milliseconds(5));
        }
        if (stopping_ || context->IsCancelled()) return grpc::Status::CANCELLED;
        state_.batch_sizes.push_back(static_cast<size_t>(request.updates_size()));
        for (int i = 0; i < request.updates_size(); ++i) {
          const grpc::Status status = ApplyOne(request.updates(i));
          if (status.ok()) continue;
          dataplane::v1::ApplyError& error = *reply.add_errors();
          error.set_index(static_cast<uint32_t>(i));
          error.set_code(static_cast<uint32_t>(status.error_code()));
          error.set_message(status.error_message());
        }
      }
      if (!stream->Write(reply)) break;
    }
    return grpc::Status::OK;
  }
  grpc::Status ApplyOne(const dataplane::v1::Update& update) {
    using Case = dataplane::v1::Update::UpdateCase;
    switch (update.update_case()) {
      case Case::kLocalAddress:
        state_.local_addresses.insert(update.local_address().address().octets());
        break;
      case Case::kSubscriberPrefix:
        state_.prefixes.insert(update.subscriber_prefix().prefix().address().octets());
        break;
      case Case::kTunnel: {
        const uint32_t id = update.tunnel().local_tunnel_id();
        state_.tunnels[id] = update.tunnel();
        if (stale_) stale_->tunnels.erase(id);
        break;
      }
      case Case::kRemoveTunnel:
        state_.tunnels.erase(update.remove_tunnel());
        break;
      case Case::kSession: {
        const Key key = KeyOf(update.session().key());
        const auto refused = refused_.find(key);
        if (refused != refused_.end()) return {refused->second, "as the test asked"};
        if (state_.tunnels.count(key.first) == 0) {
          return {grpc::StatusCode::NOT_FOUND, "no such tunnel"};
        }
        for (const std::string& filter : update.session().uplink_filters()) {
          if (state_.filters.count(filter) == 0) {
            return {grpc::StatusCode::INVALID_ARGUMENT, "no such filter"};
          }
        }
        state_.sessions[key] = update.session();
        if (stale_) stale_->sessions.erase(key);
        break;
      }
      case Case::kFilter:
        state_.filters[update.filter().name()] = update.filter();
        break;
      case Case::kRemoveFilter:
        state_.filters.erase(update.remove_filter());
        break;
      case Case::kDrain:
        state_.draining = update.drain().on();
        break;
      case Case::kRemoveSession: {
        const Key key = KeyOf(update.remove_session());
        if (state_.sessions.erase(key) == 0) break;
        if (stale_) stale_->sessions.erase(key);
        types::v1::SessionTraffic& traffic = *removed_->add_removed();
        *traffic.mutable_key() = update.remove_session();
        traffic.set_uplink_packets(key.second);  // something to know it by
        traffic.set_downlink_bytes(uint64_t{key.second} << 32);
        break;
      }
      default:
        return {grpc::StatusCode::INVALID_ARGUMENT, "not an update this fake knows"};
    }
    return grpc::Status::OK;
  }

  std::string directory_;
  std::unique_ptr<grpc::Server> server_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_;
  std::optional<State> stale_;
  dataplane::v1::ApplyReply* removed_ = nullptr;  // of the request being applied
  std::map<Key, grpc::StatusCode> refused_;
  bool held_ = false;
  bool stopping_ = false;
  uint64_t generation_ = 100;
};

}  // namespace lns::controlplane
