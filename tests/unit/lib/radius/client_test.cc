// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/client.h"
#include "lib/radius/hiding.h"

namespace lns::radius {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Duration kTick = Duration::Milliseconds(10);

// The client among servers that do as the test says, in virtual time.
class ClientTest : public testing::Test {
 protected:
  void Start() {
    for (size_t i = 0; i < settings_.servers.size(); ++i) {
      ServerSettings& server = settings_.servers[i];
      server.name = "s" + std::to_string(i);
      server.secret = "secret " + std::to_string(i);
    }
    client_ = std::make_unique<Client>(settings_, rng_);
  }
  void Start(size_t servers) {
    settings_.servers.resize(servers);
    Start();
  }
  void Submit(uint64_t cookie, const std::string& password = "") {
    PacketBuilder builder(Code::kAccessRequest, 0);
    builder.AddText(kUserName, "user " + std::to_string(cookie));
    const ByteView attributes = builder.attributes();
    client_->Submit({.cookie = cookie,
                     .attributes = Bytes(attributes.begin(), attributes.end()),
                     .has_password = !password.empty(),
                     .password = password},
                    now_, actions_);
    Sort();
  }
  // Time passes; every datagram goes to `server_`.
  void RunFor(Duration time) {
    const Instant end = now_ + time;
    while (now_ < end) {
      now_ = now_ + kTick;
      if (client_->NextDeadline() <= now_) client_->OnTimer(now_, actions_);
      Sort();
    }
  }
  void Sort() {
    ClientActions actions;
    std::swap(actions, actions_);
    for (ClientAction& action : actions) {
      if (auto* send = std::get_if<SendDatagram>(&action)) {
        sent_.push_back(*send);
        if (server_) server_(*send);
      } else if (auto* done = std::get_if<RequestDone>(&action)) {
        done_.push_back(std::move(*done));
      } else {
        changes_.push_back(std::get<ServerChanged>(action));
      }
    }
  }
  // A genuine answer.
  Bytes Reply(const SendDatagram& request, Code code, bool sign = true) {
    Packet packet;
    EXPECT_EQ(ParsePacket(request.bytes, packet), PacketError::kNone);
    PacketBuilder builder(code, packet.identifier);
    if (sign) builder.AddMessageAuthenticator();
    builder.AddInteger(kSessionTimeout, 60);
    const MutableByteView reply = builder.Finish();
    SignResponse(reply, packet.authenticator, settings_.servers[request.server].secret);
    return Bytes(reply.begin(), reply.end());
  }
  void Deliver(const SendDatagram& request, ByteView reply) {
    client_->OnDatagram(request.server, request.lane, reply, now_, actions_);
    Sort();
  }
  void Answer(const SendDatagram& request, Code code = Code::kAccessAccept) {
    // Probes are answered with Access-Accept too.
    Deliver(request, Reply(request, code));
  }
  uint64_t Count(size_t server, ServerCounter counter) {
    return (*client_->View(server).counters)[static_cast<size_t>(counter)];
  }
  static Code CodeOf(const SendDatagram& datagram) { return static_cast<Code>(datagram.bytes[0]); }

  ClientSettings settings_;
  SeededRng rng_{1812};
  std::unique_ptr<Client> client_;
  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  ClientActions actions_;
  std::function<void(const SendDatagram&)> server_;
  std::vector<SendDatagram> sent_;
  std::vector<RequestDone> done_;
  std::vector<ServerChanged> changes_;
};

TEST_F(ClientTest, RequestIsSignedAndItsAnswerDelivered) {
  Start(1);
  Submit(7, "open sesame");
  ASSERT_THAT(sent_, SizeIs(1));
  Packet packet;
  ASSERT_EQ(ParsePacket(sent_[0].bytes, packet), PacketError::kNone);
  EXPECT_EQ(packet.code, Code::kAccessRequest);
  // First of all attributes.
  EXPECT_EQ(packet.attributes[0], kMessageAuthenticator.type);
  EXPECT_EQ(CheckAccessRequest(packet, "secret 0", MessageAuthenticator::kRequired),
            Genuineness::kGenuine);
  EXPECT_EQ(AsText(*Find(packet.attributes, kUserName)), "user 7");
  EXPECT_EQ(
      RevealUserPassword(*Find(packet.attributes, kUserPassword), "secret 0", packet.authenticator),
      "open sesame");
  RunFor(Duration::Milliseconds(300));
  Answer(sent_[0]);
  ASSERT_THAT(done_, SizeIs(1));
  EXPECT_EQ(done_[0].cookie, 7u);
  EXPECT_EQ(done_[0].outcome, RequestOutcome::kAnswered);
  EXPECT_EQ(done_[0].code, Code::kAccessAccept);
  EXPECT_EQ(done_[0].latency, Duration::Milliseconds(300));
  EXPECT_TRUE(Find(done_[0].attributes, kSessionTimeout).has_value());
  EXPECT_EQ(client_->in_flight(), 0u);
  EXPECT_EQ(client_->View(0).latency->total, 1u);
  EXPECT_EQ(Count(0, ServerCounter::kAccepts), 1u);
  // No timer is left that would do anything.
  RunFor(Duration::Seconds(30));
  EXPECT_THAT(sent_, SizeIs(1));
  EXPECT_THAT(done_, SizeIs(1));
}

TEST_F(ClientTest, RetransmissionIsTheSamePacketTwiceAsLateEachTime) {
  settings_.tries = 4;
  settings_.dead_after = Duration::Seconds(100);
  Start(1);
  std::vector<Duration> times;
  const Instant start = now_;
  server_ = [&](const SendDatagram&) { times.push_back(now_ - start); };
  Submit(1);
  RunFor(Duration::Seconds(30));
  ASSERT_THAT(sent_, SizeIs(4));
  for (const SendDatagram& again : sent_) EXPECT_EQ(again.bytes, sent_[0].bytes);
  const int64_t expected_ms[] = {0, 1000, 3000, 7000};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(static_cast<double>(times[i].milliseconds()), static_cast<double>(expected_ms[i]),
                0.1 * static_cast<double>(expected_ms[i]) + 20)
        << i;
  }
  ASSERT_THAT(done_, SizeIs(1));
  EXPECT_EQ(done_[0].outcome, RequestOutcome::kUnanswered);
  EXPECT_EQ(Count(0, ServerCounter::kRetransmissions), 3u);
  EXPECT_EQ(Count(0, ServerCounter::kTimeouts), 4u);
}

TEST_F(ClientTest, RepliesThatProveNothingChangeNothing) {
  Start(1);
  Submit(1);
  const Bytes good = Reply(sent_[0], Code::kAccessAccept);
  struct Row {
    const char* what;
    std::function<Bytes()> make;
    ServerCounter counter;
  };
  const Row rows[] = {
      {"nothing", [] { return Bytes(); }, ServerCounter::kTruncated},
      {"cut off", [&] { return Bytes(good.begin(), good.end() - 1); }, ServerCounter::kTruncated},
      {"a length of 4097",
       [&] {
         Bytes bad = good;
         bad.resize(4097);
         StoreBe16(bad.data() + 2, 4097);
         return bad;
       },
       ServerCounter::kBadLength},
      {"an attribute past the end",
       [&] {
         Bytes bad = good;
         bad[good.size() - 5] = 200;
         return bad;
       },
       ServerCounter::kBadAttribute},
      {"another authenticator",
       [&] {
         Bytes bad = good;
         bad[10] ^= 1;
         return bad;
       },
       ServerCounter::kBadAuthenticator},
      {"another secret",
       [&] {
         Bytes bad = good;
         SignResponse(bad, ByteView(sent_[0].bytes).subspan(4, 16), "another secret");
         return bad;
       },
       ServerCounter::kBadAuthenticator},
      {"no Message-Authenticator", [&] { return Reply(sent_[0], Code::kAccessAccept, false); },
       ServerCounter::kMissingMessageAuthenticator},
      {"another code", [&] { return Reply(sent_[0], Code::kAccountingResponse); },
       ServerCounter::kUnexpectedCode},
      {"another identifier",
       [&] {
         Bytes bad = good;
         ++bad[1];
         return bad;
       },
       ServerCounter::kLate},
      {"4096 bytes of nothing",
       [&] {
         Bytes bad(4096);
         bad[0] = 2;
         bad[1] = good[1];
         StoreBe16(bad.data() + 2, 4096);
         return bad;
       },
       ServerCounter::kBadAttribute},
  };
  for (const Row& row : rows) {
    const uint64_t before = Count(0, row.counter);
    Deliver(sent_[0], row.make());
    EXPECT_EQ(Count(0, row.counter), before + 1) << row.what;
    EXPECT_THAT(done_, IsEmpty()) << row.what;
    EXPECT_EQ(client_->in_flight(), 1u) << row.what;
  }
  Deliver({.server = 0, .lane = 5}, good);  // where nobody waits
  EXPECT_THAT(done_, IsEmpty());
  Deliver(sent_[0], good);
  EXPECT_THAT(done_, SizeIs(1));
  // Once more is too late.
  const uint64_t late = Count(0, ServerCounter::kLate);
  Deliver(sent_[0], good);
  EXPECT_EQ(Count(0, ServerCounter::kLate), late + 1);
  EXPECT_THAT(done_, SizeIs(1));
}

TEST_F(ClientTest, ReplyWithoutMessageAuthenticatorCountsWhereItIsNotDemanded) {
  settings_.servers.resize(1);
  settings_.servers[0].demand = MessageAuthenticator::kOptional;
  Start();
  Submit(1);
  Deliver(sent_[0], Reply(sent_[0], Code::kAccessReject, false));
  ASSERT_THAT(done_, SizeIs(1));
  EXPECT_EQ(done_[0].code, Code::kAccessReject);
}

TEST_F(ClientTest, ThousandsAreInFlightOnManyPortsAndNoIdentifierTwice) {
  Start(1);
  for (uint64_t cookie = 0; cookie < 5000; ++cookie) Submit(cookie);
  ASSERT_THAT(sent_, SizeIs(5000));
  std::set<std::pair<uint32_t, uint8_t>> names;
  for (const SendDatagram& sent : sent_) names.emplace(sent.lane, sent.bytes[1]);
  EXPECT_THAT(names, SizeIs(5000));
  EXPECT_EQ(client_->View(0).lanes, 20u);
  for (const SendDatagram& sent : std::vector(sent_)) Answer(sent);
  ASSERT_THAT(done_, SizeIs(5000));
  std::set<uint64_t> cookies;
  for (const RequestDone& done : done_) cookies.insert(done.cookie);
  EXPECT_THAT(cookies, SizeIs(5000));
  // Again, and there are no more ports than before.
  for (uint64_t cookie = 0; cookie < 5000; ++cookie) Submit(cookie);
  EXPECT_EQ(client_->View(0).lanes, 20u);
}

TEST_F(ClientTest, NoIdentifierLeftIsCountedAndTheNextServerAsked) {
  settings_.max_lanes = 1;
  settings_.servers.resize(2);
  settings_.servers[1].order = 2;
  Start();
  for (uint64_t cookie = 0; cookie < 600; ++cookie) Submit(cookie);
  EXPECT_EQ(client_->View(0).in_flight, 256u);
  EXPECT_EQ(client_->View(1).in_flight, 256u);
  EXPECT_THAT(done_, SizeIs(88));
  EXPECT_EQ(Count(1, ServerCounter::kFull), 88u);
}

TEST_F(ClientTest, IdentifierRestsAsLongAsItCan) {
  Start(1);
  std::vector<uint8_t> order;
  server_ = [&](const SendDatagram& sent) { order.push_back(sent.bytes[1]); };
  for (uint64_t cookie = 0; cookie < 300; ++cookie) {
    Submit(cookie);
    Answer(SendDatagram(sent_.back()));
  }
  for (size_t i = 0; i < 300; ++i) EXPECT_EQ(order[i], i % 256) << i;
}

TEST_F(ClientTest, SilentServerIsLeftForTheNextAndRevivedByItsProbe) {
  settings_.servers.resize(2);
  settings_.servers[1].order = 2;
  Start();
  bool first_works = false;
  server_ = [&](const SendDatagram& sent) {
    if (sent.server == 1 || first_works) Answer(SendDatagram(sent));
  };
  Submit(1);
  RunFor(Duration::Seconds(10));
  ASSERT_THAT(done_, SizeIs(1));
  EXPECT_EQ(done_[0].server, 1u);
  EXPECT_EQ(done_[0].outcome, RequestOutcome::kAnswered);
  EXPECT_EQ(Count(1, ServerCounter::kFailovers), 1u);
  ASSERT_THAT(changes_, SizeIs(1));
  EXPECT_FALSE(changes_[0].alive);
  EXPECT_EQ(Count(0, ServerCounter::kDeaths), 1u);
  // The next is not made to wait.
  Submit(2);
  ASSERT_THAT(done_, SizeIs(2));
  EXPECT_EQ(done_[1].server, 1u);
  RunFor(Duration::Seconds(20));
  EXPECT_GE(Count(0, ServerCounter::kProbes), 3u);
  EXPECT_FALSE(client_->View(0).alive);
  first_works = true;
  RunFor(Duration::Seconds(6));
  EXPECT_TRUE(client_->View(0).alive);
  EXPECT_EQ(Count(0, ServerCounter::kProbeAnswers), 1u);
  Submit(3);
  ASSERT_THAT(done_, SizeIs(3));
  EXPECT_EQ(done_[2].server, 0u);
  // Probing is over.
  const uint64_t probes = Count(0, ServerCounter::kProbes);
  RunFor(Duration::Seconds(60));
  EXPECT_EQ(Count(0, ServerCounter::kProbes), probes);
}

TEST_F(ClientTest, ProbeIsAStatusServerThatProvesItself) {
  Start(1);
  Submit(1);
  RunFor(Duration::Seconds(15));
  ASSERT_FALSE(client_->View(0).alive);
  const SendDatagram& probe = sent_.back();
  ASSERT_EQ(CodeOf(probe), Code::kStatusServer);
  Packet packet;
  ASSERT_EQ(ParsePacket(probe.bytes, packet), PacketError::kNone);
  EXPECT_EQ(CheckAccessRequest(packet, "secret 0", MessageAuthenticator::kRequired),
            Genuineness::kGenuine);
  EXPECT_EQ(packet.attributes.size(), 18u);
}

TEST_F(ClientTest, ServerWithoutStatusServerGetsOneRequestAfterTheDeadTime) {
  settings_.servers.resize(2);
  settings_.servers[0].probe = false;
  settings_.servers[1].order = 2;
  Start();
  server_ = [&](const SendDatagram& sent) {
    if (sent.server == 1) Answer(SendDatagram(sent));
  };
  Submit(1);
  RunFor(Duration::Seconds(10));
  ASSERT_FALSE(client_->View(0).alive);
  RunFor(settings_.dead_time);
  const uint64_t before = Count(0, ServerCounter::kRequests);
  for (uint64_t cookie = 10; cookie < 20; ++cookie) Submit(cookie);
  EXPECT_EQ(Count(0, ServerCounter::kRequests), before + 1);
  EXPECT_EQ(Count(0, ServerCounter::kProbes), 0u);
  RunFor(Duration::Seconds(2));
  EXPECT_THAT(done_, SizeIs(11));
  // Silent again: another dead time. Then it answers, and has them all again.
  Submit(30);
  EXPECT_EQ(Count(0, ServerCounter::kRequests), before + 1);
  server_ = [&](const SendDatagram& sent) { Answer(SendDatagram(sent)); };
  RunFor(settings_.dead_time);
  Submit(31);
  Submit(32);
  EXPECT_TRUE(client_->View(0).alive);
  EXPECT_EQ(done_.back().server, 0u);
}

TEST_F(ClientTest, WhereNobodyIsLeftRequestsEndAtOnce) {
  Start(1);
  Submit(1);
  RunFor(Duration::Seconds(15));
  ASSERT_THAT(done_, SizeIs(1));
  EXPECT_EQ(done_[0].outcome, RequestOutcome::kUnanswered);
  EXPECT_FALSE(client_->Usable(now_));
  Submit(2);
  ASSERT_THAT(done_, SizeIs(2));
  EXPECT_EQ(done_[1].outcome, RequestOutcome::kNoServer);
}

// Death by silence, not by the number of those who wait.
TEST_F(ClientTest, SlowServerThatAnswersOthersLives) {
  settings_.tries = 2;
  Start(1);
  server_ = [&](const SendDatagram& sent) {
    Packet packet;
    ASSERT_EQ(ParsePacket(sent.bytes, packet), PacketError::kNone);
    const auto name = Find(packet.attributes, kUserName);
    if (name && AsText(*name) != "user 1") Answer(SendDatagram(sent));
  };
  for (int second = 0; second < 20; ++second) {
    Submit(1);
    Submit(2);
    RunFor(Duration::Seconds(1));
  }
  EXPECT_TRUE(client_->View(0).alive);
  EXPECT_EQ(Count(0, ServerCounter::kDeaths), 0u);
}

TEST_F(ClientTest, AllWhoWaitForAServerLeaveItWhenItDies) {
  settings_.servers.resize(2);
  settings_.servers[1].order = 2;
  Start();
  server_ = [&](const SendDatagram& sent) {
    if (sent.server == 1) Answer(SendDatagram(sent));
  };
  Submit(1);
  RunFor(Duration::Milliseconds(4900));
  for (uint64_t cookie = 2; cookie < 100; ++cookie) Submit(cookie);
  // Refused by the network: nobody listens.
  for (uint32_t i = 0; i < settings_.dead_after_refusals; ++i) {
    client_->OnRefused(0, now_, actions_);
  }
  RunFor(kTick);
  EXPECT_THAT(done_, SizeIs(99));
  EXPECT_EQ(client_->View(0).in_flight, 0u);
  for (const RequestDone& done : done_) EXPECT_EQ(done.server, 1u);
}

TEST_F(ClientTest, RequestEndsInTimeWhateverTheServers) {
  settings_.servers.resize(5);
  Start();
  Submit(1);
  RunFor(settings_.give_up - kTick);
  EXPECT_THAT(done_, IsEmpty());
  RunFor(kTick + kTick);
  ASSERT_THAT(done_, SizeIs(1));
  EXPECT_EQ(done_[0].outcome, RequestOutcome::kUnanswered);
  EXPECT_EQ(client_->in_flight(), 0u);
}

TEST_F(ClientTest, ServersOfOneOrderShareByWeight) {
  settings_.servers.resize(3);
  settings_.servers[0].weight = 3;
  settings_.servers[2].order = 2;
  Start();
  server_ = [&](const SendDatagram& sent) { Answer(SendDatagram(sent)); };
  for (uint64_t cookie = 0; cookie < 4000; ++cookie) Submit(cookie);
  EXPECT_NEAR(static_cast<double>(Count(0, ServerCounter::kAccepts)), 3000, 150);
  EXPECT_NEAR(static_cast<double>(Count(1, ServerCounter::kAccepts)), 1000, 150);
  EXPECT_EQ(Count(2, ServerCounter::kAccepts), 0u);
}

// Any order of answers, silence and lies: each request ends exactly once, and nothing is left.
TEST_F(ClientTest, EveryRequestEndsOnceUnderChaos) {
  settings_.servers.resize(3);
  settings_.servers[2].order = 2;
  settings_.max_lanes = 2;
  Start();
  SeededRng dice(7);
  std::vector<SendDatagram> waiting;
  server_ = [&](const SendDatagram& sent) { waiting.push_back(sent); };
  uint64_t submitted = 0;
  for (int step = 0; step < 6000; ++step) {
    if (step < 4000) Submit(++submitted);
    RunFor(kTick);
    while (!waiting.empty() && dice.Below(100) < 55) {
      const size_t which = dice.Below(static_cast<uint32_t>(waiting.size()));
      const SendDatagram request = waiting[which];
      const bool down = request.server == static_cast<size_t>(step / 1000) % 3;
      if (!down) {
        Bytes reply = Reply(request, Code::kAccessAccept);
        if (dice.Below(10) == 0) reply[dice.Below(static_cast<uint32_t>(reply.size()))] ^= 4;
        Deliver(request, reply);
      }
      if (dice.Below(4) != 0) waiting.erase(waiting.begin() + static_cast<ptrdiff_t>(which));
    }
    if (waiting.size() > 2000) waiting.clear();
  }
  RunFor(Duration::Seconds(40));
  std::map<uint64_t, int> ends;
  for (const RequestDone& done : done_) ++ends[done.cookie];
  EXPECT_THAT(ends, SizeIs(submitted));
  for (const auto& [cookie, count] : ends) EXPECT_EQ(count, 1) << cookie;
  EXPECT_EQ(client_->in_flight(), 0u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(client_->View(i).in_flight, 0u);
}

TEST_F(ClientTest, AccountingIsSignedByItsDigest) {
  Start(1);
  PacketBuilder builder(Code::kAccountingRequest, 0);
  builder.AddText(kAcctSessionId, "0123");
  const ByteView attributes = builder.attributes();
  client_->Submit({.cookie = 1,
                   .code = Code::kAccountingRequest,
                   .attributes = Bytes(attributes.begin(), attributes.end())},
                  now_, actions_);
  Sort();
  Packet packet;
  ASSERT_EQ(ParsePacket(sent_[0].bytes, packet), PacketError::kNone);
  EXPECT_EQ(CheckRequest(packet, "secret 0", MessageAuthenticator::kOptional),
            Genuineness::kGenuine);
  Deliver(sent_[0], Reply(sent_[0], Code::kAccountingResponse, false));
  ASSERT_THAT(done_, SizeIs(1));
  EXPECT_EQ(Count(0, ServerCounter::kAcknowledgements), 1u);
}

}  // namespace
}  // namespace lns::radius
