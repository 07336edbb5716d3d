// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "controlplane/accounting/accountant.h"
#include "lib/radius/attributes.h"
#include "lib/radius/packet.h"
#include "lib/radius/value.h"

namespace lns::controlplane {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kUnixStart = 1'700'000'000;
constexpr uint64_t kGeneration = 99;

SessionKey Key(uint16_t session) { return {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(session)}; }

class AccountantTest : public testing::Test {
 protected:
  AccountantTest() {
    settings_.records = true;
    settings_.nas = {.address = net::IpAddress::V4(0x01020304), .identifier = "lns"};
    settings_.interim_interval = Duration();
  }
  void Make(uint64_t last_number = 0, uint64_t queued = 0) {
    accountant_ = std::make_unique<Accountant>(settings_, rng_, last_number, queued);
  }
  Moment At() const { return {Instant() + now_, kUnixStart + now_.milliseconds() / 1000}; }

  // Lets time pass and does what is due; readings are answered by Counted().
  void Run(Duration time) {
    const Duration until = now_ + time;
    while (accountant_->NextDeadline() <= Instant() + until) {
      now_ = std::max(now_, accountant_->NextDeadline() - Instant());
      accountant_->OnTimer(At(), actions_);
      Sort();
    }
    now_ = until;
  }
  // Sorts the actions; a reading is answered at once where `answers_` says so.
  void Sort() {
    while (!actions_.empty()) {
      AccountantActions actions = std::exchange(actions_, {});
      for (AccountantAction& action : actions) {
        if (auto* record = std::get_if<SaveRecord>(&action)) {
          records_.push_back(std::move(record->record));
        } else if (auto* save = std::get_if<SaveSession>(&action)) {
          saved_.insert_or_assign(save->session.id, save->session);
        } else if (auto* forget = std::get_if<ForgetSession>(&action)) {
          EXPECT_EQ(saved_.erase(forget->id), 1u);
        } else if (auto* tunnel = std::get_if<SaveTunnel>(&action)) {
          saved_tunnels_.push_back(tunnel->tunnel);
        } else if (auto* gone = std::get_if<ForgetTunnel>(&action)) {
          EXPECT_EQ(std::erase_if(saved_tunnels_,
                                  [&](const SavedTunnel& saved) { return saved.id == gone->id; }),
                    1u);
        } else if (auto* end = std::get_if<EndSession>(&action)) {
          ends_.push_back(*end);
        } else {
          for (const SessionKey& key : std::get<ReadTraffic>(action).sessions) {
            ++readings_;
            if (!answers_) continue;
            const Traffic counted = passed_(key);
            accountant_->OnTraffic(key, generation_, &counted, At(), actions_);
          }
        }
      }
    }
  }

  SessionFacts Facts(uint16_t session, ServiceProfile service = {}) {
    SessionFacts facts;
    facts.id = {.run = 5, .number = session, .slot = session};
    facts.key = Key(session);
    facts.user_name = "alice";
    facts.call.accounting_id = facts.id.ToString();
    facts.service = std::make_shared<const ServiceProfile>(std::move(service));
    facts.ipv4_address = net::IpAddress::V4(0x64400002);
    return facts;
  }
  static TunnelFacts Tunnel() {
    TunnelFacts tunnel;
    tunnel.id = {.run = 5, .number = AccountingId::kFirstTunnel, .slot = 7};
    tunnel.tunnel = l2tp::LocalTunnelId(7);
    tunnel.endpoints.peer.address = net::IpAddress::V4(0xc633640b);
    tunnel.endpoints.local.address = net::IpAddress::V4(0xc6336401);
    tunnel.lac_host_name = "lac1";
    return tunnel;
  }
  SessionFacts Start(uint16_t session, ServiceProfile service = {}) {
    SessionFacts facts = Facts(session, std::move(service));
    accountant_->OnStarted(facts, At(), actions_);
    Sort();
    return facts;
  }
  void Stop(uint16_t session, TerminateCause cause = TerminateCause::kUserRequest) {
    accountant_->OnStopped(Facts(session).id, Key(session), cause, At());
    Sort();
  }
  void Removed(uint16_t session, std::optional<Traffic> counted) {
    accountant_->OnRemoved(Key(session), generation_, counted ? &*counted : nullptr, At(),
                           actions_);
    Sort();
  }
  std::vector<RecordType> Types() const {
    std::vector<RecordType> types;
    for (const Record& record : records_) types.push_back(record.type);
    return types;
  }
  static std::optional<uint32_t> Number(const Record& record, radius::AttributeId id) {
    const auto value = radius::Find(record.attributes, id);
    return value ? radius::ReadInteger(*value) : std::nullopt;
  }
  static std::string Text(const Record& record, radius::AttributeId id) {
    const auto value = radius::Find(record.attributes, id);
    return value ? std::string(AsText(*value)) : "(none)";
  }
  static std::string TaggedText(const Record& record, radius::AttributeId id) {
    const auto value = radius::Find(record.attributes, id);
    return value ? std::string(AsText(radius::ReadTaggedText(*value).text)) : "(none)";
  }

  AccountantSettings settings_;
  SeededRng rng_{1};
  std::unique_ptr<Accountant> accountant_;
  Duration now_ = Duration::Seconds(1000);
  AccountantActions actions_;
  std::vector<Record> records_;
  std::map<AccountingId, SavedSession,
           decltype([](const AccountingId& a, const AccountingId& b) { return a.slot < b.slot; })>
      saved_;
  std::vector<SavedTunnel> saved_tunnels_;
  std::vector<EndSession> ends_;
  int readings_ = 0;
  bool answers_ = true;
  uint64_t generation_ = kGeneration;
  std::function<Traffic(const SessionKey&)> passed_ = [](const SessionKey&) { return Traffic{}; };
};

TEST_F(AccountantTest, ASessionHasAStartAndAStopWithTheLastCount) {
  Make();
  Start(1);
  EXPECT_THAT(saved_, SizeIs(1)) << "with its Start";
  Run(Duration::Seconds(90));
  Stop(1, TerminateCause::kIdleTimeout);
  EXPECT_THAT(Types(), ElementsAre(RecordType::kStart)) << "the count has not come";
  Run(Duration::Seconds(2));
  Removed(1, Traffic{3, (uint64_t{5} << 32) + 7, 4, 9});
  ASSERT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kStop));
  EXPECT_THAT(saved_, IsEmpty());
  const Record& start = records_[0];
  EXPECT_EQ(Number(start, radius::kAcctStatusType), 1u);
  EXPECT_EQ(Text(start, radius::kUserName), "alice");
  EXPECT_EQ(Text(start, radius::kAcctSessionId), Facts(1).id.ToString());
  EXPECT_EQ(Number(start, radius::kEventTimestamp), kUnixStart + 1000);
  EXPECT_FALSE(Number(start, radius::kAcctSessionTime)) << "RFC 2866 5.13: only when it can be";
  const Record& stop = records_[1];
  EXPECT_EQ(Number(stop, radius::kAcctStatusType), 2u);
  EXPECT_EQ(Number(stop, radius::kAcctTerminateCause), 4u);
  EXPECT_EQ(Number(stop, radius::kAcctSessionTime), 90u) << "until its end, not its count";
  EXPECT_EQ(Number(stop, radius::kEventTimestamp), kUnixStart + 1090);
  EXPECT_EQ(Number(stop, radius::kAcctInputPackets), 3u);
  EXPECT_EQ(Number(stop, radius::kAcctInputOctets), 7u);
  EXPECT_EQ(Number(stop, radius::kAcctInputGigawords), 5u);
  EXPECT_EQ(Number(stop, radius::kAcctOutputPackets), 4u);
  EXPECT_EQ(Number(stop, radius::kAcctOutputOctets), 9u);
  EXPECT_FALSE(Number(stop, radius::kAcctOutputGigawords));
  EXPECT_EQ(accountant_->counts().open, 0u);
  EXPECT_EQ(accountant_->counts().stopping, 0u);
}

TEST_F(AccountantTest, AStopComesOnceHoweverOftenItIsCalledFor) {
  Make();
  Start(1);
  Removed(1, Traffic{});  // of an earlier holder of the ids: this one lives
  EXPECT_THAT(records_, SizeIs(1));
  Stop(1);
  Stop(1);
  Removed(1, Traffic{});
  Removed(1, Traffic{});
  Stop(1);
  Run(Duration::Seconds(100));
  EXPECT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kStop));
}

TEST_F(AccountantTest, AnotherSessionsIdStopsNobody) {
  Make();
  Start(1);
  accountant_->OnStopped({.run = 5, .number = 77, .slot = 1}, Key(1), TerminateCause::kUserRequest,
                         At());
  Removed(1, Traffic{});
  EXPECT_THAT(records_, SizeIs(1));
}

TEST_F(AccountantTest, WithoutALastCountTheNewestReadingIsTaken) {
  settings_.interim_interval = Duration::Seconds(100);
  Make();
  Start(1);
  passed_ = [](const SessionKey&) { return Traffic{11, 22, 33, 44}; };
  Run(Duration::Seconds(120));
  Stop(1);
  Run(Accountant::kLastWord - Duration::Milliseconds(1));
  EXPECT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kInterim));
  Run(Duration::Milliseconds(1));
  ASSERT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kInterim, RecordType::kStop));
  EXPECT_EQ(Number(records_[2], radius::kAcctInputPackets), 11u);
  EXPECT_EQ(accountant_->counts().uncounted_stops, 1u);
}

TEST_F(AccountantTest, CountsGoOnOverAnotherGenerationOfTheDataPlane) {
  settings_.interim_interval = Duration::Seconds(100);
  Make();
  Start(1);
  passed_ = [](const SessionKey&) { return Traffic{100, 1000, 10, 500}; };
  Run(Duration::Seconds(115));
  generation_ = 100;  // restarted: counts from zero
  passed_ = [](const SessionKey&) { return Traffic{1, 10, 2, 20}; };
  Run(Duration::Seconds(100));
  Stop(1);
  Removed(1, Traffic{5, 50, 6, 60});
  ASSERT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kInterim, RecordType::kInterim,
                                   RecordType::kStop));
  EXPECT_EQ(Number(records_[1], radius::kAcctInputOctets), 1000u);
  EXPECT_EQ(Number(records_[2], radius::kAcctInputOctets), 1010u);
  EXPECT_EQ(Number(records_[3], radius::kAcctInputOctets), 1050u);
  EXPECT_EQ(Number(records_[3], radius::kAcctOutputPackets), 16u);
}

TEST_F(AccountantTest, InterimsComeAtTheIntervalAndDriftApart) {
  settings_.interim_interval = Duration::Seconds(600);
  Make();
  constexpr uint16_t kSessions = 200;
  for (uint16_t id = 1; id <= kSessions; ++id) Start(id);
  records_.clear();
  Run(Duration::Seconds(539));
  EXPECT_THAT(records_, IsEmpty());
  Run(Duration::Seconds(61));
  const size_t halfway = records_.size();
  EXPECT_GT(halfway, kSessions / 4u);
  EXPECT_LT(halfway, kSessions * 3u / 4);
  Run(Duration::Seconds(61));
  EXPECT_THAT(records_, SizeIs(kSessions));
  Run(Duration::Seconds(6000));
  for (const Record& record : records_) ASSERT_EQ(record.type, RecordType::kInterim);
  EXPECT_NEAR(static_cast<double>(records_.size()), kSessions * 11.0, kSessions * 1.2);
}

TEST_F(AccountantTest, AnIntervalBelowTheLeastIsTheLeast) {
  Make();
  Start(1, {.interim_interval = Duration::Seconds(5)});
  EXPECT_EQ(accountant_->TermsOf(Facts(1).id)->interim_interval, Duration::Seconds(60));
  Run(Duration::Seconds(53));
  EXPECT_THAT(records_, SizeIs(1));
  Run(Duration::Seconds(14));
  EXPECT_THAT(records_, SizeIs(2));
}

TEST_F(AccountantTest, ANewPrefixIsReportedAtOnce) {
  Make();
  SessionFacts facts = Start(1);
  facts.delegated_prefixes = {*net::IpPrefix::Parse("2001:db8:1::/48")};
  accountant_->OnChanged(facts, At(), actions_);
  Sort();
  ASSERT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kInterim));
  EXPECT_TRUE(radius::Find(records_[1].attributes, radius::kDelegatedIpv6Prefix));
  EXPECT_FALSE(radius::Find(records_[0].attributes, radius::kDelegatedIpv6Prefix));
  accountant_->OnChanged(facts, At(), actions_);  // nothing new
  Sort();
  EXPECT_THAT(records_, SizeIs(2));
  EXPECT_EQ(saved_.begin()->second.attributes, *accountant_->AttributesOf(facts.id));
}

TEST_F(AccountantTest, EveryClassIsToldBackInOrder) {
  Make();
  ServiceProfile service;
  service.classes = {Bytes{1, 2}, Bytes{3}};
  Start(1, service);
  radius::AttributeReader reader(records_[0].attributes);
  radius::Attribute attribute;
  std::vector<Bytes> classes;
  while (reader.Next(attribute)) {
    if (attribute.id == radius::kClass) {
      classes.emplace_back(attribute.value.begin(), attribute.value.end());
    }
  }
  EXPECT_EQ(classes, service.classes);
}

TEST_F(AccountantTest, ASilentDataPlaneHoldsUpNoInterim) {
  settings_.interim_interval = Duration::Seconds(100);
  Make();
  Start(1);
  answers_ = false;
  Run(Duration::Seconds(110) + Accountant::kReadingPatience);
  EXPECT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kInterim));
}

TEST_F(AccountantTest, TheSessionTimeoutEndsItOnce) {
  Make();
  Start(1, {.session_timeout = Duration::Seconds(3600)});
  Run(Duration::Milliseconds(3'599'999));
  EXPECT_THAT(ends_, IsEmpty());
  Run(Duration::Seconds(100));
  ASSERT_THAT(ends_, SizeIs(1));
  EXPECT_EQ(ends_[0].id, Facts(1).id);
  EXPECT_EQ(ends_[0].cause, CloseCause::kSessionTimeout);
}

TEST_F(AccountantTest, SilenceEndsItAndTrafficKeepsIt) {
  Make();
  Start(1, {.idle_timeout = Duration::Seconds(80)});
  Duration silent_from = Duration::Seconds(1'000'000);
  passed_ = [&](const SessionKey&) {  // a packet a millisecond
    return Traffic{static_cast<uint64_t>(std::min(now_, silent_from).milliseconds()), 0, 0, 0};
  };
  Run(Duration::Seconds(1000));
  EXPECT_THAT(ends_, IsEmpty());
  silent_from = now_;
  Run(Duration::Seconds(79));
  EXPECT_THAT(ends_, IsEmpty()) << "not early";
  Run(Duration::Seconds(12));
  ASSERT_THAT(ends_, SizeIs(1)) << "and at most an eighth late";
  EXPECT_EQ(ends_[0].cause, CloseCause::kIdleTimeout);
}

TEST_F(AccountantTest, ADataPlaneThatDoesNotAnswerMakesNobodyIdle) {
  Make();
  Start(1, {.idle_timeout = Duration::Seconds(80)});
  answers_ = false;
  Run(Duration::Seconds(1000));
  EXPECT_THAT(ends_, IsEmpty());
}

TEST_F(AccountantTest, TheVolumeEndsItSoonAfterItIsUsedUp) {
  Make();
  Start(1, {.quota_octets = 1'000'000'000});
  const Duration began = now_;
  // 10 Mbyte/s: used up after 100 s.
  passed_ = [&](const SessionKey&) {
    const auto bytes = static_cast<uint64_t>((now_ - began).milliseconds()) * 10'000;
    return Traffic{bytes / 1000, bytes / 2, bytes / 1000, bytes / 2};
  };
  Run(Duration::Seconds(99));
  EXPECT_THAT(ends_, IsEmpty());
  Run(Duration::Seconds(3));
  ASSERT_THAT(ends_, SizeIs(1));
  EXPECT_EQ(ends_[0].cause, CloseCause::kQuotaReached);
  EXPECT_LT(readings_, 30);
}

TEST_F(AccountantTest, NewTermsCountFromTheSessionsStart) {
  Make();
  SessionFacts facts = Start(1);
  Run(Duration::Seconds(100));
  ServiceProfile service;
  service.session_timeout = Duration::Seconds(150);
  facts.service = std::make_shared<const ServiceProfile>(service);
  accountant_->OnChanged(facts, At(), actions_);
  Sort();
  EXPECT_EQ(saved_.begin()->second.terms.session_timeout, Duration::Seconds(150));
  Run(Duration::Seconds(49));
  EXPECT_THAT(ends_, IsEmpty());
  Run(Duration::Seconds(1));
  EXPECT_THAT(ends_, SizeIs(1));
}

TEST_F(AccountantTest, SessionsOfAnEarlierRunEndBeforeTheLnsIsOn) {
  Make(/*last_number=*/41, /*queued=*/3);
  SavedSession saved;
  saved.id = Facts(1).id;
  saved.key = Key(1);
  saved.started = kUnixStart + 400;
  saved.usage = Usage(kGeneration, {1, 1, 1, 1}, {10, 10, 10, 10});
  accountant_->Recover(saved, At());
  saved_.insert_or_assign(saved.id, saved);
  EXPECT_THAT(accountant_->Orphans(), ElementsAre(Key(1)));
  accountant_->Open(At(), actions_);
  Sort();
  EXPECT_THAT(records_, IsEmpty());
  Removed(1, Traffic{20, 20, 20, 20});
  ASSERT_THAT(Types(), ElementsAre(RecordType::kStop, RecordType::kAccountingOn));
  EXPECT_EQ(records_[0].number, 42u);
  EXPECT_EQ(Number(records_[0], radius::kAcctInputPackets), 21u);
  EXPECT_EQ(Number(records_[0], radius::kAcctTerminateCause), 11u) << "NAS Reboot";
  EXPECT_EQ(Number(records_[0], radius::kAcctSessionTime), 600u);
  EXPECT_THAT(saved_, IsEmpty());
  EXPECT_EQ(accountant_->queued(), 5u);
}

TEST_F(AccountantTest, WithoutADataPlaneAnEarlierRunsSessionsEndInTheEnd) {
  Make();
  SavedSession saved;
  saved.id = Facts(1).id;
  saved.key = Key(1);
  saved.usage = Usage(kGeneration, {}, {10, 10, 10, 10});
  accountant_->Recover(saved, At());
  saved_.insert_or_assign(saved.id, saved);
  accountant_->Open(At(), actions_);
  Run(Accountant::kLastWord);
  ASSERT_THAT(Types(), ElementsAre(RecordType::kStop, RecordType::kAccountingOn));
  EXPECT_EQ(Number(records_[0], radius::kAcctInputPackets), 10u);
}

TEST_F(AccountantTest, TheLnsIsOnBeforeItsFirstSessionAndOffAfterItsLast) {
  Make();
  accountant_->Open(At(), actions_);
  Start(1);
  Stop(1);
  accountant_->Close(At(), actions_);  // though the count has not come
  Sort();
  EXPECT_THAT(Types(), ElementsAre(RecordType::kAccountingOn, RecordType::kStart, RecordType::kStop,
                                   RecordType::kAccountingOff));
  for (size_t i = 0; i < records_.size(); ++i) EXPECT_EQ(records_[i].number, i + 1);
}

TEST_F(AccountantTest, AFullSpoolLosesInterimsFirst) {
  settings_.max_records = 10;
  settings_.interim_interval = Duration::Seconds(100);
  Make(0, /*queued=*/9);
  Start(1);
  Run(Duration::Seconds(111));  // the interim finds it full
  EXPECT_EQ(accountant_->counts().interims_dropped, 1u);
  Start(2);  // the tenth more
  EXPECT_THAT(Types(), ElementsAre(RecordType::kStart, RecordType::kStart));
  Start(3);
  EXPECT_EQ(accountant_->counts().records_dropped, 1u);
  accountant_->OnDelivered(5);
  Stop(1);
  Removed(1, Traffic{});
  EXPECT_EQ(records_.back().type, RecordType::kStop);
}

TEST_F(AccountantTest, TunnelsAreAccountedForWhereThatIsWanted) {
  settings_.tunnels = true;
  Make();
  const TunnelFacts tunnel = Tunnel();
  accountant_->OnTunnelStarted(tunnel, At(), actions_);
  Start(1);
  Stop(1);
  Removed(1, Traffic{});
  now_ = now_ + Duration::Seconds(42);
  accountant_->OnTunnelStopped(tunnel, TerminateCause::kLostCarrier, At(), actions_);
  Sort();
  EXPECT_THAT(Types(), ElementsAre(RecordType::kTunnelStart, RecordType::kStart,
                                   RecordType::kTunnelLinkStart, RecordType::kTunnelLinkStop,
                                   RecordType::kStop, RecordType::kTunnelStop));
  EXPECT_EQ(TaggedText(records_[0], radius::kTunnelClientEndpoint), "198.51.100.11");
  EXPECT_EQ(TaggedText(records_[5], radius::kTunnelClientAuthId), "lac1");
  EXPECT_EQ(radius::ReadInteger(*radius::Find(records_[5].attributes, radius::kAcctSessionTime)),
            42u);
}

TEST_F(AccountantTest, TunnelsAndLinksOfAnEarlierRunStopBeforeTheLnsIsOn) {
  settings_.tunnels = true;
  Make();
  const TunnelFacts tunnel = Tunnel();
  accountant_->OnTunnelStarted(tunnel, At(), actions_);
  Start(1);
  ASSERT_THAT(saved_, SizeIs(1));
  ASSERT_THAT(saved_tunnels_, SizeIs(1));
  Run(Duration::Seconds(60));

  // The next run tells of no tunnels any more, but those have begun.
  settings_.tunnels = false;
  records_.clear();
  Make();
  accountant_->Recover(saved_.begin()->second, At());
  accountant_->Recover(saved_tunnels_.front());
  accountant_->Open(At(), actions_);
  Removed(1, Traffic{20, 20, 20, 20});
  ASSERT_THAT(Types(), ElementsAre(RecordType::kTunnelLinkStop, RecordType::kStop,
                                   RecordType::kTunnelStop, RecordType::kAccountingOn));
  EXPECT_EQ(records_[2].session, tunnel.id);
  EXPECT_EQ(TaggedText(records_[2], radius::kTunnelClientAuthId), "lac1");
  EXPECT_EQ(Number(records_[2], radius::kAcctSessionTime), 60u);
  for (const size_t i : {0u, 1u, 2u}) {
    EXPECT_EQ(Number(records_[i], radius::kAcctTerminateCause), 11u) << "NAS Reboot";
  }
  EXPECT_THAT(saved_, IsEmpty());
  EXPECT_THAT(saved_tunnels_, IsEmpty());
}

// RFC 2867 4.2: in Tunnel-Link-Stop, and only where packets have numbers.
TEST_F(AccountantTest, LostPacketsOfNumberedSessionsAreToldWhenTheLinkStops) {
  settings_.tunnels = true;
  Make();
  Start(1);
  Traffic before{.uplink_packets = 3, .lost_packets = 4};
  accountant_->OnTraffic(Key(1), generation_, &before, At(), actions_);
  ++generation_;  // counts from zero
  Start(2);
  Start(3);
  Stop(1);
  Removed(1, Traffic{.uplink_packets = 9, .lost_packets = 2});
  Stop(2);
  Removed(2, Traffic{.uplink_packets = 9});
  Stop(3);
  Removed(3, Traffic{.uplink_packets = 9, .lost_packets = uint64_t{1} << 33});
  std::vector<std::optional<uint32_t>> lost;
  for (const Record& record : records_) {
    const auto count = Number(record, radius::kAcctTunnelPacketsLost);
    if (record.type == RecordType::kTunnelLinkStop) {
      lost.push_back(count);
    } else {
      EXPECT_EQ(count, std::nullopt);
    }
  }
  EXPECT_THAT(lost, ElementsAre(6u, std::nullopt, UINT32_MAX));
}

TEST_F(AccountantTest, WhoeverIsNotLetInIsRecordedWithinABound) {
  settings_.tunnels = true;
  Make();
  const TunnelFacts tunnel = Tunnel();
  accountant_->OnTunnelRejected(tunnel, TerminateCause::kAdminReset, At(), actions_);
  accountant_->OnCallRejected(tunnel, 4711, TerminateCause::kNasRequest, At(), actions_);
  Sort();
  EXPECT_THAT(Types(), ElementsAre(RecordType::kTunnelReject, RecordType::kTunnelLinkReject));
  const auto connection = [&](const Record& record) {
    return std::string(AsText(*radius::Find(record.attributes, radius::kAcctTunnelConnection)));
  };
  EXPECT_EQ(connection(records_[0]), "7");
  EXPECT_EQ(connection(records_[1]), "4711");
  EXPECT_EQ(TaggedText(records_[0], radius::kTunnelAssignmentId), "7");
  for (uint32_t i = 0; i < 2 * Accountant::kMaxRejectsPerSecond; ++i) {
    accountant_->OnTunnelRejected(tunnel, TerminateCause::kAdminReset, At(), actions_);
  }
  Sort();
  EXPECT_THAT(records_, SizeIs(Accountant::kMaxRejectsPerSecond));
  EXPECT_EQ(accountant_->counts().rejects_dropped, Accountant::kMaxRejectsPerSecond + 2u);
  now_ = now_ + Duration::Seconds(1);
  accountant_->OnTunnelRejected(tunnel, TerminateCause::kAdminReset, At(), actions_);
  Sort();
  EXPECT_THAT(records_, SizeIs(Accountant::kMaxRejectsPerSecond + 1));
}

TEST_F(AccountantTest, WithoutServersLimitsAreWatchedAllTheSame) {
  settings_.records = false;
  Make();
  accountant_->Open(At(), actions_);
  Start(1, {.session_timeout = Duration::Seconds(10), .interim_interval = Duration::Seconds(60)});
  Run(Duration::Seconds(1000));
  EXPECT_THAT(ends_, SizeIs(1));
  EXPECT_EQ(readings_, 0);
  Stop(1);
  Removed(1, Traffic{});
  EXPECT_THAT(records_, IsEmpty());
  EXPECT_THAT(saved_, IsEmpty());
  EXPECT_EQ(accountant_->counts().open + accountant_->counts().stopping, 0u);
}

}  // namespace
}  // namespace lns::controlplane
