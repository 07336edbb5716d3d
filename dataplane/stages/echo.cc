// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/stages/echo.h"

#include <rte_prefetch.h>

#include <algorithm>
#include <array>

#include "dataplane/stages/own_frame.h"
#include "dataplane/tables/forwarding_state.h"
#include "lib/base/bytes.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {
namespace {

constexpr size_t kMagicLength = 4;
constexpr size_t kProtocolField = 2;
constexpr uint32_t kRemembered = 32;  // requests: bits of EchoEntry::waiting
constexpr uint64_t kMaxRttSeconds = 3600;

constexpr auto kRelaxed = std::memory_order_relaxed;

// Another link than the line was about, or another session: nothing of what it says is true.
void BeginIfNew(EchoEntry& echo, const EchoPolicy& policy, uint32_t session, uint32_t round) {
  const uint32_t era = echo.era.load(kRelaxed);
  if (echo.begun.load(kRelaxed) == era) return;
  for (std::atomic<uint32_t>* word : {&echo.waiting, &echo.sent, &echo.answered, &echo.rtt_last,
                                      &echo.rtt_min, &echo.rtt_smoothed, &echo.rtt_max}) {
    word->store(0, kRelaxed);
  }
  echo.progress.store({}, kRelaxed);
  echo.packets = 0;
  echo.sent_at = 0;
  // The first request is an interval away at most, and those of sessions that were all programmed
  // in one go are not all in the same second.
  if (policy.interval_s != 0) echo.due = round + policy.interval_s - session % policy.interval_s;
  echo.begun.store(era, std::memory_order_release);
}

void NoteRtt(EchoEntry& echo, uint64_t cycles, uint64_t cycles_per_second) {
  const uint64_t us =
      std::min(cycles, cycles_per_second * kMaxRttSeconds) * 1'000'000 / cycles_per_second;
  const uint32_t rtt = std::max<uint32_t>(static_cast<uint32_t>(us), 1);
  const uint32_t smoothed = echo.rtt_smoothed.load(kRelaxed);
  const uint32_t first = rtt << EchoEntry::kSmoothedShift;
  // RFC 6298 2: an eighth of what is new.
  echo.rtt_smoothed.store(
      smoothed == 0 ? first : smoothed - (smoothed >> EchoEntry::kSmoothedShift) + rtt, kRelaxed);
  const uint32_t least = echo.rtt_min.load(kRelaxed);
  echo.rtt_min.store(least == 0 ? rtt : std::min(least, rtt), kRelaxed);
  echo.rtt_max.store(std::max(echo.rtt_max.load(kRelaxed), rtt), kRelaxed);
  echo.rtt_last.store(rtt, kRelaxed);
}

// A reply to a request before the latest tells that the subscriber is there, but not since when its
// answer was due: requests need not be an interval apart.
void TakeReply(Context& context, EchoEntry& echo, uint8_t id) {
  EchoProgress progress = echo.progress.load(kRelaxed);
  const auto before_latest = static_cast<uint8_t>(progress.id - id);
  const uint32_t waiting = echo.waiting.load(kRelaxed);
  if (before_latest < kRemembered && (waiting >> before_latest & 1) != 0) {
    echo.waiting.store(waiting & ~(1u << before_latest), kRelaxed);
    echo.answered.store(echo.answered.load(kRelaxed) + 1, kRelaxed);
    if (before_latest == 0) {
      NoteRtt(echo, context.Now() - echo.sent_at, context.echo_wheel().cycles_per_second());
    }
  }
  progress.unanswered = 0;
  echo.progress.store(progress, kRelaxed);
  context.Count(RouterCounter::kLcpEchoAnswered);
}

// The request itself becomes the reply (RFC 1661 5.8): our magic number, its data, no longer than
// the subscriber takes.
void TakeRequest(Context& context, Batch& batch, uint32_t i, size_t at,
                 const ppp::ControlPacket& packet) {
  const Tables& tables = context.tables();
  const PacketMeta& meta = batch.meta(i);
  EchoEntry& echo = tables.echoes[meta.session];
  EchoProgress progress = echo.progress.load(kRelaxed);
  if (progress.answers >= kEchoAnswersPerSecond) return batch.Drop(i, DropReason::kEchoRate);
  if (at < kOwnFrameRoom + kProtocolField) return batch.Drop(i, DropReason::kNoHeadroom);
  ++progress.answers;
  progress.heard = true;
  echo.progress.store(progress, kRelaxed);

  const uint32_t mru = SessionMru(tables.downlink[meta.session].mru_and_mtu.load(kRelaxed));
  const auto length = static_cast<uint16_t>(std::min<size_t>(
      packet.whole.size(), std::max<size_t>(mru, ppp::kControlHeaderLength + kMagicLength)));
  uint8_t* reply = batch.At(i, 0) + at;
  StoreBe16(reply - kProtocolField, ppp::kProtocolLcp);
  reply[0] = ppp::kEchoReply;
  StoreBe16(reply + 2, length);
  StoreBe32(reply + ppp::kControlHeaderLength, echo.magic.load(kRelaxed));
  PacketMeta sent;
  sent.in_port = meta.in_port;
  sent.session = meta.session;
  sent.payload_offset = static_cast<uint16_t>(at - kProtocolField);
  sent.payload_length = static_cast<uint16_t>(length + kProtocolField);
  context.echoes().Add(batch.packet(i), sent);
  batch.Hold(i);
}

void SendReplies(Context& context, Batch& batch) {
  Batch& replies = context.echoes();
  for (uint32_t i = 0; i < replies.size(); ++i) {
    PacketMeta meta = replies.meta(i);
    WriteSessionHeaders(context, meta.session, replies.At(i, 0), meta);
    batch.Add(replies.packet(i), meta);
  }
  context.Count(RouterCounter::kLcpEchoReply, replies.size());
  replies.Clear();
}

// False: there is no buffer.
bool SendRequest(Context& context, Batch& batch, uint32_t session, uint8_t id, uint32_t magic) {
  std::array<uint8_t, kProtocolField + ppp::kControlHeaderLength + kMagicLength> frame;
  StoreBe16(frame.data(), ppp::kProtocolLcp);
  uint8_t* packet = frame.data() + kProtocolField;
  packet[0] = ppp::kEchoRequest;
  packet[1] = id;
  StoreBe16(packet + 2, ppp::kControlHeaderLength + kMagicLength);
  StoreBe32(packet + ppp::kControlHeaderLength, magic);
  PacketMeta meta;
  rte_mbuf* buffer = MakeOwnPacket(context, frame, meta);
  if (buffer == nullptr) {
    context.CountLoss(DropReason::kInjectNoBuffer);
    return false;
  }
  meta.session = session;
  WriteSessionHeaders(context, session, static_cast<uint8_t*>(buffer->buf_addr), meta);
  batch.Add(buffer, meta);
  context.Count(RouterCounter::kLcpEchoRequest);
  return true;
}

// It did not answer `max_misses` requests: said until somebody does something about it.
void TellTimeout(Context& context, uint32_t session) {
  const uint32_t key = context.tables().uplink[session].key.load(kRelaxed);
  context.Tell(punt::FrameKind::kEchoTimeout, punt::PuntReason::kEchoTimeout, key);
}

// Asks, where it is time to.
void Ask(Context& context, Batch& batch, uint32_t session, const EchoPolicy& policy,
         uint32_t round) {
  EchoEntry& echo = context.tables().echoes[session];
  const EchoWheel& wheel = context.echo_wheel();
  const uint64_t now = context.Now();
  const uint32_t waiting = echo.waiting.load(kRelaxed);
  const bool is_waiting = (waiting & 1) != 0;
  // The worker was held up, and visits that belong apart came close together.
  if (is_waiting && now - echo.sent_at < wheel.cycles_per_second() / 2) return;
  EchoProgress progress = echo.progress.load(kRelaxed);
  const auto packets = static_cast<uint32_t>(context.tables().uplink[session].packets.value());
  const bool heard = progress.heard || packets != echo.packets;
  echo.packets = packets;
  progress.heard = false;
  if (heard) {
    progress.unanswered = 0;
  } else if (progress.asked && is_waiting && progress.unanswered < UINT8_MAX) {
    ++progress.unanswered;
  }
  if (progress.unanswered >= policy.max_misses) TellTimeout(context, session);
  echo.due = round + policy.interval_s;
  progress.asked = (policy.always || !heard) &&
                   SendRequest(context, batch, session, static_cast<uint8_t>(progress.id + 1),
                               echo.magic.load(kRelaxed));
  if (progress.asked) {
    ++progress.id;
    echo.waiting.store(waiting << 1 | 1, kRelaxed);
    echo.sent.store(echo.sent.load(kRelaxed) + 1, kRelaxed);
    echo.sent_at = now;
  }
  echo.progress.store(progress, kRelaxed);
}

void Visit(Context& context, Batch& batch, uint32_t session, uint32_t round) {
  EchoEntry& echo = context.tables().echoes[session];
  const EchoPolicy policy = UnpackEchoPolicy(echo.policy.load(kRelaxed));
  BeginIfNew(echo, policy, session, round);
  EchoProgress progress = echo.progress.load(kRelaxed);
  if (progress.answers != 0) {
    progress.answers = 0;
    echo.progress.store(progress, kRelaxed);
  }
  if (policy.interval_s == 0) return;
  // An interval that has become shorter counts from now.
  const uint32_t left = echo.due - round;
  const bool is_early = left != 0 && left <= policy.interval_s;
  if (!is_early) Ask(context, batch, session, policy, round);
}

}  // namespace

bool TakeEcho(Context& context, Batch& batch, uint32_t i, size_t frame_header) {
  const PacketMeta& meta = batch.meta(i);
  const size_t at = meta.payload_offset + frame_header;
  const auto packet =
      ppp::ParseControlPacket(ByteView(batch.At(i, 0) + at, meta.payload_length - frame_header));
  if (!packet.ok()) return false;
  const bool is_echo = packet->code == ppp::kEchoRequest || packet->code == ppp::kEchoReply ||
                       packet->code == ppp::kDiscardRequest;
  if (!is_echo || packet->data.size() < kMagicLength) return false;
  EchoEntry& echo = context.tables().echoes[meta.session];
  const uint32_t magic = LoadBe32(packet->data.data());
  if (magic != 0 && magic == echo.magic.load(kRelaxed)) return false;  // looped back
  BeginIfNew(echo, UnpackEchoPolicy(echo.policy.load(kRelaxed)), meta.session,
             context.echo_wheel().round());
  if (packet->code == ppp::kEchoRequest) {
    TakeRequest(context, batch, i, at, *packet);
    return true;
  }
  if (packet->code == ppp::kEchoReply) {
    TakeReply(context, echo, packet->id);
  } else {
    context.Count(RouterCounter::kLcpDiscarded);
  }
  rte_pktmbuf_free(batch.packet(i));
  batch.Hold(i);
  return true;
}

void Echo(Context& context, Batch& batch) {
  SendReplies(context, batch);
  const EchoMembers& members = context.tables().echo_members[context.worker()];
  if (members.empty()) return;
  const Tables& tables = context.tables();
  struct Due {
    uint32_t session;
    uint32_t round;
  };
  std::array<Due, kBatchSize> due;
  uint32_t count = 0;
  context.echo_wheel().Turn(members, context.Now(), [&](uint32_t session, uint32_t round) {
    if (batch.size() + count == kBatchSize) return false;
    due[count++] = {session, round};
    rte_prefetch0(&tables.echoes[session]);
    rte_prefetch0(&tables.uplink[session]);
    rte_prefetch0(&tables.downlink[session]);
    return true;
  });
  for (uint32_t n = 0; n < count; ++n) Visit(context, batch, due[n].session, due[n].round);
}

}  // namespace lns::dataplane
