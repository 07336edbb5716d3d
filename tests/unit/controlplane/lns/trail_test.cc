// What is kept of a subscriber's messages: never more than the budget, never a secret.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "controlplane/lns/explanation.h"
#include "controlplane/lns/trail.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/header.h"

namespace lns::controlplane {
namespace {

constexpr char kPassword[] = "correct horse";
constexpr uint8_t kIccn[] = {0, 12};

Instant At(int64_t ms) { return Instant() + Duration::Milliseconds(ms); }

std::vector<std::string> Texts(const Trail& trail) {
  std::vector<std::string> texts;
  trail.ForEach([&](TrailKind kind, Instant at, ByteView bytes) {
    texts.push_back(std::to_string(static_cast<int>(kind)) + "@" +
                    std::to_string((at - Instant()).milliseconds()) + ":" +
                    std::string(AsText(bytes)));
  });
  return texts;
}

bool Holds(ByteView bytes, std::string_view text) {
  return AsText(bytes).find(text) != std::string_view::npos;
}

TEST(Trail, KeepsEventsInOrderWithTheirTimes) {
  Trail trail;
  trail.Add(TrailKind::kPppSent, At(5), AsBytes("one"), 100);
  trail.Add(TrailKind::kPppReceived, At(int64_t{1} << 36), AsBytes(""), 100);
  trail.Add(TrailKind::kControlSent, At(0), AsBytes("three"), 100);
  EXPECT_EQ(Texts(trail), (std::vector<std::string>{"5@5:one", "4@68719476736:", "1@0:three"}));
}

TEST(Trail, ForgetsTheOldestWhenTheBudgetIsSpent) {
  const size_t event = Trail::kEventHeader + 2;
  Trail trail;
  for (char c = 'a'; c <= 'z'; ++c) {
    const std::string text{c, c};
    trail.Add(TrailKind::kPppSent, At(c - 'a'), AsBytes(text), 3 * event);
    EXPECT_LE(trail.capacity(), 3 * event);
  }
  EXPECT_EQ(Texts(trail), (std::vector<std::string>{"5@23:xx", "5@24:yy", "5@25:zz"}));
}

TEST(Trail, GivesMemoryBackWhenTheBudgetShrinks) {
  Trail trail;
  for (int i = 0; i < 20; ++i) trail.Add(TrailKind::kPppSent, At(i), Bytes(40), 1024);
  EXPECT_GT(trail.capacity(), 900u);
  trail.Add(TrailKind::kPppSent, At(20), Bytes(40), 128);
  EXPECT_LE(trail.capacity(), 128u);
  EXPECT_EQ(Texts(trail).size(), 2u);
}

TEST(Trail, AMessageLargerThanAllIsLeftOutAndSaidSo) {
  Trail trail;
  trail.Add(TrailKind::kPppSent, At(0), AsBytes("before"), 64);
  trail.Add(TrailKind::kControlReceived, At(1), Bytes(500), 64);
  const std::vector<ExplainedEvent> events = EventsOf(trail);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, TrailKind::kLeftOut);
  EXPECT_EQ(events[1].text, "a message of 500 bytes, too large to be kept");
}

TEST(Trail, ABudgetOfNothingKeepsNothing) {
  Trail trail;
  trail.Add(TrailKind::kPppSent, At(0), AsBytes("x"), 0);
  EXPECT_TRUE(trail.empty());
  EXPECT_EQ(trail.capacity(), 0u);
}

TEST(Trail, NotesAreDecodedAndPrintable) {
  Trail trail;
  Bytes buffer;
  trail.Add(TrailKind::kNote, At(0), MakeNote(TrailNote::kUserAsked, "al\x01ice", buffer), 100);
  EXPECT_EQ(EventsOf(trail)[0].text, "AAA asked about al\\x01ice");
}

TEST(Blot, PapPasswordsGo) {
  Bytes frame = {0xff, 0x03, 0xc0, 0x23, 1, 7, 0, 23, 5, 'a', 'l', 'i', 'c', 'e', 13};
  for (const char c : std::string_view(kPassword)) frame.push_back(static_cast<uint8_t>(c));
  BlotPpp(frame);
  EXPECT_TRUE(Holds(frame, "alice"));
  EXPECT_FALSE(Holds(frame, "horse"));
  EXPECT_FALSE(Holds(frame, "correct"));
}

TEST(Blot, APapRequestThatLiesLosesAll) {
  Bytes frame = {0xc0, 0x23, 1, 7, 0, 4, 200};
  for (const char c : std::string_view(kPassword)) frame.push_back(static_cast<uint8_t>(c));
  BlotPpp(frame);
  EXPECT_FALSE(Holds(frame, "correct"));
}

TEST(Blot, WhatHasNoSecretStaysAsItIs) {
  // A name and nothing behind it; a challenge without a value.
  for (const Bytes& before :
       {Bytes{0xc0, 0x23, 1, 7, 0, 6, 1, 'a'}, Bytes{0xc2, 0x23, 1, 7, 0, 6, 0, 'a'}}) {
    Bytes frame = before;
    BlotPpp(frame);
    EXPECT_EQ(frame, before);
  }
}

TEST(Blot, ChapValuesGoNamesStay) {
  for (const uint8_t code : {uint8_t{1}, uint8_t{2}}) {
    Bytes frame = {0xc2, 0x23, code, 7, 0, 14, 4, 'v', 'a', 'l', 'u', 'n', 'a', 'm', 'e'};
    BlotPpp(frame);
    EXPECT_FALSE(Holds(frame, "valu"));
    EXPECT_TRUE(Holds(frame, "name"));
  }
}

TEST(Blot, APasswordInAProtocolRejectGoes) {
  Bytes frame = {0xc0, 0x21, 8, 1, 0, 29, 0xc0, 0x23, 1, 7, 0, 23, 5, 'a', 'l', 'i', 'c', 'e', 13};
  for (const char c : std::string_view(kPassword)) frame.push_back(static_cast<uint8_t>(c));
  BlotPpp(frame);
  EXPECT_FALSE(Holds(frame, "horse"));
}

TEST(Blot, OtherFramesStayAsTheyAre) {
  const Bytes before = {0xc0, 0x21, 1, 1, 0, 8, 1, 4, 5, 0xd4};
  Bytes frame = before;
  BlotPpp(frame);
  EXPECT_EQ(frame, before);
}

Bytes ControlMessage(std::initializer_list<l2tp::Avp> avps) {
  Bytes message = {0xc8, 0x02, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0};
  for (const l2tp::Avp& avp : avps) l2tp::AppendAvp(message, avp);
  StoreBe16(message.data() + 2, static_cast<uint16_t>(message.size()));
  return message;
}

TEST(Blot, SecretAvpsGoHiddenOrNot) {
  const ByteView secret = AsBytes(kPassword);
  for (const auto type :
       {l2tp::AvpType::kChallenge, l2tp::AvpType::kChallengeResponse,
        l2tp::AvpType::kProxyAuthenChallenge, l2tp::AvpType::kProxyAuthenResponse}) {
    for (const bool hidden : {false, true}) {
      Bytes message =
          ControlMessage({{.mandatory = true, .type = 0, .value = kIccn},
                          {.hidden = hidden, .type = static_cast<uint16_t>(type), .value = secret},
                          {.type = static_cast<uint16_t>(l2tp::AvpType::kProxyAuthenName),
                           .value = AsBytes("alice")}});
      BlotControl(message);
      EXPECT_FALSE(Holds(message, "horse")) << static_cast<int>(type);
      EXPECT_TRUE(Holds(message, "alice"));
    }
  }
}

TEST(Blot, WhatComesAfterAMalformedAvpGoes) {
  Bytes message =
      ControlMessage({{.mandatory = true, .type = 0, .value = kIccn},
                      {.type = static_cast<uint16_t>(l2tp::AvpType::kProxyAuthenResponse),
                       .value = AsBytes(kPassword)}});
  message[l2tp::kControlHeaderLength + 8 + 1] = 0xff;  // longer than the message
  BlotControl(message);
  EXPECT_FALSE(Holds(message, "horse"));
}

}  // namespace
}  // namespace lns::controlplane
