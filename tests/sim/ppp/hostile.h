// A third hand on the wire of a simulation: writes what no peer should say. It has heard both
// sides, so that much of what it writes is nearly right.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {

class HostileHand {
 public:
  explicit HostileHand(Rng& rng) : rng_(rng) {}

  // What passed by; only the last few of each side are remembered.
  void Overhear(bool from_client, const Bytes& frame) {
    std::vector<Bytes>& heard = from_client ? client_ : server_;
    if (heard.size() < kMemory) {
      heard.push_back(frame);
    } else {
      heard[rng_.Below(kMemory)] = frame;
    }
  }

  // Frames for the server.
  std::vector<Bytes> Write() {
    switch (rng_.Below(9)) {
      case 0:
        return {Replay()};
      case 1:
        return {Damaged(Replay())};
      case 2:
        return {ReplyToServer()};
      case 3:
        return Storm();
      case 4:
        return {LyingLength()};
      case 5:
        return {Answer()};
      case 6:
        return {AnyControl(rng_.Below(2) == 0 ? kProtocolIpcp : kProtocolIpv6cp)};
      case 7:
        return {AnyControl(kProtocols[rng_.Below(std::size(kProtocols))])};
      default:
        return {Random(rng_.Below(40))};
    }
  }

 private:
  static constexpr size_t kMemory = 16;
  static constexpr uint16_t kProtocols[] = {kProtocolLcp,  kProtocolIpcp, kProtocolIpv6cp,
                                            kProtocolPap,  kProtocolChap, kProtocolCcp,
                                            kProtocolIpv4, 0x8281,        0xc025};

  Bytes Random(size_t size) {
    Bytes bytes(size);
    rng_.Fill(bytes);
    return bytes;
  }
  Bytes Replay() { return client_.empty() ? Random(8) : client_[rng_.Below(Size(client_))]; }
  Bytes Damaged(Bytes frame) {
    if (frame.empty()) return frame;
    if (rng_.Below(2) == 0) frame.resize(rng_.Below(Size(frame)) + 1);
    frame[rng_.Below(Size(frame))] ^= static_cast<uint8_t>(1 + rng_.Below(255));
    return frame;
  }
  // An Ack, Nak or Reject of what the server asked for last, or of something older.
  Bytes ReplyToServer() {
    if (server_.empty()) return Random(8);
    Bytes frame = server_[rng_.Below(Size(server_))];
    frame[2] = static_cast<uint8_t>(kConfigureAck + rng_.Below(3));
    return rng_.Below(3) == 0 ? Damaged(std::move(frame)) : frame;
  }
  // Requests of LCP, each unlike the one before.
  std::vector<Bytes> Storm() {
    std::vector<Bytes> frames;
    for (uint32_t i = rng_.Below(30); i > 0; --i) {
      PacketBuilder request(kProtocolLcp, kConfigureRequest, static_cast<uint8_t>(rng_.Next()));
      OptionWriter options;
      options.U32(5, static_cast<uint32_t>(rng_.Next()));
      request.Append(options.bytes());
      frames.push_back(std::move(request).Finish());
    }
    return frames;
  }
  Bytes LyingLength() {
    Bytes frame = AnyControl(kProtocolLcp);
    StoreBe16(frame.data() + 4, static_cast<uint16_t>(rng_.Next()));
    return frame;
  }
  // A guess at who the subscriber is.
  Bytes Answer() {
    const bool pap = rng_.Below(2) == 0;
    PacketBuilder packet(pap ? kProtocolPap : kProtocolChap,
                         static_cast<uint8_t>(1 + rng_.Below(4)),
                         static_cast<uint8_t>(rng_.Next()));
    packet.AppendU8(pap ? 5 : 16);
    packet.Append(pap ? AsBytes("alice") : ByteView(Random(16)));
    packet.Append(AsBytes(pap ? "\x05guess" : "alice"));
    return std::move(packet).Finish();
  }
  Bytes AnyControl(uint16_t protocol) {
    PacketBuilder packet(protocol, static_cast<uint8_t>(rng_.Below(16)),
                         static_cast<uint8_t>(rng_.Next()));
    OptionWriter options;
    for (uint32_t i = rng_.Below(4); i > 0; --i) {
      options.U32(static_cast<uint8_t>(1 + rng_.Below(20)), static_cast<uint32_t>(rng_.Next()));
    }
    packet.Append(options.bytes());
    return std::move(packet).Finish();
  }
  template <typename List>
  static uint32_t Size(const List& list) {
    return static_cast<uint32_t>(list.size());
  }

  Rng& rng_;
  std::vector<Bytes> client_;
  std::vector<Bytes> server_;
};

}  // namespace lns::ppp
