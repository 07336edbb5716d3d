// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/trail.h"

#include <algorithm>
#include <cstring>

#include "lib/l2tp/avp.h"
#include "lib/l2tp/header.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"

namespace lns::controlplane {
namespace {

constexpr const char* kNotes[] = {
#define TRAIL_NOTE(enumerator, text) text,
#include "controlplane/lns/trail_note.def"
#undef TRAIL_NOTE
};

// Memory grows by this much, so that a session that fell early holds little.
constexpr size_t kStep = 64;
constexpr size_t kMaxEvent = UINT16_MAX;

bool IsSecret(const l2tp::Avp& avp) {
  if (avp.vendor != 0) return false;
  switch (static_cast<l2tp::AvpType>(avp.type)) {
    case l2tp::AvpType::kChallenge:
    case l2tp::AvpType::kChallengeResponse:
    case l2tp::AvpType::kProxyAuthenChallenge:
    case l2tp::AvpType::kProxyAuthenResponse:
      return true;
    default:
      return false;
  }
}

// `part` is a view into `whole`; an empty one may point nowhere.
void Erase(MutableByteView whole, ByteView part) {
  if (part.empty()) return;
  const auto offset = static_cast<size_t>(part.data() - whole.data());
  std::fill_n(whole.begin() + static_cast<std::ptrdiff_t>(offset), part.size(), uint8_t{0});
}

// Peer-ID Length, Peer-ID, Passwd-Length, Password (RFC 1334 2.2.1). What is malformed is all
// secret.
ByteView PapSecret(ByteView data) {
  Reader reader(data);
  reader.ReadBytes(reader.ReadU8());
  if (!reader.ok()) return data;
  reader.ReadU8();
  return reader.ReadRest();
}

// Value-Size, Value, Name (RFC 1994 4.1).
ByteView ChapSecret(ByteView data) {
  Reader reader(data);
  const ByteView value = reader.ReadBytes(reader.ReadU8());
  return reader.ok() ? value : data;
}

}  // namespace

const char* TextOf(TrailNote note) {
  return note < TrailNote::kCount ? kNotes[static_cast<size_t>(note)] : "";
}

void Trail::Add(TrailKind kind, Instant at, ByteView bytes, size_t budget) {
  uint8_t length[2];
  if (bytes.size() > kMaxEvent || kEventHeader + bytes.size() > budget) {
    StoreBe16(length, static_cast<uint16_t>(std::min(bytes.size(), kMaxEvent)));
    kind = TrailKind::kLeftOut;
    bytes = length;
  }
  const size_t size = kEventHeader + bytes.size();
  if (size > budget) {
    bytes_ = {};
    return;
  }
  MakeRoom(size, budget);
  uint8_t header[kEventHeader];
  header[0] = static_cast<uint8_t>(kind);
  StoreBe16(header + 1, static_cast<uint16_t>(bytes.size()));
  const auto ms = static_cast<uint64_t>((at - Instant()).milliseconds());
  header[3] = static_cast<uint8_t>(ms >> 32);
  StoreBe32(header + 4, static_cast<uint32_t>(ms));
  bytes_.insert(bytes_.end(), header, header + kEventHeader);
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

ByteView MakeNote(TrailNote note, std::string_view detail, Bytes& buffer) {
  constexpr size_t kMaxDetail = 128;
  detail = detail.substr(0, kMaxDetail);
  buffer.assign(1, static_cast<uint8_t>(note));
  buffer.insert(buffer.end(), detail.begin(), detail.end());
  return buffer;
}

Trail::Event Trail::Read(size_t offset) const {
  const uint8_t* p = bytes_.data() + offset;
  const uint64_t ms = static_cast<uint64_t>(p[3]) << 32 | LoadBe32(p + 4);
  return {.kind = static_cast<TrailKind>(p[0]),
          .at = Instant() + Duration::Milliseconds(static_cast<int64_t>(ms)),
          .bytes = ByteView(bytes_).subspan(offset + kEventHeader, LoadBe16(p + 1))};
}

void Trail::MakeRoom(size_t size, size_t budget) {
  size_t drop = 0;
  while (bytes_.size() - drop + size > budget) drop += kEventHeader + Read(drop).bytes.size();
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(drop));
  const size_t needed = bytes_.size() + size;
  const size_t wanted = std::min((needed + kStep - 1) / kStep * kStep, budget);
  if (bytes_.capacity() > budget) {  // the budget shrank
    Bytes smaller;
    smaller.reserve(wanted);
    smaller.insert(smaller.end(), bytes_.begin(), bytes_.end());
    bytes_ = std::move(smaller);
  } else if (bytes_.capacity() < needed) {
    bytes_.reserve(wanted);
  }
}

void BlotControl(MutableByteView message) {
  l2tp::Header header;
  if (l2tp::ParseHeader(message, header) != l2tp::HeaderError::kNone) return;
  l2tp::AvpReader reader(ByteView(message).subspan(header.payload_offset, header.payload_length()));
  const uint8_t* understood = message.data() + header.payload_offset;
  for (l2tp::Avp avp; reader.Next(avp); understood = avp.value.data() + avp.value.size()) {
    if (IsSecret(avp)) Erase(message, avp.value);
  }
  if (reader.malformed()) Erase(message, {understood, message.data() + header.end});
}

void BlotPpp(MutableByteView frame) {
  const ppp::FrameHeader header = ppp::ParseFrameHeader(frame);
  if (!header.ok()) return;
  const ByteView information = ByteView(frame).subspan(header.length);
  if (information.size() < ppp::kControlHeaderLength) return;
  const uint8_t code = information[0];
  if (header.protocol == ppp::kProtocolLcp && code == ppp::kProtocolReject) {
    // What is rejected begins with its protocol, as a frame does. It cannot be a reject itself
    // again more often than its length allows.
    return BlotPpp(frame.subspan(header.length + ppp::kControlHeaderLength));
  }
  // To the end of the frame, also past a Length that lies.
  const ByteView data = information.subspan(ppp::kControlHeaderLength);
  constexpr uint8_t kChallengeOrRequest = 1;
  constexpr uint8_t kResponse = 2;
  if (header.protocol == ppp::kProtocolEap) {
    Erase(frame, data);
  } else if (header.protocol == ppp::kProtocolPap && code == kChallengeOrRequest) {
    Erase(frame, PapSecret(data));
  } else if (header.protocol == ppp::kProtocolChap &&
             (code == kChallengeOrRequest || code == kResponse)) {
    Erase(frame, ChapSecret(data));
  }
}

}  // namespace lns::controlplane
