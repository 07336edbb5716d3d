// The authenticator with its sockets, against a server on the loopback that says what a test wants.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/radius/authenticator.h"
#include "lib/base/rng.h"
#include "lib/os/clock.h"
#include "lib/os/file_descriptor.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/hiding.h"
#include "lib/radius/signature.h"

namespace lns::controlplane {
namespace {

constexpr char kSecret[] = "a shared secret";
constexpr char kPassword[] = "hunter2-never-to-be-seen";

// A socket on a port of the kernel's choice.
class FakeServer {
 public:
  FakeServer() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socklen_t length = sizeof(address);
    getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    endpoint_ = {net::IpAddress::V4(INADDR_LOOPBACK), ntohs(address.sin_port)};
  }
  int fd() const { return socket_.get(); }
  const net::Endpoint& endpoint() const { return endpoint_; }
  void Close() { socket_.Reset(); }

  // Answers whatever has come by what `answer` makes of it.
  void Serve(const std::function<Bytes(const radius::Packet&)>& answer) {
    std::array<uint8_t, radius::kMaxPacketLength> buffer;
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    ssize_t size = 0;
    while ((size = recvfrom(fd(), buffer.data(), buffer.size(), 0,
                            reinterpret_cast<sockaddr*>(&from), &length)) > 0) {
      radius::Packet packet;
      ASSERT_EQ(radius::ParsePacket(ByteView(buffer).first(static_cast<size_t>(size)), packet),
                radius::PacketError::kNone);
      ASSERT_EQ(
          radius::CheckAccessRequest(packet, kSecret, radius::MessageAuthenticator::kRequired),
          radius::Genuineness::kGenuine);
      const Bytes reply = answer(packet);
      sendto(fd(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    }
  }

 private:
  FileDescriptor socket_;
  net::Endpoint endpoint_;
};

Bytes Reply(const radius::Packet& request, radius::Code code) {
  radius::PacketBuilder builder(code, request.identifier);
  builder.AddMessageAuthenticator();
  builder.AddInteger(radius::kFramedMtu, 1400);
  const MutableByteView packet = builder.Finish();
  radius::SignResponse(packet, request.authenticator, kSecret);
  return Bytes(packet.begin(), packet.end());
}

class RadiusAuthenticatorTest : public testing::Test {
 protected:
  RadiusAuthenticatorTest() {
    settings_.client.servers.push_back(
        {.name = "one", .endpoint = server_.endpoint(), .secret = kSecret});
    settings_.client.retransmit = Duration::Milliseconds(50);
    settings_.client.tries = 2;
    settings_.client.dead_after = Duration::Milliseconds(100);
    settings_.nas.identifier = "lns1";
  }
  void Start() {
    authenticator_ = std::make_unique<RadiusAuthenticator>(
        settings_, local_users_, poller_, rng_,
        [this](LogLevel, std::string_view text) { log_.append(text).append("\n"); });
    poller_.Watch(server_.fd(), [this] { server_.Serve(answer_); });
  }
  static AuthenticateUser User(const std::string& name, uint64_t id = 1) {
    return {.request_id = id,
            .credentials = {
                .protocol = ppp::AuthProtocol::kPap, .user_name = name, .password = kPassword}};
  }
  // The verdict; nullopt: none in ten seconds.
  std::optional<AuthVerdict> Ask(const AuthenticateUser& user) {
    authenticator_->Authenticate(user, MonotonicNow());
    return Wait();
  }
  std::optional<AuthVerdict> Wait() {
    const Instant limit = MonotonicNow() + Duration::Seconds(10);
    std::vector<AuthOutcome> outcomes;
    while (outcomes.empty() && MonotonicNow() < limit) {
      const Instant now = MonotonicNow();
      if (authenticator_->NextDeadline() <= now) authenticator_->OnTimer(now);
      authenticator_->TakeOutcomes(outcomes);
      if (!outcomes.empty()) break;
      poller_.Wait(
          std::min(authenticator_->NextDeadline() - MonotonicNow(), Duration::Milliseconds(100)));
    }
    if (outcomes.empty()) return std::nullopt;
    EXPECT_EQ(outcomes.size(), 1u);
    return outcomes[0].verdict;
  }
  uint64_t Counter(const std::string& name) {
    for (const auto& [key, value] : authenticator_->Counters()) {
      if (key == name) return value;
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
  }

  FakeServer server_;
  std::function<Bytes(const radius::Packet&)> answer_ = [](const radius::Packet& request) {
    return Reply(request, radius::Code::kAccessAccept);
  };
  RadiusSettings settings_;
  SeededRng rng_{1812};
  LocalUsers local_users_{{{.name = "local", .password = kPassword}}};
  Poller poller_;
  std::string log_;
  std::unique_ptr<RadiusAuthenticator> authenticator_;
};

TEST_F(RadiusAuthenticatorTest, AsksAndBringsTheVerdict) {
  std::string password;
  answer_ = [&](const radius::Packet& request) {
    password = radius::RevealUserPassword(*radius::Find(request.attributes, radius::kUserPassword),
                                          kSecret, request.authenticator)
                   .value_or("");
    return Reply(request, radius::Code::kAccessAccept);
  };
  Start();
  const auto verdict = Ask(User("alice"));
  ASSERT_TRUE(verdict.has_value());
  EXPECT_TRUE(verdict->accepted);
  EXPECT_EQ(verdict->service->mtu, 1400);
  EXPECT_EQ(password, kPassword);
  EXPECT_EQ(Counter("aaa.radius.accepted"), 1u);
  EXPECT_EQ(Counter("radius.one.accepts"), 1u);
}

TEST_F(RadiusAuthenticatorTest, RejectIsARefusalOfTheUser) {
  answer_ = [](const radius::Packet& request) {
    return Reply(request, radius::Code::kAccessReject);
  };
  Start();
  const auto verdict = Ask(User("alice"));
  ASSERT_TRUE(verdict.has_value());
  EXPECT_FALSE(verdict->accepted);
  EXPECT_EQ(verdict->refusal, CloseCause::kNone);
}

// Wrong secret, truncated, as large as can be: as if the server were silent, but counted.
TEST_F(RadiusAuthenticatorTest, LiesOfTheServerChangeNothingAndAreCounted) {
  int turn = 0;
  answer_ = [&](const radius::Packet& request) {
    Bytes reply = Reply(request, radius::Code::kAccessAccept);
    switch (turn++) {
      case 0:
        radius::SignResponse(reply, request.authenticator, "another secret");
        return reply;
      case 1:
        reply.pop_back();
        return reply;
      default:
        reply.resize(radius::kMaxPacketLength, 0);
        StoreBe16(reply.data() + 2, radius::kMaxPacketLength);
        return reply;
    }
  };
  settings_.client.tries = 3;
  settings_.client.dead_after = Duration::Seconds(60);
  Start();
  const auto verdict = Ask(User("alice"));
  ASSERT_TRUE(verdict.has_value());
  EXPECT_FALSE(verdict->accepted);
  EXPECT_EQ(verdict->refusal, CloseCause::kAaaUnavailable);
  EXPECT_EQ(Counter("radius.one.reply-bad-authenticator"), 1u);
  EXPECT_EQ(Counter("radius.one.reply-truncated"), 1u);
  EXPECT_EQ(Counter("radius.one.reply-bad-attribute"), 1u);
  EXPECT_EQ(Counter("radius.one.accepts"), 0u);
}

TEST_F(RadiusAuthenticatorTest, NobodyListeningIsNoticedAtOnceAndThePolicyDecides) {
  settings_.client.servers[0].probe = false;
  settings_.client.retransmit = Duration::Milliseconds(20);
  settings_.client.tries = 4;
  settings_.local_users_first = false;
  settings_.when_down = {Fallback::kCache, Fallback::kLocalUsers};
  Start();
  ASSERT_TRUE(Ask(User("alice"))->accepted);
  poller_.Forget(server_.fd());
  server_.Close();
  // Known from before, known here, and known to nobody.
  const auto alice = Ask(User("alice"));
  ASSERT_TRUE(alice.has_value());
  EXPECT_TRUE(alice->accepted);
  EXPECT_EQ(alice->service->mtu, 1400);
  EXPECT_TRUE(Ask(User("local"))->accepted);
  const auto mallory = Ask(User("mallory"));
  EXPECT_FALSE(mallory->accepted);
  EXPECT_EQ(mallory->refusal, CloseCause::kAaaUnavailable);
  EXPECT_GE(Counter("radius.one.refused"), 1u);
  EXPECT_EQ(Counter("radius.one.deaths"), 1u);
  EXPECT_EQ(Counter("aaa.radius.cached"), 1u);
  EXPECT_NE(log_.find("RADIUS server one does not answer"), std::string::npos);
  EXPECT_EQ(log_.find(kPassword), std::string::npos);
}

TEST_F(RadiusAuthenticatorTest, NamesOfTheConfigurationAreNotAsked) {
  Start();
  EXPECT_TRUE(Ask(User("local"))->accepted);
  EXPECT_EQ(Counter("aaa.radius.asked"), 0u);
  EXPECT_EQ(Counter("aaa.local.accepted"), 1u);
}

TEST_F(RadiusAuthenticatorTest, WithoutServersThereAreLocalUsersOnly) {
  settings_.client.servers.clear();
  Start();
  EXPECT_FALSE(Ask(User("alice"))->accepted);
  EXPECT_TRUE(Ask(User("local"))->accepted);
}

TEST_F(RadiusAuthenticatorTest, CredentialsNobodyCanExpressAreRefused) {
  Start();
  EXPECT_FALSE(Ask(User(""))->accepted);
  EXPECT_EQ(Counter("aaa.radius.inexpressible"), 1u);
}

TEST_F(RadiusAuthenticatorTest, WhoeverFindsNoPlaceIsToldToGoElsewhere) {
  settings_.admission.max_in_flight = 1;
  settings_.admission.max_waiting = 1;
  answer_ = [](const radius::Packet&) { return Bytes(); };
  Start();
  authenticator_->Authenticate(User("a", 1), MonotonicNow());
  authenticator_->Authenticate(User("b", 2), MonotonicNow());
  authenticator_->Authenticate(User("c", 3), MonotonicNow());
  std::vector<AuthOutcome> outcomes;
  authenticator_->TakeOutcomes(outcomes);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].request_id, 3u);
  EXPECT_EQ(outcomes[0].verdict.refusal, CloseCause::kAaaBusy);
  const RadiusStatus status = authenticator_->Status();
  EXPECT_EQ(status.waiting, 1u);
  EXPECT_EQ(status.in_flight, 1u);
}

}  // namespace
}  // namespace lns::controlplane
