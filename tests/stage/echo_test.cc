// LCP echoes as a worker does them: answers, requests of its own by the clock, what it keeps of
// them, and what it leaves to the control plane. Time passes only where a test says so.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/stages/echo.h"
#include "tests/stage/fixture.h"
#include "tests/stage/rig.h"
#include "tests/support/packet_builder.h"

namespace lns::test {
namespace {

using dataplane::DropReason;
using dataplane::EchoConfig;
using dataplane::EchoCounts;
using punt::PuntReason;

constexpr uint16_t kLcp = 0xc021;
constexpr uint16_t kSession = 100;
constexpr uint32_t kOurMagic = 0x11223344;
constexpr uint8_t kRequest = 9;
constexpr uint8_t kReply = 10;
constexpr uint8_t kDiscard = 11;
constexpr uint8_t kIdentification = 12;
// An LCP packet in what the access port sends: Ethernet, IPv4, UDP, L2TP, FF 03, C0 21.
constexpr size_t kLcpAt = 14 + 20 + 8 + 6 + 4;

dataplane::SessionKey Key(uint16_t session) {
  return {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(session)};
}

void SetEcho(Rig& rig, std::optional<EchoConfig> echo, uint16_t session = kSession) {
  dataplane::SessionConfig config = rig.writer().Sessions({{Key(session)}}).at(0);
  config.echo = echo;
  Must(rig.writer().UpsertSession(config));
}

constexpr EchoConfig kAnswersOnly{.magic = kOurMagic, .interval_s = 0};
constexpr EchoConfig kEverySecond{.magic = kOurMagic, .interval_s = 1, .always = true};

Bytes Lcp(uint8_t code, uint8_t id, uint32_t magic, const Bytes& data = {}) {
  Bytes packet(8 + data.size());
  packet[0] = code;
  packet[1] = id;
  StoreBe16(packet.data() + 2, static_cast<uint16_t>(packet.size()));
  StoreBe32(packet.data() + 4, magic);
  std::copy(data.begin(), data.end(), packet.begin() + 8);
  return packet;
}

Packet FromSubscriber(uint16_t session = kSession) {
  return Packet().Ethernet(kAccessMac, kLacMac).Ipv4(kLac, kLns).Udp(1701, 1701).L2tp(7, session);
}
Packet ToSubscriber(uint16_t peer_session = 1000) {
  return Packet()
      .Ethernet(kLacMac, kAccessMac)
      .Ipv4(kLns, kLac)
      .Udp(1701, 1701)
      .L2tp(70, peer_session)
      .Ppp(kLcp);
}

void Bring(Rig& rig, const Bytes& lcp, uint16_t session = kSession) {
  rig.Receive(kAccess, FromSubscriber(session).Ppp(kLcp).Bytes(lcp).Build());
  rig.Poll();
}

// The LCP packets that were sent; all else fails the test.
std::vector<Bytes> SentLcp(Rig& rig) {
  std::vector<Bytes> packets;
  for (const Bytes& frame : rig.TakeSent(kAccess)) {
    EXPECT_GT(frame.size(), kLcpAt);
    EXPECT_EQ(LoadBe16(frame.data() + kLcpAt - 2), kLcp);
    packets.emplace_back(frame.begin() + kLcpAt, frame.end());
  }
  return packets;
}

// A second, in steps in which a worker's turn is not overdue.
std::vector<Bytes> Second(Rig& rig) {
  for (int step = 0; step < 100; ++step) {
    Rig::Advance(10);
    rig.Poll();
  }
  return SentLcp(rig);
}

EchoCounts Echoes(Rig& rig, uint16_t session = kSession) {
  const auto counts = rig.Counts(7, session).echo;
  EXPECT_TRUE(counts.has_value());
  return counts.value_or(EchoCounts{});
}

uint64_t Counted(Rig& rig, dataplane::RouterCounter counter) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < rig.worker_count(); ++i) {
    sum += rig.worker(i).counters().router[static_cast<size_t>(counter)].value();
  }
  return sum;
}

// --- what subscribers send ---

const std::vector<Row>& Rows() {
  static const auto answers = [](Rig& rig) { SetEcho(rig, kAnswersOnly); };
  static const std::vector<Row> rows = {
      {.what = "an Echo-Request is answered with our magic number, its id and its data",
       .in = FromSubscriber().Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd, {1, 2, 3})),
       .verdict = Send(kAccess),
       .out = ToSubscriber().Bytes(Lcp(kReply, 7, kOurMagic, {1, 2, 3})),
       .prepare = answers},
      {.what = "the same without FF 03",
       .in = FromSubscriber()
                 .Ppp(kLcp, {.address_and_control = false})
                 .Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Send(kAccess),
       .out = ToSubscriber().Bytes(Lcp(kReply, 7, kOurMagic)),
       .prepare = answers},
      {.what = "padding behind the packet's length is not sent back",
       .in = FromSubscriber().Ppp(kLcp).Bytes([] {
         Bytes padded = Lcp(kRequest, 7, 0xaabbccdd, {1, 2, 3});
         padded.resize(padded.size() + 20);
         return padded;
       }()),
       .verdict = Send(kAccess),
       .out = ToSubscriber().Bytes(Lcp(kReply, 7, kOurMagic, {1, 2, 3})),
       .prepare = answers},
      {.what = "an optional Length and an Offset in the L2TP header change nothing",
       .in = Packet()
                 .Ethernet(kAccessMac, kLacMac)
                 .Ipv4(kLac, kLns)
                 .Udp(1701, 1701)
                 .L2tp(7, kSession, {.length = true, .offset_size = 3})
                 .Ppp(kLcp)
                 .Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Send(kAccess),
       .out = ToSubscriber().Bytes(Lcp(kReply, 7, kOurMagic)),
       .prepare = answers},
      {.what = "the reply is cut to the subscriber's MRU",
       .in = FromSubscriber(102).Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd, Bytes(1200, 5))),
       .verdict = Send(kAccess),
       .out = ToSubscriber(1002).Bytes(Lcp(kReply, 7, kOurMagic, Bytes(992, 5))),
       .prepare = [](Rig& rig) { SetEcho(rig, kAnswersOnly, 102); }},
      {.what = "the reply of a session with data sequencing has a number",
       .in = FromSubscriber(103).Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Udp(1701, 1701)
                  .L2tp(70, 1003, {.sequence = true, .ns = 0})
                  .Ppp(kLcp)
                  .Bytes(Lcp(kReply, 7, kOurMagic)),
       .prepare = [](Rig& rig) { SetEcho(rig, kAnswersOnly, 103); }},
      {.what = "a subscriber that negotiated no magic number is answered, too",
       .in = FromSubscriber().Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0)),
       .verdict = Send(kAccess),
       .out = ToSubscriber().Bytes(Lcp(kReply, 7, kOurMagic)),
       .prepare = answers},
      {.what = "over IPv6",
       .in = Packet()
                 .Ipv6(kLac6, kLns6)
                 .Udp(1701, 1701)
                 .L2tp(8, 200)
                 .Ppp(kLcp)
                 .Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv6(kLns6, kLac6)
                  .Udp(1701, 1701)
                  .L2tp(80, 2000)
                  .Ppp(kLcp)
                  .Bytes(Lcp(kReply, 7, kOurMagic)),
       .prepare =
           [](Rig& rig) {
             const dataplane::SessionKey key{l2tp::LocalTunnelId(8), l2tp::LocalSessionId(200)};
             dataplane::SessionConfig config = rig.writer().Sessions({{key}}).at(0);
             config.echo = kAnswersOnly;
             Must(rig.writer().UpsertSession(config));
           }},
      {.what = "with two workers the owner answers",
       .in = FromSubscriber(101).Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Send(kAccess),
       .out = Packet()
                  .Ethernet(kLacMac, kAccessMac)
                  .Ipv4(kLns, kLac)
                  .Id(0x8000)
                  .Udp(1701, 1701)
                  .L2tp(70, 1001)
                  .Ppp(kLcp)
                  .Bytes(Lcp(kReply, 7, kOurMagic)),
       .rig = {.workers = 2},
       .prepare = [](Rig& rig) { SetEcho(rig, kAnswersOnly, 101); }},
      {.what = "without room for the headers the request is dropped by name",
       .in = Packet()
                 .Ethernet(kAccessMac, kLacMac)
                 .Ipv4(kLac, kLns)
                 .Udp(1701, 1701)
                 .L2tp(7, kSession)
                 .Ppp(kLcp, {.address_and_control = false})
                 .Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Drop(DropReason::kNoHeadroom),
       .headroom = 0,
       .prepare = answers},
      {.what = "more requests than are answered in a second are dropped by name",
       .in = FromSubscriber().Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Drop(DropReason::kEchoRate),
       .prepare =
           [](Rig& rig) {
             SetEcho(rig, kAnswersOnly);
             for (int i = 0; i < dataplane::kEchoAnswersPerSecond; ++i) {
               Bring(rig, Lcp(kRequest, 7, 0xaabbccdd));
             }
             rig.TakeSent(kAccess);
           }},
      {.what = "an echo with our own magic number has come back: punted",
       .in = FromSubscriber().Ppp(kLcp).Bytes(Lcp(kRequest, 7, kOurMagic)),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes(Lcp(kRequest, 7, kOurMagic)),
       .prepare = answers},
      {.what = "an Echo-Request without a magic number is punted",
       .in = FromSubscriber().Ppp(kLcp).Bytes({kRequest, 7, 0, 4}),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes({kRequest, 7, 0, 4}),
       .prepare = answers},
      {.what = "an Echo-Request of a wrong length is punted",
       .in = FromSubscriber().Ppp(kLcp).Bytes({kRequest, 7, 0, 9, 1, 2, 3, 4}),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes({kRequest, 7, 0, 9, 1, 2, 3, 4}),
       .prepare = answers},
      {.what = "an Identification is punted",
       .in = FromSubscriber().Ppp(kLcp).Bytes(Lcp(kIdentification, 7, 0xaabbccdd, {'h', 'i'})),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes(Lcp(kIdentification, 7, 0xaabbccdd, {'h', 'i'})),
       .prepare = answers},
      {.what = "another control protocol with the code of an echo is punted",
       .in = FromSubscriber().Ppp(0x8021).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(0x8021).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .prepare = answers},
      {.what = "where the data plane does no echoes they are punted",
       .in = FromSubscriber().Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd))},
      {.what = "so they are when it no longer does",
       .in = FromSubscriber().Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .verdict = Punt(PuntReason::kPppControl),
       .out = Packet().Ppp(kLcp).Bytes(Lcp(kRequest, 7, 0xaabbccdd)),
       .prepare =
           [](Rig& rig) {
             SetEcho(rig, kAnswersOnly);
             SetEcho(rig, std::nullopt);
           }},
  };
  return rows;
}

TEST(Echo, Rows) {
  for (const Row& row : Rows()) RunRow(row);
}

TEST(Echo, DiscardRequestsAndRepliesEndHere) {
  Rig rig({});
  SetEcho(rig, kAnswersOnly);
  const uint32_t buffers = rig.BuffersInUse();
  Bring(rig, Lcp(kDiscard, 1, 5));
  Bring(rig, Lcp(kReply, 1, 5));
  EXPECT_TRUE(rig.TakePunted().empty());
  EXPECT_TRUE(SentLcp(rig).empty());
  EXPECT_EQ(Counted(rig, dataplane::RouterCounter::kLcpDiscarded), 1u);
  EXPECT_EQ(Counted(rig, dataplane::RouterCounter::kLcpEchoAnswered), 1u);
  EXPECT_EQ(rig.BuffersInUse(), buffers);
}

TEST(Echo, ASessionThatAsksTooMuchIsAnsweredSoOftenInASecond) {
  Rig rig({});
  SetEcho(rig, kAnswersOnly);
  const auto flood = [&] {
    for (int i = 0; i < 50; ++i) Bring(rig, Lcp(kRequest, static_cast<uint8_t>(i), 5));
    return SentLcp(rig).size();
  };
  Second(rig);
  EXPECT_EQ(flood(), dataplane::kEchoAnswersPerSecond);
  EXPECT_EQ(rig.Drops(DropReason::kEchoRate), 50u - dataplane::kEchoAnswersPerSecond);
  Second(rig);
  EXPECT_EQ(flood(), dataplane::kEchoAnswersPerSecond) << "in another second";
}

TEST(Echo, AFullBurstOfRequestsIsAnswered) {
  Rig rig({});
  for (const uint16_t session : {uint16_t{100}, uint16_t{101}}) SetEcho(rig, kAnswersOnly, session);
  for (int i = 0; i < 32; ++i) {
    rig.Receive(kAccess, FromSubscriber(static_cast<uint16_t>(i % 2 == 0 ? 100 : 101))
                             .Ppp(kLcp)
                             .Bytes(Lcp(kRequest, static_cast<uint8_t>(i), 5))
                             .Build());
  }
  rig.Poll();
  EXPECT_EQ(SentLcp(rig).size(), 32u);
}

// --- what subscribers are asked ---

TEST(Echo, SubscribersAreAskedOnceAnInterval) {
  Rig rig({});
  SetEcho(rig, kEverySecond);
  SetEcho(rig, EchoConfig{.magic = 77, .interval_s = 5, .always = true}, 101);
  int every_second = 0;
  int every_five = 0;
  std::set<uint8_t> ids;
  for (int second = 0; second < 20; ++second) {
    for (const Bytes& packet : Second(rig)) {
      ASSERT_EQ(packet.size(), 8u);
      EXPECT_EQ(packet[0], kRequest);
      const uint32_t magic = LoadBe32(packet.data() + 4);
      (magic == kOurMagic ? every_second : every_five) += 1;
      if (magic == kOurMagic) {
        EXPECT_TRUE(ids.insert(packet[1]).second) << "another id each time";
      }
    }
  }
  EXPECT_NEAR(every_second, 19, 1);
  EXPECT_NEAR(every_five, 4, 1);
  EXPECT_EQ(Echoes(rig).sent, static_cast<uint32_t>(every_second));
}

TEST(Echo, TheWireFormIsThatOfAnInjectedFrame) {
  Rig rig({});
  SetEcho(rig, kEverySecond);
  for (int step = 0; step < 300; ++step) {
    Rig::Advance(10);
    rig.Poll();
  }
  const std::vector<Bytes> frames = rig.TakeSent(kAccess);
  ASSERT_GE(frames.size(), 1u);
  const uint8_t id = frames[0][kLcpAt + 1];
  EXPECT_EQ(frames[0], ToSubscriber().Bytes(Lcp(kRequest, id, kOurMagic)).Build());
}

// Lets a second pass; each request is answered `delay_ms` after it was sent.
void AnsweredSecond(Rig& rig, uint64_t delay_ms) {
  std::vector<std::pair<uint64_t, uint8_t>> due;
  for (uint64_t ms = 0; ms < 1000 || !due.empty(); ++ms) {
    Rig::Advance(1);
    rig.Poll();
    for (const Bytes& packet : SentLcp(rig)) due.emplace_back(ms + delay_ms, packet[1]);
    while (!due.empty() && due.front().first <= ms) {
      Bring(rig, Lcp(kReply, due.front().second, 0xaabbccdd));
      due.erase(due.begin());
    }
  }
}

TEST(Echo, RoundTripTimesAreKept) {
  Rig rig({});
  SetEcho(rig, kEverySecond);
  while (Echoes(rig).answered == 0) AnsweredSecond(rig, 20);
  AnsweredSecond(rig, 60);
  AnsweredSecond(rig, 40);
  const EchoCounts echoes = Echoes(rig);
  EXPECT_GE(echoes.answered, 3u);
  EXPECT_EQ(echoes.answered, echoes.sent);
  EXPECT_EQ(echoes.lost, 0u);
  EXPECT_EQ(echoes.unanswered, 0u);
  EXPECT_NEAR(echoes.rtt_min_us, 20'000, 1'100);
  EXPECT_NEAR(echoes.rtt_max_us, 60'000, 1'100);
  EXPECT_NEAR(echoes.rtt_last_us, 40'000, 1'100);
  EXPECT_GT(echoes.rtt_smoothed_us, 20'000u);
  EXPECT_LT(echoes.rtt_smoothed_us, 32'000u) << "an eighth of each";
}

TEST(Echo, LossIsKeptAndALateReplyIsNone) {
  Rig rig({});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 1, .max_misses = 255, .always = true});
  std::vector<uint8_t> ids;
  while (ids.size() < 4) {
    for (const Bytes& packet : Second(rig)) ids.push_back(packet[1]);
  }
  EXPECT_EQ(Echoes(rig).lost, ids.size() - 1) << "the latest may still be answered";
  Bring(rig, Lcp(kReply, ids[ids.size() - 2], 5));
  EXPECT_EQ(Echoes(rig).lost, ids.size() - 2);
  EXPECT_EQ(Echoes(rig).unanswered, 0u) << "the subscriber is there";
  EXPECT_EQ(Echoes(rig).rtt_last_us, 0u) << "since when it was on its way is not known";
  Bring(rig, Lcp(kReply, ids[ids.size() - 2], 5));
  EXPECT_EQ(Echoes(rig).answered, 1u) << "twice the same";
  Bring(rig, Lcp(kReply, static_cast<uint8_t>(ids.back() + 9), 5));
  EXPECT_EQ(Echoes(rig).answered, 1u) << "never asked";
}

TEST(Echo, ASubscriberThatDoesNotAnswerIsToldOfAtEachInterval) {
  Rig rig({});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 1, .max_misses = 3});
  std::vector<size_t> requests_before;
  size_t requests = 0;
  std::vector<Rig::Punted> told;
  for (int second = 0; second < 10; ++second) {
    requests += Second(rig).size();
    for (Rig::Punted& frame : rig.TakePunted()) told.push_back(std::move(frame));
    requests_before.push_back(told.size());
  }
  ASSERT_GE(told.size(), 5u) << "until somebody hears it";
  EXPECT_LE(told.size(), requests - 2);
  const auto first = static_cast<size_t>(
      std::find_if(requests_before.begin(), requests_before.end(), [](size_t n) { return n > 0; }) -
      requests_before.begin());
  EXPECT_LE(first, 5u) << "within five seconds";
  EXPECT_GE(first, 3u) << "three were sent before";
  const punt::FrameHeader& header = told[0].header;
  EXPECT_EQ(header.kind, punt::FrameKind::kEchoTimeout);
  EXPECT_EQ(header.reason, PuntReason::kEchoTimeout);
  EXPECT_EQ(header.local_tunnel_id, 7);
  EXPECT_EQ(header.local_session_id, kSession);
  EXPECT_TRUE(told[0].payload.empty());
  // It comes back, and has as much time as any.
  Bring(rig, Lcp(kRequest, 1, 5));
  for (int second = 0; second < 4; ++second) Second(rig);
  EXPECT_TRUE(rig.TakePunted().empty());
  Second(rig);
  EXPECT_EQ(rig.TakePunted().size(), 1u);
}

TEST(Echo, WhatTheRingDoesNotTakeIsToldLater) {
  Rig rig({});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 1, .max_misses = 1});
  for (int second = 0; second < 80; ++second) Second(rig);
  EXPECT_GT(rig.PuntOverflows(punt::PuntClass::kSessionControl), 0u);
  EXPECT_GE(rig.TakePunted().size(), 64u);
  Second(rig);
  EXPECT_EQ(rig.TakePunted().size(), 1u);
}

TEST(Echo, DataIsASignOfLife) {
  Rig rig({});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 1, .max_misses = 2});
  SetEcho(rig, EchoConfig{.magic = 77, .interval_s = 1, .max_misses = 2, .always = true}, 102);
  const auto data = [&](uint16_t session, std::string_view source) {
    rig.Receive(kAccess,
                FromSubscriber(session).Ppp(0x0021).Ipv4(source, kHost).Payload(8).Build());
  };
  int asked = 0;
  int always = 0;
  for (int second = 0; second < 10; ++second) {
    data(kSession, "100.64.0.2");
    data(102, "100.64.0.4");
    for (const Bytes& packet : Second(rig)) {
      (LoadBe32(packet.data() + 4) == kOurMagic ? asked : always) += 1;
    }
    rig.TakeSent(kCore);
  }
  EXPECT_EQ(asked, 0);
  EXPECT_NEAR(always, 9, 1);
  EXPECT_TRUE(rig.TakePunted().empty()) << "both are alive";
}

TEST(Echo, EchoesOfTheSubscriberAreASignOfLife) {
  Rig rig({});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 1, .max_misses = 2});
  for (int second = 0; second < 10; ++second) {
    Bring(rig, Lcp(kRequest, static_cast<uint8_t>(second), 5));
    for (const Bytes& packet : Second(rig)) EXPECT_EQ(packet[0], kReply);
  }
  EXPECT_TRUE(rig.TakePunted().empty());
}

TEST(Echo, AnotherLinkOfTheSessionBeginsAnew) {
  Rig rig({});
  SetEcho(rig, kEverySecond);
  for (int second = 0; second < 5; ++second) Second(rig);
  EXPECT_GT(Echoes(rig).sent, 3u);
  SetEcho(rig, kEverySecond);
  EXPECT_GT(Echoes(rig).sent, 3u) << "the same link";
  EchoConfig another = kEverySecond;
  another.magic = 9;
  SetEcho(rig, another);
  EXPECT_EQ(Echoes(rig).sent, 0u);
  EXPECT_EQ(Echoes(rig).unanswered, 0u);
  rig.TakePunted();
  Second(rig);
  Second(rig);
  EXPECT_TRUE(rig.TakePunted().empty()) << "what the old link missed does not count";
  SetEcho(rig, std::nullopt);
  EXPECT_FALSE(rig.Counts(7, kSession).echo.has_value());
  EXPECT_TRUE(Second(rig).empty());
}

TEST(Echo, AnotherSessionInTheSameSlotBeginsAnew) {
  Rig rig({});
  SetEcho(rig, kEverySecond);
  const dataplane::SessionConfig config = rig.writer().Sessions({{Key(kSession)}}).at(0);
  for (int second = 0; second < 5; ++second) Second(rig);
  for (int i = 0; i < 100; ++i) {  // every slot in turn
    Must(rig.writer().RemoveSession(config.key));
    rig.Poll();
    Must(rig.writer().UpsertSession(config));
    EXPECT_EQ(Echoes(rig).sent, 0u);
  }
  rig.TakePunted();
  EXPECT_EQ(Second(rig).size() + Second(rig).size(), 1u) << "found first, asked a second later";
  Must(rig.writer().RemoveSession(config.key));
  EXPECT_TRUE(Second(rig).empty());
}

TEST(Echo, AShorterIntervalCountsFromNow) {
  Rig rig({});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 3600, .always = true});
  Second(rig);
  SetEcho(rig, kEverySecond);
  EXPECT_EQ(Second(rig).size(), 1u);
}

TEST(Echo, WithTwoWorkersTheOwnersAsk) {
  Rig rig({.workers = 2});
  std::set<uint32_t> owners;
  for (const uint16_t session : {uint16_t{100}, uint16_t{101}, uint16_t{102}}) {
    SetEcho(rig, EchoConfig{.magic = session, .interval_s = 1, .always = true}, session);
    owners.insert(punt::OwnerWorker(7, session, 2));
  }
  EXPECT_EQ(owners.size(), 2u);
  Second(rig);
  std::set<uint32_t> asked;
  for (const Bytes& packet : Second(rig)) asked.insert(LoadBe32(packet.data() + 4));
  EXPECT_EQ(asked, (std::set<uint32_t>{100, 101, 102}));
}

TEST(Echo, WithoutBuffersNobodyIsMissed) {
  Rig rig({.inject_buffers = false});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 1, .max_misses = 1});
  for (int second = 0; second < 5; ++second) EXPECT_TRUE(Second(rig).empty());
  EXPECT_GT(rig.Drops(DropReason::kInjectNoBuffer), 2u);
  EXPECT_TRUE(rig.TakePunted().empty()) << "who was not asked need not answer";
}

// Held up for longer than all that may be missed.
TEST(Echo, AWorkerThatStoodStillBlamesNobody) {
  Rig rig({});
  SetEcho(rig, EchoConfig{.magic = kOurMagic, .interval_s = 1, .max_misses = 2});
  while (Echoes(rig).answered < 3) AnsweredSecond(rig, 1);
  Rig::Advance(10'000);
  for (int second = 0; second < 5; ++second) AnsweredSecond(rig, 1);
  EXPECT_TRUE(rig.TakePunted().empty());
}

TEST(Echo, TheConfigurationIsListedAndJudged) {
  Rig rig({});
  const EchoConfig echo{.magic = 5, .interval_s = 86400, .max_misses = 255, .always = true};
  SetEcho(rig, echo);
  EXPECT_EQ(rig.writer().Sessions({{Key(kSession)}}).at(0).echo, echo);
  dataplane::SessionConfig config = rig.writer().Sessions({{Key(kSession)}}).at(0);
  config.echo->interval_s = 86401;
  EXPECT_EQ(rig.writer().UpsertSession(config).code(), absl::StatusCode::kInvalidArgument);
  config.echo = EchoConfig{.max_misses = 0};
  EXPECT_EQ(rig.writer().UpsertSession(config).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Echo, TunnelsTellWhatTheirSubscribersHaveSent) {
  Rig rig({});
  rig.Receive(kAccess,
              FromSubscriber(100).Ppp(0x0021).Ipv4("100.64.0.2", kHost).Payload(8).Build());
  rig.Receive(kAccess,
              FromSubscriber(102).Ppp(0x0021).Ipv4("100.64.0.4", kHost).Payload(8).Build());
  rig.Poll();
  rig.TakeSent(kCore);
  for (const dataplane::TunnelUplink& uplink : rig.writer().TunnelUplinks()) {
    EXPECT_EQ(uplink.packets, uplink.tunnel.value() == 7 ? 2u : 0u) << uplink.tunnel.value();
  }
  EXPECT_EQ(rig.writer().TunnelUplinks().size(), 4u);
}

}  // namespace

std::span<const Row> EchoRows() { return Rows(); }

}  // namespace lns::test
