// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/dhcpv6/message.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "lib/net/domain_name.h"
#include "lib/net/prefix.h"

namespace lns::dhcpv6 {
namespace {

constexpr size_t kMaxMessage = 1232;
constexpr size_t kAddressOption = 24;  // before its own options
constexpr size_t kPrefixOption = 25;
constexpr size_t kAssociationOption = 12;
constexpr uint16_t kDuidUuid = 4;  // RFC 6355 4

constexpr const char* kTypeNames[] = {nullptr,   "Solicit", "Advertise",   "Request",
                                      "Confirm", "Renew",   "Rebind",      "Reply",
                                      "Release", "Decline", "Reconfigure", "Information-Request"};
constexpr const char* kStatusNames[] = {"Success",   "UnspecFail",   "NoAddrsAvail", "NoBinding",
                                        "NotOnLink", "UseMulticast", "NoPrefixAvail"};

// --- reading ---

// Visits each option: ParseError(uint16_t code, ByteView value). Each takes at least four bytes, so
// the message bounds the loop.
template <typename Visitor>
ParseError ForEachOption(ByteView options, Visitor visit) {
  Reader in(options);
  while (in.remaining() > 0) {
    const uint16_t code = in.ReadU16();
    const ByteView value = in.ReadBytes(in.ReadU16());
    if (!in.ok()) return ParseError::kTruncated;
    const ParseError error = visit(code, value);
    if (error != ParseError::kNone) return error;
  }
  return ParseError::kNone;
}

ParseError ReadDuid(ByteView value, Bytes& out) {
  if (!out.empty()) return ParseError::kTwice;
  if (value.size() < kMinDuid || value.size() > kMaxDuid) return ParseError::kOption;
  out.assign(value.begin(), value.end());
  return ParseError::kNone;
}

ParseError ReadStatus(ByteView value, std::optional<Status>& out) {
  if (value.size() < 2) return ParseError::kOption;
  const ByteView text = value.subspan(2, std::min(value.size() - 2, kMaxStatusText));
  out = Status{static_cast<StatusCode>(LoadBe16(value.data())), std::string(AsText(text))};
  return ParseError::kNone;
}

//  IA Address:  address (16), preferred, valid, options
//  IA Prefix:   preferred, valid, length (1), prefix (16), options
ParseError ReadLease(IaKind kind, ByteView value, Association& out) {
  const bool is_address = kind == IaKind::kAddress;
  if (value.size() < (is_address ? kAddressOption : kPrefixOption)) return ParseError::kOption;
  LeaseOption lease;
  const uint8_t* times = value.data() + (is_address ? 16 : 0);
  lease.preferred_s = LoadBe32(times);
  lease.valid_s = LoadBe32(times + 4);
  const uint8_t length = is_address ? uint8_t{128} : value[8];
  if (length > 128) return ParseError::kOption;
  const ByteView address = value.subspan(is_address ? 0 : 9, 16);
  lease.prefix = net::PrefixOf(net::IpAddress::V6(address), length);
  if (out.leases.size() < kMaxLeases) out.leases.push_back(lease);
  return ParseError::kNone;
}

//  IAID, T1, T2, options
ParseError ReadAssociation(IaKind kind, ByteView value, Message& out) {
  if (value.size() < kAssociationOption) return ParseError::kOption;
  Association association{.kind = kind,
                          .iaid = LoadBe32(value.data()),
                          .t1_s = LoadBe32(value.data() + 4),
                          .t2_s = LoadBe32(value.data() + 8)};
  const uint16_t lease_code = kind == IaKind::kAddress ? kOptionIaAddress : kOptionIaPrefix;
  const ParseError error =
      ForEachOption(value.subspan(kAssociationOption), [&](uint16_t code, ByteView inner) {
        if (code == lease_code) return ReadLease(kind, inner, association);
        if (code == kOptionStatus) return ReadStatus(inner, association.status);
        return ParseError::kNone;
      });
  if (error != ParseError::kNone) return error;
  if (out.associations.size() < kMaxAssociations)
    out.associations.push_back(std::move(association));
  return ParseError::kNone;
}

ParseError ReadRequestedOptions(ByteView value, Message& out) {
  if (value.size() % 2 != 0) return ParseError::kOption;
  for (size_t at = 0; at < value.size() && out.requested_options.size() < kMaxRequestedOptions;
       at += 2) {
    out.requested_options.push_back(LoadBe16(value.data() + at));
  }
  return ParseError::kNone;
}

ParseError ReadServers(ByteView value, Message& out) {
  if (value.empty() || value.size() % 16 != 0) return ParseError::kOption;
  for (size_t at = 0; at < value.size() && out.dns.size() < kMaxServers; at += 16) {
    out.dns.push_back(net::IpAddress::V6(value.subspan(at, 16)));
  }
  return ParseError::kNone;
}

ParseError ReadDomains(ByteView value, Message& out) {
  Reader names(value);
  while (names.remaining() > 0 && out.domains.size() < kMaxDomains) {
    std::optional<std::string> name = net::ReadDomainName(names);
    if (!name || name->empty()) return ParseError::kOption;
    out.domains.push_back(*std::move(name));
  }
  return ParseError::kNone;
}

ParseError ReadOption(uint16_t code, ByteView value, Message& out) {
  switch (code) {
    case kOptionClientId:
      return ReadDuid(value, out.client_id);
    case kOptionServerId:
      return ReadDuid(value, out.server_id);
    case kOptionIaNa:
      return ReadAssociation(IaKind::kAddress, value, out);
    case kOptionIaPd:
      return ReadAssociation(IaKind::kPrefix, value, out);
    case kOptionRequest:
      return ReadRequestedOptions(value, out);
    case kOptionPreference:
      if (value.size() != 1) return ParseError::kOption;
      out.preference = value[0];
      return ParseError::kNone;
    case kOptionElapsedTime:
      if (value.size() != 2) return ParseError::kOption;
      out.elapsed_cs = LoadBe16(value.data());
      return ParseError::kNone;
    case kOptionStatus:
      return ReadStatus(value, out.status);
    case kOptionRapidCommit:
      if (!value.empty()) return ParseError::kOption;
      out.rapid_commit = true;
      return ParseError::kNone;
    case kOptionDnsServers:
      return ReadServers(value, out);
    case kOptionDomainList:
      return ReadDomains(value, out);
    case kOptionInformationRefresh:
      if (value.size() != 4) return ParseError::kOption;
      out.refresh_s = LoadBe32(value.data());
      return ParseError::kNone;
    default:
      return ParseError::kNone;  // RFC 8415 16: unknown options are ignored
  }
}

// --- writing ---

// An option whose length is known when it is complete.
class OpenOption {
 public:
  OpenOption(Writer& out, uint16_t code) : out_(out) {
    out_.WriteU16(code);
    length_at_ = out_.offset();
    out_.WriteU16(0);
  }
  ~OpenOption() {
    out_.PatchU16(length_at_, static_cast<uint16_t>(out_.offset() - length_at_ - 2));
  }
  OpenOption(const OpenOption&) = delete;
  OpenOption& operator=(const OpenOption&) = delete;

 private:
  Writer& out_;
  size_t length_at_;
};

void WriteBytesOption(Writer& out, uint16_t code, ByteView value) {
  const OpenOption option(out, code);
  out.WriteBytes(value);
}

void WriteStatus(Writer& out, const std::optional<Status>& status) {
  if (!status) return;
  const OpenOption option(out, kOptionStatus);
  out.WriteU16(static_cast<uint16_t>(status->code));
  out.WriteBytes(AsBytes(status->text).first(std::min(status->text.size(), kMaxStatusText)));
}

void WriteLease(Writer& out, IaKind kind, const LeaseOption& lease) {
  const bool is_address = kind == IaKind::kAddress;
  const OpenOption option(out, is_address ? kOptionIaAddress : kOptionIaPrefix);
  if (is_address) out.WriteBytes(lease.prefix.address.raw());
  out.WriteU32(lease.preferred_s);
  out.WriteU32(lease.valid_s);
  if (is_address) return;
  out.WriteU8(lease.prefix.length);
  out.WriteBytes(lease.prefix.address.raw());
}

void WriteAssociation(Writer& out, const Association& association) {
  const OpenOption option(out, association.kind == IaKind::kAddress ? kOptionIaNa : kOptionIaPd);
  out.WriteU32(association.iaid);
  out.WriteU32(association.t1_s);
  out.WriteU32(association.t2_s);
  for (const LeaseOption& lease : association.leases) WriteLease(out, association.kind, lease);
  WriteStatus(out, association.status);
}

void WriteSettings(Writer& out, const Message& message) {
  if (!message.requested_options.empty()) {
    const OpenOption option(out, kOptionRequest);
    for (const uint16_t code : message.requested_options) out.WriteU16(code);
  }
  if (!message.dns.empty()) {
    const OpenOption option(out, kOptionDnsServers);
    for (const net::IpAddress& server : message.dns) out.WriteBytes(server.raw());
  }
  if (!message.domains.empty()) {
    const OpenOption option(out, kOptionDomainList);
    for (const std::string& domain : message.domains) {
      if (const auto name = net::EncodeDomainName(domain)) out.WriteBytes(*name);
    }
  }
  if (message.refresh_s) {
    const OpenOption option(out, kOptionInformationRefresh);
    out.WriteU32(*message.refresh_s);
  }
}

// --- what a server may take ---

enum class Presence : uint8_t { kMust, kMustNot, kMay };

// RFC 8415 16.2 to 16.12. A server identifier that is there must be ours.
struct MessageRule {
  MessageType type;
  Presence client_id;
  Presence server_id;
  bool associations;
  const char* section;
};
constexpr MessageRule kServerRules[] = {
    {MessageType::kSolicit, Presence::kMust, Presence::kMustNot, true, "RFC 8415 16.2"},
    {MessageType::kRequest, Presence::kMust, Presence::kMust, true, "RFC 8415 16.4"},
    {MessageType::kConfirm, Presence::kMust, Presence::kMustNot, true, "RFC 8415 16.5"},
    {MessageType::kRenew, Presence::kMust, Presence::kMust, true, "RFC 8415 16.6"},
    {MessageType::kRebind, Presence::kMust, Presence::kMustNot, true, "RFC 8415 16.7"},
    {MessageType::kDecline, Presence::kMust, Presence::kMust, true, "RFC 8415 16.8"},
    {MessageType::kRelease, Presence::kMust, Presence::kMust, true, "RFC 8415 16.9"},
    {MessageType::kInformationRequest, Presence::kMay, Presence::kMay, false, "RFC 8415 16.12"},
};

bool Fits(Presence presence, bool present) {
  return presence == Presence::kMay || (presence == Presence::kMust) == present;
}

}  // namespace

std::string ToString(MessageType type) {
  const auto number = static_cast<size_t>(type);
  if (number == 0 || number >= std::size(kTypeNames))
    return "message type " + std::to_string(number);
  return kTypeNames[number];
}

std::string ToString(StatusCode code) {
  const auto number = static_cast<size_t>(code);
  return number < std::size(kStatusNames) ? kStatusNames[number]
                                          : "status " + std::to_string(number);
}

const char* ToString(ParseError error) {
  switch (error) {
    case ParseError::kNone:
      return "none";
    case ParseError::kTruncated:
      return "truncated";
    case ParseError::kType:
      return "of no known type";
    case ParseError::kOption:
      return "with a malformed option";
    case ParseError::kTwice:
      return "with an identifier twice";
  }
  return "?";
}

bool Message::Requests(uint16_t option) const {
  return std::find(requested_options.begin(), requested_options.end(), option) !=
         requested_options.end();
}

//   0       1                       4
//  | type  | transaction id        | options ...
Result<Message, ParseError> Parse(ByteView bytes) {
  Reader in(bytes);
  const uint32_t first = in.ReadU32();
  if (!in.ok()) return Failure(ParseError::kTruncated);
  const uint32_t type = first >> 24;
  if (type == 0 || type >= std::size(kTypeNames)) return Failure(ParseError::kType);
  Message message{.type = static_cast<MessageType>(type), .transaction_id = first & 0xffffff};
  const ParseError error = ForEachOption(in.ReadRest(), [&message](uint16_t code, ByteView value) {
    return ReadOption(code, value, message);
  });
  if (error != ParseError::kNone) return Failure(error);
  return message;
}

Bytes Write(const Message& message) {
  std::array<uint8_t, kMaxMessage> buffer;
  Writer out(buffer);
  out.WriteU32(static_cast<uint32_t>(message.type) << 24 | (message.transaction_id & 0xffffff));
  if (!message.client_id.empty()) WriteBytesOption(out, kOptionClientId, message.client_id);
  if (!message.server_id.empty()) WriteBytesOption(out, kOptionServerId, message.server_id);
  if (message.preference) WriteBytesOption(out, kOptionPreference, {&*message.preference, 1});
  if (message.elapsed_cs) {
    const OpenOption option(out, kOptionElapsedTime);
    out.WriteU16(*message.elapsed_cs);
  }
  if (message.rapid_commit) WriteBytesOption(out, kOptionRapidCommit, {});
  for (const Association& association : message.associations) WriteAssociation(out, association);
  WriteStatus(out, message.status);
  WriteSettings(out, message);
  if (!out.ok()) return {};
  const ByteView written = out.written();
  return {written.begin(), written.end()};
}

bool MayServerTake(const Message& message, ByteView server_id) {
  const auto* rule = std::find_if(std::begin(kServerRules), std::end(kServerRules),
                                  [&](const MessageRule& r) { return r.type == message.type; });
  if (rule == std::end(kServerRules)) return false;
  if (!Fits(rule->client_id, !message.client_id.empty()) ||
      !Fits(rule->server_id, !message.server_id.empty())) {
    return false;
  }
  if (!rule->associations && !message.associations.empty()) return false;
  return message.server_id.empty() || std::equal(message.server_id.begin(), message.server_id.end(),
                                                 server_id.begin(), server_id.end());
}

Bytes MakeDuid(ByteView sixteen) {
  Bytes duid(2 + sixteen.size());
  StoreBe16(duid.data(), kDuidUuid);
  std::copy(sixteen.begin(), sixteen.end(), duid.begin() + 2);
  return duid;
}

}  // namespace lns::dhcpv6
