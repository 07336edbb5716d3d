// A server and a client link, or one of them and frames written out by hand, over a perfect wire:
// for the tests of a link's phases and of what happens in each. Lossy wires are tests/sim/ppp's.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/event.h"
#include "lib/ppp/link.h"
#include "lib/ppp/mschap.h"
#include "lib/ppp/packet_builder.h"

namespace lns::ppp {

inline constexpr Ipv4Parameters kAssigned{
    .local = 0x64400001, .peer = 0x64400007, .dns = {0x08080808, 0x08080404}};

inline LinkSettings Server() {
  LinkSettings settings;
  settings.local_name = "lns";
  return settings;
}

inline LinkSettings Client() {
  LinkSettings settings;
  settings.role = Role::kClient;
  return settings;
}

// One link, what it said, and the owner's part of the game.
struct Side {
  std::unique_ptr<Link> link;
  LinkActions actions;  // everything so far but frames
  std::vector<Bytes> frames;
  std::map<PppEvent, int> events;
  bool answer = true;  // AuthenticationNeeded at once
  std::string password = "secret";

  template <typename T>
  int CountOf() const {
    int count = 0;
    for (const LinkAction& action : actions) count += std::holds_alternative<T>(action) ? 1 : 0;
    return count;
  }
  template <typename T>
  const T* Last() const {
    for (auto it = actions.rbegin(); it != actions.rend(); ++it) {
      if (const T* found = std::get_if<T>(&*it)) return found;
    }
    return nullptr;
  }

  // Sorts what a call produced; answers questions.
  void Take(LinkActions& out, Instant now) {
    for (LinkAction& action : out) {
      if (auto* frame = std::get_if<SendFrame>(&action)) {
        frames.push_back(std::move(frame->bytes));
      } else if (const auto* event = std::get_if<CountEvent>(&action)) {
        ++events[event->event];
      } else {
        actions.push_back(std::move(action));
        const auto* needed = std::get_if<AuthenticationNeeded>(&actions.back());
        if (needed != nullptr && answer) Judge(*needed, now);
      }
    }
  }
  void Judge(const AuthenticationNeeded& needed, Instant now) {
    std::string proof;
    const bool good =
        needed.protocol == AuthProtocol::kNone ||
        (needed.protocol == AuthProtocol::kPap && needed.password == password) ||
        (needed.protocol == AuthProtocol::kChapMd5 &&
         ChapMd5Matches(needed.identifier, password, needed.challenge, needed.response)) ||
        (needed.protocol >= AuthProtocol::kMsChapV1 && MsChapMatches(needed, password, proof));
    LinkActions out;
    link->OnAuthentication({.accepted = good && needed.user_name != "nobody",
                            .message = good ? "welcome" : "go away",
                            .ms_chap = proof,
                            .ipv4 = kAssigned},
                           now, out);
    Take(out, now);
  }
  void Start(Instant now) {
    LinkActions out;
    link->Start(now, out);
    Take(out, now);
  }
  void StartProxied(const ProxiedLcp& proxied, Instant now) {
    LinkActions out;
    link->StartProxied(proxied, now, out);
    Take(out, now);
  }
  void Receive(ByteView frame, Instant now) {
    LinkActions out;
    link->OnFrame(frame, now, out);
    Take(out, now);
  }
  void Close(Instant now) {
    LinkActions out;
    link->Close(now, out);
    Take(out, now);
  }
  void Tick(Instant now) {
    LinkActions out;
    link->OnTimer(now, out);
    Take(out, now);
  }
  bool Ipv4IsUp() const { return CountOf<Ipv4Up>() == CountOf<Ipv4Down>() + 1; }
};

class LinkTest : public testing::Test {
 protected:
  void Make(LinkSettings server, LinkSettings client,
            Credentials credentials = {"alice@example", "secret"}) {
    server_settings_ = std::move(server);
    client_settings_ = std::move(client);
    server_.link = Link::MakeServer(server_settings_, server_rng_);
    client_.link = Link::MakeClient(client_settings_, credentials, client_rng_);
  }
  void StartBoth() {
    server_.Start(now_);
    client_.Start(now_);
    Exchange();
  }
  // Delivers until both are silent.
  void Exchange() {
    for (int round = 0; round < 200; ++round) {
      std::vector<Bytes> up = std::exchange(client_.frames, {});
      std::vector<Bytes> down = std::exchange(server_.frames, {});
      if (up.empty() && down.empty()) return;
      for (const Bytes& frame : up) server_.Receive(frame, now_);
      for (const Bytes& frame : down) client_.Receive(frame, now_);
    }
    FAIL() << "the two sides never stop talking";
  }
  // Runs timers (and deliveries) until `end`.
  void RunUntil(Instant end) {
    for (int step = 0; step < 10000; ++step) {
      const Instant next = std::min(server_.link->NextDeadline(), client_.link->NextDeadline());
      if (next > end) break;
      now_ = std::max(now_, next);
      server_.Tick(now_);
      client_.Tick(now_);
      Exchange();
    }
    now_ = end;
  }

  Instant now_ = Instant::FromNanoseconds(1'000'000'000);
  SeededRng server_rng_{1};
  SeededRng client_rng_{2};
  LinkSettings server_settings_;
  LinkSettings client_settings_;
  Side server_;
  Side client_;
};

// A control packet of a peer that is written by hand.
inline Bytes Control(uint16_t protocol, uint8_t code, uint8_t id, const Bytes& data) {
  PacketBuilder packet(protocol, code, id);
  packet.Append(data);
  return std::move(packet).Finish();
}

}  // namespace lns::ppp
