// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/punt/punt_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace lns::dataplane {
namespace {

constexpr int kBacklog = 8;
constexpr size_t kMaxWaiting = 8;  // connections that have not said hello
constexpr int kMaxEvents = 16;     // handled per Serve(); the rest keep descriptor() readable

absl::Status SystemError(const std::string& path, const char* what) {
  const std::string text =
      absl::StrCat("punt socket ", path, ": ", what, ": ", std::strerror(errno));
  if (errno == EACCES || errno == EPERM) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

uint32_t PeerPid(int connection) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return 0;
  return static_cast<uint32_t>(credentials.pid);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PuntServer>> PuntServer::Listen(const std::string& path,
                                                               const PuntMemory& memory) {
  std::unique_ptr<PuntServer> server(new PuntServer(path, memory));
  if (absl::Status status = server->Open(); !status.ok()) return status;
  return server;
}

absl::Status PuntServer::Open() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("punt socket ", path_, ": path is longer than ",
                                                   sizeof(address.sun_path) - 1,
                                                   " characters: choose a shorter run_dir"));
  }
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return SystemError(path_, "epoll_create1");
  listener_ = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) return SystemError(path_, "socket");
  unlink(path_.c_str());
  // Set before bind(), so that there is no moment at which others may connect.
  const mode_t old_mask = umask(0177);
  const int bound = bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  umask(old_mask);
  if (bound != 0) return SystemError(path_, "bind");
  if (listen(listener_, kBacklog) != 0) return SystemError(path_, "listen");
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener_}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) return SystemError(path_, "epoll");
  return absl::OkStatus();
}

PuntServer::~PuntServer() {
  for (const int connection : waiting_) close(connection);
  if (client_ >= 0) close(client_);
  if (listener_ >= 0) {
    close(listener_);
    unlink(path_.c_str());
  }
  if (epoll_ >= 0) close(epoll_);
}

void PuntServer::Serve() {
  std::array<epoll_event, kMaxEvents> events;
  const int count = epoll_wait(epoll_, events.data(), kMaxEvents, 0);
  for (int i = 0; i < count; ++i) {
    const int ready = events[static_cast<size_t>(i)].data.fd;
    if (ready == listener_) {
      Accept();
    } else {
      OnReadable(ready);
    }
  }
}

void PuntServer::Accept() {
  const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (connection < 0) return;
  if (waiting_.size() == kMaxWaiting) Drop(waiting_.front());
  epoll_event event{.events = EPOLLIN, .data = {.fd = connection}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection, &event) != 0) {
    close(connection);
    return;
  }
  waiting_.push_back(connection);
}

void PuntServer::OnReadable(int connection) {
  if (connection == client_) {
    if (ClientIsGone()) Drop(connection);
    return;
  }
  // A connection dropped earlier in this round may still have had an event pending.
  if (std::find(waiting_.begin(), waiting_.end(), connection) != waiting_.end()) Greet(connection);
}

void PuntServer::Greet(int connection) {
  std::array<uint8_t, 64> buffer;
  const ssize_t size = recv(connection, buffer.data(), buffer.size(), MSG_TRUNC);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return Drop(connection);
  const auto hello =
      static_cast<size_t>(size) <= buffer.size()
          ? punt::ParseHello<punt::ClientHello>(ByteView(buffer).first(static_cast<size_t>(size)))
          : std::nullopt;
  if (!hello) return Refuse(connection, punt::HelloStatus::kBadHello);
  if (hello->version != punt::kHelloVersion || hello->layout_version != punt::kLayoutVersion) {
    return Refuse(connection, punt::HelloStatus::kBadVersion);
  }
  // The end of the old client may wait in the same round of events as the new one's hello.
  if (client_ >= 0 && ClientIsGone()) Drop(client_);
  if (client_ >= 0) return Refuse(connection, punt::HelloStatus::kBusy);
  if (!SendMemory(connection)) return Drop(connection);
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), connection));
  client_ = connection;
  client_pid_ = PeerPid(connection);
}

void PuntServer::Refuse(int connection, punt::HelloStatus status) {
  punt::ServerHello reply;
  reply.status = status;
  if (status == punt::HelloStatus::kBusy) reply.holder_pid = client_pid_;
  // The answer is a courtesy: if it cannot be sent, closing says enough.
  std::ignore = send(connection, &reply, sizeof(reply), MSG_NOSIGNAL);
  Drop(connection);
}

bool PuntServer::SendMemory(int connection) {
  const punt::Geometry& geometry = memory_.mapping().geometry();
  punt::ServerHello reply;
  reply.workers = geometry.workers;
  reply.total_size = memory_.size();
  reply.dataplane_generation = geometry.dataplane_generation;

  std::array<int, punt::kMaxHandshakeDescriptors> descriptors{};
  descriptors[0] = memory_.memory_descriptor();
  for (uint32_t i = 0; i < geometry.workers; ++i) {
    descriptors[1 + i] = memory_.event_descriptor(i);
  }
  const size_t payload = (1 + geometry.workers) * sizeof(int);
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(descriptors))> control{};
  iovec part{.iov_base = &reply, .iov_len = sizeof(reply)};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(payload);
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(payload);
  std::memcpy(CMSG_DATA(rights), descriptors.data(), payload);
  return sendmsg(connection, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof(reply));
}

// Whatever a client says after its hello is read and ignored.
bool PuntServer::ClientIsGone() const {
  uint8_t byte = 0;
  const ssize_t size = recv(client_, &byte, sizeof(byte), MSG_DONTWAIT);
  return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

void PuntServer::Drop(int connection) {
  close(connection);  // leaves the epoll set with its last descriptor
  if (connection == client_) {
    client_ = -1;
    client_pid_ = 0;
  }
  std::erase(waiting_, connection);
}

}  // namespace lns::dataplane
