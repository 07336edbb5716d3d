// Requests of AAA as a client with the secret could make them: any attributes, properly signed, and
// any bytes unsigned. Each is answered once or not at all, by a packet that verifies; what is asked
// twice is done once; orders name sessions there are and say nothing malformed, and what they make
// of a service is what an Access-Accept could have said.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "controlplane/accounting/accountant.h"
#include "controlplane/coa/dynamic_authorization.h"
#include "controlplane/radius/service_attributes.h"
#include "lib/base/check.h"
#include "lib/base/rng.h"
#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/packet.h"
#include "lib/radius/signature.h"

#include "absl/status/status.h"

namespace lns::controlplane {
namespace {

constexpr char kSecret[] = "coa-secret";
constexpr int64_t kUnixTime = 1'700'000'000;
constexpr uint16_t kSessions = 3;

// The first byte of an input.
constexpr uint8_t kCoa = 1;
constexpr uint8_t kUnsigned = 2;
constexpr uint8_t kFails = 4;  // the order it makes

class Lns {
 public:
  Lns() {
    settings_.clients = {
        {.name = "aaa", .address = *net::IpPrefix::Parse("192.0.2.0/24"), .secret = kSecret}};
    settings_.nas = {.address = net::IpAddress::V4(0xc6336401), .identifier = "lns"};
    coa_ = std::make_unique<DynamicAuthorization>(settings_, accountant_);
    for (uint16_t id = 1; id <= kSessions; ++id) Start(id);
  }

  void Receive(ByteView datagram, bool fails) {
    CoaActions out;
    coa_->OnDatagram(kPeer, datagram, kNow, out);
    LNS_CHECK(out.replies.size() + out.orders.size() + std::min<size_t>(1, out.disconnect.size()) <=
              1);
    for (const AccountingId& id : out.disconnect) LNS_CHECK(!accountant_.IsGone(id));
    CoaActions again;
    coa_->OnDatagram(kPeer, datagram, kNow, again);
    LNS_CHECK(again.orders.empty() && again.disconnect.empty());
    for (const CoaOrder& order : out.orders) {
      LNS_CHECK(!order.sessions.empty() && order.sessions.size() <= kSessions);
      for (const AccountingId& id : order.sessions) LNS_CHECK(!accountant_.IsGone(id));
      const ServiceReading reading = ReadService(order.attributes);
      LNS_CHECK(reading.malformed == 0 && reading.ignored == 0);
      // What was given when the user came stays.
      LNS_CHECK(reading.profile.ipv4_address.is_none() && reading.profile.ipv4_pools.empty());
      LNS_CHECK(reading.profile.vrf.empty() && reading.profile.ipv6_prefixes.empty());
      CoaActions done;
      coa_->OnOrderDone(order.number, fails ? absl::AbortedError("no") : absl::OkStatus(), done);
      LNS_CHECK(done.replies.size() == 1);
      Verify(datagram, done.replies[0].packet, fails);
    }
    if (!out.replies.empty()) Verify(datagram, out.replies[0].packet, true);
    const Moment later{kNow.now + DynamicAuthorization::kPatience, kUnixTime};
    CoaActions late;
    coa_->OnProgress(later, late);
    LNS_CHECK(late.replies.size() == (out.disconnect.empty() ? 0 : 1));
    LNS_CHECK(coa_->NextDeadline() == Instant::Never());
  }

 private:
  void Start(uint16_t id) {
    SessionFacts facts;
    facts.id = {.run = 5, .number = id, .slot = id};
    facts.key = {l2tp::LocalTunnelId(7), l2tp::LocalSessionId(id)};
    facts.user_name = id == 3 ? "bob" : "alice";
    facts.call.accounting_id = facts.id.ToString();
    facts.call.nas_port = id;
    facts.call.calling_number = "555";
    facts.service = DefaultService();
    facts.ipv4_address = net::IpAddress::V4(0x64400000u + id);
    AccountantActions ignored;
    accountant_.OnStarted(facts, kNow, ignored);
  }

  static void Verify(ByteView request, ByteView reply, bool refused) {
    radius::Packet asked;
    radius::Packet answer;
    LNS_CHECK(radius::ParsePacket(request, asked) == radius::PacketError::kNone);
    LNS_CHECK(radius::ParsePacket(reply, answer) == radius::PacketError::kNone);
    LNS_CHECK(answer.identifier == asked.identifier);
    LNS_CHECK(radius::CheckResponse(answer, asked.authenticator, kSecret,
                                    radius::MessageAuthenticator::kRequired) ==
              radius::Genuineness::kGenuine);
    LNS_CHECK(radius::Find(answer.attributes, radius::kErrorCause).has_value() == refused);
  }

  static inline const CoaPeer kPeer{.endpoint = {net::IpAddress::V4(0xc0000201), 5000}};
  static inline const Moment kNow{Instant() + Duration::Seconds(1000), kUnixTime};

  SeededRng rng_{1};
  CoaSettings settings_;
  Accountant accountant_{{.searched = true}, rng_, 0, 0};
  std::unique_ptr<DynamicAuthorization> coa_;
};

void Request(uint8_t how, ByteView attributes) {
  radius::PacketBuilder packet(
      (how & kCoa) != 0 ? radius::Code::kCoaRequest : radius::Code::kDisconnectRequest, 9);
  packet.AddMessageAuthenticator();
  radius::AttributeReader reader(attributes);
  for (radius::Attribute attribute; reader.Next(attribute);) {
    // A second one could not be signed.
    if (attribute.id == radius::kMessageAuthenticator) return;
  }
  packet.AddRaw(attributes);
  const MutableByteView bytes = packet.Finish();
  radius::SignRequest(bytes, kSecret);
  Lns().Receive(bytes, (how & kFails) != 0);
}

}  // namespace
}  // namespace lns::controlplane

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const lns::ByteView rest = lns::ByteView(data, size).subspan(1);
  if ((data[0] & lns::controlplane::kUnsigned) != 0) {
    lns::controlplane::Lns().Receive(rest, false);
  } else {
    lns::controlplane::Request(data[0], rest);
  }
  return 0;
}
