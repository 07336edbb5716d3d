// The data plane's half of the punt socket and memory, in-process: listens in a directory of its
// own, greets one client, and holds the rings' other ends.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/os/file_descriptor.h"
#include "lib/punt/handshake.h"
#include "lib/punt/mapping.h"

namespace lns::controlplane {

class FakePuntServer {
 public:
  static constexpr uint32_t kSlots = 64;

  explicit FakePuntServer(uint32_t workers) : workers_(workers) {
    std::string pattern = ::testing::TempDir() + "/lns-punt-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    Listen();
    const size_t size = punt::TotalSize(kSlots, workers);
    memfd_ = FileDescriptor(memfd_create("punt", MFD_CLOEXEC));
    EXPECT_EQ(ftruncate(memfd_.get(), static_cast<off_t>(size)), 0);
    void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd_.get(), 0);
    memory_ = {static_cast<uint8_t*>(base), size};
    mapping_ = punt::Mapping::Initialise(memory_, {workers, kSlots, 77}).value();
    for (uint32_t i = 0; i < workers; ++i) {
      wakes_.emplace_back(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    }
  }
  ~FakePuntServer() {
    munmap(memory_.data(), memory_.size());
    std::filesystem::remove_all(directory_);
  }
  FakePuntServer(const FakePuntServer&) = delete;
  FakePuntServer& operator=(const FakePuntServer&) = delete;

  std::string path() const { return directory_ + "/punt.sock"; }
  const punt::Mapping& mapping() const { return *mapping_; }
  MutableByteView memory() { return memory_; }

  void Listen() {
    unlink(path().c_str());
    listener_ = FileDescriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
  }
  void StopListening() { listener_.Reset(); }

  // Takes the connection and reads the client's hello.
  void Accept() {
    client_ = FileDescriptor(accept(listener_.get(), nullptr, nullptr));
    ASSERT_TRUE(client_.valid());
    std::array<uint8_t, 64> bytes;
    const ssize_t length = recv(client_.get(), bytes.data(), bytes.size(), 0);
    ASSERT_GT(length, 0);
    const auto hello =
        punt::ParseHello<punt::ClientHello>(ByteView(bytes).first(static_cast<size_t>(length)));
    ASSERT_TRUE(hello.has_value());
    EXPECT_EQ(hello->version, punt::kHelloVersion);
  }
  punt::ServerHello Hello() const {
    punt::ServerHello hello;
    hello.workers = workers_;
    hello.total_size = memory_.size();
    hello.dataplane_generation = 77;
    return hello;
  }
  void Answer(const punt::ServerHello& hello, bool with_descriptors) {
    const ByteView bytes = punt::HelloBytes(hello);
    iovec part{const_cast<uint8_t*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    std::vector<int> fds = {memfd_.get()};
    for (const FileDescriptor& wake : wakes_) fds.push_back(wake.get());
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * punt::kMaxHandshakeDescriptors)>
        control{};
    if (with_descriptors) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
      cmsghdr* c = CMSG_FIRSTHDR(&message);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
      std::memcpy(CMSG_DATA(c), fds.data(), fds.size() * sizeof(int));
    }
    EXPECT_EQ(sendmsg(client_.get(), &message, 0), static_cast<ssize_t>(bytes.size()));
  }
  void HangUp() { client_.Reset(); }

 private:
  uint32_t workers_;
  std::string directory_;
  FileDescriptor listener_;
  FileDescriptor client_;
  FileDescriptor memfd_;
  MutableByteView memory_;
  std::optional<punt::Mapping> mapping_;
  std::vector<FileDescriptor> wakes_;
};

}  // namespace lns::controlplane
