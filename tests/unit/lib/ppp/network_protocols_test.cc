// The network phase of a link: IPCP and IPV6CP beside each other, and a link that loses one or
// both. Their options are ipcp_test.cc's and ipv6cp_test.cc's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/event.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/link.h"
#include "tests/unit/lib/ppp/link_fixture.h"

namespace lns::ppp {
namespace {

TEST_F(LinkTest, Ipv6ComesUpBesideIpv4WithDifferentIdentifiers) {
  LinkSettings server = Server();
  LinkSettings client = Client();
  server.ipv6 = client.ipv6 = true;
  Make(server, client);
  StartBoth();
  ASSERT_NE(server_.Last<Ipv6Up>(), nullptr);
  ASSERT_NE(client_.Last<Ipv6Up>(), nullptr);
  EXPECT_EQ(server_.Last<Ipv6Up>()->peer_interface_id, client_.Last<Ipv6Up>()->local_interface_id);
  EXPECT_EQ(client_.Last<Ipv6Up>()->peer_interface_id, server_.Last<Ipv6Up>()->local_interface_id);
  EXPECT_NE(client_.Last<Ipv6Up>()->peer_interface_id, client_.Last<Ipv6Up>()->local_interface_id);
  EXPECT_TRUE(server_.Ipv4IsUp());
}

TEST_F(LinkTest, IpcpBeforeTheVerdictIsIgnored) {
  Make(Server(), Client());
  server_.answer = false;
  StartBoth();
  server_.Receive(Control(kProtocolIpcp, kConfigureRequest, 1, {3, 6, 0, 0, 0, 0}), now_);
  EXPECT_TRUE(server_.frames.empty());
  EXPECT_EQ(server_.CountOf<Ipv4Up>(), 0);
  EXPECT_EQ(server_.events[PppEvent::kOutOfPhase], 1);
}

TEST_F(LinkTest, ProtocolRejectOfIpcpEndsIpv4AndOnlyThat) {
  for (const bool ipv6 : {true, false}) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    LinkSettings client = Client();
    server.ipv6 = client.ipv6 = ipv6;
    Make(server, client);
    StartBoth();
    server_.Receive(Control(kProtocolLcp, kProtocolReject, 1, {0x80, 0x21, 1, 1, 0, 4}), now_);
    EXPECT_EQ(server_.CountOf<Ipv4Down>(), 1);
    EXPECT_EQ(server_.CountOf<Ipv6Down>(), 0);
    Exchange();
    RunUntil(now_ + Duration::Seconds(10));
    EXPECT_EQ(server_.CountOf<LinkDown>(), ipv6 ? 0 : 1);
    if (!ipv6) {
      EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kNoNetworkProtocol);
    }
  }
}

TEST_F(LinkTest, AUserWithoutAnAddressGetsIpv6OnlyOrNothing) {
  for (const bool ipv6 : {true, false}) {
    server_ = {};
    client_ = {};
    LinkSettings server = Server();
    LinkSettings client = Client();
    server.ipv6 = client.ipv6 = ipv6;
    Make(server, client);
    server_.answer = false;
    StartBoth();
    LinkActions out;
    server_.link->OnAuthentication({.accepted = true}, now_, out);
    server_.Take(out, now_);
    Exchange();
    EXPECT_EQ(server_.CountOf<Ipv4Up>() + client_.CountOf<Ipv4Up>(), 0);
    EXPECT_EQ(server_.CountOf<Ipv6Up>(), ipv6 ? 1 : 0);
    if (!ipv6) {
      ASSERT_NE(server_.Last<LinkDown>(), nullptr);
      EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kNoNetworkProtocol);
    }
  }
}

TEST_F(LinkTest, APeerThatWillNotTakeItsAddressIsRefused) {
  Make(Server(), Client());
  StartBoth();
  server_.frames.clear();
  const Bytes other = {3, 6, 10, 9, 9, 9};
  for (uint8_t id = 100; id < 120 && server_.CountOf<LinkDown>() == 0; ++id) {
    server_.Receive(Control(kProtocolIpcp, kConfigureRequest, id, other), now_);
    server_.Receive(Control(kProtocolIpcp, kConfigureRequest, ++id, {}), now_);
    // It acknowledges the end of IPCP, then of the link.
    for (const Bytes& frame : std::exchange(server_.frames, {})) {
      if (frame[2] == kTerminateRequest) {
        server_.Receive(Control(LoadBe16(frame.data()), kTerminateAck, frame[3], {}), now_);
      }
    }
  }
  for (const Bytes& frame : std::exchange(server_.frames, {})) {
    if (frame[2] == kTerminateRequest) {
      server_.Receive(Control(LoadBe16(frame.data()), kTerminateAck, frame[3], {}), now_);
    }
  }
  ASSERT_NE(server_.Last<LinkDown>(), nullptr);
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kAddressRefused);
}

TEST_F(LinkTest, NoNetworkProtocolOpensInTime) {
  Make(Server(), Client());
  server_.answer = false;
  StartBoth();
  server_.Judge(*server_.Last<AuthenticationNeeded>(), now_);
  for (int i = 0; i < 100 && server_.CountOf<LinkDown>() == 0; ++i) {
    now_ = server_.link->NextDeadline();
    server_.Tick(now_);
  }
  EXPECT_EQ(server_.Last<LinkDown>()->cause, LinkDownCause::kNetworkTimeout);
}

// What one frame makes a link do, in order: "ack" and the like for frames by their code.
std::string DoneAt(Link& link, const Bytes& frame, Instant now) {
  LinkActions out;
  link.OnFrame(frame, now, out);
  std::string done;
  for (const LinkAction& action : out) {
    if (std::holds_alternative<CountEvent>(action)) continue;
    if (!done.empty()) done += ' ';
    if (const auto* send = std::get_if<SendFrame>(&action)) {
      constexpr const char* kCodes[] = {"?", "request", "ack", "nak", "reject"};
      done += kCodes[send->bytes[2] <= kConfigureReject ? send->bytes[2] : 0];
    } else if (std::holds_alternative<Ipv4Opening>(action) ||
               std::holds_alternative<Ipv6Opening>(action)) {
      done += "OPENING";
    } else if (std::holds_alternative<Ipv4Up>(action) || std::holds_alternative<Ipv6Up>(action)) {
      done += "UP";
    } else if (std::holds_alternative<Ipv4Down>(action) ||
               std::holds_alternative<Ipv6Down>(action)) {
      done += "DOWN";
    } else {
      done += "?";
    }
  }
  return done;
}

const Bytes kGoodAddress = {3, 6, 0x64, 0x40, 0, 7};  // kAssigned.peer

// RFC 1661 4.1, TO- and 4.4, This-Layer-Finished: nothing more is sent, the link goes on with what
// is open, and a request of the peer begins the negotiation anew.
TEST_F(LinkTest, AnNcpThatRunsOutOfRequestsLeavesTheOtherAloneAndMayBeginAnew) {
  LinkSettings server = Server();
  LinkSettings client = Client();
  server.ipv6 = client.ipv6 = true;
  Make(server, client);
  server_.Start(now_);
  client_.Start(now_);
  int requests = 0;
  // Nothing of the client's IPCP arrives.
  const Instant end = now_ + Duration::Seconds(60);
  while (now_ < end) {
    for (int round = 0; round < 20; ++round) {
      for (const Bytes& frame : std::exchange(client_.frames, {})) {
        if (LoadBe16(frame.data()) != kProtocolIpcp) server_.Receive(frame, now_);
      }
      for (const Bytes& frame : std::exchange(server_.frames, {})) {
        requests += LoadBe16(frame.data()) == kProtocolIpcp ? 1 : 0;
        client_.Receive(frame, now_);
      }
    }
    now_ = std::min(server_.link->NextDeadline(), client_.link->NextDeadline());
    server_.Tick(now_);
    client_.Tick(now_);
  }
  EXPECT_EQ(requests, server.max_configure);
  EXPECT_EQ(server_.CountOf<LinkDown>(), 0);
  EXPECT_EQ(server_.CountOf<Ipv6Up>(), 1);
  EXPECT_EQ(server_.CountOf<Ipv6Down>(), 0);
  EXPECT_EQ(server_.CountOf<Ipv4Up>(), 0);
  const Bytes request = Control(kProtocolIpcp, kConfigureRequest, 77, {3, 6, 0x64, 0x40, 0, 7});
  EXPECT_EQ(DoneAt(*server_.link, request, now_), "request OPENING ack");
}

TEST_F(LinkTest, AServerTellsTheOpeningBeforeItsAckAndOnlyOnce) {
  Make(Server(), Client());
  StartBoth();
  ASSERT_EQ(server_.CountOf<Ipv4Opening>(), 1);
  EXPECT_EQ(server_.Last<Ipv4Opening>()->parameters.peer, kAssigned.peer);
  Link& link = *server_.link;
  const auto request = [](uint8_t id) {
    return Control(kProtocolIpcp, kConfigureRequest, id, kGoodAddress);
  };
  EXPECT_EQ(DoneAt(link, request(200), now_), "DOWN request OPENING ack");
  EXPECT_EQ(DoneAt(link, request(201), now_), "ack");
  // The client hears of it and starts over, too; its Ack of our request brings us up.
  client_.Receive(Control(kProtocolIpcp, kConfigureRequest, 250, {3, 6, 0x64, 0x40, 0, 1}), now_);
  Exchange();
  RunUntil(now_ + Duration::Seconds(10));
  EXPECT_TRUE(client_.Ipv4IsUp());
  EXPECT_EQ(server_.CountOf<Ipv4Up>(), 2);
  // A copy of what was acknowledged changes nothing.
  const int told = server_.CountOf<Ipv4Opening>();
  RunUntil(now_ + Duration::Seconds(60));
  EXPECT_EQ(server_.CountOf<Ipv4Opening>(), told);
}

TEST_F(LinkTest, AnOpeningThatComesToNothingIsTakenBack) {
  Make(Server(), Client());
  StartBoth();
  Link& link = *server_.link;
  const auto request = [](uint8_t id, const Bytes& options) {
    return Control(kProtocolIpcp, kConfigureRequest, id, options);
  };
  EXPECT_EQ(DoneAt(link, request(200, kGoodAddress), now_), "DOWN request OPENING ack");
  EXPECT_EQ(DoneAt(link, request(201, {3, 6, 10, 9, 9, 9}), now_), "nak DOWN");
  EXPECT_EQ(DoneAt(link, request(202, kGoodAddress), now_), "OPENING ack");
  EXPECT_EQ(DoneAt(link, Control(kProtocolIpcp, kTerminateRequest, 203, {}), now_), "? DOWN");
  EXPECT_EQ(DoneAt(link, request(204, kGoodAddress), now_), "OPENING ack");
  LinkActions out;
  link.Close(now_, out);
  EXPECT_TRUE(std::holds_alternative<Ipv4Down>(out.front()));
}

TEST_F(LinkTest, AnotherInterfaceIdentifierIsAnotherOpening) {
  LinkSettings server = Server();
  LinkSettings client = Client();
  server.ipv6 = client.ipv6 = true;
  Make(server, client);
  StartBoth();
  ASSERT_EQ(server_.CountOf<Ipv6Opening>(), 1);
  EXPECT_EQ(server_.Last<Ipv6Opening>()->peer_interface_id,
            server_.Last<Ipv6Up>()->peer_interface_id);
  EXPECT_EQ(client_.CountOf<Ipv4Opening>() + client_.CountOf<Ipv6Opening>(), 0);
  Link& link = *server_.link;
  const auto request = [](uint8_t id, uint8_t interface) {
    return Control(kProtocolIpv6cp, kConfigureRequest, id, {1, 10, 0, 0, 0, 0, 0, 0, 0, interface});
  };
  EXPECT_EQ(DoneAt(link, request(200, 1), now_), "DOWN request OPENING ack");
  EXPECT_EQ(DoneAt(link, request(201, 1), now_), "ack");
  EXPECT_EQ(DoneAt(link, request(202, 2), now_), "OPENING ack");
  EXPECT_TRUE(server_.Ipv4IsUp());
}

TEST_F(LinkTest, NetworkPacketsAreOnlyCounted) {
  Make(Server(), Client());
  StartBoth();
  server_.Receive(Bytes{0x00, 0x21, 0x45, 0, 0, 20}, now_);
  server_.Receive(Bytes{0x57, 0x60, 0, 0, 0}, now_);
  EXPECT_EQ(server_.events[PppEvent::kNetworkFrame], 2);
  EXPECT_TRUE(server_.frames.empty());
}

}  // namespace
}  // namespace lns::ppp
