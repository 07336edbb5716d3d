// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lnsctl/tzsp.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace lns::lnsctl {
namespace {

//   0         1      2               4
//  | version | type | encapsulation | tags: number, length, value .. end | frame
constexpr char kVersion = 1;
constexpr char kReceived = 0;
constexpr uint16_t kEthernet = 1;
// Tags.
constexpr char kEnd = 1;
constexpr char kPacketNumber = 40;
constexpr char kOriginalLength = 41;
constexpr char kDeviceName = 80;
constexpr char kTime = 82;  // seconds, microseconds
constexpr size_t kMaxValue = 255;
constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

template <typename Value>
std::string BigEndian(Value value) {
  std::string out;
  for (int shift = (static_cast<int>(sizeof(value)) - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
  return out;
}

void AppendTag(std::string& out, char tag, std::string_view value) {
  value = value.substr(0, kMaxValue);
  out.push_back(tag);
  out.push_back(static_cast<char>(value.size()));
  out.append(value);
}

absl::Status BadTarget(std::string_view target, const char* why) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", std::string(target), "' is not udp:ADDRESS:PORT: ", why));
}

}  // namespace

std::string TzspDatagram(const CapturedPacket& packet, uint32_t number) {
  std::string out = {kVersion, kReceived};
  out += BigEndian(kEthernet);
  AppendTag(out, kPacketNumber, BigEndian(number));
  const auto length = static_cast<uint16_t>(std::min<uint32_t>(packet.length, UINT16_MAX));
  AppendTag(out, kOriginalLength, BigEndian(length));
  const auto seconds = static_cast<uint32_t>(packet.realtime_ns / kNanosecondsPerSecond);
  const auto microseconds =
      static_cast<uint32_t>(packet.realtime_ns % kNanosecondsPerSecond / 1000);
  AppendTag(out, kTime, BigEndian(seconds) + BigEndian(microseconds));
  AppendTag(out, kDeviceName, packet.port);
  out.push_back(kEnd);
  out.append(packet.frame);
  return out;
}

absl::StatusOr<TzspSender> TzspSender::Connect(std::string_view target) {
  std::string_view rest = target;
  if (!rest.starts_with(kCollectorPrefix)) return BadTarget(target, "it must begin with udp:");
  rest.remove_prefix(kCollectorPrefix.size());
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return BadTarget(target, "the port is missing");
  std::string host(rest.substr(0, colon));
  const std::string port(rest.substr(colon + 1));
  if (port.empty() || port == "0") return BadTarget(target, "the port is missing");
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return BadTarget(target, "an IPv6 address stands in brackets");
  }
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* raw = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &raw); error != 0) {
    return BadTarget(target, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> to(raw, freeaddrinfo);
  FileDescriptor socket(
      ::socket(to->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP));
  if (!socket.valid() || connect(socket.get(), to->ai_addr, to->ai_addrlen) != 0) {
    return absl::UnavailableError(
        absl::StrCat("no way to ", std::string(target), ": ", std::strerror(errno)));
  }
  // A frame of full size is longer in its datagram: cut on the way rather than refused.
  const int cut = IP_PMTUDISC_DONT;
  const bool is_v4 = to->ai_family == AF_INET;
  (void)setsockopt(socket.get(), is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                   is_v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &cut, sizeof(cut));
  return TzspSender(std::move(socket));
}

void TzspSender::Send(const CapturedPacket& packet) {
  const std::string datagram = TzspDatagram(packet, static_cast<uint32_t>(sent_ + not_sent_));
  const bool is_sent = send(socket_.get(), datagram.data(), datagram.size(), 0) >= 0;
  ++(is_sent ? sent_ : not_sent_);
}

}  // namespace lns::lnsctl
