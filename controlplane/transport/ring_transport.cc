// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/transport/ring_transport.h"

#include <unistd.h>

#include <algorithm>

#include "lib/net/address.h"
#include "lib/punt/layout.h"

#include "absl/hash/hash.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

net::IpAddress AddressOf(const std::array<uint8_t, 16>& octets, uint8_t family) {
  const ByteView bytes(octets);
  return net::IpAddress::FromBytes(family == 4 ? bytes.first(4) : bytes).value();
}

// The ring's consumer has checked the frame; a PPP frame may come without outer addresses.
PuntedFrame FrameOf(const punt::FrameHeader& header, ByteView payload) {
  PuntedFrame frame;
  frame.kind = header.kind;
  frame.payload = payload;
  frame.session = {l2tp::LocalTunnelId(header.local_tunnel_id),
                   l2tp::LocalSessionId(header.local_session_id)};
  if (header.family != 0) {
    frame.endpoints.local = {AddressOf(header.local_address, header.family), header.local_udp_port};
    frame.endpoints.peer = {AddressOf(header.peer_address, header.family), header.peer_udp_port};
    frame.endpoints.vrf = static_cast<uint8_t>(header.vrf);
  }
  return frame;
}

void ClearEventfd(int fd) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = read(fd, &count, sizeof(count));
}

}  // namespace

RingTransport::RingTransport(std::string socket_path, Poller& poller, LogSink log)
    : socket_path_(std::move(socket_path)), poller_(poller), log_(std::move(log)) {}

RingTransport::~RingTransport() {
  if (greeting_.valid()) poller_.Forget(greeting_.get());
  if (memory_ != nullptr) Detach();
}

size_t RingTransport::Receive(punt::PuntClass punt_class, size_t limit, FrameSink& sink) {
  const auto index = static_cast<size_t>(punt_class);
  if (memory_ == nullptr) return 0;
  const size_t count = workers_.size();
  size_t taken = 0;
  // Each worker may use its share; the one whose turn is first may use what the others leave.
  size_t& turn = next_worker_[index];
  const size_t share = std::max<size_t>(1, limit / count);
  const auto poll = [&](size_t worker, size_t budget) {
    return workers_[worker].punts[index].Poll(
        budget, [&](const punt::FrameHeader& header, ByteView payload) {
          sink.OnFrame(FrameOf(header, payload));
        });
  };
  for (size_t i = 0; i < count && taken < limit; ++i) {
    taken += poll((turn + i) % count, std::min(share, limit - taken));
  }
  if (taken < limit) taken += poll(turn, limit - taken);
  turn = (turn + 1) % count;
  totals_.received[index] += taken;
  return taken;
}

bool RingTransport::PrepareToSleep() {
  for (Worker& worker : workers_) {
    for (punt::Consumer& ring : worker.punts) {
      // Rings armed before this one stay armed: that costs at most one needless wake-up.
      if (!ring.PrepareWait()) return false;
    }
  }
  return true;
}

void RingTransport::SendControl(const controlplane::SendControl& message) {
  if (memory_ == nullptr) {
    ++totals_.dropped_detached;
    return;
  }
  const net::EndpointPair& endpoints = message.endpoints;
  punt::FrameHeader header{};
  header.kind = punt::FrameKind::kL2tpControl;
  header.family = static_cast<uint8_t>(endpoints.local.address.family());
  header.local_address = endpoints.local.address.raw();
  header.peer_address = endpoints.peer.address.raw();
  header.local_udp_port = endpoints.local.port;
  header.peer_udp_port = endpoints.peer.port;
  header.vrf = endpoints.vrf;
  Inject(absl::HashOf(endpoints) % workers_.size(), header, message.message, totals_.control_sent);
}

void RingTransport::SendPpp(const controlplane::SendPpp& frame) {
  if (memory_ == nullptr) {
    ++totals_.dropped_detached;
    return;
  }
  punt::FrameHeader header{};
  header.kind = punt::FrameKind::kPpp;
  header.punt_class = static_cast<uint8_t>(punt::PuntClass::kSessionControl);
  header.local_tunnel_id = frame.session.tunnel.value();
  header.local_session_id = frame.session.session.value();
  const uint32_t worker = punt::OwnerWorker(header.local_tunnel_id, header.local_session_id,
                                            static_cast<uint32_t>(workers_.size()));
  Inject(worker, header, frame.frame, totals_.ppp_sent);
}

void RingTransport::Inject(size_t worker, const punt::FrameHeader& header, ByteView payload,
                           uint64_t& sent) {
  Worker& to = workers_[worker];
  if (!to.inject.Push(header, payload)) {
    ++totals_.dropped_ring_full;
    return;
  }
  ++sent;
  if (++to.unpublished == kPublishEvery) Publish(to);
}

void RingTransport::Publish(Worker& worker) {
  worker.unpublished = 0;
  // The data plane's workers poll and never sleep on an inject ring.
  [[maybe_unused]] const bool sleeps = worker.inject.Publish();
}

void RingTransport::Flush() {
  for (Worker& worker : workers_) Publish(worker);
}

void RingTransport::OnTimer(Instant now) {
  if (memory_ != nullptr) return;
  if (greeting_.valid()) {
    Explain(absl::StrCat("the data plane does not answer on ", socket_path_));
    poller_.Forget(greeting_.get());
    greeting_.Reset();
  }
  Greet(now);
}

void RingTransport::Greet(Instant now) {
  deadline_ = now + kRetryInterval;
  absl::StatusOr<FileDescriptor> greeting = GreetDataplane(socket_path_);
  if (!greeting.ok()) {
    Explain(std::string(greeting.status().message()));
    return;
  }
  greeting_ = std::move(*greeting);
  deadline_ = now + kGreetingTimeout;
  poller_.Watch(greeting_.get(), [this] { OnAnswer(); });
}

void RingTransport::OnAnswer() {
  poller_.Forget(greeting_.get());
  absl::StatusOr<std::unique_ptr<PuntMemory>> memory = PuntMemory::Accept(std::move(greeting_));
  if (!memory.ok()) {
    // deadline_ still stands: the next attempt is at most kGreetingTimeout away.
    Explain(std::string(memory.status().message()));
    return;
  }
  Attach(std::move(*memory));
}

void RingTransport::Attach(std::unique_ptr<PuntMemory> memory) {
  memory_ = std::move(memory);
  deadline_ = Instant::Never();
  explained_.clear();
  ++totals_.attachments;
  const punt::Mapping& mapping = memory_->mapping();
  workers_.resize(mapping.geometry().workers);
  for (uint32_t w = 0; w < workers_.size(); ++w) {
    for (uint32_t c = 0; c < punt::kClassCount; ++c) {
      workers_[w].punts[c] = mapping.PuntConsumer(w, static_cast<punt::PuntClass>(c));
    }
    workers_[w].inject = mapping.InjectProducer(w);
    workers_[w].unpublished = 0;
  }
  next_worker_ = {};
  for (const FileDescriptor& wake : memory_->wake_fds()) {
    poller_.Watch(wake.get(), [fd = wake.get()] { ClearEventfd(fd); });
  }
  poller_.Watch(memory_->socket(), [this] {
    if (!memory_->HungUp()) return;
    log_(LogLevel::kWarn, "the data plane has gone: punt rings detached");
    Detach();
  });
  log_(LogLevel::kInfo, absl::StrCat("punt rings attached: ", workers_.size(), " workers, ",
                                     mapping.geometry().slots, " slots per ring"));
}

void RingTransport::Detach() {
  for (const Worker& worker : workers_) {
    for (const punt::Consumer& ring : worker.punts) totals_.malformed += ring.bad_frames();
  }
  workers_.clear();
  for (const FileDescriptor& wake : memory_->wake_fds()) poller_.Forget(wake.get());
  poller_.Forget(memory_->socket());
  memory_.reset();
  deadline_ = Instant();  // at once
}

void RingTransport::Explain(const std::string& why) {
  if (why == explained_) return;
  explained_ = why;
  log_(LogLevel::kInfo, absl::StrCat("waiting for the data plane's punt rings: ", why));
}

std::vector<std::pair<std::string, uint64_t>> RingTransport::Counters() const {
  uint64_t malformed = totals_.malformed;
  for (const Worker& worker : workers_) {
    for (const punt::Consumer& ring : worker.punts) malformed += ring.bad_frames();
  }
  return {{"transport_attachments", totals_.attachments},
          {"transport_received_class0", totals_.received[0]},
          {"transport_received_class1", totals_.received[1]},
          {"transport_received_class2", totals_.received[2]},
          {"transport_malformed_frames", malformed},
          {"transport_control_sent", totals_.control_sent},
          {"transport_ppp_sent", totals_.ppp_sent},
          {"transport_dropped_ring_full", totals_.dropped_ring_full},
          {"transport_dropped_detached", totals_.dropped_detached}};
}

}  // namespace lns::controlplane
