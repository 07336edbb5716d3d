// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lnsctl/pcapng.h"

#include <algorithm>

namespace lns::lnsctl {
namespace {

constexpr uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr uint32_t kInterfaceDescription = 1;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint16_t kLinkTypeEthernet = 1;
// Options.
constexpr uint16_t kEnd = 0;
constexpr uint16_t kComment = 1;
constexpr uint16_t kInterfaceName = 2;
constexpr uint16_t kTimeResolution = 9;
constexpr char kNanoseconds = 9;  // ten to the minus ninth
constexpr uint16_t kFlags = 2;
constexpr uint32_t kInbound = 1;
constexpr uint32_t kOutbound = 2;
constexpr uint32_t kBlockOverhead = 12;  // type, and the length twice

// In this machine's byte order, which the magic tells.
template <typename Value>
void Append(std::string& out, Value value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void Pad(std::string& out) { out.append((4 - out.size() % 4) % 4, '\0'); }

void AppendOption(std::string& out, uint16_t code, std::string_view value) {
  Append(out, code);
  Append(out, static_cast<uint16_t>(value.size()));
  out.append(value);
  Pad(out);
}

}  // namespace

PcapngWriter::PcapngWriter(std::FILE* file) : file_(file) {
  std::string body;
  Append(body, kByteOrderMagic);
  Append(body, uint16_t{1});  // version 1.0
  Append(body, uint16_t{0});
  Append(body, int64_t{-1});  // the section's length is not told
  WriteBlock(kSectionHeader, body);
}

bool PcapngWriter::Write(const CapturedPacket& packet) {
  const uint32_t interface = InterfaceOf(packet.port);
  std::string body;
  Append(body, interface);
  Append(body, static_cast<uint32_t>(packet.realtime_ns >> 32));
  Append(body, static_cast<uint32_t>(packet.realtime_ns));
  Append(body, static_cast<uint32_t>(packet.frame.size()));
  Append(body, packet.length);
  body.append(packet.frame);
  Pad(body);
  std::string flags;
  Append(flags, packet.sent ? kOutbound : kInbound);
  AppendOption(body, kFlags, flags);
  if (!packet.comment.empty()) AppendOption(body, kComment, packet.comment);
  AppendOption(body, kEnd, "");
  WriteBlock(kEnhancedPacket, body);
  return ok_;
}

uint32_t PcapngWriter::InterfaceOf(std::string_view port) {
  const auto found = std::find(interfaces_.begin(), interfaces_.end(), port);
  const auto index = static_cast<uint32_t>(found - interfaces_.begin());
  if (found != interfaces_.end()) return index;
  interfaces_.emplace_back(port);
  std::string body;
  Append(body, kLinkTypeEthernet);
  Append(body, uint16_t{0});
  Append(body, uint32_t{0});  // no limit on what is kept
  AppendOption(body, kInterfaceName, port);
  AppendOption(body, kTimeResolution, std::string_view(&kNanoseconds, 1));
  AppendOption(body, kEnd, "");
  WriteBlock(kInterfaceDescription, body);
  return index;
}

void PcapngWriter::WriteBlock(uint32_t type, const std::string& body) {
  const auto length = static_cast<uint32_t>(body.size() + kBlockOverhead);
  std::string block;
  Append(block, type);
  Append(block, length);
  block.append(body);
  Append(block, length);
  ok_ = ok_ && std::fwrite(block.data(), 1, block.size(), file_) == block.size();
}

}  // namespace lns::lnsctl
