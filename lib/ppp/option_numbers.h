// Numbers of the configuration options and of what stands in them, for the protocols' tables and
// for describe.cc: LCP's (RFC 1661 6, RFC 1662 7, RFC 1570 2.3, RFC 1990 5), IPCP's (RFC 1332 3,
// RFC 1877 1) and IPV6CP's (RFC 5072 4).
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/ppp/link.h"

namespace lns::ppp {

enum LcpOption : uint8_t {
  kLcpMru = 1,
  kLcpAccm = 2,
  kLcpAuth = 3,
  kLcpQuality = 4,
  kLcpMagic = 5,
  kLcpPfc = 7,
  kLcpAcfc = 8,
  kLcpFcsAlternatives = 9,
  kLcpCallback = 13,
  kLcpMrru = 17,
  kLcpShortSequence = 18,
  kLcpEndpointDiscriminator = 19,
};

enum IpcpOption : uint8_t {
  kIpcpAddresses = 1,
  kIpcpCompression = 2,
  kIpcpAddress = 3,
  kIpcpPrimaryDns = 129,
  kIpcpPrimaryNbns = 130,
  kIpcpSecondaryDns = 131,
  kIpcpSecondaryNbns = 132,
};

enum Ipv6cpOption : uint8_t { kIpv6cpInterfaceId = 1, kIpv6cpCompression = 2 };

// RFC 1994 3, RFC 2433 3, RFC 2759 2: the algorithm of CHAP in LCP's authentication option.
struct ChapAlgorithmRow {
  uint8_t number;
  AuthProtocol protocol;
};
inline constexpr ChapAlgorithmRow kChapAlgorithms[] = {
    {0x05, AuthProtocol::kChapMd5},
    {0x80, AuthProtocol::kMsChapV1},
    {0x81, AuthProtocol::kMsChapV2},
};

}  // namespace lns::ppp
