// A server and a client link over a wire that loses, doubles and reorders, in virtual time. Each
// seed is one story: who authenticates how, whether a LAC has done it before and how often it is
// done again, whether the password is right and stays so, how long AAA takes, whether the client
// restarts or either side closes, and when. In some stories a third hand writes on the wire: copies
// of what was said, changed and cut, and packets that no peer should send (hostile.h). Then the
// wire becomes perfect and the two must settle; then one side closes. Invariants are checked after
// every single action.
//
// LNS_SIM_SEEDS: how many seeds (2,000). LNS_SIM_SEED: only this one, with a trace on stderr.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/ppp/chap.h"
#include "lib/ppp/control_packet.h"
#include "lib/ppp/frame.h"
#include "lib/ppp/lac_exchange.h"
#include "lib/ppp/link.h"
#include "lib/ppp/mschap.h"
#include "tests/sim/ppp/hostile.h"
#include "tests/support/lossy_link.h"

namespace lns::ppp {
namespace {

constexpr Ipv4Parameters kAssigned{
    .local = 0x64400001, .peer = 0x64400123, .dns = {0x08080808, 0x08080404}};
const std::vector<AuthProtocol> kPapOnly = {AuthProtocol::kPap};
constexpr int kMaxHostileWrites =
    60;                             // of one seed; what is written is delivered, and invites more
constexpr int kMaxSteps = 200'000;  // of one seed; a story needs a few hundred
// In answer to one input. A verdict makes the most: its Success, and the first requests of IPCP and
// IPV6CP; LCP that opens adds Ack, Identification and Challenge.
constexpr size_t kMaxFramesAtOnce = 6;
constexpr int kServer = 0;
constexpr int kClient = 1;

struct Story {
  bool hostile = false;  // nobody is promised to come online
  bool proxied = false;  // the subscriber comes by a LAC that negotiates
  LinkSettings server;
  LinkSettings client;
  Credentials credentials{"alice", "secret"};
  Duration verdict_delay;
  std::optional<Instant> server_closes;
  std::optional<Instant> client_closes;
  std::optional<Instant> client_restarts;
  std::optional<Instant> password_changes;  // AAA knows another from then on
  bool right_password = true;
  bool willing = true;  // the client can do something the server asks for
};

Story TellStory(Rng& rng) {
  Story story;
  story.server.local_name = "lns";
  story.client.role = Role::kClient;
  switch (rng.Below(7)) {
    case 0:
      story.server.auth = {AuthProtocol::kPap};
      break;
    case 3:
      if (MsChapError().empty()) story.server.auth = story.client.auth = {AuthProtocol::kMsChapV2};
      break;
    case 4:
      if (!MsChapError().empty()) break;
      story.server.auth.push_back(AuthProtocol::kMsChapV2);
      story.client.auth = {AuthProtocol::kMsChapV2};
      break;
    case 1:
      story.client.auth = {AuthProtocol::kPap};
      break;
    case 2:
      story.server.auth = {AuthProtocol::kNone};
      break;
    default:
      break;
  }
  if (rng.Below(10) == 0 && story.server.auth[0] != AuthProtocol::kNone) {
    story.client.auth.clear();
    story.willing = false;
  }
  story.hostile = rng.Below(4) == 0;
  story.proxied = rng.Below(5) == 0;
  story.server.proxy.renegotiate = static_cast<Renegotiate>(rng.Below(3));
  story.server.proxy.rechallenge = rng.Below(3) == 0;
  if (rng.Below(3) == 0) story.server.reauthenticate = Duration::Seconds(60 + rng.Below(60));
  if (rng.Below(3) == 0) story.server.identification = "Terminus";
  story.server.ipv6 = rng.Below(2) == 0;
  story.client.ipv6 = rng.Below(2) == 0;
  story.client.ask_pfc = rng.Below(2) == 0;
  story.client.ask_acfc = rng.Below(2) == 0;
  story.verdict_delay = Duration::Milliseconds(rng.Below(6000));
  if (rng.Below(5) == 0 && story.server.auth[0] != AuthProtocol::kNone) {
    story.credentials.password = "wrong";
    story.right_password = false;
  }
  const auto moment = [&rng] {
    return Instant::FromNanoseconds(0) + Duration::Milliseconds(rng.Below(60'000));
  };
  switch (rng.Below(8)) {
    case 0:
      story.server_closes = moment();
      break;
    case 1:
      story.client_closes = moment();
      break;
    case 2:
      story.client_restarts = moment();
      break;
    case 3:
      story.password_changes = moment();
      break;
    default:
      break;
  }
  return story;
}

// One side: its link and what its owner has seen of it.
struct Side {
  std::unique_ptr<Link> link;
  size_t most_frames = 0;  // in answer to one input
  bool admitted = false;   // the server's owner said yes, or the client was told so
  bool auth_agreed = false;
  bool ipv4_up = false;
  bool ipv6_up = false;
  bool ipv4_opening = false;
  bool ipv6_opening = false;
  bool down = false;
  LinkDownCause cause = LinkDownCause::kNone;
  Ipv4Parameters parameters;
  uint64_t interface_ids[2] = {0, 0};  // local, peer
};

struct Verdict {
  Instant at;
  bool accepted = false;
  std::string ms_chap;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed, bool trace)
      : rng_(seed), server_rng_(rng_.Next()), client_rng_(rng_.Next()), trace_(trace) {
    story_ = TellStory(rng_);
    hostile_ = story_.hostile;
    sides_[kServer].link = Link::MakeServer(story_.server, server_rng_);
    sides_[kClient].link = Link::MakeClient(story_.client, story_.credentials, client_rng_);
  }

  void Run() {
    if (!story_.proxied || !StartBehindLac()) StartBoth();
    RunUntil(now_ + Duration::Seconds(90));
    hostile_ = false;
    wire_.set_settings({.loss_percent = 0, .duplicate_percent = 0, .reorder_percent = 0});
    RunUntil(now_ + Duration::Seconds(500));
    CheckSettled();
    online_ = sides_[kServer].ipv4_up;
    most_frames_ = std::max(sides_[kServer].most_frames, sides_[kClient].most_frames);
    const int closer = rng_.Below(2) == 0 ? kServer : kClient;
    Do(closer, [&](Link& link, LinkActions& out) { link.Close(now_, out); });
    RunUntil(now_ + Duration::Seconds(20));
    for (Side& side : sides_) {
      EXPECT_TRUE(side.down) << "a closed link is still there";
      EXPECT_EQ(side.link->NextDeadline(), Instant::Never());
      EXPECT_EQ(side.link->phase(), LinkPhase::kDead);
    }
    EXPECT_EQ(wire_.in_flight(), 0u);
  }

  const Story& story() const { return story_; }
  size_t most_frames() const { return most_frames_; }
  bool online() const { return online_; }
  // One network protocol is up on one side only.
  bool half_open() const { return half_open_; }
  LinkDownCause cause(int side) const { return sides_[side].cause; }

 private:
  void StartBoth() {
    Do(kServer, [&](Link& link, LinkActions& out) { link.Start(now_, out); });
    Do(kClient, [&](Link& link, LinkActions& out) { link.Start(now_, out); });
  }

  // The LAC asks for what the server would ask for, most of the time. False: it and the client do
  // not agree, and the client tries again without one.
  bool StartBehindLac() {
    LinkSettings lac = story_.server;
    if (rng_.Below(4) == 0) lac.mru = 1500;
    std::optional<LacExchange> exchange;
    Do(kClient, [&](Link& link, LinkActions& out) {
      exchange = ExchangeAsLac(link, lac, server_rng_, now_, out);
    });
    if (!exchange) {
      sides_[kClient] = {};
      sides_[kClient].link = Link::MakeClient(story_.client, story_.credentials, client_rng_);
      return false;
    }
    Do(kServer,
       [&](Link& link, LinkActions& out) { link.StartProxied(exchange->view(), now_, out); });
    return true;
  }

  template <typename Call>
  void Do(int who, Call call) {
    LinkActions out;
    call(*sides_[who].link, out);
    const auto frames = static_cast<size_t>(std::ranges::count_if(
        out, [](const LinkAction& action) { return std::holds_alternative<SendFrame>(action); }));
    sides_[who].most_frames = std::max(sides_[who].most_frames, frames);
    EXPECT_LE(frames, kMaxFramesAtOnce) << "an input that is answered with a flood";
    for (const LinkAction& action : out) Observe(who, action);
    const Side& side = sides_[who];
    if (side.down) {
      EXPECT_EQ(side.link->NextDeadline(), Instant::Never());
    }
  }

  void Observe(int who, const LinkAction& action) {
    Side& side = sides_[who];
    EXPECT_FALSE(side.down) << "an action after LinkDown";
    Trace(who, action);
    if (const auto* frame = std::get_if<SendFrame>(&action)) {
      EXPECT_GE(frame->bytes.size(), 6u);
      EXPECT_LE(frame->bytes.size(), 2u + 1500);
      if (who == kServer && frame->bytes[2] == kConfigureAck) {
        const uint16_t protocol = LoadBe16(frame->bytes.data());
        EXPECT_TRUE(protocol != kProtocolIpcp || side.ipv4_opening) << "Ack before the opening";
        EXPECT_TRUE(protocol != kProtocolIpv6cp || side.ipv6_opening) << "Ack before the opening";
      }
      wire_.Send(1 - who, frame->bytes, now_);
      if (story_.hostile) hostile_hand_.Overhear(who == kClient, frame->bytes);
    } else if (const auto* opened = std::get_if<LinkOpened>(&action)) {
      side.auth_agreed = opened->auth != AuthProtocol::kNone;
      side.admitted = who == kClient && !side.auth_agreed;
    } else if (std::holds_alternative<LinkRenegotiating>(action)) {
      EXPECT_FALSE(side.ipv4_up || side.ipv6_up || side.ipv4_opening || side.ipv6_opening);
      side.admitted = false;
      if (who == kServer) verdict_.reset();
    } else if (const auto* needed = std::get_if<AuthenticationNeeded>(&action)) {
      EXPECT_EQ(who, kServer);
      EXPECT_FALSE(verdict_.has_value()) << "asked twice";
      EXPECT_EQ(needed->again, side.admitted) << "only who was accepted is asked again";
      EXPECT_FALSE(needed->proxied && !story_.proxied);
      verdict_ = Judge(*needed);
    } else if (std::holds_alternative<Authenticated>(action)) {
      EXPECT_EQ(who, kClient);
      EXPECT_TRUE(story_.right_password || story_.hostile);
      side.admitted = true;
    } else if (std::holds_alternative<Ipv4Opening>(action)) {
      EXPECT_EQ(who, kServer);
      EXPECT_TRUE(side.admitted) << "IPv4 before the user was accepted";
      side.ipv4_opening = true;
    } else if (const auto* ipv4 = std::get_if<Ipv4Up>(&action)) {
      EXPECT_EQ(side.ipv4_opening, who == kServer) << "up without opening";
      EXPECT_TRUE(side.admitted) << "IPv4 before the user was accepted";
      EXPECT_FALSE(std::exchange(side.ipv4_up, true)) << "up twice";
      side.parameters = ipv4->parameters;
    } else if (std::holds_alternative<Ipv4Down>(action)) {
      const bool opening = std::exchange(side.ipv4_opening, false);
      EXPECT_TRUE(std::exchange(side.ipv4_up, false) || opening) << "down twice";
    } else if (std::holds_alternative<Ipv6Opening>(action)) {
      EXPECT_EQ(who, kServer);
      EXPECT_TRUE(side.admitted) << "IPv6 before the user was accepted";
      side.ipv6_opening = true;
    } else if (const auto* ipv6 = std::get_if<Ipv6Up>(&action)) {
      EXPECT_EQ(side.ipv6_opening, who == kServer) << "up without opening";
      EXPECT_TRUE(side.admitted) << "IPv6 before the user was accepted";
      EXPECT_FALSE(std::exchange(side.ipv6_up, true)) << "up twice";
      side.interface_ids[0] = ipv6->local_interface_id;
      side.interface_ids[1] = ipv6->peer_interface_id;
    } else if (std::holds_alternative<Ipv6Down>(action)) {
      const bool opening = std::exchange(side.ipv6_opening, false);
      EXPECT_TRUE(std::exchange(side.ipv6_up, false) || opening) << "down twice";
    } else if (const auto* down = std::get_if<LinkDown>(&action)) {
      EXPECT_FALSE(side.ipv4_opening || side.ipv6_opening) << "the link ended while opening";
      EXPECT_FALSE(side.ipv4_up || side.ipv6_up) << "the link ended with a network layer up";
      EXPECT_NE(down->cause, LinkDownCause::kNone);
      side.down = true;
      side.cause = down->cause;
      if (who == kServer) verdict_.reset();
    }
  }

  // What AAA will say, and when.
  Verdict Judge(const AuthenticationNeeded& needed) const {
    Verdict verdict{.at = now_ + story_.verdict_delay};
    const bool changed = story_.password_changes && *story_.password_changes <= now_;
    const char* const password = changed ? "another" : "secret";
    switch (needed.protocol) {
      case AuthProtocol::kNone:
        verdict.accepted = true;
        return verdict;
      case AuthProtocol::kPap:
        verdict.accepted = needed.password == password;
        break;
      case AuthProtocol::kChapMd5:
        verdict.accepted =
            ChapMd5Matches(needed.identifier, password, needed.challenge, needed.response);
        break;
      case AuthProtocol::kMsChapV1:
      case AuthProtocol::kMsChapV2:
        verdict.accepted = MsChapMatches(needed, password, verdict.ms_chap);
        break;
    }
    verdict.accepted &= needed.user_name == "alice";
    return verdict;
  }

  // Settled: both online and agreed, or both gone.
  void CheckSettled() {
    const Side& server = sides_[kServer];
    const Side& client = sides_[kClient];
    if (story_.hostile) return;  // a forged packet may have ended one side without the other
    EXPECT_EQ(server.down, client.down);
    // Either network protocol alone keeps a link; the other may have run out of attempts, and where
    // the other side's last Ack came through all the same, it cannot know (RFC 1661 4.1, TO-).
    half_open_ = server.ipv4_up != client.ipv4_up || server.ipv6_up != client.ipv6_up;
    if (half_open_) return;
    EXPECT_EQ(server.down, !server.ipv4_up && !server.ipv6_up) << "neither online nor gone";
    if (!server.down) {
      EXPECT_TRUE(story_.right_password);
      EXPECT_TRUE(story_.willing);
      EXPECT_FALSE(story_.server_closes || story_.client_closes);
      const bool checked = story_.server.reauthenticate > Duration() &&
                           story_.server.auth[0] != AuthProtocol::kNone &&
                           story_.server.auth[0] != AuthProtocol::kPap && !client_chose_pap();
      EXPECT_FALSE(checked && story_.password_changes) << "the old password still serves";
    }
    if (server.ipv4_up) {
      EXPECT_EQ(client.parameters.local, kAssigned.peer);
      EXPECT_EQ(client.parameters.peer, kAssigned.local);
      EXPECT_EQ(client.parameters.dns, kAssigned.dns);
      EXPECT_EQ(server.parameters.peer, kAssigned.peer);
    }
    if (server.ipv6_up) {
      EXPECT_EQ(server.interface_ids[0], client.interface_ids[1]);
      EXPECT_EQ(server.interface_ids[1], client.interface_ids[0]);
      EXPECT_NE(server.interface_ids[0], server.interface_ids[1]);
    }
  }

  bool client_chose_pap() const { return story_.client.auth == kPapOnly; }

  void RunUntil(Instant end) {
    for (;;) {
      Instant next = std::min({wire_.NextDelivery(), sides_[kServer].link->NextDeadline(),
                               sides_[kClient].link->NextDeadline()});
      if (verdict_) next = std::min(next, verdict_->at);
      for (const std::optional<Instant>& moment :
           {story_.server_closes, story_.client_closes, story_.client_restarts}) {
        if (moment && *moment >= now_ && *moment > last_scripted_) next = std::min(next, *moment);
      }
      if (next > end) break;
      now_ = std::max(now_, next);
      Step();
      if (++steps_ > kMaxSteps) {
        ADD_FAILURE() << "the story does not end";
        return;
      }
      if (testing::Test::HasFailure()) return;
    }
    now_ = end;
  }

  void Step() {
    if (auto delivery = wire_.Take(now_)) {
      Do(delivery->to,
         [&](Link& link, LinkActions& out) { link.OnFrame(delivery->datagram, now_, out); });
      MaybeDisturb();
      return;
    }
    if (verdict_ && verdict_->at <= now_) {
      const Verdict verdict = *std::exchange(verdict_, std::nullopt);
      sides_[kServer].admitted = verdict.accepted;
      return Do(kServer, [&](Link& link, LinkActions& out) {
        link.OnAuthentication({.accepted = verdict.accepted,
                               .message = "as AAA says",
                               .ms_chap = verdict.ms_chap,
                               .ipv4 = kAssigned},
                              now_, out);
      });
    }
    if (Due(story_.server_closes)) {
      return Do(kServer, [&](Link& link, LinkActions& out) { link.Close(now_, out); });
    }
    if (Due(story_.client_closes)) {
      return Do(kClient, [&](Link& link, LinkActions& out) { link.Close(now_, out); });
    }
    if (Due(story_.client_restarts)) return RestartClient();
    for (const int who : {kServer, kClient}) {
      if (sides_[who].link->NextDeadline() > now_) continue;
      Do(who, [&](Link& link, LinkActions& out) { link.OnTimer(now_, out); });
      EXPECT_GT(sides_[who].link->NextDeadline(), now_) << "a timer that does not advance";
    }
  }

  bool Due(const std::optional<Instant>& moment) {
    if (!moment || *moment > now_ || *moment <= last_scripted_) return false;
    last_scripted_ = *moment;
    return true;
  }

  // The subscriber's machine lost power: a new link, no goodbye.
  void RestartClient() {
    sides_[kClient] = {};
    sides_[kClient].link = Link::MakeClient(story_.client, story_.credentials, client_rng_);
    Do(kClient, [&](Link& link, LinkActions& out) { link.Start(now_, out); });
  }

  // CCP and unknown protocols come at any time and must not matter.
  void MaybeDisturb() {
    if (hostile_ && hostile_writes_ < kMaxHostileWrites && rng_.Below(3) == 0) {
      ++hostile_writes_;
      for (const Bytes& frame : hostile_hand_.Write()) wire_.Send(kServer, frame, now_);
    }
    if (rng_.Below(10) != 0) return;
    static const Bytes kCcpRequest = {0x80, 0xfd, 1, 1, 0, 10, 18, 6, 1, 0, 0, 1};
    static const Bytes kUnknown = {0x82, 0x81, 1, 1, 0, 4};
    static const Bytes kIdentification = {0xc0, 0x21, 12, 1, 0, 9, 0, 0, 0, 0, 'x'};
    const Bytes* const frames[] = {&kCcpRequest, &kUnknown, &kIdentification};
    wire_.Send(kServer, *frames[rng_.Below(3)], now_);
  }

  void Trace(int who, const LinkAction& action) {
    if (!trace_) return;
    static constexpr const char* kNames[] = {
        "send",         "opened",    "renegotiating", "auth-needed",  "authenticated",
        "ipv4-opening", "ipv4-up",   "ipv4-down",     "ipv6-opening", "ipv6-up",
        "ipv6-down",    "link-down", "count"};
    std::fprintf(stderr, "%8.3f %s %s", static_cast<double>(now_.nanoseconds()) / 1e9,
                 who == kServer ? "server" : "client", kNames[action.index()]);
    if (const auto* frame = std::get_if<SendFrame>(&action)) {
      for (const uint8_t byte : frame->bytes) std::fprintf(stderr, " %02x", byte);
    }
    if (const auto* down = std::get_if<LinkDown>(&action)) {
      std::fprintf(stderr, " %s", ToString(down->cause));
    }
    std::fputc('\n', stderr);
  }

  SeededRng rng_;
  SeededRng server_rng_;
  SeededRng client_rng_;
  HostileHand hostile_hand_{rng_};
  Story story_;
  test::LossyLink wire_{{}, rng_};
  Side sides_[2];
  std::optional<Verdict> verdict_;
  Instant now_ = Instant::FromNanoseconds(0);
  Instant last_scripted_ = Instant::FromNanoseconds(-1);
  int steps_ = 0;
  size_t most_frames_ = 0;
  bool online_ = false;
  bool half_open_ = false;
  int hostile_writes_ = 0;
  bool hostile_ = false;
  bool trace_;
};

uint64_t Environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(LinkSim, EverySeedEndsOnlineAndAgreedOrCleanlyDown) {
  const bool single = std::getenv("LNS_SIM_SEED") != nullptr;
  const uint64_t first = single ? Environment("LNS_SIM_SEED", 0) : 1;
  const uint64_t last = single ? first : Environment("LNS_SIM_SEEDS", 2000);
  uint64_t half_open = 0;
  int easy = 0;
  int easy_online = 0;
  for (uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("replay with LNS_SIM_SEED=" + std::to_string(seed));
    Simulation simulation(seed, single);
    simulation.Run();
    if (HasFailure()) return;
    if (simulation.half_open()) ++half_open;
    const Story& story = simulation.story();
    // The one bad thing that happens is the wire.
    if (story.right_password && story.willing && !story.server_closes && !story.client_closes &&
        !story.password_changes && !story.hostile &&
        !(story.proxied && story.server.proxy.renegotiate == Renegotiate::kNever)) {
      ++easy;
      easy_online += simulation.online() ? 1 : 0;
    }
  }
  std::printf("%d of %d willing pairs came online\n", easy_online, easy);
  // Ten requests in a row or their answers lost, at 30 % each: a few in ten thousand.
  EXPECT_LE(half_open, 1 + last / 1000);
  if (!single && last >= 200) {
    EXPECT_GT(easy_online * 100, easy * 95) << "the retransmissions do not do their work";
  }
}

}  // namespace
}  // namespace lns::ppp
