// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/services/inspection_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/pipeline.h"
#include "dataplane/services/convert.h"
#include "dataplane/services/described_packet.h"
#include "dataplane/services/grpc_status.h"
#include "dataplane/tables/entries.h"
#include "lib/net/ethernet.h"
#include "lib/punt/punt_reason.h"

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kDefaultPackets = 1000;
constexpr uint32_t kMostPackets = 100'000;
constexpr uint32_t kDefaultSeconds = 60;
constexpr uint32_t kMostSeconds = 3600;
constexpr std::chrono::milliseconds kLookEvery{10};
constexpr size_t kMostFrame = 9018;

const char* Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kContinue:
      return "continue";
    case Verdict::kDrop:
      return "drop";
    case Verdict::kPunt:
      return "punt";
    case Verdict::kMirror:
      return "mirror";
    case Verdict::kTransmit:
      return "transmit";
    case Verdict::kToDownlink:
      return "downlink";
    case Verdict::kHold:
      return "hold";
  }
  return "";
}

std::string ReasonName(Verdict verdict, uint8_t reason) {
  if (verdict == Verdict::kDrop) return CounterName(kDropReasons[reason].name);
  if (verdict != Verdict::kPunt) return "";
  return CounterName(punt::Describe(punt::PuntReason{reason}).name);
}

std::string_view ReasonText(Verdict verdict, uint8_t reason) {
  if (verdict == Verdict::kDrop) return kDropReasons[reason].text;
  return verdict == Verdict::kPunt ? punt::Describe(punt::PuntReason{reason}).text : "";
}

void SetKey(uint32_t word, types::v1::SessionKey& key) {
  key.set_local_tunnel_id(word >> 16);
  key.set_local_session_id(word & 0xffff);
}

absl::StatusOr<ObservationFilter> ToFilter(const v1::WatchPacketsRequest& request) {
  ObservationFilter filter;
  filter.drops_only = request.drops_only();
  if (request.has_session()) {
    const absl::StatusOr<SessionKey> key = ToSessionKey(request.session(), "session");
    if (!key.ok()) return key.status();
    filter.session_key = SessionKeyWord(key->tunnel.value(), key->session.value());
  }
  if (!request.drop_reason().empty()) {
    const auto found = std::find_if(
        kDropReasons.begin(), kDropReasons.end(),
        [&](const DropReasonRow& row) { return CounterName(row.name) == request.drop_reason(); });
    if (found == kDropReasons.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("drop_reason: there is no '", request.drop_reason(), "'"));
    }
    filter.reason = static_cast<DropReason>(found - kDropReasons.begin());
  }
  if (request.packets() > kMostPackets || request.seconds() > kMostSeconds) {
    return absl::InvalidArgumentError(
        absl::StrCat("packets, seconds: at most ", kMostPackets, " and ", kMostSeconds));
  }
  return filter;
}

// Takes the observers off again; returns when no worker uses them any more.
class Watch {
 public:
  Watch(const std::vector<Worker*>& workers, const ObservationFilter& filter) : workers_(workers) {
    for (Worker* worker : workers_) {
      observers_.push_back(std::make_unique<Observer>(worker->index(), filter));
      worker->context().SetObserver(observers_.back().get());
    }
  }
  ~Watch() {
    for (Worker* worker : workers_) worker->context().SetObserver(nullptr);
    for (size_t i = 0; i < workers_.size(); ++i) {
      // A worker that does not come round may still write: its observer is left to it.
      if (!workers_[i]->Visit([](Context&) {})) (void)observers_[i].release();
    }
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // False: nothing waits with any worker.
  bool Take(ObservedPacket& packet) {
    for (size_t i = 0; i < observers_.size(); ++i) {
      next_ = (next_ + 1) % observers_.size();
      if (observers_[next_]->Take(packet)) return true;
    }
    return false;
  }
  uint64_t lost() const {
    uint64_t sum = 0;
    for (const auto& observer : observers_) sum += observer->lost();
    return sum;
  }

 private:
  const std::vector<Worker*> workers_;
  std::vector<std::unique_ptr<Observer>> observers_;
  size_t next_ = 0;
};

}  // namespace

grpc::Status InspectionService::WatchPackets(grpc::ServerContext* context,
                                             const v1::WatchPacketsRequest* request,
                                             grpc::ServerWriter<v1::WatchedPacket>* stream) {
  const absl::StatusOr<ObservationFilter> filter = ToFilter(*request);
  if (!filter.ok()) return ToGrpc(filter.status());
  const std::unique_lock lock(watching_, std::try_to_lock);
  if (!lock.owns_lock()) {
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "somebody else is watching packets: try later"};
  }
  uint32_t left = request->packets() != 0 ? request->packets() : kDefaultPackets;
  const auto end =
      std::chrono::steady_clock::now() +
      std::chrono::seconds(request->seconds() != 0 ? request->seconds() : kDefaultSeconds);
  Watch watch(process_.workers, *filter);
  const auto packet = std::make_unique<ObservedPacket>();
  v1::WatchedPacket message;
  while (left != 0 && !context->IsCancelled() && !stopping_.load(std::memory_order_relaxed)) {
    if (!watch.Take(*packet)) {
      if (std::chrono::steady_clock::now() >= end) break;
      std::this_thread::sleep_for(kLookEvery);
      continue;
    }
    Describe(*packet, message);
    message.set_missed(watch.lost());
    if (!stream->Write(message)) break;
    --left;
  }
  return grpc::Status::OK;
}

std::string InspectionService::PortName(uint16_t index) const {
  const std::vector<Port>& ports = process_.ports->ports();
  return index < ports.size() ? ports[index].settings.name : "";
}

void InspectionService::Describe(const ObservedPacket& packet, v1::WatchedPacket& message) const {
  message.Clear();
  message.set_realtime_ns(packet.realtime_ns);
  message.set_worker(packet.worker);
  message.set_in_port(PortName(packet.in_port));
  if (packet.verdict == Verdict::kTransmit) message.set_out_port(PortName(packet.out_port));
  if (packet.session_key != 0) SetKey(packet.session_key, *message.mutable_session());
  const PipelineView& pipeline = Pipelines()[packet.pipeline];
  for (uint8_t i = 0; i < packet.stages; ++i) {
    v1::PacketStep& step = *message.add_steps();
    step.set_pipeline(std::string(pipeline.name));
    step.set_stage(std::string(Name(packet.trail[i])));
    step.set_verdict(Name(i + 1 < packet.stages ? Verdict::kContinue : packet.verdict));
  }
  message.set_verdict(Name(packet.verdict));
  message.set_reason(ReasonName(packet.verdict, packet.reason));
  message.set_frame(packet.bytes.data(), std::min<size_t>(packet.length, packet.bytes.size()));
  message.set_length(packet.length);
  message.set_sent(packet.sent);
}

absl::StatusOr<const Port*> InspectionService::FindPort(const std::string& name,
                                                        bool of_access) const {
  for (const Port& port : process_.ports->ports()) {
    const PortRole other = of_access ? PortRole::kCore : PortRole::kAccess;
    if (name.empty() ? port.settings.role != other : port.settings.name == name) return &port;
  }
  return absl::NotFoundError(name.empty() ? "in_port: there is no such port: name one"
                                          : absl::StrCat("in_port: no port '", name, "'"));
}

absl::StatusOr<Bytes> InspectionService::FrameOf(const v1::ExplainPacketRequest& request,
                                                 const Port& port) const {
  if (request.has_frame()) {
    if (request.frame().size() < net::kEthernetHeaderLength ||
        request.frame().size() > kMostFrame) {
      return absl::InvalidArgumentError(absl::StrCat("frame: expected ", net::kEthernetHeaderLength,
                                                     " to ", kMostFrame, " octets, got ",
                                                     request.frame().size()));
    }
    return Bytes(request.frame().begin(), request.frame().end());
  }
  if (!request.has_described()) return absl::InvalidArgumentError("packet: none is given");
  const absl::StatusOr<Bytes> packet = BuildPacket(request.described());
  if (!packet.ok()) return packet.status();
  if (!request.described().has_session()) return WrapInEthernet(*packet, port.mac);
  const absl::StatusOr<SessionKey> key =
      ToSessionKey(request.described().session(), "described.session");
  if (!key.ok()) return key.status();
  const std::vector<SessionConfig> sessions = process_.writer->Sessions({&*key, 1});
  const std::vector<TunnelConfig> tunnels = process_.writer->Tunnels();
  const auto tunnel = std::find_if(tunnels.begin(), tunnels.end(), [&](const TunnelConfig& config) {
    return config.local_id == key->tunnel;
  });
  if (sessions.empty() || tunnel == tunnels.end()) {
    return absl::NotFoundError(absl::StrCat("described.session: no session ", key->tunnel.value(),
                                            "/", key->session.value()));
  }
  return WrapInEthernet(WrapInTunnel(*packet, *tunnel, sessions[0]), port.mac);
}

grpc::Status InspectionService::ExplainPacket(grpc::ServerContext*,
                                              const v1::ExplainPacketRequest* request,
                                              v1::ExplainPacketReply* reply) {
  const absl::StatusOr<const Port*> port =
      FindPort(request->in_port(), request->described().has_session());
  if (!port.ok()) return ToGrpc(port.status());
  const absl::StatusOr<Bytes> frame = FrameOf(*request, **port);
  if (!frame.ok()) return ToGrpc(frame.status());
  // The first worker may find that it is another's.
  uint32_t index = 0;
  for (size_t tries = 0; tries <= process_.workers.size(); ++tries) {
    Worker& worker = *process_.workers[index];
    PacketExplainer explainer(worker.context().config(), *frame, (*port)->index);
    bool has_buffer = false;
    if (!worker.Visit([&](Context&) { has_buffer = explainer.Run(); })) {
      return {grpc::StatusCode::UNAVAILABLE,
              absl::StrCat("worker ", index, " does not come round")};
    }
    if (!has_buffer) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED,
              absl::StrCat("no buffer for a packet of ", frame->size(), " octets")};
    }
    const PacketExplanation& explanation = explainer.explanation();
    if (explanation.owner.has_value() && *explanation.owner < process_.workers.size()) {
      index = *explanation.owner;
      continue;
    }
    reply->set_worker(index);
    Describe(explanation, *reply);
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::INTERNAL, "no worker owns the packet"};
}

void InspectionService::Describe(const PacketExplanation& explanation,
                                 v1::ExplainPacketReply& reply) const {
  for (const ExplainedStep& step : explanation.steps) {
    v1::PacketStep& message = *reply.add_steps();
    message.set_pipeline(std::string(Pipelines()[step.pipeline].name));
    message.set_stage(std::string(Name(step.stage)));
    const bool is_told = step.is_run || step.verdict != Verdict::kContinue;
    message.set_verdict(is_told ? Name(step.verdict) : "not run");
  }
  reply.set_verdict(Name(explanation.verdict));
  reply.set_reason(ReasonName(explanation.verdict, explanation.reason));
  reply.set_reason_text(std::string(ReasonText(explanation.verdict, explanation.reason)));
  if (explanation.session_key) SetKey(*explanation.session_key, *reply.mutable_session());
  const bool leaves =
      explanation.verdict == Verdict::kTransmit || explanation.verdict == Verdict::kHold;
  if (!leaves) return;
  reply.set_out_port(PortName(explanation.out_port));
  if (explanation.verdict == Verdict::kTransmit) {
    reply.set_next_hop_mac(explanation.next_hop_mac.data(), explanation.next_hop_mac.size());
  }
}

}  // namespace lns::dataplane
