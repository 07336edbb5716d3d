// The operator API over a real socket, in front of a loop that runs on a thread of the test.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "controlplane/services/operator_server.h"
#include "controlplane/services/operator_service.h"
#include "tests/unit/controlplane/loop/fakes.h"

namespace lns::controlplane {
namespace {

using control::v1::Operator;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

SessionView SessionOf(uint16_t tunnel, uint16_t session, const std::string& user,
                      uint32_t address) {
  SessionView view;
  view.key = Key(tunnel, session);
  view.state = "online";
  view.user_name = user;
  view.ipv4_address = net::IpAddress::V4(address);
  view.created = Instant::FromNanoseconds(400);
  return view;
}

class OperatorServiceTest : public ::testing::Test {
 protected:
  OperatorServiceTest() {
    std::string pattern = ::testing::TempDir() + "/lns-ctl-XXXXXX";
    directory = mkdtemp(pattern.data());
    path = directory + "/control.sock";
  }
  ~OperatorServiceTest() override {
    StopLoop();
    mailbox.Close();
    server.reset();
    std::filesystem::remove_all(directory);
  }
  absl::Status Start() {
    auto started = OperatorServer::Start("unix:" + path, MakeParts());
    if (!started.ok()) return started.status();
    server = std::move(*started);
    stub =
        Operator::NewStub(grpc::CreateChannel("unix:" + path, grpc::InsecureChannelCredentials()));
    return absl::OkStatus();
  }
  OperatorService::Parts MakeParts() {
    return {.mailbox = mailbox,
            .version = "9.9",
            .started = Instant::FromNanoseconds(100),
            .links =
                [] {
                  return OperatorService::Links{true, 77, true};
                },
            .counters =
                [] {
                  return OperatorService::NamedCounters{{"loop_frames", 3}};
                }};
  }
  void RunLoop() {
    loop = std::thread([this] {
      while (!stop) {
        pollfd entry{mailbox.wake_fd(), POLLIN, 0};
        poll(&entry, 1, 10);
        mailbox.ClearWake();
        mailbox.Drain(1, [&](Mailbox::Command& command) {
          EngineActions actions;
          command(engine, Instant::FromNanoseconds(1100), actions);
          ++commands;
        });
      }
    });
  }
  void StopLoop() {
    stop = true;
    if (loop.joinable()) loop.join();
  }
  static std::unique_ptr<grpc::ClientContext> Context(int seconds = 20) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
    return context;
  }
  std::vector<control::v1::Session> List(const control::v1::ListSessionsRequest& request,
                                         grpc::StatusCode expected = grpc::StatusCode::OK) {
    const auto context = Context();
    const auto reader = stub->ListSessions(context.get(), request);
    std::vector<control::v1::Session> all;
    for (control::v1::Session session; reader->Read(&session);) all.push_back(session);
    EXPECT_EQ(reader->Finish().error_code(), expected);
    return all;
  }
  grpc::Status Clear(const control::v1::ClearSessionsRequest& request, uint32_t* cleared) {
    control::v1::ClearReply reply;
    const grpc::Status status = stub->ClearSessions(Context().get(), request, &reply);
    *cleared = reply.cleared();
    return status;
  }
  void AddSessions(uint16_t tunnel, uint16_t count) {
    for (uint16_t s = 1; s <= count; ++s) {
      engine.session_views[Key(tunnel, s)] =
          SessionOf(tunnel, s, absl::StrCat("user", s), 0x64400000u + s);
    }
  }

  std::string directory;
  std::string path;
  FakeEngine engine;
  Mailbox mailbox;
  std::atomic<bool> stop = false;
  std::atomic<int> commands = 0;
  std::thread loop;
  std::unique_ptr<OperatorServer> server;
  std::unique_ptr<Operator::Stub> stub;
};

TEST_F(OperatorServiceTest, StatusPutsTogetherEngineAndLinks) {
  engine.tunnel_views.resize(2);
  AddSessions(1, 3);
  engine.pools = {{"a", *net::IpPrefix::Parse("100.64.0.0/24"), 254, 3}};
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::Status status;
  ASSERT_TRUE(stub->GetStatus(Context().get(), {}, &status).ok());
  EXPECT_EQ(status.version(), "9.9");
  EXPECT_EQ(status.uptime_ns(), 1000u);
  EXPECT_TRUE(status.dataplane_connected());
  EXPECT_TRUE(status.punt_attached());
  EXPECT_EQ(status.dataplane_generation(), 77u);
  EXPECT_EQ(status.tunnels(), 2u);
  EXPECT_EQ(status.sessions(), 3u);
  ASSERT_EQ(status.pools_size(), 1);
  EXPECT_EQ(status.pools(0).prefix(), "100.64.0.0/24");
  EXPECT_EQ(status.pools(0).used(), 3u);
}

TEST_F(OperatorServiceTest, ListsManySessionsPageByPage) {
  constexpr uint16_t kSessions = 3 * OperatorService::kPage + 7;
  AddSessions(1, kSessions);
  ASSERT_TRUE(Start().ok());
  RunLoop();
  const auto sessions = List({});
  ASSERT_THAT(sessions, SizeIs(kSessions));
  EXPECT_EQ(commands, 4) << "a page per turn of the loop";
  EXPECT_EQ(sessions.front().user_name(), "user1");
  EXPECT_EQ(sessions.front().ipv4_address(), "100.64.0.1");
  EXPECT_EQ(sessions.front().age_ns(), 700u);
  EXPECT_EQ(sessions.back().key().local_session_id(), kSessions);
}

TEST_F(OperatorServiceTest, EveryFieldOfTheFilterMustMatch) {
  AddSessions(1, 5);
  AddSessions(2, 5);
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::ListSessionsRequest request;
  request.set_local_tunnel_id(2);
  EXPECT_THAT(List(request), SizeIs(5));
  request.set_user_name("user3");
  ASSERT_THAT(List(request), SizeIs(1));
  EXPECT_EQ(List(request)[0].key().local_tunnel_id(), 2u);
  request.set_address("100.64.0.4");
  EXPECT_THAT(List(request), SizeIs(0));
  control::v1::ListSessionsRequest one;
  one.mutable_key()->set_local_tunnel_id(1);
  one.mutable_key()->set_local_session_id(4);
  ASSERT_THAT(List(one), SizeIs(1));
  EXPECT_EQ(List(one)[0].user_name(), "user4");
}

// Who has this address? Also where a host made it up in the prefix it was given.
TEST_F(OperatorServiceTest, AddressInAPrefixFindsItsSession) {
  AddSessions(1, 3);
  engine.session_views[Key(1, 2)].ipv6_prefixes = {*net::IpPrefix::Parse("2001:db8:1::/64")};
  engine.session_views[Key(1, 3)].delegated_prefixes = {*net::IpPrefix::Parse("2001:db8:100::/56")};
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::ListSessionsRequest request;
  request.set_address("2001:db8:1::abcd");
  ASSERT_THAT(List(request), SizeIs(1));
  EXPECT_EQ(List(request)[0].user_name(), "user2");
  EXPECT_EQ(List(request)[0].ipv6_prefixes(0), "2001:db8:1::/64");
  request.set_address("2001:db8:100:12::1");
  ASSERT_THAT(List(request), SizeIs(1));
  EXPECT_EQ(List(request)[0].delegated_prefixes(0), "2001:db8:100::/56");
  request.set_address("2001:db8:2::1");
  EXPECT_THAT(List(request), SizeIs(0));
}

TEST_F(OperatorServiceTest, AFilterThatMakesNoSenseIsRefused) {
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::ListSessionsRequest request;
  request.set_address("100.64.0");
  List(request, grpc::StatusCode::INVALID_ARGUMENT);
  request.Clear();
  request.mutable_key()->set_local_tunnel_id(1);
  List(request, grpc::StatusCode::INVALID_ARGUMENT);
  request.Clear();
  request.set_local_tunnel_id(65536);
  List(request, grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(OperatorServiceTest, NamesFromTheWireAreMadePrintable) {
  engine.session_views[Key(1, 1)] = SessionOf(1, 1, "a\xff\n", 0);
  ASSERT_TRUE(Start().ok());
  RunLoop();
  ASSERT_THAT(List({}), SizeIs(1));
  EXPECT_EQ(List({})[0].user_name(), "a\\xff\\n");
}

TEST_F(OperatorServiceTest, ClearsWhatTheFilterNames) {
  AddSessions(1, 2);
  AddSessions(2, 1);
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::ClearSessionsRequest request;
  request.mutable_filter()->set_local_tunnel_id(1);
  uint32_t cleared = 0;
  ASSERT_TRUE(Clear(request, &cleared).ok());
  EXPECT_EQ(cleared, 2u);
  StopLoop();
  EXPECT_THAT(engine.calls, ElementsAre("clear session 1/1", "clear session 1/2"));
}

TEST_F(OperatorServiceTest, ClearingEverythingMustBeMeant) {
  AddSessions(1, 2);
  ASSERT_TRUE(Start().ok());
  RunLoop();
  uint32_t cleared = 0;
  control::v1::ClearSessionsRequest request;
  EXPECT_EQ(Clear(request, &cleared).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.set_all(true);
  request.mutable_filter()->set_user_name("user1");
  EXPECT_EQ(Clear(request, &cleared).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.mutable_filter()->Clear();
  ASSERT_TRUE(Clear(request, &cleared).ok());
  EXPECT_EQ(cleared, 2u);
}

TEST_F(OperatorServiceTest, ClearingNothingIsNotFound) {
  ASSERT_TRUE(Start().ok());
  RunLoop();
  uint32_t cleared = 0;
  control::v1::ClearSessionsRequest request;
  request.mutable_filter()->set_user_name("nobody");
  EXPECT_EQ(Clear(request, &cleared).error_code(), grpc::StatusCode::NOT_FOUND);
  control::v1::ClearTunnelsRequest tunnels;
  tunnels.set_local_tunnel_id(9);
  control::v1::ClearReply reply;
  EXPECT_EQ(stub->ClearTunnels(Context().get(), tunnels, &reply).error_code(),
            grpc::StatusCode::NOT_FOUND);
  tunnels.set_local_tunnel_id(0);
  EXPECT_EQ(stub->ClearTunnels(Context().get(), tunnels, &reply).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(OperatorServiceTest, ListsAndClearsTunnels) {
  engine.tunnel_views.resize(2);
  engine.tunnel_views[0].local_id = l2tp::LocalTunnelId(5);
  engine.tunnel_views[1].local_id = l2tp::LocalTunnelId(6);
  engine.tunnel_views[1].peer_host_name = "lac6";
  engine.tunnel_views[1].statistics.retransmissions = 4;
  ASSERT_TRUE(Start().ok());
  RunLoop();
  const auto context = Context();
  control::v1::ListTunnelsRequest request;
  request.set_local_tunnel_id(6);
  const auto reader = stub->ListTunnels(context.get(), request);
  control::v1::Tunnel tunnel;
  ASSERT_TRUE(reader->Read(&tunnel));
  EXPECT_EQ(tunnel.peer_host_name(), "lac6");
  EXPECT_EQ(tunnel.retransmissions(), 4u);
  EXPECT_FALSE(reader->Read(&tunnel));
  EXPECT_TRUE(reader->Finish().ok());
  control::v1::ClearTunnelsRequest clear;
  clear.set_all(true);
  control::v1::ClearReply reply;
  ASSERT_TRUE(stub->ClearTunnels(Context().get(), clear, &reply).ok());
  EXPECT_EQ(reply.cleared(), 2u);
}

TEST_F(OperatorServiceTest, ListsAndClearsManyTunnelsPageByPage) {
  constexpr uint16_t kTunnels = 2 * OperatorService::kPage + 3;
  for (uint16_t id = 1; id <= kTunnels; ++id) {
    engine.tunnel_views.emplace_back().local_id = l2tp::LocalTunnelId(id);
  }
  ASSERT_TRUE(Start().ok());
  RunLoop();
  const auto context = Context();
  const auto reader = stub->ListTunnels(context.get(), {});
  control::v1::Tunnel tunnel;
  for (uint32_t id = 1; id <= kTunnels; ++id) {
    ASSERT_TRUE(reader->Read(&tunnel));
    EXPECT_EQ(tunnel.local_tunnel_id(), id);
  }
  EXPECT_FALSE(reader->Read(&tunnel));
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_LE(engine.largest_page, OperatorService::kPage);
  control::v1::ClearTunnelsRequest clear;
  clear.set_all(true);
  control::v1::ClearReply reply;
  ASSERT_TRUE(stub->ClearTunnels(Context().get(), clear, &reply).ok());
  EXPECT_EQ(reply.cleared(), kTunnels);
}

TEST_F(OperatorServiceTest, CountersOfAllPartsInOneList) {
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::Counters counters;
  ASSERT_TRUE(stub->GetCounters(Context().get(), {}, &counters).ok());
  std::vector<std::string> names;
  for (const auto& counter : counters.counters()) names.push_back(counter.name());
  EXPECT_THAT(names, UnorderedElementsAre("engine_calls", "loop_frames"));
}

TEST_F(OperatorServiceTest, ALoopThatDoesNotTurnIsADeadlineNotAHang) {
  ASSERT_TRUE(Start().ok());
  control::v1::Status status;
  EXPECT_EQ(stub->GetStatus(Context(0).get(), {}, &status).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(OperatorServiceTest, ACallUnderWayWhenTheProcessStopsIsUnavailable) {
  ASSERT_TRUE(Start().ok());
  grpc::Status answer;
  std::thread caller([&] {
    control::v1::Status status;
    answer = stub->GetStatus(Context().get(), {}, &status);
  });
  pollfd entry{mailbox.wake_fd(), POLLIN, 0};
  ASSERT_EQ(poll(&entry, 1, 20'000), 1);
  mailbox.Close();
  caller.join();
  EXPECT_EQ(answer.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(OperatorServiceTest, TheSocketIsTheOwnersAloneAndGoesWithTheServer) {
  ASSERT_TRUE(Start().ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(OperatorServiceTest, AStaleSocketIsReplacedALiveOneIsNot) {
  {
    FileDescriptor stale(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  ASSERT_TRUE(Start().ok());
  const auto second = OperatorServer::Start("unix:" + path, MakeParts());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(path));
}

TEST_F(OperatorServiceTest, AFileInTheSocketsPlaceIsLeftAlone) {
  std::ofstream(path) << "precious";
  EXPECT_EQ(Start().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(std::filesystem::is_regular_file(path));
}

Explanation StoryOf(uint16_t tunnel, uint16_t session, const std::string& user) {
  Explanation story;
  story.key = Key(tunnel, session);
  story.user_name = user;
  story.state = "online";
  Bytes buffer;
  story.trail.Add(TrailKind::kNote, Instant(), MakeNote(TrailNote::kUserAsked, user, buffer), 1024);
  return story;
}

std::vector<std::string> Read(grpc::ClientReader<control::v1::Explanation>& reader,
                              grpc::Status& status) {
  std::vector<std::string> told;
  for (control::v1::Explanation story; reader.Read(&story);) {
    told.push_back(absl::StrCat(
        story.key().local_tunnel_id(), "/", story.key().local_session_id(), " ", story.state(), " ",
        story.events_size() == 1 ? story.events(0).direction() + " " + story.events(0).text()
                                 : "?"));
  }
  status = reader.Finish();
  return told;
}

TEST_F(OperatorServiceTest, StoriesOfAUserAreToldOldestFirstTheLivingLast) {
  engine.session_views[Key(1, 2)] = SessionOf(1, 2, "alice", 1);
  engine.session_views[Key(1, 3)] = SessionOf(1, 3, "bob", 2);
  engine.stories[Key(1, 2)] = StoryOf(1, 2, "alice");
  engine.stories[Key(1, 3)] = StoryOf(1, 3, "bob");
  for (const uint16_t session : {uint16_t{9}, uint16_t{8}}) {
    engine.ended.push_back(StoryOf(1, session, "alice"));
    engine.ended.back().state = "ended";
    engine.ended.back().ending = Ending{.at = Instant(), .reason = "because"};
  }
  engine.ended.push_back(StoryOf(1, 7, "bob"));
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::ExplainRequest request;
  request.mutable_sessions()->set_user_name("alice");
  grpc::ClientContext context;
  grpc::Status status;
  const auto told = Read(*stub->Explain(&context, request), status);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(
      told, ElementsAre("1/8 ended -- AAA asked about alice", "1/9 ended -- AAA asked about alice",
                        "1/2 online -- AAA asked about alice"));
}

TEST_F(OperatorServiceTest, AStoryNobodyKnowsIsNotFoundAndAllStoriesAreNotTold) {
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::ExplainRequest request;
  request.set_local_tunnel_id(7);
  grpc::Status status;
  {
    grpc::ClientContext context;
    Read(*stub->Explain(&context, request), status);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  }
  request.mutable_sessions();
  {
    grpc::ClientContext context;
    Read(*stub->Explain(&context, request), status);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(OperatorServiceTest, DrainingIsSetAndShown) {
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::SetDrainRequest request;
  request.set_on(true);
  control::v1::DrainState reply;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->SetDrain(&context, request, &reply).ok());
  EXPECT_TRUE(reply.draining());
  control::v1::Status status;
  grpc::ClientContext status_context;
  ASSERT_TRUE(stub->GetStatus(&status_context, {}, &status).ok());
  EXPECT_TRUE(status.draining());
}

TEST_F(OperatorServiceTest, TunnelsAreOpenedAndCallsPlaced) {
  ASSERT_TRUE(Start().ok());
  RunLoop();
  control::v1::OpenTunnelRequest open;
  control::v1::OpenTunnelReply opened;
  const auto try_open = [&](const char* peer) {
    grpc::ClientContext context;
    open.set_peer(peer);
    return stub->OpenTunnel(&context, open, &opened).error_code();
  };
  EXPECT_EQ(try_open("lac"), grpc::StatusCode::OK);
  EXPECT_EQ(opened.local_tunnel_id(), 7u);
  EXPECT_EQ(try_open("nobody"), grpc::StatusCode::NOT_FOUND);

  control::v1::PlaceCallRequest call;
  control::v1::PlaceCallReply placed;
  const auto try_call = [&] {
    grpc::ClientContext context;
    return stub->PlaceCall(&context, call, &placed).error_code();
  };
  call.set_called_number("555");
  EXPECT_EQ(try_call(), grpc::StatusCode::INVALID_ARGUMENT);  // by what?
  call.set_peer("lac");
  EXPECT_EQ(try_call(), grpc::StatusCode::OK);
  EXPECT_EQ(placed.key().local_session_id(), 8u);
  call.set_local_tunnel_id(9);
  EXPECT_EQ(try_call(), grpc::StatusCode::INVALID_ARGUMENT);  // both
  call.clear_peer();
  EXPECT_EQ(try_call(), grpc::StatusCode::FAILED_PRECONDITION);
  call.set_minimum_bps(10);
  call.set_maximum_bps(9);
  EXPECT_EQ(try_call(), grpc::StatusCode::INVALID_ARGUMENT);
  StopLoop();
  EXPECT_THAT(engine.calls, ElementsAre("open tunnel to lac", "open tunnel to nobody",
                                        "call 555 by lac0 at 9600 to 100000000",
                                        "call 555 by 9 at 9600 to 100000000"));
}

}  // namespace
}  // namespace lns::controlplane
