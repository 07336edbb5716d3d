// The server's side of RFC 5176: requests of AAA to disconnect sessions that are online, or to
// change their terms. Sans-IO; bookkeeping thread. Who may ask is a list of clients, each with a
// secret; what is not from one of them, not signed with its secret or not of this moment is dropped
// unanswered and counted. A request that came before gets the answer it got before.
//
// A session is found by any of the attributes that its accounting records name it by; all those in
// the request must agree. One request may mean several sessions: all of them, up to a bound.
//
// What may be changed has a list in the .cc; everything else is refused as a whole (401). The
// values are read by the rules of an Access-Accept, and put on top of what each session has by the
// engine's thread (Place). A request is acknowledged when the data plane has it: the sessions gone,
// or all of them changed; one that cannot be changed leaves every one as it was.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/accounting/accountant.h"
#include "controlplane/lns/engine.h"
#include "controlplane/radius/call_attributes.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/net/address.h"
#include "lib/radius/packet.h"
#include "lib/radius/signature.h"

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"

namespace lns::controlplane {

struct CoaClient {
  std::string name;
  net::IpPrefix address;
  std::string secret;
  radius::MessageAuthenticator demand = radius::MessageAuthenticator::kRequired;
};

struct CoaSettings {
  std::vector<CoaClient> clients;
  NasIdentity nas;
  // Event-Timestamp may be off by so much (RFC 5176 6.3); without one a request is taken unless it
  // is demanded.
  Duration window = Duration::Seconds(300);
  bool timestamp_required = false;
};

// RFC 5176 3.5.
enum class ErrorCause : uint32_t {
  kUnsupportedAttribute = 401,
  kMissingAttribute = 402,
  kNasMismatch = 403,
  kInvalidRequest = 404,
  kUnsupportedService = 405,
  kInvalidAttributeValue = 407,
  kSessionNotFound = 503,
  kSessionNotRemovable = 504,
  kResourcesUnavailable = 506,
  kTooManySessions = 508,  // Multiple Session Selection Unsupported
};

// Whom a request came from, and by which of our sockets: the answer goes the same way.
struct CoaPeer {
  size_t socket = 0;
  net::Endpoint endpoint;

  bool operator==(const CoaPeer&) const = default;
};
struct CoaReply {
  CoaPeer to;
  Bytes packet;
};
// For the engine: a change of what sessions are served, in attributes of an Access-Accept. It is
// answered by OnOrderDone.
struct CoaOrder {
  uint64_t number = 0;
  std::vector<AccountingId> sessions;
  Bytes attributes;
};
struct CoaActions {
  std::vector<CoaReply> replies;
  std::vector<AccountingId> disconnect;  // engine: CloseCause::kDisconnectRequest
  std::vector<CoaOrder> orders;
};
// On the engine's thread.
void Place(const CoaOrder& order, Engine& engine, Instant now, EngineActions& out);

class DynamicAuthorization {
 public:
  static constexpr size_t kMaxSessions = 64;  // meant by one request
  // For sessions to go, or to be changed; the engine gives up before.
  static constexpr Duration kPatience = Duration::Seconds(20);
  // Answers kept for duplicates.
  static constexpr size_t kMaxAnswers = 4096;
  static constexpr Duration kAnswersKept = Duration::Seconds(60);

  DynamicAuthorization(CoaSettings settings, const Accountant& accountant)
      : settings_(std::move(settings)), accountant_(accountant) {}

  void OnDatagram(const CoaPeer& from, ByteView datagram, Moment at, CoaActions& out);
  void OnOrderDone(uint64_t number, const absl::Status& status, CoaActions& out);
  // After sessions may have gone, and when NextDeadline is due.
  void OnProgress(Moment at, CoaActions& out);
  Instant NextDeadline() const;

  std::vector<std::pair<std::string, uint64_t>> Counters() const;

 private:
  // One request, by what makes two the same (RFC 5176 2.3, RFC 5080 2.2.2).
  struct RequestKey {
    CoaPeer from;
    uint8_t identifier = 0;
    radius::Authenticator authenticator{};

    bool operator==(const RequestKey&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const RequestKey& key) {
      return H::combine(std::move(h), key.identifier, key.authenticator);
    }
  };
  struct Request {
    Instant came;
    size_t client = 0;
    radius::Code code{};
    Bytes proxy_states;                   // attributes, as they came
    std::vector<AccountingId> waits_for;  // to be gone
    uint64_t order = 0;                   // to be done; 0: none
    Bytes answer;                         // empty: not given yet
  };
  // What the attributes of a request say.
  struct Content {
    std::vector<radius::Attribute> identifies;
    Bytes changes;  // attributes, as they came
    Bytes proxy_states;
    std::optional<uint32_t> timestamp;
    std::optional<ErrorCause> error;  // the first thing that is wrong
  };

  const CoaClient* ClientOf(const net::IpAddress& address, size_t& index) const;
  Content Read(const radius::Packet& packet) const;
  static void ReadOne(const radius::Attribute& attribute, bool is_coa, const NasIdentity& nas,
                      Content& content);
  bool IsCurrent(const Content& content, Moment at) const;
  Request& Remember(const RequestKey& key, size_t client, const radius::Packet& packet,
                    Content& content, Moment at);
  void Judge(const RequestKey& key, Request& request, const Content& content, CoaActions& out);
  void Acknowledge(const RequestKey& key, Request& request, CoaActions& out);
  void Refuse(const RequestKey& key, Request& request, ErrorCause cause, CoaActions& out);
  void Answer(const RequestKey& key, Request& request, radius::Code code,
              std::optional<ErrorCause> cause, CoaActions& out);

  const CoaSettings settings_;
  const Accountant& accountant_;
  absl::flat_hash_map<RequestKey, Request> requests_;
  std::deque<RequestKey> order_;     // as they came
  std::vector<RequestKey> waiting_;  // for sessions to go, or to be changed
  uint64_t last_order_ = 0;

  uint64_t acknowledged_ = 0;
  uint64_t refused_ = 0;
  uint64_t duplicates_ = 0;
  uint64_t unknown_client_ = 0;
  uint64_t malformed_ = 0;
  uint64_t not_genuine_ = 0;
  uint64_t not_current_ = 0;
  uint64_t overflow_ = 0;
};

}  // namespace lns::controlplane
