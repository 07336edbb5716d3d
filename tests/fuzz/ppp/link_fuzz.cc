// A whole link, either role, driven by any sequence of frames, timers, verdicts and closes. The
// invariants are those of the simulation: nothing up before the user is accepted, ups and downs
// alternate, a server's Configure-Ack of a network protocol only after it was told to be opening,
// nothing after LinkDown, timers advance.
//
// Input: one byte of settings (the highest bit: a second one), then records: one byte says what, a
// frame has a length byte and its bytes next. kFrame is raw; kPacket is protocol, code, id, data,
// with the right length made here, so that mutations get past it; kReply answers our last
// Configure-Request.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>

#include "lib/base/check.h"
#include "lib/base/rng.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/link.h"
#include "lib/ppp/mschap.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {
namespace {

enum Operation : uint8_t { kFrame, kPacket, kReply, kTimer, kAccept, kRefuse, kClose, kData };
constexpr uint8_t kOperations = 8;
constexpr int kMaxRecords = 300;

constexpr uint16_t kProtocols[] = {kProtocolLcp,  kProtocolIpcp, kProtocolIpv6cp, kProtocolPap,
                                   kProtocolChap, kProtocolCcp,  kProtocolIpv4,   0x8281};

class Driver {
 public:
  // A server that is started behind a LAC takes the proxied options and answer from `input`.
  explicit Driver(Reader& input) {
    const uint8_t settings = input.ReadU8();
    const uint8_t more = (settings & 128) != 0 ? input.ReadU8() : uint8_t{0};
    settings_.role = (settings & 1) != 0 ? Role::kClient : Role::kServer;
    settings_.ipv6 = (settings & 2) != 0;
    if ((settings & 4) != 0) settings_.auth = {AuthProtocol::kPap};
    if ((settings & 8) != 0) settings_.auth = {AuthProtocol::kNone};
    if ((settings & 16) != 0) settings_.ask_pfc = settings_.ask_acfc = true;
    if ((more & 1) != 0 && MsChapError().empty()) settings_.auth = {AuthProtocol::kMsChapV2};
    if ((more & 2) != 0 && MsChapError().empty()) settings_.auth = {AuthProtocol::kMsChapV1};
    if ((more & 4) != 0) settings_.reauthenticate = Duration::Seconds(60);
    if ((more & 8) != 0) settings_.identification = "fuzz";
    if ((more & 32) != 0) settings_.nbns = {1, 2};
    if ((more & 64) != 0) settings_.proxy.renegotiate = Renegotiate::kNever;
    link_ = settings_.role == Role::kServer
                ? Link::MakeServer(settings_, rng_)
                : Link::MakeClient(settings_, {"user", "password"}, rng_);
    if ((more & 16) != 0 && settings_.role == Role::kServer) {
      StartProxied(input);
    } else {
      link_->Start(now_, out_);
    }
    Check();
  }

  void Step(Reader& input) {
    const auto operation = static_cast<Operation>(input.ReadU8() % kOperations);
    switch (operation) {
      case kFrame: {
        link_->OnFrame(input.ReadBytes(input.ReadU8()), now_, out_);
        break;
      }
      case kPacket: {
        const uint16_t protocol = kProtocols[input.ReadU8() % std::size(kProtocols)];
        const uint8_t code = input.ReadU8();
        PacketBuilder packet(protocol, code, input.ReadU8());
        packet.Append(input.ReadBytes(input.ReadU8()));
        link_->OnFrame(std::move(packet).Finish(), now_, out_);
        break;
      }
      case kReply: {
        // Ack, Nak or Reject of what we sent last.
        Bytes reply = last_sent_;
        if (reply.size() < 6) break;
        reply[2] = static_cast<uint8_t>(kConfigureAck + input.ReadU8() % 3);
        link_->OnFrame(reply, now_, out_);
        break;
      }
      case kTimer:
        if (link_->NextDeadline() == Instant::Never()) break;
        now_ = std::max(now_, link_->NextDeadline());
        link_->OnTimer(now_, out_);
        LNS_CHECK(link_->NextDeadline() > now_);
        break;
      case kAccept:
        admitted_ = true;
        link_->OnAuthentication(
            {.accepted = true, .ms_chap = "S=", .ipv4 = {.local = 1, .peer = 2, .dns = {3, 0}}},
            now_, out_);
        break;
      case kRefuse:
        link_->OnAuthentication({.accepted = false, .message = "no"}, now_, out_);
        break;
      case kClose:
        link_->Close(now_, out_);
        break;
      case kData:
        link_->OnDataSeen();
        break;
    }
    Check();
  }

  // Whatever happened, a silent peer and time end every link.
  void End() {
    link_->Close(now_, out_);
    Check();
    for (int i = 0; i < 20 && link_->NextDeadline() != Instant::Never(); ++i) {
      now_ = std::max(now_, link_->NextDeadline());
      link_->OnTimer(now_, out_);
      Check();
    }
    LNS_CHECK(down_);
    LNS_CHECK(link_->phase() == LinkPhase::kDead);
  }

 private:
  void StartProxied(Reader& input) {
    if ((input.ReadU8() & 1) != 0) {
      const ByteView want = input.ReadBytes(input.ReadU8());
      link_->SetInterfaceOptions(want, input.ReadBytes(input.ReadU8()));
    }
    ProxiedLcp proxied;
    proxied.last_sent = input.ReadBytes(input.ReadU8());
    proxied.last_received = input.ReadBytes(input.ReadU8());
    proxied.authen_type = input.ReadU8();
    proxied.authen_id = input.ReadU8();
    proxied.authen_name = AsText(input.ReadBytes(input.ReadU8()));
    proxied.authen_challenge = input.ReadBytes(input.ReadU8());
    proxied.authen_response = input.ReadBytes(input.ReadU8());
    link_->StartProxied(proxied, now_, out_);
  }

  void Check() {
    for (const LinkAction& action : std::exchange(out_, {})) {
      LNS_CHECK(!down_);
      if (const auto* frame = std::get_if<SendFrame>(&action)) {
        LNS_CHECK(frame->bytes.size() >= 6 && frame->bytes.size() <= 65535 + 2);
        LNS_CHECK(LoadBe16(frame->bytes.data() + 4) + 2u == frame->bytes.size());
        if (frame->bytes[2] == kConfigureRequest) last_sent_ = frame->bytes;
        if (settings_.role == Role::kServer && frame->bytes[2] == kConfigureAck) {
          const uint16_t protocol = LoadBe16(frame->bytes.data());
          LNS_CHECK(protocol != kProtocolIpcp || ipv4_opening_);
          LNS_CHECK(protocol != kProtocolIpv6cp || ipv6_opening_);
        }
      } else if (std::holds_alternative<LinkOpened>(action)) {
        admitted_ = settings_.role == Role::kClient &&
                    std::get<LinkOpened>(action).auth == AuthProtocol::kNone;
      } else if (std::holds_alternative<Authenticated>(action)) {
        admitted_ = true;
      } else if (std::holds_alternative<Ipv4Opening>(action)) {
        LNS_CHECK(admitted_ && settings_.role == Role::kServer && !ipv4_up_);
        ipv4_opening_ = true;
      } else if (std::holds_alternative<Ipv4Up>(action)) {
        LNS_CHECK(admitted_ && !std::exchange(ipv4_up_, true));
        LNS_CHECK(ipv4_opening_ == (settings_.role == Role::kServer));
      } else if (std::holds_alternative<Ipv4Down>(action)) {
        const bool opening = std::exchange(ipv4_opening_, false);
        LNS_CHECK(std::exchange(ipv4_up_, false) || opening);
      } else if (std::holds_alternative<Ipv6Opening>(action)) {
        LNS_CHECK(admitted_ && settings_.role == Role::kServer && !ipv6_up_);
        ipv6_opening_ = true;
      } else if (std::holds_alternative<Ipv6Up>(action)) {
        LNS_CHECK(admitted_ && !std::exchange(ipv6_up_, true));
        LNS_CHECK(ipv6_opening_ == (settings_.role == Role::kServer));
      } else if (std::holds_alternative<Ipv6Down>(action)) {
        const bool opening = std::exchange(ipv6_opening_, false);
        LNS_CHECK(std::exchange(ipv6_up_, false) || opening);
      } else if (std::holds_alternative<LinkDown>(action)) {
        LNS_CHECK(!ipv4_up_ && !ipv6_up_ && !ipv4_opening_ && !ipv6_opening_);
        LNS_CHECK(std::get<LinkDown>(action).cause != LinkDownCause::kNone);
        down_ = true;
      }
    }
    if (down_) LNS_CHECK(link_->NextDeadline() == Instant::Never());
  }

  SeededRng rng_{1};
  LinkSettings settings_;
  std::unique_ptr<Link> link_;
  LinkActions out_;
  Instant now_ = Instant::FromNanoseconds(1);
  Bytes last_sent_;
  bool admitted_ = false;
  bool ipv4_up_ = false;
  bool ipv6_up_ = false;
  bool ipv4_opening_ = false;
  bool ipv6_opening_ = false;
  bool down_ = false;
};

}  // namespace
}  // namespace lns::ppp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lns::Reader input({data, size});
  lns::ppp::Driver driver(input);
  for (int i = 0; i < lns::ppp::kMaxRecords && input.ok() && input.remaining() > 0; ++i) {
    driver.Step(input);
  }
  driver.End();
  return 0;
}
