// The client's side of RADIUS towards a set of servers: which server is asked, under which
// identifier, how often and how long, and which replies count. Sans-IO: requests, datagrams and
// `now` in, ClientActions out. Authentication and accounting each have one of their own, with their
// own sockets; nothing here is thread-safe.
//
// A request goes to the usable servers of the lowest order, at random by weight; retransmissions
// are the same packet (RFC 5080 2.2.1), and when a server has not answered all its tries the next
// one is asked, under a new identifier, authenticator and secret. There are 256 identifiers to a
// source port (RFC 2865 3): a lane is one source port towards one server, opened by the first
// datagram sent on it. An identifier rests as long as it can before it is used again.
//
// A server that stays silent while it is asked is dead and not asked for a time; meanwhile
// Status-Server (RFC 5997) probes it. The first genuine reply of whatever kind revives it. Without
// one it is given one request at a time after the dead time, so that servers which do not know
// Status-Server come back too.
//
// A reply counts if it comes on the lane it is expected on, with the identifier, the authenticator
// and (where demanded) the Message-Authenticator; anything else is counted and changes nothing.
// That it comes from the server's address and port is for the socket to see to.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/net/address.h"
#include "lib/radius/latency.h"
#include "lib/radius/packet.h"
#include "lib/radius/signature.h"

namespace lns::radius {

enum class ServerCounter : uint8_t {
#define SERVER_COUNTER(enumerator, name) enumerator,
#include "lib/radius/server_counter.def"
#undef SERVER_COUNTER
  kCount,
};
inline constexpr size_t kServerCounters = static_cast<size_t>(ServerCounter::kCount);
const char* NameOf(ServerCounter counter);

struct ServerSettings {
  std::string name;
  net::Endpoint endpoint;
  std::string secret;
  uint32_t order = 1;   // lower is asked first
  uint32_t weight = 1;  // among those of one order; at least 1
  // Whether replies to Access-Request must carry one. It is sent always.
  MessageAuthenticator demand = MessageAuthenticator::kRequired;
  bool probe = true;  // with Status-Server, while it is dead
};

struct ClientSettings {
  static constexpr size_t kMaxServers = 16;

  std::vector<ServerSettings> servers;
  Duration retransmit = Duration::Seconds(1);  // the first; then twice as long, a tenth about
  Duration retransmit_cap = Duration::Seconds(8);
  uint32_t tries = 3;                          // transmissions to one server
  Duration give_up = Duration::Seconds(15);    // the request as a whole
  Duration dead_after = Duration::Seconds(5);  // of silence while asked
  Duration dead_time = Duration::Seconds(60);
  Duration probe_interval = Duration::Seconds(5);
  // Port unreachable so often, with no reply in between, is silence enough.
  uint32_t dead_after_refusals = 3;
  uint32_t max_lanes = 64;  // source ports towards each server
};

struct ClientRequest {
  uint64_t cookie = 0;  // names the request in its answer
  Code code = Code::kAccessRequest;
  Bytes attributes;  // as they stand on the wire; without what is hidden and without signature
  bool has_password = false;
  std::string password = {};  // User-Password
};

struct SendDatagram {
  size_t server = 0;
  uint32_t lane = 0;
  Bytes bytes;
};
enum class RequestOutcome : uint8_t {
  kAnswered,
  kUnanswered,  // by all servers asked, or not in time
  kNoServer,    // none is usable: not even asked
};
// The end of a request: exactly one for each.
struct RequestDone {
  uint64_t cookie = 0;
  RequestOutcome outcome = RequestOutcome::kNoServer;
  // kAnswered only.
  size_t server = 0;
  Duration latency;
  Code code{};
  Bytes attributes;                       // sound
  Authenticator request_authenticator{};  // hides what is hidden in them
};
struct ServerChanged {
  size_t server = 0;
  bool alive = false;
};
using ClientAction = std::variant<SendDatagram, RequestDone, ServerChanged>;
using ClientActions = std::vector<ClientAction>;

struct ServerView {
  const ServerSettings* settings = nullptr;
  bool alive = true;
  size_t in_flight = 0;
  size_t lanes = 0;
  const LatencyHistogram* latency = nullptr;
  const std::array<uint64_t, kServerCounters>* counters = nullptr;
};

class Client {
 public:
  static constexpr size_t kIdentifiers = 256;

  Client(ClientSettings settings, Rng& rng);

  void Submit(ClientRequest request, Instant now, ClientActions& out);
  void OnDatagram(size_t server, uint32_t lane, ByteView datagram, Instant now, ClientActions& out);
  // The network says that nobody listens at the server's port.
  void OnRefused(size_t server, Instant now, ClientActions& out);
  void OnTimer(Instant now, ClientActions& out);
  Instant NextDeadline() const;

  // A request would be sent to somebody.
  bool Usable(Instant now) const;
  size_t in_flight() const { return in_flight_; }
  size_t server_count() const { return servers_.size(); }
  ServerView View(size_t server) const;
  const ServerSettings& settings_of(size_t server) const { return settings_.servers[server]; }

 private:
  static constexpr uint32_t kNobody = UINT32_MAX;

  // One source port: who waits for which identifier, and the free ones in order of their release.
  struct Lane {
    Lane();
    std::array<uint32_t, kIdentifiers> waiting;
    std::array<uint8_t, kIdentifiers> free;
    size_t next_free = 0;
    size_t free_count = kIdentifiers;
  };
  struct Server {
    std::vector<Lane> lanes;
    bool alive = true;
    size_t in_flight = 0;                     // requests
    Instant silent_since = Instant::Never();  // asked since, and nothing heard
    Instant dead_until = Instant::Never();
    Instant next_probe = Instant::Never();
    uint32_t refusals = 0;  // since the last reply
    LatencyHistogram latency;
    std::array<uint64_t, kServerCounters> counters{};
  };
  // A request or a probe that waits for its reply.
  struct Pending {
    ClientRequest request;
    bool used = false;
    bool probe = false;
    uint32_t generation = 0;  // of the slot, to tell timers of earlier users
    uint32_t tried = 0;       // servers, by bit
    Instant give_up;
    // Towards the server it is with.
    bool placed = false;
    size_t server = 0;
    uint32_t lane = 0;
    uint8_t identifier = 0;
    Bytes packet;
    uint32_t transmissions = 0;
    Duration timeout;
    Instant first_sent;
  };
  struct Timer {
    Instant at;
    uint32_t slot;
    uint32_t generation;
    bool operator>(const Timer& other) const { return at > other.at; }
  };

  void Count(size_t server, ServerCounter counter) {
    ++servers_[server].counters[static_cast<size_t>(counter)];
  }
  bool MayBeAsked(size_t server, uint32_t tried, Instant now) const;
  // kMaxServers: none.
  size_t Choose(uint32_t tried, Instant now);
  uint32_t TakeSlot();
  void FreeSlot(uint32_t slot);
  // Gives the request to a server, or ends it.
  void Place(uint32_t slot, Instant now, ClientActions& out);
  bool TakeIdentifier(size_t server, uint32_t slot);
  void Leave(Pending& pending);
  void Build(Pending& pending);
  void Transmit(uint32_t slot, Instant now, ClientActions& out);
  void SetTimer(uint32_t slot, Instant at);
  void OnTimeout(uint32_t slot, Instant now, ClientActions& out);
  void Finish(uint32_t slot, RequestDone done, ClientActions& out);
  bool IsGenuine(size_t server, const Pending& pending, const Packet& packet);
  void OnReply(uint32_t slot, const Packet& packet, Instant now, ClientActions& out);
  void HearFrom(size_t server, Instant now, ClientActions& out);
  void Bury(size_t server, Instant now, ClientActions& out);
  void Probe(size_t server, Instant now, ClientActions& out);

  const ClientSettings settings_;
  Rng& rng_;
  std::vector<Server> servers_;
  std::vector<Pending> pending_;
  std::vector<uint32_t> free_slots_;
  size_t in_flight_ = 0;  // requests; probes are not
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
};

}  // namespace lns::radius
