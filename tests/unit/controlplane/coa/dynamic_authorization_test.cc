// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "controlplane/coa/dynamic_authorization.h"
#include "controlplane/radius/service_attributes.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/value.h"

namespace lns::controlplane {
namespace {

using radius::Code;
using radius::PacketBuilder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kUnixStart = 1'700'000'000;
constexpr char kSecret[] = "coa-secret";

class DynamicAuthorizationTest : public testing::Test {
 protected:
  using Fill = std::function<void(PacketBuilder& packet)>;

  DynamicAuthorizationTest()
      : accountant_({.records = true, .searched = true, .nas = Us(), .interim_interval = {}}, rng_,
                    0, 0) {
    settings_.clients = {
        {.name = "aaa", .address = *net::IpPrefix::Parse("192.0.2.0/24"), .secret = kSecret}};
    settings_.nas = Us();
    coa_ = std::make_unique<DynamicAuthorization>(settings_, accountant_);
    for (uint16_t id = 1; id <= 3; ++id) Start(id, id == 3 ? "bob" : "alice");
  }
  static NasIdentity Us() {
    return {.address = net::IpAddress::V4(0xc6336401), .identifier = "lns"};
  }
  Moment At() const { return {Instant() + now_, kUnixStart + now_.milliseconds() / 1000}; }
  static AccountingId Id(uint16_t session) {
    return {.run = 5, .number = session, .slot = session};
  }
  static SessionKey Key(uint16_t session) {
    return {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(session)};
  }

  void Start(uint16_t session, const char* user) {
    SessionFacts facts;
    facts.id = Id(session);
    facts.key = Key(session);
    facts.user_name = user;
    facts.call.accounting_id = facts.id.ToString();
    facts.call.nas_port = session;
    facts.call.calling_number = "555";
    facts.call.called_number = "0800";
    facts.service = DefaultService();
    facts.ipv4_address = net::IpAddress::V4(0x64400000u + session);
    facts.delegated_prefixes = {
        *net::IpPrefix::Parse("2001:db8:" + std::to_string(session) + "::/48")};
    accountant_.OnStarted(facts, At(), accounting_);
  }
  void Gone(uint16_t session) {
    accountant_.OnStopped(Id(session), Key(session), TerminateCause::kAdminReset, At());
    const Traffic traffic;
    accountant_.OnRemoved(Key(session), 1, &traffic, At(), accounting_);
    coa_->OnProgress(At(), out_);
  }

  static Bytes Request(Code code, const Fill& fill, uint8_t identifier = 9,
                       const char* secret = kSecret) {
    PacketBuilder packet(code, identifier);
    packet.AddMessageAuthenticator();
    fill(packet);
    const MutableByteView bytes = packet.Finish();
    radius::SignRequest(bytes, secret);
    return {bytes.begin(), bytes.end()};
  }
  void Receive(const Bytes& datagram, const char* from = "192.0.2.1") {
    coa_->OnDatagram({.socket = 1, .endpoint = {*net::IpAddress::Parse(from), 5000}}, datagram,
                     At(), out_);
  }
  // The answer to the request, checked as its client does: "ack", "nak 503", or "" for none.
  std::string AnswerTo(const Bytes& request) {
    if (out_.replies.empty()) return "";
    const CoaReply reply = out_.replies.back();
    out_.replies.clear();
    EXPECT_EQ(reply.to.socket, 1u);
    radius::Packet asked;
    radius::Packet answer;
    EXPECT_EQ(radius::ParsePacket(request, asked), radius::PacketError::kNone);
    EXPECT_EQ(radius::ParsePacket(reply.packet, answer), radius::PacketError::kNone);
    EXPECT_EQ(answer.identifier, asked.identifier);
    EXPECT_EQ(radius::CheckResponse(answer, asked.authenticator, kSecret,
                                    radius::MessageAuthenticator::kRequired),
              radius::Genuineness::kGenuine);
    last_answer_ = reply.packet;
    const bool disconnect = asked.code == Code::kDisconnectRequest;
    if (answer.code == (disconnect ? Code::kDisconnectAck : Code::kCoaAck)) return "ack";
    EXPECT_EQ(answer.code, disconnect ? Code::kDisconnectNak : Code::kCoaNak);
    const auto cause = radius::Find(answer.attributes, radius::kErrorCause);
    return "nak " + std::to_string(cause ? *radius::ReadInteger(*cause) : 0);
  }
  // The engine carries out what it is ordered with `outcome_`.
  std::string Ask(Code code, const Fill& fill) {
    const Bytes request = Request(code, fill, ++identifier_);
    Receive(request);
    for (CoaOrder& order : out_.orders) {
      EXPECT_THAT(out_.replies, IsEmpty()) << "before the data plane has it";
      coa_->OnOrderDone(order.number, outcome_, out_);
      orders_.push_back(std::move(order));
    }
    out_.orders.clear();
    return AnswerTo(request);
  }
  uint64_t Counter(const std::string& name) const {
    for (const auto& [counter, value] : coa_->Counters()) {
      if (counter == name) return value;
    }
    ADD_FAILURE() << name;
    return 0;
  }

  CoaSettings settings_;
  SeededRng rng_{1};
  Duration now_ = Duration::Seconds(1000);
  AccountantActions accounting_;
  Accountant accountant_;
  std::unique_ptr<DynamicAuthorization> coa_;
  CoaActions out_;
  absl::Status outcome_;
  std::vector<CoaOrder> orders_;
  Bytes last_answer_;
  uint8_t identifier_ = 100;
};

Bytes Text(std::string_view text) { return {text.begin(), text.end()}; }

TEST_F(DynamicAuthorizationTest, ADisconnectIsAcknowledgedWhenTheSessionIsGone) {
  const Bytes request = Request(Code::kDisconnectRequest, [](PacketBuilder& packet) {
    packet.AddText(radius::kAcctSessionId, Id(2).ToString());
  });
  Receive(request);
  EXPECT_THAT(out_.disconnect, ElementsAre(Id(2)));
  EXPECT_EQ(AnswerTo(request), "");
  Receive(request);  // its client is impatient
  EXPECT_THAT(out_.disconnect, SizeIs(1));
  EXPECT_EQ(AnswerTo(request), "");
  accountant_.OnStopped(Id(2), Key(2), TerminateCause::kAdminReset, At());
  coa_->OnProgress(At(), out_);
  EXPECT_EQ(AnswerTo(request), "") << "the data plane has not removed it yet";
  Gone(2);
  EXPECT_EQ(AnswerTo(request), "ack");
  Receive(request);
  EXPECT_EQ(AnswerTo(request), "ack") << "a duplicate is answered as before";
  EXPECT_THAT(out_.disconnect, SizeIs(1)) << "and does nothing";
  EXPECT_EQ(Counter("coa_duplicates"), 2u);
}

TEST_F(DynamicAuthorizationTest, ASessionThatWillNotGoIsSaidSo) {
  const Bytes request = Request(Code::kDisconnectRequest, [](PacketBuilder& packet) {
    packet.AddText(radius::kAcctSessionId, Id(2).ToString());
  });
  Receive(request);
  EXPECT_EQ(coa_->NextDeadline(), At().now + DynamicAuthorization::kPatience);
  now_ = now_ + DynamicAuthorization::kPatience;
  coa_->OnProgress(At(), out_);
  EXPECT_EQ(AnswerTo(request), "nak 504");
  EXPECT_EQ(coa_->NextDeadline(), Instant::Never());
}

TEST_F(DynamicAuthorizationTest, SessionsAreFoundByWhateverNamesThem) {
  struct Row {
    const char* what;
    Fill fill;
    std::vector<uint16_t> found;
  };
  const Row rows[] = {
      {"44", [](auto& p) { p.AddText(radius::kAcctSessionId, Id(3).ToString()); }, {3}},
      {"1", [](auto& p) { p.AddText(radius::kUserName, "bob"); }, {3}},
      {"1, several", [](auto& p) { p.AddText(radius::kUserName, "alice"); }, {1, 2}},
      {"8",
       [](auto& p) { p.AddAddress(radius::kFramedIpAddress, net::IpAddress::V4(0x64400002)); },
       {2}},
      {"31", [](auto& p) { p.AddText(radius::kCallingStationId, "555"); }, {1, 2, 3}},
      {"5", [](auto& p) { p.AddInteger(radius::kNasPort, 3); }, {3}},
      {"123",
       [](auto& p) {
         p.AddIpv6Prefix(radius::kDelegatedIpv6Prefix, *net::IpPrefix::Parse("2001:db8:2::/48"));
       },
       {2}},
      {"1 and 8 agree",
       [](auto& p) {
         p.AddText(radius::kUserName, "alice");
         p.AddAddress(radius::kFramedIpAddress, net::IpAddress::V4(0x64400001));
       },
       {1}},
      {"1 and 8 do not",
       [](auto& p) {
         p.AddText(radius::kUserName, "bob");
         p.AddAddress(radius::kFramedIpAddress, net::IpAddress::V4(0x64400001));
       },
       {}},
      {"44 and 1 do not",
       [](auto& p) {
         p.AddText(radius::kAcctSessionId, Id(3).ToString());
         p.AddText(radius::kUserName, "alice");
       },
       {}},
      {"an id of nobody", [](auto& p) { p.AddText(radius::kAcctSessionId, Id(4).ToString()); }, {}},
      {"an id not ours", [](auto& p) { p.AddText(radius::kAcctSessionId, "4711"); }, {}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    out_ = {};
    const std::string answer = Ask(Code::kDisconnectRequest, row.fill);
    EXPECT_EQ(answer, row.found.empty() ? "nak 503" : "");
    std::vector<uint16_t> found;
    for (const AccountingId& id : out_.disconnect) found.push_back(static_cast<uint16_t>(id.slot));
    EXPECT_THAT(found, testing::UnorderedElementsAreArray(row.found));
  }
}

TEST_F(DynamicAuthorizationTest, EveryRefusalHasItsErrorCause) {
  const auto bob = [](PacketBuilder& packet) { packet.AddText(radius::kUserName, "bob"); };
  struct Row {
    const char* what;
    Code code;
    Fill fill;
    const char* answer;
  };
  const Row rows[] = {
      {"an attribute nobody does", Code::kCoaRequest,
       [&](auto& p) {
         bob(p);
         p.AddInteger(radius::kSessionTimeout, 100);
         p.AddText(radius::kFramedPool, "gold");
       },
       "nak 401"},
      {"a vendor's attribute", Code::kCoaRequest,
       [&](auto& p) {
         bob(p);
         p.AddText(radius::kErxVirtualRouterName, "blue");
       },
       "nak 401"},
      {"a change in a Disconnect-Request", Code::kDisconnectRequest,
       [&](auto& p) {
         bob(p);
         p.AddInteger(radius::kSessionTimeout, 100);
       },
       "nak 401"},
      {"no session is named", Code::kDisconnectRequest, [](auto&) {}, "nak 402"},
      {"no change is named", Code::kCoaRequest, [&](auto& p) { bob(p); }, "nak 402"},
      {"another NAS by address", Code::kDisconnectRequest,
       [&](auto& p) {
         bob(p);
         p.AddAddress(radius::kNasIpAddress, net::IpAddress::V4(0x01020304));
       },
       "nak 403"},
      {"another NAS by name", Code::kDisconnectRequest,
       [&](auto& p) {
         bob(p);
         p.AddText(radius::kNasIdentifier, "other");
       },
       "nak 403"},
      {"the called number alone", Code::kDisconnectRequest,
       [](auto& p) { p.AddText(radius::kCalledStationId, "0800"); }, "nak 404"},
      {"authorize only", Code::kCoaRequest,
       [&](auto& p) {
         bob(p);
         p.AddInteger(radius::kServiceType, radius::kServiceTypeAuthorizeOnly);
         p.Add(radius::kState, Text("s"));
       },
       "nak 405"},
      {"a timeout of three bytes", Code::kCoaRequest,
       [&](auto& p) {
         bob(p);
         p.Add(radius::kSessionTimeout, Text("abc"));
       },
       "nak 407"},
      {"an interim interval below the least", Code::kCoaRequest,
       [&](auto& p) {
         bob(p);
         p.AddInteger(radius::kAcctInterimInterval, 59);
       },
       "nak 407"},
      {"a route that is none", Code::kCoaRequest,
       [&](auto& p) {
         bob(p);
         p.AddInteger(radius::kSessionTimeout, 100);
         p.AddText(radius::kFramedRoute, "not a route");
       },
       "nak 407"},
      {"nobody", Code::kCoaRequest,
       [](auto& p) {
         p.AddText(radius::kUserName, "carol");
         p.AddInteger(radius::kSessionTimeout, 100);
       },
       "nak 503"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(Ask(row.code, row.fill), row.answer);
    EXPECT_THAT(out_.disconnect, IsEmpty());
    EXPECT_THAT(orders_, IsEmpty()) << "nothing is done by halves";
  }
  EXPECT_EQ(Counter("coa_refused"), std::size(rows));
}

TEST_F(DynamicAuthorizationTest, ACoaOrdersItsChangeForEverySessionItMeans) {
  const Bytes request = Request(Code::kCoaRequest, [](PacketBuilder& packet) {
    packet.AddText(radius::kUserName, "alice");
    packet.AddInteger(radius::kSessionTimeout, 3600);
    packet.AddText(radius::kReplyMessage, "tolerated");
    packet.AddInteger(radius::kWisprBandwidthMaxDown, 5'000'000);
    packet.AddText(radius::kFilterId, "one");
    packet.AddText(radius::kFilterId, "two");
    packet.AddText(radius::kWisprRedirectionUrl, "none");
  });
  Receive(request);
  EXPECT_EQ(AnswerTo(request), "") << "the data plane does not have it yet";
  ASSERT_THAT(out_.orders, SizeIs(1));
  const CoaOrder order = out_.orders[0];
  EXPECT_THAT(order.sessions, testing::UnorderedElementsAre(Id(1), Id(2)));
  Receive(request);
  EXPECT_THAT(out_.orders, SizeIs(1)) << "its client is impatient";
  coa_->OnOrderDone(order.number + 1, absl::OkStatus(), out_);
  coa_->OnProgress(At(), out_);
  EXPECT_EQ(AnswerTo(request), "") << "another order is none of its business";
  coa_->OnOrderDone(order.number, absl::OkStatus(), out_);
  EXPECT_EQ(AnswerTo(request), "ack");
  coa_->OnOrderDone(order.number, absl::OkStatus(), out_);
  EXPECT_THAT(out_.replies, IsEmpty());

  // On top of what a session has; what it does not name stays.
  ServiceProfile base;
  base.filters = {"zero"};
  base.redirect_url = "http://portal.example/";
  base.idle_timeout = Duration::Seconds(9);
  base.rate_down_bps = 1000;
  const ServiceProfile changed = ReadService(order.attributes, base).profile;
  EXPECT_EQ(changed.session_timeout, Duration::Seconds(3600));
  EXPECT_EQ(changed.idle_timeout, Duration::Seconds(9));
  EXPECT_EQ(changed.rate_down_bps, 5'000'000u);
  EXPECT_THAT(changed.filters, ElementsAre("one", "two"));
  EXPECT_EQ(changed.redirect_url, "") << "the walled garden is lifted";
}

TEST_F(DynamicAuthorizationTest, AnOrderThatWasNotCarriedOutIsRefusedByItsReason) {
  const std::pair<absl::Status, const char*> rows[] = {
      {absl::NotFoundError("it ended"), "nak 503"},
      {absl::InvalidArgumentError("no such filter"), "nak 407"},
      {absl::AlreadyExistsError("another session's route"), "nak 407"},
      {absl::ResourceExhaustedError("no room"), "nak 506"},
      {absl::UnavailableError("away"), "nak 506"},
      {absl::AbortedError("another change is under way"), "nak 506"},
  };
  for (const auto& [outcome, answer] : rows) {
    outcome_ = outcome;
    EXPECT_EQ(Ask(Code::kCoaRequest,
                  [](PacketBuilder& packet) {
                    packet.AddText(radius::kUserName, "bob");
                    packet.AddText(radius::kFilterId, "x");
                  }),
              answer)
        << outcome;
  }
  EXPECT_EQ(Counter("coa_refused"), std::size(rows));
}

TEST_F(DynamicAuthorizationTest, AnEngineThatNeverAnswersIsNotWaitedForForEver) {
  const Bytes request = Request(Code::kCoaRequest, [](PacketBuilder& packet) {
    packet.AddText(radius::kUserName, "bob");
    packet.AddInteger(radius::kIdleTimeout, 60);
  });
  Receive(request);
  now_ = now_ + DynamicAuthorization::kPatience;
  EXPECT_EQ(coa_->NextDeadline(), At().now);
  coa_->OnProgress(At(), out_);
  EXPECT_EQ(AnswerTo(request), "nak 506");
  coa_->OnOrderDone(out_.orders[0].number, absl::OkStatus(), out_);
  EXPECT_THAT(out_.replies, IsEmpty()) << "one answer is enough";
}

TEST_F(DynamicAuthorizationTest, WhatIsNotGenuineIsNotAnswered) {
  const auto fill = [](PacketBuilder& packet) { packet.AddText(radius::kUserName, "bob"); };
  Receive(Request(Code::kDisconnectRequest, fill), "203.0.113.1");
  EXPECT_EQ(Counter("coa_unknown_client"), 1u);
  Receive(Request(Code::kDisconnectRequest, fill, 9, "wrong"));
  EXPECT_EQ(Counter("coa_not_genuine"), 1u);
  PacketBuilder unsigned_packet(Code::kDisconnectRequest, 9);
  fill(unsigned_packet);
  const MutableByteView bytes = unsigned_packet.Finish();
  radius::SignRequest(bytes, kSecret);
  Receive({bytes.begin(), bytes.end()});  // no Message-Authenticator
  EXPECT_EQ(Counter("coa_not_genuine"), 2u);
  Receive(Request(Code::kAccessRequest, fill));
  Bytes truncated = Request(Code::kDisconnectRequest, fill);
  truncated.pop_back();
  Receive(truncated);
  Receive({});
  EXPECT_EQ(Counter("coa_malformed"), 3u);
  EXPECT_THAT(out_.replies, IsEmpty());
  EXPECT_THAT(out_.disconnect, IsEmpty());
}

TEST_F(DynamicAuthorizationTest, ARequestOfAnotherTimeIsNotAnswered) {
  const auto at = [&](int64_t offset) {
    return [this, offset](PacketBuilder& packet) {
      packet.AddText(radius::kUserName, "bob");
      packet.AddInteger(radius::kSessionTimeout, 100);
      packet.AddInteger(radius::kEventTimestamp, static_cast<uint32_t>(At().unix_seconds + offset));
    };
  };
  EXPECT_EQ(Ask(Code::kCoaRequest, at(-301)), "");
  EXPECT_EQ(Ask(Code::kCoaRequest, at(301)), "");
  EXPECT_EQ(Counter("coa_not_current"), 2u);
  EXPECT_EQ(Ask(Code::kCoaRequest, at(-300)), "ack");
  EXPECT_EQ(Ask(Code::kCoaRequest, at(300)), "ack");
}

TEST_F(DynamicAuthorizationTest, ProxyStatesComeBackInOrder) {
  EXPECT_EQ(Ask(Code::kCoaRequest,
                [](PacketBuilder& packet) {
                  packet.Add(radius::kProxyState, Text("one"));
                  packet.AddText(radius::kUserName, "bob");
                  packet.AddInteger(radius::kIdleTimeout, 100);
                  packet.Add(radius::kProxyState, Text("two"));
                }),
            "ack");
  radius::Packet answer;
  ASSERT_EQ(radius::ParsePacket(last_answer_, answer), radius::PacketError::kNone);
  std::vector<std::string> states;
  radius::AttributeReader reader(answer.attributes);
  radius::Attribute attribute;
  while (reader.Next(attribute)) {
    if (attribute.id == radius::kProxyState) states.emplace_back(AsText(attribute.value));
  }
  EXPECT_THAT(states, ElementsAre("one", "two"));
}

TEST_F(DynamicAuthorizationTest, AFloodFillsABoundedMemory) {
  const auto fill = [](PacketBuilder& packet) { packet.AddText(radius::kUserName, "carol"); };
  for (size_t i = 0; i < DynamicAuthorization::kMaxAnswers + 300; ++i) {
    const Bytes request = Request(
        Code::kDisconnectRequest,
        [&](PacketBuilder& packet) {
          fill(packet);
          packet.AddInteger(radius::kNasPort, static_cast<uint32_t>(i));
        },
        static_cast<uint8_t>(i));
    Receive(request);
  }
  EXPECT_EQ(out_.replies.size(), DynamicAuthorization::kMaxAnswers);
  EXPECT_EQ(Counter("coa_overflow"), 300u);
  out_ = {};
  now_ = now_ + DynamicAuthorization::kAnswersKept;
  EXPECT_EQ(Ask(Code::kDisconnectRequest, fill), "nak 503");
}

}  // namespace
}  // namespace lns::controlplane
