// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/transport/punt_memory.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "lib/punt/handshake.h"

#include "absl/strings/str_cat.h"

namespace lns::controlplane {
namespace {

struct Answer {
  punt::ServerHello hello;
  std::vector<FileDescriptor> descriptors;
};

absl::StatusOr<Answer> ReadAnswer(int socket) {
  std::array<uint8_t, sizeof(punt::ServerHello) + 1> bytes;  // one more shows a message too long
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * punt::kMaxHandshakeDescriptors)>
      control;
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0) return absl::ErrnoToStatus(errno, "cannot read from the punt socket");
  Answer answer;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
      answer.descriptors.emplace_back(fd);
    }
  }
  if (length == 0) return absl::UnavailableError("the data plane closed the punt socket");
  const auto hello =
      punt::ParseHello<punt::ServerHello>(ByteView(bytes).first(static_cast<size_t>(length)));
  if (!hello) return absl::FailedPreconditionError("the punt socket's answer is not a hello");
  answer.hello = *hello;
  return answer;
}

absl::Status CheckAnswer(const Answer& answer) {
  const punt::ServerHello& hello = answer.hello;
  switch (hello.status) {
    case punt::HelloStatus::kOk:
      break;
    case punt::HelloStatus::kBusy:
      return absl::UnavailableError(absl::StrCat("the punt memory is in use by process ",
                                                 hello.holder_pid, ": stop that one first"));
    case punt::HelloStatus::kBadVersion:
      return absl::FailedPreconditionError(
          absl::StrCat("the data plane speaks punt protocol ", hello.version, " with layout ",
                       hello.layout_version, ", this control plane ", punt::kHelloVersion,
                       " with layout ", punt::kLayoutVersion, ": run both of one release"));
    case punt::HelloStatus::kBadHello:
    default:
      return absl::FailedPreconditionError("the data plane did not understand the punt greeting");
  }
  if (answer.descriptors.size() != size_t{hello.workers} + 1) {
    return absl::FailedPreconditionError(absl::StrCat("the data plane announced ", hello.workers,
                                                      " workers and sent ",
                                                      answer.descriptors.size(), " descriptors"));
  }
  return absl::OkStatus();
}

absl::StatusOr<MutableByteView> MapMemory(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return absl::ErrnoToStatus(errno, "cannot size the punt memory");
  const auto size = static_cast<size_t>(info.st_size);
  if (size < punt::kSuperblockSize || size > punt::TotalSize(punt::kMaxSlots, punt::kMaxWorkers)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the punt memory has ", size, " bytes, which no layout has"));
  }
  void* base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (base == MAP_FAILED) return absl::ErrnoToStatus(errno, "cannot map the punt memory");
  return MutableByteView(static_cast<uint8_t*>(base), size);
}

}  // namespace

absl::StatusOr<FileDescriptor> GreetDataplane(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket path too long: ", socket_path));
  }
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  FileDescriptor fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return absl::ErrnoToStatus(errno, "cannot make a socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot connect to ", socket_path));
  }
  const punt::ClientHello hello;
  const ByteView bytes = punt::HelloBytes(hello);
  if (send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
      static_cast<ssize_t>(bytes.size())) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot greet ", socket_path));
  }
  return fd;
}

absl::StatusOr<std::unique_ptr<PuntMemory>> PuntMemory::Accept(FileDescriptor socket) {
  absl::StatusOr<Answer> answer = ReadAnswer(socket.get());
  if (!answer.ok()) return answer.status();
  if (absl::Status status = CheckAnswer(*answer); !status.ok()) return status;
  const absl::StatusOr<MutableByteView> memory = MapMemory(answer->descriptors.front().get());
  if (!memory.ok()) return memory.status();
  const auto mapping = punt::Mapping::Attach(*memory);
  if (!mapping.ok() || mapping->geometry().workers != answer->hello.workers) {
    munmap(memory->data(), memory->size());
    return absl::FailedPreconditionError(
        mapping.ok() ? "the punt memory has another number of workers than the data plane said"
                     : punt::Explain(mapping.error()));
  }
  std::vector<FileDescriptor> wake_fds = std::move(answer->descriptors);
  wake_fds.erase(wake_fds.begin());
  return std::unique_ptr<PuntMemory>(
      new PuntMemory(std::move(socket), std::move(wake_fds), *memory, *mapping));
}

PuntMemory::PuntMemory(FileDescriptor socket, std::vector<FileDescriptor> wake_fds,
                       MutableByteView memory, const punt::Mapping& mapping)
    : socket_(std::move(socket)),
      wake_fds_(std::move(wake_fds)),
      memory_(memory),
      mapping_(mapping) {}

PuntMemory::~PuntMemory() { munmap(memory_.data(), memory_.size()); }

bool PuntMemory::HungUp() const {
  uint8_t ignored = 0;
  const ssize_t length = recv(socket_.get(), &ignored, sizeof(ignored), MSG_DONTWAIT);
  return length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace lns::controlplane
