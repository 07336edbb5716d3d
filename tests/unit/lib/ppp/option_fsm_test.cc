// The automaton's machinery around the table: counters, timers, identifiers, replies. The protocol
// is a made-up one with one option (type 1, a number).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/ppp/option_fsm.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {
namespace {

constexpr uint16_t kProtocol = 0x8099;

// Asks for `wish`; of the peer's options 1 to 9 is Ack'ed, more is Nak'ed with 9, other types are
// rejected; without the option it asks for 5 where `demanding`.
class NumberPolicy final : public OptionPolicy {
 public:
  NumberPolicy() : OptionPolicy(kProtocol, LinkDownCause::kLcpRefused) {}
  void WriteRequest(OptionWriter& out) const override {
    if (asking) out.U16(1, wish);
  }
  void BeginPeerRequest(ByteView) override { named = false; }
  Judgement Judge(const Option& option, OptionWriter& nak) override {
    if (option.type != 1 || option.body.size() != 2) return Judgement::kReject;
    named = true;
    if (LoadBe16(option.body.data()) <= 9) return Judgement::kAck;
    nak.U16(1, 9);
    return Judgement::kNak;
  }
  void WriteMissing(OptionWriter& nak) const override {
    if (demanding && !named) nak.U16(1, 5);
  }
  void OnNak(const Option& option) override { wish = LoadBe16(option.body.data()); }
  void OnReject(const Option&) override { asking = false; }
  void OnAck() override { ++acks; }

  uint16_t wish = 7;
  bool asking = true;
  bool demanding = false;
  bool named = false;
  int acks = 0;

 protected:
  void ResetWishes() override {
    wish = 7;
    asking = true;
  }
};

class OptionFsmTest : public testing::Test {
 protected:
  // "up", "down", "started", "finished", or a packet: "request 3 010400 07".
  static std::string Print(const OptionOutput& output) {
    switch (output.kind) {
      case OptionOutput::Kind::kLayerUp:
        return "up";
      case OptionOutput::Kind::kLayerDown:
        return "down";
      case OptionOutput::Kind::kLayerStarted:
        return "started";
      case OptionOutput::Kind::kLayerFinished:
        return "finished";
      case OptionOutput::Kind::kEchoReply:
        return "echo";
      case OptionOutput::Kind::kCount:
        return ToString(output.event);
      case OptionOutput::Kind::kSend:
        break;
    }
    static constexpr const char* kNames[] = {"?",      "request",      "ack",      "nak",
                                             "reject", "term-request", "term-ack", "code-reject"};
    EXPECT_EQ(LoadBe16(output.frame.data()), kProtocol);
    EXPECT_EQ(LoadBe16(output.frame.data() + 4) + 2u, output.frame.size());
    return std::string(kNames[output.frame[2] & 7]) + " " + std::to_string(output.frame[3]);
  }
  std::vector<std::string> Take() {
    std::vector<std::string> result;
    for (const OptionOutput& output : outputs_) {
      result.push_back(Print(output));
      if (output.kind == OptionOutput::Kind::kSend) last_ = output.frame;
    }
    outputs_.clear();
    return result;
  }
  std::vector<std::string> Receive(uint8_t code, uint8_t id, const Bytes& data) {
    Bytes bytes = {code, id, 0, static_cast<uint8_t>(data.size() + 4)};
    bytes.insert(bytes.end(), data.begin(), data.end());
    fsm_.OnPacket(*ParseControlPacket(bytes), now_, outputs_);
    return Take();
  }
  std::vector<std::string> Expire() {
    now_ = fsm_.NextDeadline();
    fsm_.OnTimer(now_, outputs_);
    return Take();
  }
  void Begin() {
    fsm_.Open(now_, outputs_);
    fsm_.Up(now_, outputs_);
    EXPECT_EQ(Take(), (Said{"started", "request 1"}));
  }
  void BeginAndOpen() {
    Begin();
    EXPECT_EQ(Receive(kConfigureAck, 1, kOurs), Said{});
    EXPECT_EQ(Receive(kConfigureRequest, 9, kGood), (Said{"ack 9", "up"}));
    ASSERT_TRUE(fsm_.opened());
  }

  using Said = std::vector<std::string>;
  const Bytes kOurs = {1, 4, 0, 7};
  const Bytes kGood = {1, 4, 0, 3};
  const Bytes kTooMuch = {1, 4, 0, 99};
  const Bytes kUnknown = {2, 3, 1};

  LinkSettings settings_;
  NumberPolicy policy_;
  OptionFsm fsm_{policy_, settings_};
  OptionOutputs outputs_;
  Instant now_ = Instant::FromNanoseconds(0);
  Bytes last_;  // the frame sent last
};

TEST_F(OptionFsmTest, OpensInEitherOrder) {
  BeginAndOpen();
  EXPECT_EQ(fsm_.NextDeadline(), Instant::Never());
  OptionFsm other(policy_, settings_);
  other.Open(now_, outputs_);
  other.Up(now_, outputs_);
  outputs_.clear();
  const Bytes request = {kConfigureRequest, 1, 0, 8, 1, 4, 0, 3};
  const Bytes ack = {kConfigureAck, 1, 0, 8, 1, 4, 0, 7};
  other.OnPacket(*ParseControlPacket(request), now_, outputs_);
  EXPECT_EQ(Take(), Said{"ack 1"});
  other.OnPacket(*ParseControlPacket(ack), now_, outputs_);
  EXPECT_EQ(Take(), Said{"up"});
}

TEST_F(OptionFsmTest, RetransmitsTheSameRequestMaxConfigureTimesThenFinishes) {
  Begin();
  EXPECT_EQ(fsm_.NextDeadline(), now_ + Duration::Seconds(3));
  const Bytes first = last_;
  for (int i = 1; i < 10; ++i) {
    EXPECT_EQ(Expire(), Said{"request 1"}) << i;
    EXPECT_EQ(last_, first);
  }
  EXPECT_EQ(Expire(), Said{"finished"});
  EXPECT_EQ(fsm_.NextDeadline(), Instant::Never());
  EXPECT_EQ(fsm_.state(), FsmState::kStopped);
}

TEST_F(OptionFsmTest, ALateTimerCallBeforeTheDeadlineDoesNothing) {
  Begin();
  fsm_.OnTimer(now_ + Duration::Milliseconds(2999), outputs_);
  EXPECT_EQ(Take(), Said{});
}

TEST_F(OptionFsmTest, OnlyAnAckOfTheRequestInFlightCounts) {
  Begin();
  EXPECT_EQ(Receive(kConfigureAck, 2, kOurs), Said{"stale-reply"}) << "another identifier";
  EXPECT_EQ(Receive(kConfigureAck, 1, kGood), Said{"stale-reply"}) << "other contents";
  EXPECT_EQ(Receive(kConfigureAck, 1, {}), Said{"stale-reply"}) << "fewer options";
  EXPECT_EQ(fsm_.state(), FsmState::kRequestSent);
  EXPECT_EQ(Receive(kConfigureAck, 1, kOurs), Said{});
  EXPECT_EQ(fsm_.state(), FsmState::kAckReceived);
  EXPECT_EQ(policy_.acks, 1);
  EXPECT_EQ(Receive(kConfigureAck, 1, kOurs), Said{"stale-reply"}) << "a duplicate";
  EXPECT_EQ(Receive(kConfigureNak, 1, kGood), Said{"stale-reply"}) << "a reply too many";
  EXPECT_EQ(fsm_.state(), FsmState::kAckReceived);
}

TEST_F(OptionFsmTest, StaleRepliesDoNotDisturbAnOpenLayer) {
  BeginAndOpen();
  EXPECT_EQ(Receive(kConfigureAck, 1, kOurs), Said{"stale-reply"});
  EXPECT_EQ(Receive(kConfigureNak, 1, kGood), Said{"stale-reply"});
  EXPECT_EQ(Receive(kConfigureReject, 1, kOurs), Said{"stale-reply"});
  EXPECT_TRUE(fsm_.opened());
}

TEST_F(OptionFsmTest, ANakChangesTheRequestAndItsIdentifier) {
  Begin();
  EXPECT_EQ(Receive(kConfigureNak, 1, {1, 4, 0, 8}), Said{"request 2"});
  EXPECT_EQ(last_[last_.size() - 1], 8);
  EXPECT_EQ(Receive(kConfigureAck, 2, {1, 4, 0, 8}), Said{});
}

TEST_F(OptionFsmTest, NakedOptionsWeDidNotAskForAreIgnored) {
  Begin();
  EXPECT_EQ(Receive(kConfigureNak, 1, {5, 2, 1, 4, 0, 8}), Said{"request 2"});
  EXPECT_EQ(policy_.wish, 8);
}

TEST_F(OptionFsmTest, ARejectMayOnlyNameWhatWeAsked) {
  Begin();
  EXPECT_EQ(Receive(kConfigureReject, 1, {1, 4, 0, 8}), Said{"stale-reply"});
  EXPECT_EQ(Receive(kConfigureReject, 1, {}), Said{"stale-reply"});
  EXPECT_EQ(Receive(kConfigureReject, 1, kOurs), Said{"request 2"});
  EXPECT_EQ(last_.size(), 6u) << "an empty request";
}

TEST_F(OptionFsmTest, ARejectComesBeforeANakAndNamesOnlyTheRejected) {
  Begin();
  Bytes both = kTooMuch;
  both.insert(both.end(), kUnknown.begin(), kUnknown.end());
  EXPECT_EQ(Receive(kConfigureRequest, 4, both), Said{"reject 4"});
  EXPECT_EQ(Bytes(last_.begin() + 6, last_.end()), kUnknown);
  EXPECT_EQ(Receive(kConfigureRequest, 5, kTooMuch), Said{"nak 5"});
  EXPECT_EQ(Bytes(last_.begin() + 6, last_.end()), (Bytes{1, 4, 0, 9}));
}

TEST_F(OptionFsmTest, AnAckRepeatsTheRequestExactly) {
  Begin();
  EXPECT_EQ(Receive(kConfigureRequest, 200, kGood), Said{"ack 200"});
  EXPECT_EQ(Bytes(last_.begin() + 6, last_.end()), kGood);
}

TEST_F(OptionFsmTest, AfterMaxFailureNaksTheOptionIsRejected) {
  Begin();
  for (uint8_t id = 1; id <= 5; ++id) {
    EXPECT_EQ(Receive(kConfigureRequest, id, kTooMuch), Said{"nak " + std::to_string(id)});
  }
  EXPECT_EQ(Receive(kConfigureRequest, 6, kTooMuch), Said{"reject 6"});
  EXPECT_EQ(Receive(kConfigureRequest, 7, {}), Said{"ack 7"});
  // An Ack forgives.
  EXPECT_EQ(Receive(kConfigureRequest, 8, kTooMuch), Said{"nak 8"});
}

TEST_F(OptionFsmTest, APeerWithoutWhatWeNeedIsToldAndInTheEndRefused) {
  policy_.demanding = true;
  Begin();
  for (uint8_t id = 1; id <= 5; ++id) {
    EXPECT_EQ(Receive(kConfigureRequest, id, {}), Said{"nak " + std::to_string(id)});
    EXPECT_EQ(Bytes(last_.begin() + 6, last_.end()), (Bytes{1, 4, 0, 5}));
  }
  const Said said = Receive(kConfigureRequest, 6, {});
  EXPECT_EQ(policy_.refusal(), LinkDownCause::kLcpRefused);
  EXPECT_EQ(said.back(), "term-request 2");
  EXPECT_EQ(fsm_.state(), FsmState::kClosing);
}

TEST_F(OptionFsmTest, APeerThatNaksForEverIsRefused) {
  Begin();
  uint8_t id = 1;
  for (int i = 0; i < 1000 && policy_.refusal() == LinkDownCause::kNone; ++i) {
    Receive(kConfigureNak, id, {1, 4, 0, static_cast<uint8_t>(i)});
    id = last_[3];
  }
  EXPECT_EQ(policy_.refusal(), LinkDownCause::kLcpRefused);
  EXPECT_EQ(fsm_.state(), FsmState::kClosing);
  EXPECT_LT(id, 20);
}

TEST_F(OptionFsmTest, AMalformedOptionListIsDroppedWhole) {
  Begin();
  EXPECT_EQ(Receive(kConfigureRequest, 1, {1, 4, 0, 3, 1}), Said{"options-malformed"});
  EXPECT_EQ(Receive(kConfigureRequest, 1, {1, 1}), Said{"options-malformed"});
  EXPECT_EQ(Receive(kConfigureNak, 1, {1, 9, 0}), Said{"options-malformed"});
  EXPECT_EQ(fsm_.state(), FsmState::kRequestSent);
}

TEST_F(OptionFsmTest, ANewRequestInOpenedNegotiatesEverythingAgain) {
  BeginAndOpen();
  EXPECT_EQ(Receive(kConfigureRequest, 10, kGood), (Said{"down", "request 2", "ack 10"}));
  EXPECT_EQ(fsm_.state(), FsmState::kAckSent);
  // With a whole set of retransmissions.
  for (int i = 1; i < 10; ++i) EXPECT_EQ(Expire(), Said{"request 2"}) << i;
  EXPECT_EQ(Expire(), Said{"finished"});
}

TEST_F(OptionFsmTest, ACopyOfTheAckedRequestIsAckedAgainTwiceAndThenBelieved) {
  BeginAndOpen();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Receive(kConfigureRequest, 9, kGood), (Said{"repeated-request", "ack 9"}));
    EXPECT_EQ(Bytes(last_.begin() + 6, last_.end()), kGood);
    EXPECT_TRUE(fsm_.opened());
  }
  EXPECT_EQ(Receive(kConfigureRequest, 9, kGood), (Said{"down", "request 2", "ack 9"}));
}

TEST_F(OptionFsmTest, TheSameIdentifierWithOtherOptionsIsNoCopy) {
  BeginAndOpen();
  EXPECT_EQ(Receive(kConfigureRequest, 9, {1, 4, 0, 4}), (Said{"down", "request 2", "ack 9"}));
}

TEST_F(OptionFsmTest, CloseSendsMaxTerminateRequestsThenFinishes) {
  BeginAndOpen();
  fsm_.Close(now_, outputs_);
  EXPECT_EQ(Take(), (Said{"down", "term-request 2"}));
  EXPECT_EQ(Expire(), Said{"term-request 2"});
  EXPECT_EQ(Expire(), Said{"finished"});
  EXPECT_EQ(fsm_.state(), FsmState::kClosed);
  EXPECT_EQ(Receive(kConfigureRequest, 1, kGood), Said{"term-ack 1"});
}

TEST_F(OptionFsmTest, TerminateAckEndsClosingAtOnce) {
  BeginAndOpen();
  fsm_.Close(now_, outputs_);
  Take();
  EXPECT_EQ(Receive(kConfigureRequest, 1, kGood), Said{});
  EXPECT_EQ(Receive(kTerminateAck, 2, {}), Said{"finished"});
}

TEST_F(OptionFsmTest, ATerminateRequestIsAcknowledgedAgainForOneRestartPeriod) {
  BeginAndOpen();
  EXPECT_EQ(Receive(kTerminateRequest, 77, {}), (Said{"down", "term-ack 77"}));
  EXPECT_EQ(fsm_.NextDeadline(), now_ + Duration::Seconds(3));
  EXPECT_EQ(Receive(kTerminateRequest, 77, {}), Said{"term-ack 77"});
  EXPECT_EQ(Expire(), Said{"finished"});
  EXPECT_EQ(fsm_.state(), FsmState::kStopped);
}

TEST_F(OptionFsmTest, UnknownCodesAreRejectedCutToThePeersMru) {
  Begin();
  fsm_.set_peer_mru(128);
  EXPECT_EQ(Receive(99, 5, Bytes(240, 0xee)), (Said{"unknown-code", "code-reject 2"}));
  EXPECT_EQ(last_.size(), 2u + 128);
  EXPECT_EQ(last_[6], 99);
  EXPECT_EQ(last_[7], 5);
  EXPECT_EQ(Receive(0, 5, {1, 2, 3, 4}), (Said{"unknown-code", "code-reject 3"}));
  EXPECT_EQ(last_.size(), 2u + 4 + 8);
}

TEST_F(OptionFsmTest, LosingACodeEveryNegotiationNeedsIsFatal) {
  BeginAndOpen();
  EXPECT_EQ(Receive(kCodeReject, 1, {9, 1, 0, 4}), Said{"code-rejected"});
  EXPECT_TRUE(fsm_.opened());
  EXPECT_EQ(Receive(kCodeReject, 1, {kConfigureRequest, 1, 0, 4}),
            (Said{"code-rejected", "down", "term-request 2"}));
  EXPECT_EQ(fsm_.state(), FsmState::kStopping);
  EXPECT_EQ(Receive(kCodeReject, 1, {}), Said{"control-malformed"});
}

TEST_F(OptionFsmTest, ProtocolRejectEndsTheLayer) {
  Begin();
  fsm_.OnProtocolReject(now_, outputs_);
  EXPECT_EQ(Take(), Said{"finished"});
  EXPECT_EQ(fsm_.state(), FsmState::kStopped);
}

TEST_F(OptionFsmTest, DownAndCloseReturnToInitialFromEverywhere) {
  BeginAndOpen();
  fsm_.Down(now_, outputs_);
  EXPECT_EQ(Take(), Said{"down"});
  fsm_.Close(now_, outputs_);
  EXPECT_EQ(Take(), Said{"finished"});
  EXPECT_EQ(fsm_.state(), FsmState::kInitial);
  EXPECT_EQ(fsm_.NextDeadline(), Instant::Never());
  EXPECT_EQ(Receive(kConfigureRequest, 1, kGood), Said{}) << "nobody is there";
}

}  // namespace
}  // namespace lns::ppp
