// bench-sender: sends the frames of a capture file out of an interface, over and over, at a steady
// rate or as fast as the kernel takes them, and says how many it sent. For end-to-end measurements
// over veth, where it is the same load for whatever stands on the other side. No DPDK: a packet
// socket past the queueing discipline.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace lns::bench {
namespace {

constexpr size_t kBatch = 64;
constexpr int kSendBufferBytes = 64 << 20;
constexpr uint32_t kMagic = 0xa1b2c3d4;  // classic pcap of this byte order
constexpr size_t kMaxFrame = 2048;
constexpr size_t kMaxFrames = 1 << 20;

struct Options {
  std::string interface;
  std::string capture;
  double rate = 0;  // packets per second; 0: as many as go
  double seconds = 1;
  int cpu = -1;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "bench-sender: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

double Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::vector<std::vector<uint8_t>> ReadCapture(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) Die(path);
  std::vector<std::vector<uint8_t>> frames;
  std::array<uint32_t, 6> head{};
  std::array<uint32_t, 4> record{};  // seconds, microseconds, captured, length
  bool good = std::fread(head.data(), sizeof(head), 1, file) == 1 && head[0] == kMagic;
  while (good && frames.size() < kMaxFrames &&
         std::fread(record.data(), sizeof(record), 1, file) == 1) {
    good = record[2] <= kMaxFrame;
    std::vector<uint8_t> frame(good ? record[2] : 0);
    good = good && std::fread(frame.data(), 1, frame.size(), file) == frame.size();
    if (good) frames.push_back(std::move(frame));
  }
  std::fclose(file);
  if (!good || frames.empty()) Die(path + " is no capture of this machine's byte order");
  return frames;
}

int OpenSocket(const std::string& interface) {
  const int descriptor = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // 0: receives nothing
  if (descriptor < 0) Die("packet socket");
  const int on = 1;
  if (setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0) {
    Die("PACKET_QDISC_BYPASS");
  }
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes, sizeof(kSendBufferBytes));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  if (address.sll_ifindex == 0 ||
      bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    Die(interface);
  }
  return descriptor;
}

void Pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  if (sched_setaffinity(0, sizeof(set), &set) != 0) Die("cpu");
}

class Sender {
 public:
  Sender(int descriptor, std::vector<std::vector<uint8_t>> frames)
      : descriptor_(descriptor), frames_(std::move(frames)) {}

  // Up to kBatch frames. A full device queue is no error: those frames are tried again.
  void Send(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      std::vector<uint8_t>& frame = frames_[(next_ + i) % frames_.size()];
      pieces_[i] = {.iov_base = frame.data(), .iov_len = frame.size()};
      messages_[i] = {};
      messages_[i].msg_hdr.msg_iov = &pieces_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = sendmmsg(descriptor_, messages_.data(), static_cast<unsigned>(count), 0);
    if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) Die("send");
    if (sent > 0) next_ += static_cast<size_t>(sent);
  }
  size_t sent() const { return next_; }

 private:
  int descriptor_;
  std::vector<std::vector<uint8_t>> frames_;
  size_t next_ = 0;
  std::array<iovec, kBatch> pieces_{};
  std::array<mmsghdr, kBatch> messages_{};
};

int Main(int argc, char** argv) {
  CLI::App app("Sends the frames of a capture file at a rate");
  Options options;
  app.add_option("--interface", options.interface)->required();
  app.add_option("--capture", options.capture, "classic pcap")->required();
  app.add_option("--rate", options.rate, "packets per second; 0: as many as go");
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.0, 60.0));
  app.add_option("--cpu", options.cpu, "where to run");
  CLI11_PARSE(app, argc, argv);

  const int descriptor = OpenSocket(options.interface);
  Sender sender(descriptor, ReadCapture(options.capture));
  if (options.cpu >= 0) Pin(options.cpu);
  const double start = Now();
  for (double now = start; now - start < options.seconds; now = Now()) {
    size_t due = kBatch;
    if (options.rate > 0) {
      const auto planned = static_cast<size_t>((now - start) * options.rate);
      due = std::min(kBatch, planned - std::min(planned, sender.sent()));
    }
    if (due > 0) sender.Send(due);
  }
  const double took = Now() - start;
  close(descriptor);
  std::printf("{\"sent\": %zu, \"seconds\": %.6f}\n", sender.sent(), took);
  return 0;
}

}  // namespace
}  // namespace lns::bench

int main(int argc, char** argv) { return lns::bench::Main(argc, argv); }
