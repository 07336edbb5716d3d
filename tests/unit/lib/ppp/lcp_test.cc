// Each LCP option's Ack, Nak or Reject, both roles, and what our own request becomes when the peer
// Naks or rejects a part of it.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "lib/ppp/lcp.h"

namespace lns::ppp {
namespace {

Bytes Copy(ByteView view) { return Bytes(view.begin(), view.end()); }

LinkSettings Settings(Role role) {
  LinkSettings settings;
  settings.role = role;
  return settings;
}

Option Read(const Bytes& bytes) { return *OptionReader(bytes).Next(); }

Bytes Request(const Lcp& lcp) {
  OptionWriter writer;
  lcp.WriteRequest(writer);
  return Copy(writer.bytes());
}

bool Requests(const Lcp& lcp, const Bytes& wanted) {
  const Bytes request = Request(lcp);
  OptionReader reader(request);
  while (const auto option = reader.Next()) {
    if (Copy(option->whole) == wanted) return true;
  }
  return false;
}

bool RequestsType(const Lcp& lcp, uint8_t type) {
  const Bytes request = Request(lcp);
  OptionReader reader(request);
  while (const auto option = reader.Next()) {
    if (option->type == type) return true;
  }
  return false;
}

const Bytes kChapMd5Option = {3, 5, 0xc2, 0x23, 5};
const Bytes kPapOption = {3, 4, 0xc0, 0x23};
const Bytes kMsChapV1Option = {3, 5, 0xc2, 0x23, 0x80};
const Bytes kMsChapV2Option = {3, 5, 0xc2, 0x23, 0x81};

TEST(LcpTest, JudgesEachOptionByItsRow) {
  struct Row {
    const char* what;
    Role role;
    Bytes option;
    Judgement judgement;
    Bytes nak;
  };
  const std::vector<Row> rows = {
      {"an ordinary MRU", Role::kServer, {1, 4, 5, 0xd4}, Judgement::kAck, {}},
      {"a large MRU is the peer's own affair",
       Role::kServer,
       {1, 4, 0xff, 0xff},
       Judgement::kAck,
       {}},
      {"the smallest MRU", Role::kServer, {1, 4, 0, 128}, Judgement::kAck, {}},
      {"an MRU nothing fits in", Role::kServer, {1, 4, 0, 127}, Judgement::kNak, {1, 4, 5, 0xdc}},
      {"MRU of the wrong length", Role::kServer, {1, 3, 5}, Judgement::kNak, {1, 4, 5, 0xdc}},
      {"ACCM of the wrong length",
       Role::kServer,
       {2, 4, 0, 0},
       Judgement::kNak,
       {2, 6, 0, 0, 0, 0}},
      {"any ACCM", Role::kServer, {2, 6, 0, 0, 0, 0}, Judgement::kAck, {}},
      {"a subscriber that wants us to authenticate",
       Role::kServer,
       kPapOption,
       Judgement::kReject,
       {}},
      {"quality protocol", Role::kServer, {4, 4, 0xc0, 0x25}, Judgement::kReject, {}},
      {"a magic number", Role::kServer, {5, 6, 0, 0, 0, 9}, Judgement::kAck, {}},
      {"PFC", Role::kServer, {7, 2}, Judgement::kAck, {}},
      {"PFC with a body", Role::kServer, {7, 3, 1}, Judgement::kNak, {7, 2}},
      {"ACFC", Role::kServer, {8, 2}, Judgement::kAck, {}},
      {"callback", Role::kServer, {13, 3, 6}, Judgement::kReject, {}},
      {"multilink MRRU", Role::kServer, {17, 4, 5, 0xdc}, Judgement::kReject, {}},
      {"short sequence numbers", Role::kServer, {18, 2}, Judgement::kReject, {}},
      {"endpoint discriminator", Role::kServer, {19, 3, 0}, Judgement::kReject, {}},
      {"an unknown option", Role::kServer, {200, 2}, Judgement::kReject, {}},
      {"CHAP-MD5 asked of a client", Role::kClient, kChapMd5Option, Judgement::kAck, {}},
      {"PAP asked of a client", Role::kClient, kPapOption, Judgement::kAck, {}},
      {"MS-CHAPv2 asked of a client without it", Role::kClient, kMsChapV2Option, Judgement::kNak,
       kChapMd5Option},
      {"FCS alternatives no LAC allowed", Role::kServer, {9, 3, 2}, Judgement::kReject, {}},
      {"EAP asked of a client", Role::kClient, {3, 4, 0xc2, 0x27}, Judgement::kNak, kChapMd5Option},
      {"an authentication option without a protocol",
       Role::kClient,
       {3, 2},
       Judgement::kNak,
       kChapMd5Option},
      {"CHAP without an algorithm",
       Role::kClient,
       {3, 4, 0xc2, 0x23},
       Judgement::kNak,
       kChapMd5Option},
  };
  for (const Row& row : rows) {
    const LinkSettings settings = Settings(row.role);
    SeededRng rng(1);
    Lcp lcp(settings, rng);
    lcp.BeginPeerRequest({});
    OptionWriter nak;
    EXPECT_EQ(lcp.Judge(Read(row.option), nak), row.judgement) << row.what;
    EXPECT_EQ(Copy(nak.bytes()), row.nak) << row.what;
  }
}

TEST(LcpTest, WhatThePeerAsksForIsForgottenWithItsNextRequest) {
  const LinkSettings settings = Settings(Role::kClient);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  OptionWriter nak;
  lcp.BeginPeerRequest({});
  for (const Bytes& option : {Bytes{1, 4, 4, 0}, Bytes{7, 2}, Bytes{8, 2}, kPapOption}) {
    lcp.Judge(Read(option), nak);
  }
  EXPECT_EQ(lcp.peer_mru(), 1024);
  EXPECT_TRUE(lcp.send_pfc());
  EXPECT_TRUE(lcp.send_acfc());
  EXPECT_EQ(lcp.auth(), AuthProtocol::kPap);
  lcp.BeginPeerRequest({});
  EXPECT_EQ(lcp.peer_mru(), 1500);
  EXPECT_FALSE(lcp.send_pfc());
  EXPECT_FALSE(lcp.send_acfc());
  EXPECT_EQ(lcp.auth(), AuthProtocol::kNone);
}

TEST(LcpTest, ClientThatCanDoNothingRejectsAuthentication) {
  LinkSettings settings = Settings(Role::kClient);
  settings.auth = {};
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  OptionWriter nak;
  EXPECT_EQ(lcp.Judge(Read(kPapOption), nak), Judgement::kReject);
}

TEST(LcpTest, ServerAsksForMruItsFirstAuthenticationAndMagic) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  const Lcp lcp(settings, rng);
  EXPECT_TRUE(Requests(lcp, {1, 4, 5, 0xd4}));
  EXPECT_TRUE(Requests(lcp, kChapMd5Option));
  EXPECT_TRUE(RequestsType(lcp, 5));
  EXPECT_NE(lcp.magic(), 0u);
  EXPECT_FALSE(RequestsType(lcp, 7));
  EXPECT_FALSE(RequestsType(lcp, 8));
}

TEST(LcpTest, CompressionIsAskedForWhereSettingsSay) {
  LinkSettings settings = Settings(Role::kClient);
  settings.ask_pfc = settings.ask_acfc = true;
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  EXPECT_TRUE(Requests(lcp, {7, 2}));
  EXPECT_TRUE(Requests(lcp, {8, 2}));
  EXPECT_FALSE(RequestsType(lcp, 3));
  lcp.OnReject(Read({7, 2}));
  lcp.OnReject(Read({8, 2}));
  EXPECT_FALSE(RequestsType(lcp, 7));
  EXPECT_FALSE(RequestsType(lcp, 8));
}

TEST(LcpTest, NakOfAuthenticationPicksThePeersChoiceWhereItIsOnTheList) {
  LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  lcp.OnNak(Read(kPapOption));
  EXPECT_TRUE(Requests(lcp, kPapOption));
  EXPECT_EQ(lcp.auth(), AuthProtocol::kPap);
  EXPECT_EQ(lcp.refusal(), LinkDownCause::kNone);
}

TEST(LcpTest, NakWithSomethingUnknownTriesTheNextAndThenGivesUp) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  const Bytes ms_chap = {3, 5, 0xc2, 0x23, 0x81};
  lcp.OnNak(Read(ms_chap));
  EXPECT_TRUE(Requests(lcp, kPapOption));
  lcp.OnNak(Read(ms_chap));
  EXPECT_EQ(lcp.refusal(), LinkDownCause::kAuthRefused);
  lcp.Restart();
  EXPECT_EQ(lcp.refusal(), LinkDownCause::kNone);
  EXPECT_TRUE(Requests(lcp, kChapMd5Option));
}

TEST(LcpTest, RejectedAuthenticationEndsTheLinkUnlessTheListAllowsNone) {
  for (const bool none_allowed : {false, true}) {
    LinkSettings settings = Settings(Role::kServer);
    if (none_allowed) settings.auth.push_back(AuthProtocol::kNone);
    SeededRng rng(1);
    Lcp lcp(settings, rng);
    lcp.OnReject(Read(kChapMd5Option));
    EXPECT_EQ(lcp.refusal(), none_allowed ? LinkDownCause::kNone : LinkDownCause::kAuthRefused);
    if (none_allowed) {
      EXPECT_FALSE(RequestsType(lcp, 3));
      EXPECT_EQ(lcp.auth(), AuthProtocol::kNone);
    }
  }
}

TEST(LcpTest, MruNaks) {
  struct Row {
    const char* what;
    Bytes nak;
    bool asked;
    Bytes request;
  };
  const std::vector<Row> rows = {
      {"smaller than ours: taken", {1, 4, 5, 0x78}, true, {1, 4, 5, 0x78}},
      {"larger than we can receive: the default applies", {1, 4, 5, 0xdc}, false, {}},
      {"silly: not taken", {1, 4, 0, 1}, false, {}},
      {"wrong length: no opinion", {1, 3, 5}, true, {1, 4, 5, 0xd4}},
  };
  for (const Row& row : rows) {
    const LinkSettings settings = Settings(Role::kServer);
    SeededRng rng(1);
    Lcp lcp(settings, rng);
    lcp.OnNak(Read(row.nak));
    EXPECT_EQ(RequestsType(lcp, 1), row.asked) << row.what;
    if (row.asked) {
      EXPECT_TRUE(Requests(lcp, row.request)) << row.what;
    }
  }
}

TEST(LcpTest, RejectedMruAndMagicAreNotAskedForAgain) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  lcp.OnReject(Read({1, 4, 5, 0xd4}));
  lcp.OnReject(Read({5, 6, 1, 2, 3, 4}));
  EXPECT_FALSE(RequestsType(lcp, 1));
  EXPECT_FALSE(RequestsType(lcp, 5));
  EXPECT_EQ(lcp.magic(), 0u);
}

Bytes MagicOption(uint32_t magic) {
  OptionWriter writer;
  writer.U32(5, magic);
  return Copy(writer.bytes());
}

TEST(LcpTest, ZeroMagicIsNakedWithANumber) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  OptionWriter nak;
  EXPECT_EQ(lcp.Judge(Read(MagicOption(0)), nak), Judgement::kNak);
  ASSERT_EQ(nak.bytes().size(), 6u);
  EXPECT_NE(LoadBe32(nak.bytes().data() + 2), 0u);
}

TEST(LcpTest, OurOwnMagicIsNakedAndThirdTimeInARowIsALoop) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  for (int round = 1; round <= 3; ++round) {
    EXPECT_EQ(lcp.refusal(), LinkDownCause::kNone);
    OptionWriter nak;
    const uint32_t mine = lcp.magic();
    lcp.BeginPeerRequest(MagicOption(mine));
    EXPECT_EQ(lcp.Judge(Read(MagicOption(mine)), nak), Judgement::kNak);
    EXPECT_NE(LoadBe32(nak.bytes().data() + 2), mine);
    lcp.OnNak(Read(Copy(nak.bytes())));
    EXPECT_NE(lcp.magic(), mine);
  }
  EXPECT_EQ(lcp.refusal(), LinkDownCause::kLoopback);
}

TEST(LcpTest, ACoincidenceOfMagicNumbersIsNoLoop) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  for (int round = 0; round < 10; ++round) {
    OptionWriter nak;
    lcp.BeginPeerRequest(MagicOption(lcp.magic()));
    lcp.Judge(Read(MagicOption(lcp.magic())), nak);
    lcp.BeginPeerRequest(MagicOption(lcp.magic() + 1));
    EXPECT_EQ(lcp.Judge(Read(MagicOption(lcp.magic() + 1)), nak), Judgement::kAck);
  }
  EXPECT_EQ(lcp.refusal(), LinkDownCause::kNone);
}

TEST(LcpTest, EveryAlgorithmOfChapIsAskedForAndUnderstood) {
  const std::vector<std::pair<AuthProtocol, Bytes>> rows = {
      {AuthProtocol::kChapMd5, kChapMd5Option},
      {AuthProtocol::kMsChapV1, kMsChapV1Option},
      {AuthProtocol::kMsChapV2, kMsChapV2Option}};
  for (const auto& [protocol, option] : rows) {
    LinkSettings settings = Settings(Role::kServer);
    settings.auth = {protocol};
    SeededRng rng(1);
    const Lcp server(settings, rng);
    EXPECT_TRUE(Requests(server, option)) << ToString(protocol);
    settings.role = Role::kClient;
    Lcp client(settings, rng);
    OptionWriter nak;
    client.BeginPeerRequest(option);
    EXPECT_EQ(client.Judge(Read(option), nak), Judgement::kAck);
    EXPECT_EQ(client.auth(), protocol);
  }
}

TEST(LcpTest, WindowsNaksChapWithMsChapV2AndGetsItWhereItIsOnTheList) {
  LinkSettings settings = Settings(Role::kServer);
  settings.auth = {AuthProtocol::kChapMd5, AuthProtocol::kPap, AuthProtocol::kMsChapV2};
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  lcp.OnNak(Read(kMsChapV2Option));
  EXPECT_TRUE(Requests(lcp, kMsChapV2Option)) << "not the next of the list, but what it wants";
  lcp.OnNak(Read(kMsChapV2Option));
  EXPECT_EQ(lcp.refusal(), LinkDownCause::kAuthRefused) << "it Naks its own suggestion";
}

TEST(LcpTest, OurOwnRequestThatComesBackIsALoopNotADemandToAuthenticate) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  const Bytes mine = Request(lcp);
  lcp.BeginPeerRequest(mine);
  OptionWriter nak;
  OptionReader reader(mine);
  while (const auto option = reader.Next()) EXPECT_NE(lcp.Judge(*option, nak), Judgement::kReject);
  ASSERT_FALSE(nak.empty());
  EXPECT_EQ(nak.bytes()[0], 5) << "the magic number is what is Nak'ed";
}

TEST(LcpTest, AccmIsAskedForWhereSettingsSayAndKnownToTheLac) {
  LinkSettings settings = Settings(Role::kServer);
  settings.ask_accm = 0x000a0000;
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  EXPECT_TRUE(Requests(lcp, {2, 6, 0, 0x0a, 0, 0}));
  EXPECT_EQ(lcp.receive_accm(), 0x000a0000u);
  lcp.OnNak(Read({2, 6, 0, 0, 0, 1}));
  EXPECT_EQ(lcp.receive_accm(), 0x000a0001u);
  lcp.OnReject(Read({2, 6, 0, 0x0a, 0, 1}));
  EXPECT_FALSE(RequestsType(lcp, 2));
  EXPECT_EQ(lcp.receive_accm(), 0xffffffffu);
  EXPECT_EQ(lcp.send_accm(), 0xffffffffu);
  OptionWriter nak;
  lcp.Judge(Read({2, 6, 0, 0, 0, 0}), nak);
  EXPECT_EQ(lcp.send_accm(), 0u);
}

// RFC 3437 2.1.
TEST(LcpTest, WhatTheLacsInterfaceWantsIsAskedFor) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  EXPECT_TRUE(lcp.SentOptions().empty());
  EXPECT_TRUE(lcp.ReceivedOptions().empty());
  const Bytes want = {1, 4, 4, 0, 2, 6, 0, 0, 0, 0, 3, 4, 0xc0, 0x23, 7, 2, 8, 2, 9, 3, 6, 77, 2};
  lcp.SetInterfaceOptions(want, {});
  EXPECT_TRUE(Requests(lcp, {1, 4, 4, 0}));
  EXPECT_TRUE(Requests(lcp, {2, 6, 0, 0, 0, 0}));
  EXPECT_TRUE(Requests(lcp, {7, 2}));
  EXPECT_TRUE(Requests(lcp, {8, 2}));
  EXPECT_TRUE(Requests(lcp, {9, 3, 6}));
  EXPECT_TRUE(Requests(lcp, kChapMd5Option)) << "who authenticates how is not the LAC's to want";
  EXPECT_FALSE(RequestsType(lcp, 77));
  EXPECT_EQ(lcp.SentOptions(), Request(lcp));
  lcp.OnNak(Read({9, 3, 2}));
  EXPECT_TRUE(Requests(lcp, {9, 3, 2}));
  lcp.OnReject(Read({9, 3, 2}));
  EXPECT_FALSE(RequestsType(lcp, 9));
  lcp.Restart();
  EXPECT_TRUE(Requests(lcp, {9, 3, 6})) << "a new negotiation asks anew";
  const Bytes peer = {5, 6, 1, 2, 3, 4};
  lcp.BeginPeerRequest(peer);
  EXPECT_EQ(lcp.ReceivedOptions(), peer);
}

TEST(LcpTest, AnInterfaceCannotWantMoreThanWeReceiveOrWhatHasNoForm) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  lcp.SetInterfaceOptions(Bytes{1, 4, 9, 0, 2, 3, 0, 9, 2}, {});
  EXPECT_TRUE(Requests(lcp, {1, 4, 5, 0xd4}));
  EXPECT_FALSE(RequestsType(lcp, 2));
  EXPECT_FALSE(RequestsType(lcp, 9));
  lcp.SetInterfaceOptions(Bytes{1, 3, 9}, {});
  EXPECT_TRUE(Requests(lcp, {1, 4, 5, 0xd4}));
}

// RFC 3437 2.2.
TEST(LcpTest, FcsAlternativesAreGrantedAsTheInterfaceAllows) {
  const LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  lcp.SetInterfaceOptions({}, Bytes{2, 6, 0, 0, 0, 0, 9, 3, 6});
  OptionWriter nak;
  EXPECT_EQ(lcp.Judge(Read({9, 3, 2}), nak), Judgement::kAck);
  EXPECT_EQ(lcp.Judge(Read({9, 3, 1}), nak), Judgement::kReject);
  EXPECT_EQ(lcp.Judge(Read({9, 3, 3}), nak), Judgement::kNak);
  EXPECT_EQ(Copy(nak.bytes()), (Bytes{9, 3, 2}));
  lcp.SetInterfaceOptions({}, Bytes{9, 2});
  EXPECT_EQ(lcp.Judge(Read({9, 3, 2}), nak), Judgement::kReject);
}

// RFC 2661 4.4.5: what a LAC negotiated, in the settings' default of MRU 1492, CHAP-MD5 or PAP.
TEST(LcpTest, AdoptsWhatTheLacNegotiatedWhereItIsWhatWeWouldHaveAgreedOn) {
  const Bytes chap = {1, 4, 5, 0xd4, 3, 5, 0xc2, 0x23, 5, 5, 6, 1, 2, 3, 4};
  const Bytes peer = {1, 4, 5, 0xd4, 5, 6, 9, 9, 9, 9};
  struct Row {
    const char* what;
    Bytes sent;
    Bytes received;
    bool adopted;
  };
  const std::vector<Row> rows = {
      {"what a LAC sends", chap, peer, true},
      {"PAP too", {1, 4, 5, 0xd4, 3, 4, 0xc0, 0x23}, peer, true},
      {"compression and a map",
       {1, 4, 5, 0, 2, 6, 0, 0, 0, 0, 3, 4, 0xc0, 0x23, 7, 2, 8, 2},
       {2, 6, 0, 0, 0, 0, 7, 2, 8, 2},
       true},
      {"the LAC's framing and identity",
       {1, 4, 5, 0, 3, 4, 0xc0, 0x23, 9, 3, 2, 19, 3, 0},
       {9, 3, 2, 19, 3, 0},
       true},
      {"no MRU: the peer may send 1500", {3, 4, 0xc0, 0x23}, peer, false},
      {"an MRU larger than ours", {1, 4, 5, 0xd5, 3, 4, 0xc0, 0x23}, peer, false},
      {"an MRU of the wrong length", {1, 3, 5, 3, 4, 0xc0, 0x23}, peer, false},
      {"EAP", {1, 4, 5, 0xd4, 3, 4, 0xc2, 0x27}, peer, false},
      {"MS-CHAPv2, not on our list", {1, 4, 5, 0xd4, 3, 5, 0xc2, 0x23, 0x81}, peer, false},
      {"no authentication", {1, 4, 5, 0xd4, 5, 6, 1, 2, 3, 4}, peer, false},
      {"a magic number of zero", {1, 4, 5, 0xd4, 3, 4, 0xc0, 0x23, 5, 6, 0, 0, 0, 0}, peer, false},
      {"multilink asked of the peer",
       {1, 4, 5, 0xd4, 3, 4, 0xc0, 0x23, 17, 4, 5, 0xdc},
       peer,
       false},
      {"multilink granted to the peer", chap, {17, 4, 5, 0xdc}, false},
      {"callback granted to the peer", chap, {13, 3, 6}, false},
      {"an MRU of the peer that nothing fits in", chap, {1, 4, 0, 1}, false},
      {"both the same magic number", chap, {5, 6, 1, 2, 3, 4}, false},
      {"the peer authenticates the LAC", chap, {3, 4, 0xc0, 0x23}, false},
      {"an unreadable list", {1, 9, 5}, peer, false},
      {"another one", chap, {1}, false},
  };
  for (const Row& row : rows) {
    const LinkSettings settings = Settings(Role::kServer);
    SeededRng rng(1);
    Lcp lcp(settings, rng);
    EXPECT_EQ(lcp.Adopt(row.sent, row.received, false), row.adopted) << row.what;
    if (row.adopted) continue;
    EXPECT_TRUE(Requests(lcp, {1, 4, 5, 0xd4})) << row.what << ": our own wishes are back";
    EXPECT_TRUE(Requests(lcp, kChapMd5Option)) << row.what;
    EXPECT_EQ(lcp.peer_mru(), 1500) << row.what;
    EXPECT_NE(lcp.magic(), 0x01020304u) << row.what;
    EXPECT_EQ(lcp.refusal(), LinkDownCause::kNone) << row.what;
  }
}

TEST(LcpTest, AdoptedValuesAreThoseOfBothSides) {
  LinkSettings settings = Settings(Role::kServer);
  SeededRng rng(1);
  Lcp lcp(settings, rng);
  ASSERT_TRUE(lcp.Adopt(Bytes{1, 4, 5, 0, 2, 6, 0, 0, 0, 1, 3, 4, 0xc0, 0x23, 5, 6, 1, 2, 3, 4},
                        Bytes{1, 4, 4, 0, 2, 6, 0, 0, 0, 2, 7, 2, 8, 2}, false));
  EXPECT_EQ(lcp.auth(), AuthProtocol::kPap);
  EXPECT_EQ(lcp.magic(), 0x01020304u);
  EXPECT_EQ(lcp.receive_accm(), 1u);
  EXPECT_EQ(lcp.send_accm(), 2u);
  EXPECT_EQ(lcp.peer_mru(), 1024);
  EXPECT_TRUE(lcp.send_pfc());
  EXPECT_TRUE(lcp.send_acfc());
}

TEST(LcpTest, LcpWithoutAuthenticationIsAdoptedWhereNoneIsNeeded) {
  const Bytes sent = {1, 4, 5, 0xd4};
  for (const bool allowed : {false, true}) {
    for (const bool known : {false, true}) {
      LinkSettings settings = Settings(Role::kServer);
      if (allowed) settings.auth.push_back(AuthProtocol::kNone);
      SeededRng rng(1);
      Lcp lcp(settings, rng);
      EXPECT_EQ(lcp.Adopt(sent, {}, known), allowed || known);
      if (allowed || known) {
        EXPECT_EQ(lcp.auth(), AuthProtocol::kNone);
      }
    }
  }
}

}  // namespace
}  // namespace lns::ppp
