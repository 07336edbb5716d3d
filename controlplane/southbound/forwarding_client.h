// Keeps the data plane's tables equal to what the engine wants: the seam Dataplane over the gRPC
// service lns.dataplane.v1.Forwarding.
//
// While connected, updates go out in order on one Apply stream, in batches, several unanswered at a
// time; what comes back is posted to the protocol loop. When the data plane goes away (or cannot
// keep up, or hangs), everything queued is dropped, and after reconnecting the whole desired state
// is sent again between Sync BEGIN and END: a refill is the one way of recovering, whatever
// happened. No session ends because of it.
//
// The desired state is read from the engine a page per turn of the loop, tunnels before sessions,
// and each page joins the queue that changes go through. So what is sent is in the order in which
// it became true: a change after its page is behind it, a change before its page is repeated by it.
//
// Every session removed is reported once with what it had passed. A removal that is not answered,
// or not even sent, is repeated by the refill, before the sessions: the sweep would count nothing.
//
// A session programmed with `confirm` while the data plane is away is confirmed by the refill, or
// refused as UNAVAILABLE after a bound.
//
// Threads: the Dataplane calls come from the loop thread; one thread of its own connects, replays
// and sends; replies arrive on gRPC's threads. None of these touches the engine but by the mailbox.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "controlplane/lns/traffic.h"
#include "controlplane/loop/dataplane.h"
#include "controlplane/loop/log.h"
#include "controlplane/loop/mailbox.h"
#include "controlplane/southbound/apply_stream.h"
#include "lib/base/time.h"
#include "lib/net/address.h"
#include "lib/net/vrf.h"

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "lns/dataplane/v1/forwarding.grpc.pb.h"

namespace lns::controlplane {

struct ForwardingSettings {
  std::string target;  // gRPC target: "unix:/run/terminus/dataplane.sock"
  std::vector<net::VrfAddress> local_addresses;
  std::vector<net::VrfPrefix> subscriber_prefixes;
  // What the configuration calls the VRFs; warned of where the data plane's disagrees.
  std::map<net::VrfIndex, std::string> vrfs;
  // How long a session may wait for a data plane that is away before it is refused.
  Duration confirm_bound = Duration::Seconds(10);
  // An update unanswered for so long means a hung data plane: reconnect.
  Duration stall_timeout = Duration::Seconds(5);
  // More unsent updates than this are dropped, and made good by a refill.
  size_t max_queued = size_t{1} << 18;
};

// A session that is gone from the data plane, or was not there.
struct RemovedSession {
  SessionKey key;
  uint64_t generation = 0;         // of the data plane that answered
  std::optional<Traffic> traffic;  // none: it knew no such session
};

struct ForwardingStatus {
  bool connected = false;  // and refilled
  uint64_t generation = 0;
};

class ForwardingClient final : public Dataplane {
 public:
  static constexpr size_t kBatchSize = 512;
  // Of tunnels or sessions handed over in one turn of the loop: a fraction of a millisecond.
  static constexpr size_t kPage = 1024;
  // How long a batch waits for more while another is unanswered.
  static constexpr Duration kLinger = Duration::Milliseconds(1);
  static constexpr Duration kCallTimeout = Duration::Seconds(5);
  static constexpr Duration kBackoffFirst = Duration::Milliseconds(50);
  static constexpr Duration kBackoffMax = Duration::Seconds(1);

  // Called on the loop thread after each GetInfo.
  using OnInfo = std::function<void(const dataplane::v1::Info& info)>;
  // Called on a gRPC thread, one batch at a time.
  using OnRemoved = std::function<void(std::vector<RemovedSession> removed)>;

  ForwardingClient(ForwardingSettings settings, Mailbox& mailbox, LogSink log, OnInfo on_info);
  // Stops the thread; what is unsent is dropped.
  ~ForwardingClient() override;
  // Before Start: who is told of removals, and sessions of an earlier run to be removed.
  void ReportRemovals(OnRemoved on_removed) { on_removed_ = std::move(on_removed); }
  void RemoveFirst(std::vector<SessionKey> sessions);
  void Start();

  void ProgramTunnel(const TunnelEntry& tunnel) override;
  void RemoveTunnel(l2tp::LocalTunnelId tunnel) override;
  void ProgramSession(const SessionEntry& session, bool confirm) override;
  void RemoveSession(const SessionKey& session) override;
  void ProgramFilter(const FilterPtr& filter) override;
  void RemoveFilter(const std::string& name) override;
  void SetDraining(bool on) override;
  bool Settled() const override;

  // Any thread.
  ForwardingStatus status() const;
  std::vector<std::pair<std::string, uint64_t>> Counters() const;

 private:
  struct SessionChange {
    SessionEntry entry;
    bool confirm = false;
  };
  struct Draining {
    bool on = false;
  };
  // A name alone: of a filter that is to go.
  using Change = std::variant<TunnelEntry, l2tp::LocalTunnelId, SessionChange, SessionKey, Draining,
                              FilterPtr, std::string>;
  // Which changes the queue takes; all others the refill will bring. Sessions are programmed only
  // when every tunnel is in the queue; they are removed before.
  enum class Accepting : uint8_t { kNothing, kTunnels, kAll };
  // How far the reading of the desired state has come.
  struct Walk {
    bool at_sessions = false;
    bool done = false;
    uint32_t cursor = 0;  // the engine's
    uint64_t pages = 0;
    uint32_t tunnels = 0;
    uint32_t sessions = 0;
  };
  struct Batch {
    dataplane::v1::ApplyRequest request;
    std::vector<UpdateTicket> tickets;
  };
  struct Outcome {
    SessionKey session;
    uint16_t revision = 0;
    absl::Status status;
  };

  // Southbound thread.
  void Run();
  absl::Status Serve();  // one connection, until it is lost
  // One unary call, bounded, which the destructor can cancel.
  absl::Status Call(const std::function<grpc::Status(grpc::ClientContext&)>& call);
  absl::Status Refill(dataplane::v1::Forwarding::Stub& stub, ApplyStream& stream);
  void CompareVrfs(const dataplane::v1::Info& info);
  absl::Status SendSettings(ApplyStream& stream);
  absl::Status SendDesiredState(ApplyStream& stream);
  absl::Status AwaitPage();
  absl::Status SendWhenReady(Batch batch, ApplyStream& stream);
  absl::Status AwaitReplies(ApplyStream& stream);
  absl::Status SendQueued(ApplyStream& stream);
  // One batch from the queue, when the stream is ready for it.
  absl::Status SendBatch(ApplyStream& stream);
  absl::Status Health(const ApplyStream& stream) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void RefuseOverdue();
  void Pause(Duration time);
  void Explain(const absl::Status& why);

  void HandOverPage(const Engine& engine, uint64_t connection);  // loop thread
  void Enqueue(Change change);
  bool Accepts(const Change& change) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // What was to be told of an update that will not be answered any more.
  void Owe(const UpdateTicket& ticket) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hold(const SessionKey& session) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropQueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Add(const Change& change, Batch& batch);
  void OnReply(const std::vector<UpdateTicket>& tickets, const dataplane::v1::ApplyReply& reply);
  void Report(std::vector<Outcome> outcomes);
  void ReportRemoved(const std::vector<UpdateTicket>& tickets,
                     const dataplane::v1::ApplyReply& reply);

  const ForwardingSettings settings_;
  Mailbox& mailbox_;
  const LogSink log_;
  const OnInfo on_info_;
  OnRemoved on_removed_;
  std::string explained_;  // southbound thread: the last reason for waiting that was logged

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;  // under way, to be cancelled
  Accepting accepting_ ABSL_GUARDED_BY(mutex_) = Accepting::kNothing;
  bool refilled_ ABSL_GUARDED_BY(mutex_) = false;
  bool overflowed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t connection_ ABSL_GUARDED_BY(mutex_) = 0;  // which one a page was asked for
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
  Walk walk_ ABSL_GUARDED_BY(mutex_);
  std::deque<Change> queue_ ABSL_GUARDED_BY(mutex_);
  size_t unanswered_ ABSL_GUARDED_BY(mutex_) = 0;  // updates taken to be sent, not answered yet
  // Sessions that wait for a refill to be confirmed, and until when.
  absl::flat_hash_map<SessionKey, Instant> held_ ABSL_GUARDED_BY(mutex_);
  // Sessions whose removal the next refill is to bring: at most as many as there were sessions.
  absl::flat_hash_set<SessionKey> owed_removals_ ABSL_GUARDED_BY(mutex_);

  std::atomic<uint64_t> connections_ = 0;
  std::atomic<uint64_t> updates_sent_ = 0;
  std::atomic<uint64_t> updates_refused_ = 0;
  std::atomic<uint64_t> batches_sent_ = 0;
  std::atomic<uint64_t> queue_overflows_ = 0;
  std::atomic<uint64_t> confirms_timed_out_ = 0;

  std::thread thread_;
};

}  // namespace lns::controlplane
