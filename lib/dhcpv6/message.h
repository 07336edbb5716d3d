// DHCPv6 messages between clients and servers (RFC 8415 8) as values: what a server that hands out
// prefixes and addresses needs of them. Bytes are the UDP payload, all of it. Options nobody here
// knows are passed over when read; relay messages are not read.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/net/address.h"

namespace lns::dhcpv6 {

// RFC 8415 7.1, 7.2.
inline constexpr uint16_t kClientPort = 546;
inline constexpr uint16_t kServerPort = 547;
// RFC 8415 11.1: a DUID is at most this long; and never without its type.
inline constexpr size_t kMaxDuid = 130;
inline constexpr size_t kMinDuid = 3;
inline constexpr uint32_t kInfinite = 0xffffffff;
// Of each kind in one message, or one association; what comes beyond is left out.
inline constexpr size_t kMaxAssociations = 8;
inline constexpr size_t kMaxLeases = 8;
inline constexpr size_t kMaxServers = 8;
inline constexpr size_t kMaxDomains = 8;
inline constexpr size_t kMaxRequestedOptions = 64;
inline constexpr size_t kMaxStatusText = 128;

// RFC 8415 7.3.
enum class MessageType : uint8_t {
  kSolicit = 1,
  kAdvertise = 2,
  kRequest = 3,
  kConfirm = 4,
  kRenew = 5,
  kRebind = 6,
  kReply = 7,
  kRelease = 8,
  kDecline = 9,
  kReconfigure = 10,
  kInformationRequest = 11,
};
// "Solicit"; "message type 99".
std::string ToString(MessageType type);

// RFC 8415 21.
enum OptionCode : uint16_t {
  kOptionClientId = 1,
  kOptionServerId = 2,
  kOptionIaNa = 3,
  kOptionIaAddress = 5,
  kOptionRequest = 6,
  kOptionPreference = 7,
  kOptionElapsedTime = 8,
  kOptionStatus = 13,
  kOptionRapidCommit = 14,
  kOptionDnsServers = 23,  // RFC 3646 3
  kOptionDomainList = 24,  // RFC 3646 4
  kOptionIaPd = 25,
  kOptionIaPrefix = 26,
  kOptionInformationRefresh = 32,
};

// RFC 8415 21.13.
enum class StatusCode : uint16_t {
  kSuccess = 0,
  kUnspecFail = 1,
  kNoAddrsAvail = 2,
  kNoBinding = 3,
  kNotOnLink = 4,
  kUseMulticast = 5,
  kNoPrefixAvail = 6,
};
std::string ToString(StatusCode code);

struct Status {
  StatusCode code = StatusCode::kSuccess;
  std::string text;
  bool operator==(const Status&) const = default;
};

enum class IaKind : uint8_t {
  kAddress,  // IA_NA: leases are addresses (prefixes of length 128)
  kPrefix,   // IA_PD
};

// An IA Address or IA Prefix option.
struct LeaseOption {
  net::IpPrefix prefix;
  uint32_t preferred_s = 0;
  uint32_t valid_s = 0;
  bool operator==(const LeaseOption&) const = default;
};

// IA_NA or IA_PD (RFC 8415 21.4, 21.21).
struct Association {
  IaKind kind = IaKind::kPrefix;
  uint32_t iaid = 0;
  uint32_t t1_s = 0;
  uint32_t t2_s = 0;
  std::vector<LeaseOption> leases = {};
  std::optional<Status> status = {};
  bool operator==(const Association&) const = default;
};

struct Message {
  MessageType type = MessageType::kSolicit;
  uint32_t transaction_id = 0;  // 24 bits
  Bytes client_id;              // empty: none
  Bytes server_id = {};
  std::vector<Association> associations = {};
  std::vector<uint16_t> requested_options = {};
  bool rapid_commit = false;
  std::optional<uint8_t> preference = {};
  std::optional<uint16_t> elapsed_cs = {};  // hundredths of a second
  std::optional<Status> status = {};
  std::vector<net::IpAddress> dns = {};
  std::vector<std::string> domains = {};
  std::optional<uint32_t> refresh_s = {};

  bool Requests(uint16_t option) const;
  bool operator==(const Message&) const = default;
};

enum class ParseError : uint8_t {
  kNone,
  kTruncated,  // the message or an option ends too early
  kType,       // no message between a client and a server
  kOption,     // an option whose length or value its definition forbids
  kTwice,      // an identifier that may stand there once
};
const char* ToString(ParseError error);

Result<Message, ParseError> Parse(ByteView bytes);

// Empty: it does not fit into a datagram of 1,232 bytes (RFC 8200 5, without headers).
Bytes Write(const Message& message);

// RFC 8415 16: whether a server may look at a message, by the identifiers that must and must not be
// in it. The server's own is `server_id`.
bool MayServerTake(const Message& message, ByteView server_id);

// DUID-UUID (RFC 6355) made of a name, the same for ever.
Bytes MakeDuid(ByteView sixteen);

// One line for people, whatever the bytes: "DHCPv6 Solicit 0x1a2b3c: client 0001..., IA_PD 1".
std::string Describe(ByteView bytes);

}  // namespace lns::dhcpv6
