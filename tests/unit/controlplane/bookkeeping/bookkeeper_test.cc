// The bookkeeping thread with all it has: a spool on disk, a RADIUS server on the loopback, the
// protocol loop's mailbox. No data plane answers, so last counts come by hand.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>

#include "controlplane/bookkeeping/bookkeeper.h"
#include "lib/os/clock.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/signature.h"
#include "lib/radius/value.h"
#include "tests/unit/controlplane/loop/fakes.h"

namespace lns::controlplane {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kSecret[] = "books";

// Takes Accounting-Requests on a socket of the loopback, and answers them or not. A record that
// comes again, because its answer was late or its sender died unheard, is answered again and is
// written once, as who bills by them has to (RFC 5080 2.2.2).
class FakeBooks {
 public:
  struct Entry {
    RecordType type{};
    std::string session;
    uint32_t cause = 0;
    bool operator==(const Entry&) const = default;
  };

  FakeBooks() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socklen_t length = sizeof(address);
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    endpoint_ = {net::IpAddress::V4(INADDR_LOOPBACK), ntohs(address.sin_port)};
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeBooks() {
    stop_ = true;
    thread_.join();
  }

  std::atomic<bool> answers{true};
  const net::Endpoint& endpoint() const { return endpoint_; }
  // What was answered, in order.
  std::vector<Entry> entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  int not_genuine() const { return not_genuine_; }
  int repeated() const { return repeated_; }
  // What met silence, each time it did.
  std::vector<Entry> ignored() const {
    const std::lock_guard lock(mutex_);
    return ignored_;
  }

 private:
  void Serve() {
    std::array<uint8_t, radius::kMaxPacketLength> buffer{};
    while (!stop_) {
      pollfd ready{socket_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 5) != 1) continue;
      sockaddr_in from{};
      socklen_t length = sizeof(from);
      const ssize_t got = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &length);
      radius::Packet request;
      if (got < 0) continue;
      const ByteView datagram = ByteView(buffer).first(static_cast<size_t>(got));
      if (radius::ParsePacket(datagram, request) != radius::PacketError::kNone) continue;
      const bool answered = answers;
      Take(request, answered);
      if (!answered) continue;
      radius::PacketBuilder builder(radius::Code::kAccountingResponse, request.identifier);
      const MutableByteView reply = builder.Finish();
      radius::SignResponse(reply, request.authenticator, kSecret);
      ::sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from),
               length);
    }
  }
  void Take(const radius::Packet& request, bool answered) {
    if (request.code != radius::Code::kAccountingRequest) return;  // a probe
    if (radius::CheckRequest(request, kSecret, radius::MessageAuthenticator::kOptional) !=
        radius::Genuineness::kGenuine) {
      ++not_genuine_;
      return;
    }
    const auto number = [&](radius::AttributeId id) {
      const auto value = radius::Find(request.attributes, id);
      return value ? radius::ReadInteger(*value).value_or(0) : 0;
    };
    const auto session = radius::Find(request.attributes, radius::kAcctSessionId);
    Entry entry{static_cast<RecordType>(number(radius::kAcctStatusType)),
                session ? std::string(AsText(*session)) : "", number(radius::kAcctTerminateCause)};
    const std::lock_guard lock(mutex_);
    if (!answered) {
      ignored_.push_back(std::move(entry));
    } else if (std::find(entries_.begin(), entries_.end(), entry) != entries_.end()) {
      ++repeated_;
    } else {
      entries_.push_back(std::move(entry));
    }
  }

  FileDescriptor socket_;
  net::Endpoint endpoint_;
  std::atomic<bool> stop_{false};
  std::atomic<int> not_genuine_{0};
  std::atomic<int> repeated_{0};
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<Entry> ignored_;
  std::thread thread_;
};

class BookkeeperTest : public testing::Test {
 protected:
  static constexpr Duration kPatience = Duration::Seconds(20);

  BookkeeperTest() {
    std::string pattern = testing::TempDir() + "/lns-books-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    settings_.accountant.nas = {.address = net::IpAddress::V4(0x01020304), .identifier = "lns"};
    settings_.accountant.interim_interval = Duration();
    settings_.client.servers = {
        {.name = "books", .endpoint = server_.endpoint(), .secret = kSecret}};
    settings_.client.retransmit = kPatience;
    settings_.client.give_up = kPatience * 2;
    settings_.client.dead_after = kPatience * 2;
    settings_.spool = directory_ + "/accounting.db";
    settings_.durability = Durability::kProcess;
    settings_.dataplane = "unix:" + directory_ + "/nobody.sock";
  }
  ~BookkeeperTest() override {
    bookkeeper_.reset();
    mailbox_.Close();
    std::filesystem::remove_all(directory_);
  }

  // For servers that fall silent. A machine that is busy for as long makes a record come again.
  void BeImpatient() {
    settings_.client.retransmit = Duration::Milliseconds(50);
    settings_.client.tries = 2;
    settings_.client.give_up = Duration::Milliseconds(200);
    settings_.client.dead_after = Duration::Milliseconds(100);
    settings_.client.dead_time = Duration::Milliseconds(300);
    settings_.client.probe_interval = Duration::Milliseconds(100);
  }
  // Whatever ran before it dies without a word.
  void Run() {
    bookkeeper_.reset();
    auto made = Bookkeeper::Make(settings_, mailbox_, [](LogLevel, std::string_view) {});
    ASSERT_TRUE(made.ok()) << made.status();
    bookkeeper_ = std::move(*made);
    orphans_ = bookkeeper_->Orphans();
    bookkeeper_->Start();
    // The thread tells its counters first when it has begun.
    ASSERT_TRUE(WaitFor([&] { return bookkeeper_->Counters().size() > 1; }));
  }
  static AccountingId Id(uint16_t session) {
    return {.run = 5, .number = session, .slot = session};
  }
  static SessionKey KeyOf(uint16_t session) { return Key(7, session); }
  void Started(uint16_t session, ServiceProfile service = {}) {
    auto facts = std::make_shared<SessionFacts>();
    facts->id = Id(session);
    facts->key = KeyOf(session);
    facts->user_name = "alice";
    facts->call.accounting_id = facts->id.ToString();
    facts->service = std::make_shared<const ServiceProfile>(std::move(service));
    facts->ipv4_address = net::IpAddress::V4(0x64400002);
    bookkeeper_->OnSessionStarted({facts});
  }
  void Stopped(uint16_t session) {
    bookkeeper_->OnSessionStopped({Id(session), KeyOf(session), TerminateCause::kUserRequest});
    bookkeeper_->OnRemoved({{.key = KeyOf(session),
                             .generation = 9,
                             .traffic = Traffic{.uplink_packets = 3, .uplink_bytes = 300}}});
  }
  uint64_t Counted(const std::string& name) const {
    for (const auto& [each, value] : bookkeeper_->Counters()) {
      if (each == name) return value;
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
  }
  static bool WaitFor(const std::function<bool()>& condition) {
    const Instant deadline = MonotonicNow() + kPatience;
    while (!condition()) {
      if (MonotonicNow() > deadline) return false;
      usleep(2000);
    }
    return true;
  }
  bool WaitForEntries(size_t count) const {
    return WaitFor([&] { return server_.entries().size() >= count; });
  }
  bool WaitUntilEmpty() const {
    return WaitFor([&] { return Counted("accounting_queue_records") == 0; });
  }
  static FakeBooks::Entry Record(RecordType type, uint16_t session, uint32_t cause = 0) {
    return {type, Id(session).ToString(), cause};
  }

  std::string directory_;
  FakeBooks server_;
  BookkeeperSettings settings_;
  Mailbox mailbox_;
  std::vector<SessionKey> orphans_;
  std::unique_ptr<Bookkeeper> bookkeeper_;
};

constexpr uint32_t kUserRequest = 1, kNasReboot = 11;

TEST_F(BookkeeperTest, RecordsArriveInOrderAndLeaveTheSpool) {
  Run();
  Started(1);
  Stopped(1);
  ASSERT_TRUE(WaitForEntries(3));
  const auto entries = server_.entries();
  EXPECT_EQ(entries[0].type, RecordType::kAccountingOn);
  EXPECT_EQ(entries[1], Record(RecordType::kStart, 1));
  EXPECT_EQ(entries[2], Record(RecordType::kStop, 1, kUserRequest));
  EXPECT_TRUE(WaitUntilEmpty());
  EXPECT_EQ(Counted("accounting_records_acknowledged"), 3u);
  EXPECT_EQ(Counted("accounting_sessions_open"), 0u);
  EXPECT_EQ(Counted("accounting_events_dropped"), 0u);
  EXPECT_GE(Counted("accounting_spool_commits"), 1u);
  EXPECT_EQ(server_.not_genuine(), 0);
  EXPECT_EQ(server_.repeated(), 0);
}

TEST_F(BookkeeperTest, WhatASilentServerMissedArrivesOnceItAnswers) {
  constexpr uint16_t kSessions = 300;
  BeImpatient();
  server_.answers = false;
  Run();
  for (uint16_t session = 1; session <= kSessions; ++session) {
    Started(session);
    Stopped(session);
  }
  ASSERT_TRUE(WaitFor([&] { return Counted("accounting_stops") == kSessions; }));
  EXPECT_EQ(Counted("accounting_queue_records"), 2u * kSessions + 1);
  ASSERT_TRUE(WaitFor([&] { return Counted("accounting_retries") > 0; }));
  EXPECT_THAT(server_.entries(), SizeIs(0));
  server_.answers = true;
  ASSERT_TRUE(WaitUntilEmpty());
  // Each once, a session's Start before its Stop.
  std::map<std::string, std::vector<RecordType>> by_session;
  for (const auto& entry : server_.entries()) by_session[entry.session].push_back(entry.type);
  EXPECT_THAT(by_session, SizeIs(kSessions + 1));
  for (uint16_t session = 1; session <= kSessions; ++session) {
    EXPECT_THAT(by_session[Id(session).ToString()],
                ElementsAre(RecordType::kStart, RecordType::kStop));
  }
  EXPECT_EQ(Counted("accounting_records_acknowledged"), 2u * kSessions + 1);
}

TEST_F(BookkeeperTest, WhatARunThatDiedLeftIsEndedByTheNext) {
  Run();
  Started(1);
  Started(2);
  Stopped(2);
  ASSERT_TRUE(WaitForEntries(4));
  ASSERT_TRUE(WaitUntilEmpty());
  server_.answers = false;
  Started(3);
  // It was sent, so it is on disk.
  ASSERT_TRUE(WaitFor([&] { return !server_.ignored().empty(); }));
  EXPECT_THAT(server_.ignored(), ElementsAre(Record(RecordType::kStart, 3)));
  BeImpatient();
  Run();
  EXPECT_THAT(orphans_, ElementsAre(KeyOf(1), KeyOf(3)));
  server_.answers = true;
  bookkeeper_->OnRemoved({{.key = KeyOf(1), .generation = 9, .traffic = Traffic{}},
                          {.key = KeyOf(3), .generation = 9, .traffic = Traffic{}}});
  ASSERT_TRUE(WaitForEntries(8));
  const auto entries = server_.entries();
  // What the first run had written and not delivered, its sessions' ends (each session's records in
  // their order, several sessions' side by side), and then the new run.
  std::map<std::string, std::vector<RecordType>> by_session;
  for (const size_t i : {4u, 5u, 6u}) {
    by_session[entries[i].session].push_back(entries[i].type);
    if (entries[i].type != RecordType::kStop) continue;
    EXPECT_EQ(entries[i].cause, kNasReboot);
  }
  EXPECT_THAT(by_session[Id(1).ToString()], ElementsAre(RecordType::kStop));
  EXPECT_THAT(by_session[Id(3).ToString()], ElementsAre(RecordType::kStart, RecordType::kStop));
  EXPECT_EQ(entries[7].type, RecordType::kAccountingOn);
}

TEST_F(BookkeeperTest, TheLastWordIsAccountingOff) {
  Run();
  Started(1);
  Stopped(1);
  bookkeeper_->Close();
  const auto entries = server_.entries();
  ASSERT_THAT(entries, SizeIs(4));
  EXPECT_EQ(entries[2], Record(RecordType::kStop, 1, kUserRequest));
  EXPECT_EQ(entries[3].type, RecordType::kAccountingOff);
  Run();
  EXPECT_THAT(orphans_, SizeIs(0));
}

TEST_F(BookkeeperTest, AServerThatStaysSilentDoesNotHoldUpTheEnd) {
  BeImpatient();
  server_.answers = false;
  Run();
  Started(1);
  const Instant began = MonotonicNow();
  bookkeeper_->Close();
  EXPECT_LT(MonotonicNow() - began,
            Bookkeeper::kLastCounts + Bookkeeper::kGoodbye + Duration::Seconds(5));
}

TEST_F(BookkeeperTest, RecordsThatTheDiskRefusesAreKeptUntilItTakesThem) {
  Run();
  ASSERT_TRUE(WaitForEntries(1));
  ASSERT_TRUE(WaitUntilEmpty());
  // No file may grow for a while.
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  Started(1);
  const bool failed = WaitFor([&] { return Counted("accounting_spool_errors") > 0; });
  const size_t meanwhile = server_.entries().size();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_TRUE(failed);
  EXPECT_EQ(meanwhile, 1u) << "what is not on disk is not on the wire";
  ASSERT_TRUE(WaitForEntries(2));
  EXPECT_EQ(server_.entries()[1], Record(RecordType::kStart, 1));
  EXPECT_EQ(Counted("accounting_unspooled"), 0u);
}

TEST_F(BookkeeperTest, ASessionWhoseTimeIsOverIsEndedThroughTheMailbox) {
  Run();
  Started(1, {.session_timeout = Duration::Seconds(1)});
  FakeEngine engine;
  EngineActions actions;
  ASSERT_TRUE(WaitFor([&] {
    mailbox_.Drain(16, [&](Mailbox::Command& command) { command(engine, Instant(), actions); });
    return !engine.calls.empty();
  }));
  EXPECT_THAT(engine.calls, Contains("terminate " + Id(1).ToString() + ": session-timeout"));
  EXPECT_EQ(Counted("accounting_ended_by_time"), 1u);
}

TEST_F(BookkeeperTest, WithoutServersNothingIsRecordedAndLimitsHold) {
  settings_.client.servers.clear();
  Run();
  Started(1, {.session_timeout = Duration::Seconds(1)});
  ASSERT_TRUE(WaitFor([&] { return Counted("accounting_ended_by_time") == 1; }));
  EXPECT_FALSE(std::filesystem::exists(settings_.spool));
}

}  // namespace
}  // namespace lns::controlplane
