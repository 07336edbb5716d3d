// The service over a real gRPC channel inside the process, in front of a writer that remembers.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "dataplane/services/forwarding_service.h"
#include "tests/support/fake_table_writer.h"

#include "grpcpp/grpcpp.h"

namespace lns::dataplane {
namespace {

class ForwardingServiceTest : public testing::Test {
 protected:
  ForwardingServiceTest()
      : service_({.generation = 99,
                  .version = "1.2",
                  .workers = 3,
                  .punt_socket = "/p",
                  .vrfs = {Vrf(0, "main"), Vrf(2, "red"), Vrf(3, "blue")}},
                 writer_, {"acc0", "core0"}) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::Forwarding::NewStub(server_->InProcessChannel({}));
  }
  ~ForwardingServiceTest() override { server_->Shutdown(); }

  static v1::Vrf Vrf(uint32_t id, const std::string& name) {
    v1::Vrf vrf;
    vrf.set_id(id);
    vrf.set_name(name);
    return vrf;
  }
  static void AddTunnel(v1::ApplyRequest& request, uint32_t id) {
    v1::Tunnel* tunnel = request.add_updates()->mutable_tunnel();
    tunnel->set_local_tunnel_id(id);
    tunnel->set_peer_tunnel_id(id);
    auto* endpoints = tunnel->mutable_endpoints();
    endpoints->mutable_local_address()->set_octets("\x01\x01\x01\x01");
    endpoints->set_local_port(1701);
    endpoints->mutable_peer_address()->set_octets("\x02\x02\x02\x02");
    endpoints->set_peer_port(1701);
  }
  static void AddSession(v1::ApplyRequest& request, uint32_t tunnel, uint32_t id) {
    v1::Session* session = request.add_updates()->mutable_session();
    session->mutable_key()->set_local_tunnel_id(tunnel);
    session->mutable_key()->set_local_session_id(id);
    session->set_peer_session_id(id);
  }

  test::FakeTableWriter writer_;
  ForwardingService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::Forwarding::Stub> stub_;
};

TEST_F(ForwardingServiceTest, InfoSaysWhoAnswers) {
  grpc::ClientContext context;
  v1::Info info;
  ASSERT_TRUE(stub_->GetInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.generation(), 99u);
  EXPECT_EQ(info.version(), "1.2");
  EXPECT_EQ(info.workers(), 3u);
  EXPECT_EQ(info.max_sessions(), 65536u);
  EXPECT_EQ(info.punt_socket(), "/p");
}

TEST_F(ForwardingServiceTest, ErrorsNameTheUpdateAndTheRestIsApplied) {
  grpc::ClientContext context;
  auto stream = stub_->Apply(&context);
  v1::ApplyRequest request;
  request.set_batch_id(5);
  AddTunnel(request, 1);
  AddTunnel(request, 0);
  AddSession(request, 2, 1);
  AddSession(request, 1, 1);
  request.add_updates();
  ASSERT_TRUE(stream->Write(request));
  v1::ApplyReply reply;
  ASSERT_TRUE(stream->Read(&reply));
  EXPECT_EQ(reply.batch_id(), 5u);
  EXPECT_EQ(reply.applied(), 2u);
  ASSERT_EQ(reply.errors_size(), 3);
  EXPECT_EQ(reply.errors(0).index(), 1u);
  EXPECT_EQ(reply.errors(0).code(), 3u) << "INVALID_ARGUMENT";
  EXPECT_EQ(reply.errors(0).message(), "tunnel.local_tunnel_id: expected 1 to 65535, found 0");
  EXPECT_EQ(reply.errors(1).index(), 2u);
  EXPECT_EQ(reply.errors(1).code(), 5u) << "NOT_FOUND";
  EXPECT_EQ(reply.errors(2).index(), 4u);
  EXPECT_EQ(reply.errors(2).code(), 3u);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(writer_.Tunnels().size(), 1u);
  EXPECT_EQ(writer_.session_count(), 1u);
}

TEST_F(ForwardingServiceTest, ARemovalIsAnsweredWithTheSessionsLastCounts) {
  grpc::ClientContext context;
  auto stream = stub_->Apply(&context);
  v1::ApplyRequest request;
  AddTunnel(request, 1);
  AddSession(request, 1, 5);
  for (const uint32_t id : {5u, 6u}) {  // 6 never was
    auto* key = request.add_updates()->mutable_remove_session();
    key->set_local_tunnel_id(1);
    key->set_local_session_id(id);
  }
  ASSERT_TRUE(stream->Write(request));
  v1::ApplyReply reply;
  ASSERT_TRUE(stream->Read(&reply));
  EXPECT_EQ(reply.applied(), 4u);
  ASSERT_EQ(reply.removed_size(), 1);
  EXPECT_EQ(reply.removed(0).key().local_session_id(), 5u);
  EXPECT_EQ(reply.removed(0).uplink_packets(), 1u) << "what the fake counts";
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ForwardingServiceTest, SessionsAreListedAPageAtATime) {
  constexpr uint16_t kEach = 1000;
  for (const uint16_t tunnel : {uint16_t{7}, uint16_t{8}}) {
    ASSERT_TRUE(writer_.UpsertTunnel({.local_id = l2tp::LocalTunnelId(tunnel)}).ok());
    for (uint16_t id = 1; id <= kEach; ++id) {
      ASSERT_TRUE(
          writer_
              .UpsertSession({.key = {l2tp::LocalTunnelId(tunnel), l2tp::LocalSessionId(id)},
                              .peer_id = l2tp::PeerSessionId(id)})
              .ok());
    }
  }
  const auto list = [&](uint32_t tunnel) {
    grpc::ClientContext context;
    v1::ListSessionsRequest request;
    request.set_local_tunnel_id(tunnel);
    auto stream = stub_->ListSessions(&context, request);
    std::vector<std::pair<uint32_t, uint32_t>> keys;
    v1::Session session;
    while (stream->Read(&session)) {
      keys.emplace_back(session.key().local_tunnel_id(), session.key().local_session_id());
    }
    EXPECT_TRUE(stream->Finish().ok());
    return keys;
  };
  const auto all = list(0);
  EXPECT_EQ(all.size(), 2 * kEach);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(writer_.session_pages(), 4u) << "of 512";
  const auto some = list(8);
  ASSERT_EQ(some.size(), kEach);
  EXPECT_EQ(some.front(), std::pair(8u, 1u));
}

TEST_F(ForwardingServiceTest, WritersRefusalKeepsItsCode) {
  writer_.Refuse(absl::ResourceExhaustedError("table is full"));
  grpc::ClientContext context;
  auto stream = stub_->Apply(&context);
  v1::ApplyRequest request;
  AddTunnel(request, 1);
  ASSERT_TRUE(stream->Write(request));
  v1::ApplyReply reply;
  ASSERT_TRUE(stream->Read(&reply));
  ASSERT_EQ(reply.errors_size(), 1);
  EXPECT_EQ(reply.errors(0).code(), 8u) << "RESOURCE_EXHAUSTED";
  EXPECT_EQ(reply.errors(0).message(), "table is full");
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ForwardingServiceTest, TooLargeABatchEndsTheStream) {
  grpc::ClientContext context;
  auto stream = stub_->Apply(&context);
  v1::ApplyRequest request;
  for (uint32_t i = 0; i < 1025; ++i) AddTunnel(request, 1);
  ASSERT_TRUE(stream->Write(request));
  v1::ApplyReply reply;
  EXPECT_FALSE(stream->Read(&reply));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "updates: expected at most 1024, found 1025");
  EXPECT_TRUE(writer_.Tunnels().empty());
}

TEST_F(ForwardingServiceTest, EveryKindOfUpdateReachesTheWriter) {
  v1::ApplyRequest add;
  AddTunnel(add, 1);
  AddSession(add, 1, 1);
  add.add_updates()->mutable_local_address()->mutable_address()->set_octets("\x01\x01\x01\x01");
  auto* prefix = add.add_updates()->mutable_subscriber_prefix()->mutable_prefix();
  prefix->mutable_address()->set_octets(std::string("\x64\x40\x00\x00", 4));
  prefix->set_length(10);
  v1::Route* route = add.add_updates()->mutable_route();
  *route->mutable_prefix() = *prefix;
  route->set_port("core0");
  v1::Neighbour* neighbour = add.add_updates()->mutable_neighbour();
  neighbour->mutable_address()->set_octets("\x03\x03\x03\x03");
  neighbour->set_port("core0");
  neighbour->set_mac("123456");

  v1::ApplyRequest remove;
  remove.add_updates()->mutable_remove_session()->CopyFrom(add.updates(1).session().key());
  remove.add_updates()->set_remove_tunnel(1);
  remove.add_updates()->mutable_remove_local_address()->CopyFrom(add.updates(2).local_address());
  remove.add_updates()->mutable_remove_subscriber_prefix()->CopyFrom(
      add.updates(3).subscriber_prefix());
  remove.add_updates()->mutable_remove_route()->CopyFrom(*prefix);
  remove.add_updates()->mutable_remove_neighbour()->CopyFrom(*neighbour);

  grpc::ClientContext context;
  auto stream = stub_->Apply(&context);
  v1::ApplyReply reply;
  ASSERT_TRUE(stream->Write(add) && stream->Read(&reply));
  EXPECT_EQ(reply.applied(), 6u) << reply.ShortDebugString();
  EXPECT_EQ(writer_.LocalAddresses().size(), 1u);
  EXPECT_EQ(writer_.SubscriberPrefixes().size(), 1u);
  ASSERT_EQ(writer_.Routes().size(), 1u);
  EXPECT_EQ(writer_.Routes()[0].port, 1);
  EXPECT_EQ(writer_.Neighbours().size(), 1u);

  grpc::ClientContext list_context;
  auto list = stub_->ListRoutes(&list_context, {});
  v1::Route listed;
  ASSERT_TRUE(list->Read(&listed));
  EXPECT_EQ(listed.port(), "core0");
  EXPECT_FALSE(list->Read(&listed));
  EXPECT_TRUE(list->Finish().ok());

  ASSERT_TRUE(stream->Write(remove) && stream->Read(&reply));
  EXPECT_EQ(reply.applied(), 6u) << reply.ShortDebugString();
  EXPECT_TRUE(writer_.Tunnels().empty() && writer_.session_count() == 0);
  EXPECT_TRUE(writer_.LocalAddresses().empty() && writer_.SubscriberPrefixes().empty());
  EXPECT_TRUE(writer_.Routes().empty() && writer_.Neighbours().empty());
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ForwardingServiceTest, VrfsAreListedWithWhatIsInThem) {
  v1::ApplyRequest add;
  AddTunnel(add, 1);
  add.mutable_updates(0)->mutable_tunnel()->set_vrf(2);
  AddSession(add, 1, 1);
  add.mutable_updates(1)->mutable_session()->set_vrf(3);
  v1::LocalAddress* address = add.add_updates()->mutable_local_address();
  address->mutable_address()->set_octets("\x01\x01\x01\x01");
  address->set_vrf(2);
  v1::SubscriberPrefix* pool = add.add_updates()->mutable_subscriber_prefix();
  pool->mutable_prefix()->mutable_address()->set_octets(std::string("\x64\x40\x00\x00", 4));
  pool->mutable_prefix()->set_length(10);
  pool->set_vrf(3);
  v1::Route* route = add.add_updates()->mutable_route();
  *route->mutable_prefix() = pool->prefix();
  route->set_port("core0");
  route->set_vrf(3);
  grpc::ClientContext context;
  auto stream = stub_->Apply(&context);
  v1::ApplyReply reply;
  ASSERT_TRUE(stream->Write(add) && stream->Read(&reply));
  ASSERT_EQ(reply.applied(), 5u) << reply.ShortDebugString();

  const auto list = [&] {
    grpc::ClientContext list_context;
    auto reader = stub_->ListVrfs(&list_context, {});
    std::map<uint32_t, v1::VrfStatus> rows;
    for (v1::VrfStatus row; reader->Read(&row);) rows[row.vrf().id()] = row;
    EXPECT_TRUE(reader->Finish().ok());
    return rows;
  };
  auto rows = list();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].vrf().name(), "main");
  EXPECT_EQ(rows[0].routes() + rows[0].sessions() + rows[0].tunnels(), 0u);
  EXPECT_EQ(rows[2].tunnels(), 1u);
  EXPECT_EQ(rows[2].local_addresses(), 1u);
  EXPECT_EQ(rows[3].vrf().name(), "blue");
  EXPECT_EQ(rows[3].sessions(), 1u);
  EXPECT_EQ(rows[3].routes(), 1u);
  EXPECT_EQ(rows[3].subscriber_prefixes(), 1u);

  v1::ApplyRequest remove;
  // Of the main VRF, which has none such.
  *remove.add_updates()->mutable_remove_route() = pool->prefix();
  ASSERT_TRUE(stream->Write(remove) && stream->Read(&reply));
  EXPECT_EQ(list()[3].routes(), 1u);
  remove.Clear();
  v1::VrfPrefix* gone = remove.add_updates()->mutable_remove_vrf_route();
  *gone->mutable_prefix() = pool->prefix();
  gone->set_vrf(3);
  ASSERT_TRUE(stream->Write(remove) && stream->Read(&reply));
  EXPECT_EQ(list()[3].routes(), 0u);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(ForwardingServiceTest, SyncMarksAndSweeps) {
  const auto sync = [&](v1::SyncRequest::Step step, v1::SyncReply* reply) {
    grpc::ClientContext context;
    v1::SyncRequest request;
    request.set_step(step);
    return stub_->Sync(&context, request, reply).error_code();
  };
  v1::SyncReply reply;
  EXPECT_EQ(sync(v1::SyncRequest::STEP_END, &reply), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(sync(v1::SyncRequest::STEP_UNSPECIFIED, &reply), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(sync(v1::SyncRequest::STEP_BEGIN, &reply), grpc::StatusCode::OK);
  EXPECT_EQ(sync(v1::SyncRequest::STEP_END, &reply), grpc::StatusCode::OK);
  EXPECT_EQ(reply.swept_tunnels(), 1u);
  EXPECT_EQ(reply.swept_sessions(), 2u);
  EXPECT_EQ(reply.swept_other(), 3u);
}

TEST_F(ForwardingServiceTest, SessionsAreListedByTunnel) {
  grpc::ClientContext context;
  auto stream = stub_->Apply(&context);
  v1::ApplyRequest request;
  AddTunnel(request, 1);
  AddTunnel(request, 2);
  for (uint32_t i = 1; i <= 3; ++i) AddSession(request, 1, i);
  AddSession(request, 2, 1);
  v1::ApplyReply reply;
  ASSERT_TRUE(stream->Write(request) && stream->Read(&reply));
  const auto count = [&](uint32_t tunnel) {
    grpc::ClientContext list_context;
    v1::ListSessionsRequest list_request;
    list_request.set_local_tunnel_id(tunnel);
    auto list = stub_->ListSessions(&list_context, list_request);
    v1::Session session;
    int sessions = 0;
    while (list->Read(&session)) ++sessions;
    return sessions;
  };
  EXPECT_EQ(count(0), 4);
  EXPECT_EQ(count(1), 3);
  EXPECT_EQ(count(9), 0);
}

}  // namespace
}  // namespace lns::dataplane
