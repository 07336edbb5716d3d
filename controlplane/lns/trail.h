// What happened last to one tunnel or one session: the messages of both sides as they were, and
// what became of them, in a bounded run of bytes that is decoded only when somebody asks
// (explanation.h). Passwords, challenges and responses are blotted out before anything is kept.
// The engine's thread.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/time.h"

namespace lns::controlplane {

enum class TrailKind : uint8_t {
  kControlReceived,
  kControlSent,
  kControlRepeated,  // received once more; bytes: its Ns
  kControlResent,    // sent once more; bytes: its Ns
  kPppReceived,
  kPppSent,
  kNote,     // bytes: a TrailNote and more words
  kLeftOut,  // a message larger than all that may be kept; bytes: its length
};

// What a note says; the words are in trail_note.def.
enum class TrailNote : uint8_t {
#define TRAIL_NOTE(enumerator, text) enumerator,
#include "controlplane/lns/trail_note.def"
#undef TRAIL_NOTE
  kCount,
};
const char* TextOf(TrailNote note);

class Trail {
 public:
  // What one event costs beside its bytes.
  static constexpr size_t kEventHeader = 8;

  // The oldest events go until all fit into `budget` bytes; 0 keeps nothing.
  void Add(TrailKind kind, Instant at, ByteView bytes, size_t budget);

  bool empty() const { return bytes_.empty(); }
  // Memory held.
  size_t capacity() const { return bytes_.capacity(); }

  // Visits the events, oldest first: void(TrailKind, Instant, ByteView).
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (size_t at = 0; at < bytes_.size();) {
      const Event event = Read(at);
      visit(event.kind, event.at, event.bytes);
      at += kEventHeader + event.bytes.size();
    }
  }

 private:
  struct Event {
    TrailKind kind;
    Instant at;
    ByteView bytes;
  };

  Event Read(size_t offset) const;
  void MakeRoom(size_t size, size_t budget);

  //   | kind | length (2) | milliseconds (5) | bytes ... |   and so on, oldest first
  Bytes bytes_;
};

// The bytes of a note, made in `buffer`.
ByteView MakeNote(TrailNote note, std::string_view detail, Bytes& buffer);

// Make what must not be kept zeros, in place: of a control message the values of Challenge,
// Challenge Response, Proxy Authen Challenge and Response, hidden or not; of a PPP frame PAP
// passwords and the values of CHAP.
void BlotControl(MutableByteView message);
void BlotPpp(MutableByteView frame);

}  // namespace lns::controlplane
