// The interface identifier's Ack, Nak or Reject, both roles.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/ppp/ipv6cp.h"

namespace lns::ppp {
namespace {

Bytes IdOption(uint64_t id) {
  OptionWriter writer;
  writer.U64(1, id);
  return Bytes(writer.bytes().begin(), writer.bytes().end());
}
uint64_t IdOf(ByteView option) {
  return uint64_t{LoadBe32(option.data() + 2)} << 32 | LoadBe32(option.data() + 6);
}
Option Read(const Bytes& bytes) { return *OptionReader(bytes).Next(); }

TEST(Ipv6cpTest, OwnIdentifierIsRandomNotZeroAndNotUniversal) {
  SeededRng rng(1);
  const Ipv6cp first(Role::kServer, rng);
  const Ipv6cp second(Role::kServer, rng);
  EXPECT_NE(first.local_interface_id(), second.local_interface_id());
  EXPECT_NE(first.local_interface_id(), 0u);
  EXPECT_EQ(first.local_interface_id() >> 56 & 2, 0u);
  OptionWriter request;
  first.WriteRequest(request);
  ASSERT_EQ(request.bytes().size(), 10u);
  EXPECT_EQ(IdOf(request.bytes()), first.local_interface_id());
}

TEST(Ipv6cpTest, ZeroAndOurOwnIdentifierAreNakedWithAnother) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kServer, rng);
  for (const uint64_t id : {uint64_t{0}, ipv6cp.local_interface_id()}) {
    ipv6cp.BeginPeerRequest({});
    OptionWriter nak;
    EXPECT_EQ(ipv6cp.Judge(Read(IdOption(id)), nak), Judgement::kNak);
    ASSERT_EQ(nak.bytes().size(), 10u);
    EXPECT_NE(IdOf(nak.bytes()), 0u);
    EXPECT_NE(IdOf(nak.bytes()), ipv6cp.local_interface_id());
  }
}

TEST(Ipv6cpTest, ThePeersOwnChoiceIsTaken) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kServer, rng);
  ipv6cp.BeginPeerRequest({});
  OptionWriter nak;
  EXPECT_EQ(ipv6cp.Judge(Read(IdOption(0x1234)), nak), Judgement::kAck);
  EXPECT_EQ(ipv6cp.peer_interface_id(), 0x1234u);
}

TEST(Ipv6cpTest, ASuggestionIsMadeTwiceAndThenThePeerMayDiffer) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kServer, rng);
  ipv6cp.Suggest(0x77);
  for (int i = 0; i < 2; ++i) {
    ipv6cp.BeginPeerRequest({});
    OptionWriter nak;
    EXPECT_EQ(ipv6cp.Judge(Read(IdOption(0x1234)), nak), Judgement::kNak);
    EXPECT_EQ(IdOf(nak.bytes()), 0x77u);
  }
  ipv6cp.BeginPeerRequest({});
  OptionWriter nak;
  EXPECT_EQ(ipv6cp.Judge(Read(IdOption(0x1234)), nak), Judgement::kAck);
  ipv6cp.BeginPeerRequest({});
  EXPECT_EQ(ipv6cp.Judge(Read(IdOption(0x77)), nak), Judgement::kAck);
  EXPECT_EQ(ipv6cp.peer_interface_id(), 0x77u);
}

TEST(Ipv6cpTest, OurOwnIdentifierIsNeverTheOneWeSuggest) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kServer, rng);
  const uint64_t before = ipv6cp.local_interface_id();
  ipv6cp.Suggest(before);
  EXPECT_NE(ipv6cp.local_interface_id(), before);
}

TEST(Ipv6cpTest, AMissingIdentifierIsSuggestedByTheServerOnly) {
  SeededRng rng(1);
  for (const Role role : {Role::kServer, Role::kClient}) {
    Ipv6cp ipv6cp(role, rng);
    ipv6cp.BeginPeerRequest({});
    OptionWriter missing;
    ipv6cp.WriteMissing(missing);
    EXPECT_EQ(missing.empty(), role == Role::kClient);
  }
}

TEST(Ipv6cpTest, CompressionAndUnknownOptionsAreRejected) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kServer, rng);
  OptionWriter nak;
  EXPECT_EQ(ipv6cp.Judge(Read({2, 4, 0, 0x61}), nak), Judgement::kReject);
  EXPECT_EQ(ipv6cp.Judge(Read({9, 2}), nak), Judgement::kReject);
  EXPECT_TRUE(nak.empty());
}

TEST(Ipv6cpTest, AnIdentifierOfTheWrongLengthIsNakedWithOneOfTheRight) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kServer, rng);
  ipv6cp.Suggest(0x1234);
  OptionWriter nak;
  EXPECT_EQ(ipv6cp.Judge(Read({1, 9, 1, 2, 3, 4, 5, 6, 7}), nak), Judgement::kNak);
  EXPECT_EQ(Bytes(nak.bytes().begin(), nak.bytes().end()), IdOption(0x1234));
}

TEST(Ipv6cpTest, ANakIsTakenUnlessItIsNoHelp) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kClient, rng);
  ipv6cp.OnNak(Read(IdOption(0x42)));
  EXPECT_EQ(ipv6cp.local_interface_id(), 0x42u);
  ipv6cp.OnNak(Read(IdOption(0)));
  EXPECT_NE(ipv6cp.local_interface_id(), 0u);
  EXPECT_NE(ipv6cp.local_interface_id(), 0x42u);
}

TEST(Ipv6cpTest, RejectEndsIpv6) {
  SeededRng rng(1);
  Ipv6cp ipv6cp(Role::kServer, rng);
  ipv6cp.OnReject(Read(IdOption(ipv6cp.local_interface_id())));
  EXPECT_EQ(ipv6cp.refusal(), LinkDownCause::kNoNetworkProtocol);
}

}  // namespace
}  // namespace lns::ppp
