// Each IPCP option's Ack, Nak or Reject, both roles.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <vector>

#include "lib/ppp/ipcp.h"

namespace lns::ppp {
namespace {

Bytes Copy(ByteView view) { return Bytes(view.begin(), view.end()); }
LinkSettings Settings(Role role) {
  LinkSettings settings;
  settings.role = role;
  return settings;
}
Option Read(const Bytes& bytes) { return *OptionReader(bytes).Next(); }
Bytes Request(const Ipcp& ipcp) {
  OptionWriter writer;
  ipcp.WriteRequest(writer);
  return Copy(writer.bytes());
}
Bytes Missing(const Ipcp& ipcp) {
  OptionWriter writer;
  ipcp.WriteMissing(writer);
  return Copy(writer.bytes());
}

constexpr Ipv4Parameters kAssigned{.local = 0x64400001, .peer = 0x64400007, .dns = {0x08080808, 0}};
const Bytes kPeerAddress = {3, 6, 100, 64, 0, 7};

TEST(IpcpTest, ServerJudgesEachOptionByItsRow) {
  struct Row {
    const char* what;
    Bytes option;
    Judgement judgement;
    Bytes nak;
  };
  const std::vector<Row> rows = {
      {"0.0.0.0 is Nak'ed with the assigned address",
       {3, 6, 0, 0, 0, 0},
       Judgement::kNak,
       kPeerAddress},
      {"another address too", {3, 6, 10, 0, 0, 1}, Judgement::kNak, kPeerAddress},
      {"the server's own too", {3, 6, 100, 64, 0, 1}, Judgement::kNak, kPeerAddress},
      {"the assigned address", kPeerAddress, Judgement::kAck, {}},
      {"address of the wrong length", {3, 5, 1, 2, 3}, Judgement::kNak, kPeerAddress},
      {"name server of the wrong length", {129, 2}, Judgement::kNak, {129, 6, 8, 8, 8, 8}},
      {"of one there is none of", {131, 2}, Judgement::kReject, {}},
      {"primary name server", {129, 6, 0, 0, 0, 0}, Judgement::kNak, {129, 6, 8, 8, 8, 8}},
      {"primary name server, right", {129, 6, 8, 8, 8, 8}, Judgement::kAck, {}},
      {"secondary name server where there is none", {131, 6, 0, 0, 0, 0}, Judgement::kReject, {}},
      {"NetBIOS name server", {130, 6, 0, 0, 0, 0}, Judgement::kReject, {}},
      {"secondary NetBIOS name server", {132, 6, 0, 0, 0, 0}, Judgement::kReject, {}},
      {"the old IP-Addresses option", {1, 10, 0, 0, 0, 0, 0, 0, 0, 0}, Judgement::kReject, {}},
      {"Van Jacobson compression", {2, 6, 0, 0x2d, 15, 1}, Judgement::kReject, {}},
      {"an unknown option", {77, 2}, Judgement::kReject, {}},
  };
  for (const Row& row : rows) {
    const LinkSettings settings = Settings(Role::kServer);
    Ipcp ipcp(settings);
    ipcp.Assign(kAssigned);
    ipcp.BeginPeerRequest({});
    OptionWriter nak;
    EXPECT_EQ(ipcp.Judge(Read(row.option), nak), row.judgement) << row.what;
    EXPECT_EQ(Copy(nak.bytes()), row.nak) << row.what;
  }
}

TEST(IpcpTest, NetbiosNameServersComeFromTheSettings) {
  LinkSettings settings = Settings(Role::kServer);
  settings.nbns = {0x0a000001, 0x0a000002};
  Ipcp ipcp(settings);
  ipcp.Assign(kAssigned);
  OptionWriter nak;
  EXPECT_EQ(ipcp.Judge(Read({130, 6, 0, 0, 0, 0}), nak), Judgement::kNak);
  EXPECT_EQ(ipcp.Judge(Read({132, 6, 0, 0, 0, 0}), nak), Judgement::kNak);
  EXPECT_EQ(Copy(nak.bytes()), (Bytes{130, 6, 10, 0, 0, 1, 132, 6, 10, 0, 0, 2}));
  EXPECT_EQ(ipcp.Judge(Read({132, 6, 10, 0, 0, 2}), nak), Judgement::kAck);
  LinkSettings client = settings;
  client.role = Role::kClient;
  Ipcp peer(client);
  EXPECT_EQ(peer.Judge(Read({130, 6, 0, 0, 0, 0}), nak), Judgement::kReject);
}

TEST(IpcpTest, SubscriberThatNamesNoAddressIsToldIts) {
  const LinkSettings settings = Settings(Role::kServer);
  Ipcp ipcp(settings);
  ipcp.Assign(kAssigned);
  ipcp.BeginPeerRequest({});
  EXPECT_EQ(Missing(ipcp), kPeerAddress);
  OptionWriter nak;
  ipcp.Judge(Read(kPeerAddress), nak);
  EXPECT_TRUE(Missing(ipcp).empty());
  ipcp.BeginPeerRequest({});
  EXPECT_EQ(Missing(ipcp), kPeerAddress);
}

TEST(IpcpTest, ServerSaysItsOwnAddressAndStandsByIt) {
  const LinkSettings settings = Settings(Role::kServer);
  Ipcp ipcp(settings);
  ipcp.Assign(kAssigned);
  const Bytes own = {3, 6, 100, 64, 0, 1};
  EXPECT_EQ(Request(ipcp), own);
  ipcp.OnNak(Read({3, 6, 9, 9, 9, 9}));
  EXPECT_EQ(Request(ipcp), own);
  ipcp.OnReject(Read(own));
  EXPECT_EQ(ipcp.refusal(), LinkDownCause::kAddressRefused);
}

TEST(IpcpTest, ServerWithoutAnAddressIsUnnumbered) {
  const LinkSettings settings = Settings(Role::kServer);
  Ipcp ipcp(settings);
  ipcp.Assign({.local = 0, .peer = 0x64400007, .dns = {}});
  EXPECT_TRUE(Request(ipcp).empty());
}

TEST(IpcpTest, ClientAsksForEverythingAndTakesWhatItIsGiven) {
  const LinkSettings settings = Settings(Role::kClient);
  Ipcp ipcp(settings);
  EXPECT_EQ(Request(ipcp), (Bytes{3, 6, 0, 0, 0, 0, 129, 6, 0, 0, 0, 0, 131, 6, 0, 0, 0, 0}));
  ipcp.OnNak(Read(kPeerAddress));
  ipcp.OnNak(Read({129, 6, 8, 8, 8, 8}));
  ipcp.OnReject(Read({131, 6, 0, 0, 0, 0}));
  EXPECT_EQ(Request(ipcp), (Bytes{3, 6, 100, 64, 0, 7, 129, 6, 8, 8, 8, 8}));
  ipcp.OnAck();
  EXPECT_EQ(ipcp.refusal(), LinkDownCause::kNone);
  EXPECT_EQ(ipcp.parameters().local, 0x64400007u);
  // A renegotiation asks for the same address and again for all name servers.
  ipcp.Restart();
  EXPECT_EQ(Request(ipcp), (Bytes{3, 6, 100, 64, 0, 7, 129, 6, 8, 8, 8, 8, 131, 6, 0, 0, 0, 0}));
}

TEST(IpcpTest, ClientJudgesTheServersAddress) {
  const LinkSettings settings = Settings(Role::kClient);
  Ipcp ipcp(settings);
  ipcp.BeginPeerRequest({});
  EXPECT_TRUE(Missing(ipcp).empty());
  OptionWriter nak;
  EXPECT_EQ(ipcp.Judge(Read({3, 6, 100, 64, 0, 1}), nak), Judgement::kAck);
  EXPECT_EQ(ipcp.parameters().peer, 0x64400001u);
  EXPECT_EQ(ipcp.Judge(Read({3, 6, 0, 0, 0, 0}), nak), Judgement::kReject);
  EXPECT_EQ(ipcp.Judge(Read({129, 6, 0, 0, 0, 0}), nak), Judgement::kReject);
}

TEST(IpcpTest, ClientCannotLiveWithoutAnAddress) {
  const LinkSettings settings = Settings(Role::kClient);
  Ipcp acked(settings);
  acked.OnAck();
  EXPECT_EQ(acked.refusal(), LinkDownCause::kAddressRefused);
  Ipcp rejected(settings);
  rejected.OnReject(Read({3, 6, 0, 0, 0, 0}));
  EXPECT_EQ(rejected.refusal(), LinkDownCause::kAddressRefused);
}

}  // namespace
}  // namespace lns::ppp
