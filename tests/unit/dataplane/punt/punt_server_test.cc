// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/punt/punt_server.h"

namespace lns::dataplane {
namespace {

constexpr punt::Geometry kGeometry{.workers = 2, .slots = 64, .dataplane_generation = 42};

class Client {
 public:
  explicit Client(const std::string& path) {
    fd_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Client() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
    for (const int fd : descriptors) close(fd);
    descriptors.clear();
  }
  void Say(ByteView bytes) {
    EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  void SayHello(punt::ClientHello hello = {}) { Say(punt::HelloBytes(hello)); }
  std::optional<punt::ServerHello> Hear() {
    std::array<uint8_t, 256> data;
    alignas(cmsghdr) std::array<uint8_t, 1024> control;
    iovec part{.iov_base = data.data(), .iov_len = data.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(fd_, &message, 0);
    if (size <= 0) return std::nullopt;
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      descriptors.resize(count);
      std::memcpy(descriptors.data(), CMSG_DATA(c), count * sizeof(int));
    }
    return punt::ParseHello<punt::ServerHello>(ByteView(data).first(static_cast<size_t>(size)));
  }
  bool IsClosedByServer() {
    uint8_t byte;
    return recv(fd_, &byte, 1, 0) == 0;
  }
  std::vector<int> descriptors;

 private:
  int fd_;
};

class PuntServerTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "/punt_" + std::to_string(getpid()) + ".sock";
    memory_ = std::move(*PuntMemory::Create(kGeometry));
    auto server = PuntServer::Listen(path_, *memory_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(*server);
  }
  // Until nothing is left to do.
  void Serve() {
    pollfd ready{.fd = server_->descriptor(), .events = POLLIN, .revents = 0};
    for (int round = 0; round < 100 && poll(&ready, 1, 0) == 1; ++round) server_->Serve();
  }
  std::string path_;
  std::unique_ptr<PuntMemory> memory_;
  std::unique_ptr<PuntServer> server_;
};

TEST_F(PuntServerTest, SocketIsForItsOwnerOnlyAndGoesAway) {
  struct stat file {};
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  server_.reset();
  EXPECT_NE(stat(path_.c_str(), &file), 0);
}

TEST_F(PuntServerTest, ReplacesAStaleSocketFile) {
  const std::string stale = path_ + ".stale";
  { ASSERT_TRUE(PuntServer::Listen(stale, *memory_).ok()); }
  const int file = open(stale.c_str(), O_CREAT | O_WRONLY, 0600);
  ASSERT_GE(file, 0);
  close(file);
  EXPECT_TRUE(PuntServer::Listen(stale, *memory_).ok());
}

TEST_F(PuntServerTest, HandsOverMemoryAndOneEventPerWorker) {
  Client client(path_);
  client.SayHello();
  Serve();
  const auto hello = client.Hear();
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->status, punt::HelloStatus::kOk);
  EXPECT_EQ(hello->workers, 2u);
  EXPECT_EQ(hello->dataplane_generation, 42u);
  ASSERT_EQ(client.descriptors.size(), 3u);
  EXPECT_TRUE(server_->has_client());
  EXPECT_EQ(server_->client_pid(), static_cast<uint32_t>(getpid()));

  struct stat file {};
  ASSERT_EQ(fstat(client.descriptors[0], &file), 0);
  ASSERT_EQ(static_cast<uint64_t>(file.st_size), hello->total_size);
  EXPECT_NE(ftruncate(client.descriptors[0], 4096), 0) << "sealed";
  void* base = mmap(nullptr, hello->total_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                    client.descriptors[0], 0);
  ASSERT_NE(base, MAP_FAILED);
  const auto mapping =
      punt::Mapping::Attach({static_cast<uint8_t*>(base), static_cast<size_t>(hello->total_size)});
  ASSERT_TRUE(mapping.ok());

  // A frame of worker 1 arrives with its wake-up.
  punt::Consumer consumer = mapping->PuntConsumer(1, punt::PuntClass::kSessionControl);
  ASSERT_TRUE(consumer.PrepareWait());
  punt::Producer producer = memory_->mapping().PuntProducer(1, punt::PuntClass::kSessionControl);
  const uint8_t payload = 0x77;
  ASSERT_TRUE(producer.Push({.kind = punt::FrameKind::kL2tpControl, .family = 4}, {&payload, 1}));
  ASSERT_TRUE(producer.Publish());
  const uint64_t one = 1;
  ASSERT_EQ(write(memory_->event_descriptor(1), &one, 8), 8);
  uint64_t woken = 0;
  EXPECT_EQ(read(client.descriptors[2], &woken, 8), 8);
  EXPECT_EQ(consumer.Poll(8, [](const punt::FrameHeader&, ByteView p) { EXPECT_EQ(p[0], 0x77); }),
            1u);
  munmap(base, hello->total_size);
}

TEST_F(PuntServerTest, SecondClientIsToldWhoHoldsTheRings) {
  Client first(path_);
  first.SayHello();
  Serve();
  Client second(path_);
  second.SayHello();
  Serve();
  const auto hello = second.Hear();
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->status, punt::HelloStatus::kBusy);
  EXPECT_EQ(hello->holder_pid, static_cast<uint32_t>(getpid()));
  EXPECT_TRUE(second.descriptors.empty());
  EXPECT_TRUE(second.IsClosedByServer());
  EXPECT_EQ(first.Hear()->status, punt::HelloStatus::kOk) << "the holder is not disturbed";
}

TEST_F(PuntServerTest, NewClientReplacesADeadOne) {
  Client first(path_);
  first.SayHello();
  Serve();
  Client second(path_);
  second.SayHello();
  first.Close();  // both events wait when the server looks
  Serve();
  const auto hello = second.Hear();
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->status, punt::HelloStatus::kOk);
  second.Close();
  Serve();
  EXPECT_FALSE(server_->has_client());
}

TEST_F(PuntServerTest, OtherVersionsAndJunkAreRefused) {
  Client future(path_);
  future.SayHello({.version = punt::kHelloVersion + 1});
  Client layout(path_);
  layout.SayHello({.layout_version = punt::kLayoutVersion + 1});
  Client junk(path_);
  junk.Say(Bytes(16, 0xee));
  Client long_junk(path_);
  long_junk.Say(Bytes(5000, 0xee));
  Serve();
  EXPECT_EQ(future.Hear()->status, punt::HelloStatus::kBadVersion);
  EXPECT_EQ(layout.Hear()->status, punt::HelloStatus::kBadVersion);
  EXPECT_EQ(junk.Hear()->status, punt::HelloStatus::kBadHello);
  EXPECT_EQ(long_junk.Hear()->status, punt::HelloStatus::kBadHello);
  EXPECT_FALSE(server_->has_client());
}

TEST_F(PuntServerTest, SilentConnectionsDoNotKeepOthersOut) {
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<Client>(path_));
    Serve();
  }
  Client client(path_);
  client.SayHello();
  Serve();
  EXPECT_EQ(client.Hear()->status, punt::HelloStatus::kOk);
  EXPECT_TRUE(silent.front()->IsClosedByServer());
}

TEST_F(PuntServerTest, TalkingClientKeepsItsPlace) {
  Client client(path_);
  client.SayHello();
  Serve();
  client.Say(Bytes(10, 1));
  Serve();
  EXPECT_TRUE(server_->has_client());
}

TEST(PuntMemoryTest, RefusesImpossibleGeometry) {
  EXPECT_EQ(
      PuntMemory::Create({.workers = 1, .slots = 100, .dataplane_generation = 1}).status().code(),
      absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace lns::dataplane
