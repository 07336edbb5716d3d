// The PPP headers before subscribers' packets, ready made: one for each family and each way in
// which the peer's LCP options allow it to be shortened. For ppp_output, which writes them, and
// l2tp_encap, whose checksum is over them too.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "dataplane/core/batch.h"
#include "dataplane/tables/entries.h"
#include "lib/net/address.h"
#include "lib/net/checksum.h"
#include "lib/ppp/frame.h"

namespace lns::dataplane {

struct PppHeader {
  // At the end, so that one store of a fixed size writes it; what the store writes before it is
  // the place of the L2TP header.
  std::array<uint8_t, ppp::kMaxFrameHeader> bytes{};
  uint8_t length = 0;
  // Of the header and a zero byte where its length is odd (net::ChecksumSum::AddWord).
  uint32_t sum = 0;
};

inline PppHeader MakePppHeader(uint16_t protocol, ppp::FrameFormat format) {
  PppHeader header;
  std::array<uint8_t, ppp::kMaxFrameHeader> written{};
  const size_t length = ppp::WriteFrameHeader(protocol, format, written.data());
  std::copy_n(written.begin(), length, header.bytes.end() - length);
  header.length = static_cast<uint8_t>(length);
  for (size_t i = 0; i < written.size(); i += 2) {
    header.sum +=
        net::ChecksumSum::InMemoryOrder(static_cast<uint16_t>(written[i] << 8 | written[i + 1]));
  }
  return header;
}

// By the session's kSendPfc and kSendAcfc, those of IPv6 behind those of IPv4.
inline const auto kPppHeaders = [] {
  std::array<PppHeader, 8> headers{};
  for (size_t i = 0; i < headers.size(); ++i) {
    headers[i] = MakePppHeader(i < 4 ? ppp::kProtocolIpv4 : ppp::kProtocolIpv6,
                               {.pfc = (i & 1) != 0, .acfc = (i & 2) != 0});
  }
  return headers;
}();
static_assert(kSendPfc == 1u << 2 && kSendAcfc == 2u << 2);

inline const PppHeader& PppHeaderOf(uint32_t session_flags, net::Family family) {
  return kPppHeaders[(session_flags >> 2 & 3) + (family == net::Family::kIpv4 ? 0 : 4)];
}

// Before the IP packet at l3_offset, where there is room for it.
inline void WritePppHeader(uint8_t* buffer, PacketMeta& meta, uint32_t session_flags) {
  const PppHeader& header = PppHeaderOf(session_flags, meta.family);
  std::memcpy(buffer + meta.l3_offset - sizeof(header.bytes), header.bytes.data(),
              sizeof(header.bytes));
  meta.payload_offset = static_cast<uint16_t>(meta.l3_offset - header.length);
  meta.payload_length = static_cast<uint16_t>(meta.l3_length + header.length);
}

}  // namespace lns::dataplane
