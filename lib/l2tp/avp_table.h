// The AVPs of RFC 2661 and those of its extensions that are met on the wire, one row each: the
// name, the M bit when we send it, whether it may be hidden, the bounds of its value, where it is
// defined. Reading, writing and refusing AVPs walk this table. Values: message.h; who may carry
// what: message_table.h. The Broadband Forum's AVPs are in access_line_table.h.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lns::l2tp {

// IETF AVPs, Vendor ID 0.
enum class AvpType : uint16_t {
  kMessageType = 0,
  kResultCode = 1,
  kProtocolVersion = 2,
  kFramingCapabilities = 3,
  kBearerCapabilities = 4,
  kTieBreaker = 5,
  kFirmwareRevision = 6,
  kHostName = 7,
  kVendorName = 8,
  kAssignedTunnelId = 9,
  kReceiveWindowSize = 10,
  kChallenge = 11,
  kQ931CauseCode = 12,
  kChallengeResponse = 13,
  kAssignedSessionId = 14,
  kCallSerialNumber = 15,
  kMinimumBps = 16,
  kMaximumBps = 17,
  kBearerType = 18,
  kFramingType = 19,
  kCalledNumber = 21,
  kCallingNumber = 22,
  kSubAddress = 23,
  kTxConnectSpeed = 24,
  kPhysicalChannelId = 25,
  kInitialReceivedConfReq = 26,
  kLastSentConfReq = 27,
  kLastReceivedConfReq = 28,
  kProxyAuthenType = 29,
  kProxyAuthenName = 30,
  kProxyAuthenChallenge = 31,
  kProxyAuthenId = 32,
  kProxyAuthenResponse = 33,
  kCallErrors = 34,
  kAccm = 35,
  kRandomVector = 36,
  kPrivateGroupId = 37,
  kRxConnectSpeed = 38,
  kSequencingRequired = 39,
  kRxMinimumBps = 40,
  kRxMaximumBps = 41,
  kServiceCategory = 42,
  kServiceName = 43,
  kCallingSubAddress = 44,
  kVpiVci = 45,
  kPppDisconnectCause = 46,
  kControlConnectionDs = 47,
  kSessionDs = 48,
  kLcpWantOptions = 49,
  kLcpAllowOptions = 50,
  kLnsLastSentConfReq = 51,
  kLnsLastReceivedConfReq = 52,
  kModemOnHoldCapable = 53,
  kModemOnHoldStatus = 54,
  kConnectSpeedUpdate = 97,
  kConnectSpeedUpdateEnable = 98,
};

inline constexpr size_t kAvpHeaderLength = 6;
inline constexpr size_t kMaxAvpLength = 1023;  // ten bits (RFC 2661 4.1)
inline constexpr size_t kMaxAvpValue = kMaxAvpLength - kAvpHeaderLength;

struct AvpRow {
  uint16_t type;
  const char* name;
  bool mandatory;  // the M bit we send
  bool may_hide;
  uint16_t min_length;  // of the value, after unhiding
  uint16_t max_length;
  const char* section;
};

inline constexpr uint16_t kAnyLength = kMaxAvpValue;

// Known types whose value no message here carries are only recognised: never fatal, not even with
// the M bit (the peer means something, and nothing depends on it).
inline constexpr auto kAvpTable = std::to_array<AvpRow>({
    // type, name, M, may hide, shortest and longest value, section
    {0, "Message Type", true, false, 2, 2, "RFC 2661 4.4.1"},
    {1, "Result Code", true, false, 2, kAnyLength, "RFC 2661 4.4.2"},
    {2, "Protocol Version", true, false, 2, 2, "RFC 2661 4.4.3"},
    {3, "Framing Capabilities", true, true, 4, 4, "RFC 2661 4.4.3"},
    {4, "Bearer Capabilities", true, true, 4, 4, "RFC 2661 4.4.3"},
    {5, "Tie Breaker", false, false, 8, 8, "RFC 2661 4.4.3"},
    {6, "Firmware Revision", false, true, 2, 2, "RFC 2661 4.4.3"},
    {7, "Host Name", true, false, 1, kAnyLength, "RFC 2661 4.4.3"},
    {8, "Vendor Name", false, true, 0, kAnyLength, "RFC 2661 4.4.3"},
    {9, "Assigned Tunnel ID", true, true, 2, 2, "RFC 2661 4.4.3"},
    {10, "Receive Window Size", true, false, 2, 2, "RFC 2661 4.4.3"},
    {11, "Challenge", true, true, 1, kAnyLength, "RFC 2661 4.4.3"},
    {12, "Q.931 Cause Code", true, false, 3, kAnyLength, "RFC 2661 4.4.4"},
    {13, "Challenge Response", true, true, 16, 16, "RFC 2661 4.4.3"},
    {14, "Assigned Session ID", true, true, 2, 2, "RFC 2661 4.4.4"},
    {15, "Call Serial Number", true, true, 4, 4, "RFC 2661 4.4.4"},
    {16, "Minimum BPS", true, true, 4, 4, "RFC 2661 4.4.4"},
    {17, "Maximum BPS", true, true, 4, 4, "RFC 2661 4.4.4"},
    {18, "Bearer Type", true, true, 4, 4, "RFC 2661 4.4.4"},
    {19, "Framing Type", true, true, 4, 4, "RFC 2661 4.4.4"},
    {20, "Packet Processing Delay (withdrawn)", false, false, 0, kAnyLength, "not assigned"},
    {21, "Called Number", true, true, 0, kAnyLength, "RFC 2661 4.4.4"},
    {22, "Calling Number", true, true, 0, kAnyLength, "RFC 2661 4.4.4"},
    {23, "Sub-Address", true, true, 0, kAnyLength, "RFC 2661 4.4.4"},
    {24, "(Tx) Connect Speed", true, true, 4, 4, "RFC 2661 4.4.4"},
    {25, "Physical Channel ID", false, true, 4, 4, "RFC 2661 4.4.4"},
    {26, "Initial Received LCP CONFREQ", false, true, 0, kAnyLength, "RFC 2661 4.4.5"},
    {27, "Last Sent LCP CONFREQ", false, true, 0, kAnyLength, "RFC 2661 4.4.5"},
    {28, "Last Received LCP CONFREQ", false, true, 0, kAnyLength, "RFC 2661 4.4.5"},
    {29, "Proxy Authen Type", false, true, 2, 2, "RFC 2661 4.4.5"},
    {30, "Proxy Authen Name", false, true, 0, kAnyLength, "RFC 2661 4.4.5"},
    {31, "Proxy Authen Challenge", false, true, 0, kAnyLength, "RFC 2661 4.4.5"},
    {32, "Proxy Authen ID", false, true, 2, 2, "RFC 2661 4.4.5"},
    {33, "Proxy Authen Response", false, true, 0, kAnyLength, "RFC 2661 4.4.5"},
    {34, "Call Errors", true, true, 26, 26, "RFC 2661 4.4.6"},
    {35, "ACCM", true, true, 10, 10, "RFC 2661 4.4.6"},
    {36, "Random Vector", true, false, 1, kAnyLength, "RFC 2661 4.4.1"},
    {37, "Private Group ID", false, true, 0, kAnyLength, "RFC 2661 4.4.4"},
    {38, "Rx Connect Speed", false, true, 4, 4, "RFC 2661 4.4.4"},
    {39, "Sequencing Required", true, false, 0, 0, "RFC 2661 4.4.4"},
    {40, "Rx Minimum BPS", false, true, 4, 4, "RFC 3301 5.2"},
    {41, "Rx Maximum BPS", false, true, 4, 4, "RFC 3301 5.2"},
    {42, "Service Category", false, true, 2, 2, "RFC 3301 5.2"},
    {43, "Service Name", false, true, 1, kAnyLength, "RFC 3301 5.2"},
    {44, "Calling Sub-Address", false, true, 1, kAnyLength, "RFC 3301 5.2"},
    {45, "VPI/VCI Identifier", false, true, 4, 4, "RFC 3301 5.2"},
    {46, "PPP Disconnect Cause Code", false, true, 5, kAnyLength, "RFC 3145 2"},
    {47, "Control Connection DS", false, true, 2, 2, "RFC 3308 3.1"},
    {48, "Session DS", false, true, 2, 2, "RFC 3308 4.1"},
    {49, "LCP Want Options", false, true, 0, kAnyLength, "RFC 3437 2.1"},
    {50, "LCP Allow Options", false, true, 0, kAnyLength, "RFC 3437 2.2"},
    {51, "LNS Last Sent LCP CONFREQ", false, true, 0, kAnyLength, "RFC 3437 2.3"},
    {52, "LNS Last Received LCP CONFREQ", false, true, 0, kAnyLength, "RFC 3437 2.3"},
    {53, "Modem On-Hold Capable", false, true, 0, 0, "RFC 3573 4.1"},
    {54, "Modem On-Hold Status", false, true, 2, 2, "RFC 3573 4.2"},
    {55, "PPPoE Relay", false, true, 0, kAnyLength, "RFC 3817"},
    {56, "PPPoE Relay Response Capability", false, true, 0, kAnyLength, "RFC 3817"},
    {57, "PPPoE Relay Forward Capability", false, true, 0, kAnyLength, "RFC 3817"},
    {97, "Connect Speed Update", false, true, 12, 12, "RFC 5515 6.1"},
    {98, "Connect Speed Update Enable", false, true, 0, 0, "RFC 5515 6.2"},
});

// Vendors whose AVPs never end a call, M bit or not: 3561 is the Broadband Forum, whose
// access-line AVPs some LACs send as mandatory (RFC 5515; access_line_table.h).
inline constexpr uint16_t kVendorIetf = 0;
inline constexpr uint16_t kVendorBroadbandForum = 3561;

// Where a type's row is, one more than its index: 0 is a type without a row.
inline constexpr size_t kAvpTypeLimit = 128;
inline constexpr auto kAvpRowByType = [] {
  std::array<uint8_t, kAvpTypeLimit> rows{};
  for (size_t i = 0; i < kAvpTable.size(); ++i) {
    rows[kAvpTable[i].type] = static_cast<uint8_t>(i + 1);
  }
  return rows;
}();

constexpr const AvpRow* FindAvp(uint16_t type) {
  if (type >= kAvpTypeLimit || kAvpRowByType[type] == 0) return nullptr;
  return &kAvpTable[kAvpRowByType[type] - 1u];
}
constexpr const AvpRow& RowOf(AvpType type) { return *FindAvp(static_cast<uint16_t>(type)); }

// Which AVPs a message has, must have or may have.
class AvpSet {
 public:
  constexpr AvpSet() = default;
  template <typename... Types>
  static constexpr AvpSet Of(Types... types) {
    AvpSet set;
    (set.Add(types), ...);
    return set;
  }
  constexpr void Add(AvpType type) { bits_[static_cast<uint16_t>(type) / 64] |= Bit(type); }
  constexpr bool Has(AvpType type) const {
    return (bits_[static_cast<uint16_t>(type) / 64] & Bit(type)) != 0;
  }
  constexpr bool empty() const { return *this == AvpSet(); }
  constexpr AvpSet operator|(const AvpSet& other) const {
    AvpSet result = *this;
    for (size_t i = 0; i < bits_.size(); ++i) result.bits_[i] |= other.bits_[i];
    return result;
  }
  constexpr AvpSet Without(const AvpSet& other) const {
    AvpSet result = *this;
    for (size_t i = 0; i < bits_.size(); ++i) result.bits_[i] &= ~other.bits_[i];
    return result;
  }
  constexpr bool operator==(const AvpSet&) const = default;

 private:
  static constexpr uint64_t Bit(AvpType type) {
    return uint64_t{1} << (static_cast<unsigned>(type) % 64);
  }

  std::array<uint64_t, kAvpTypeLimit / 64> bits_{};
};

}  // namespace lns::l2tp
