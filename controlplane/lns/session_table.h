// The sessions: compact records in numbered slots, found by key, and linked per tunnel so that a
// tunnel's end costs its own sessions only. Holds no protocol logic.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/ipv6/ipv6_service.h"
#include "controlplane/lns/actions.h"
#include "controlplane/lns/close_cause.h"
#include "controlplane/lns/engine.h"
#include "controlplane/lns/interned_strings.h"
#include "controlplane/lns/service.h"
#include "controlplane/lns/trail.h"
#include "lib/base/bytes.h"
#include "lib/base/time.h"
#include "lib/l2tp/actions.h"
#include "lib/l2tp/ids.h"
#include "lib/ppp/link.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

struct TunnelRecord;

enum class SessionStage : uint8_t {
  kPlaced,       // OCRQ sent; OCCN has not come yet
  kProgramming,  // ICRQ admitted or OCCN received; the data plane has not confirmed the session yet
  kWaitConnect,  // ICRP sent
  kLink,         // ICCN received; the PPP link lives
  kClosing,      // LCP Terminate sent on somebody's order; CDN follows
  kGone,         // released; the record lives until the call into the engine returns
};

// What operators want to know of a call once it is up; proxy LCP and the like are not kept.
struct CallRecord {
  uint32_t serial_number = 0;
  uint32_t bearer_type = 0;
  uint32_t framing_type = 0;
  uint32_t tx_connect_speed_bps = 0;
  uint32_t rx_connect_speed_bps = 0;
  std::optional<uint32_t> physical_channel_id;
  bool sequencing_required = false;
  InternedStrings::Handle called_number;  // all users of a service call the same
  InternedStrings::Handle sub_address;
  std::string calling_number;
};

struct SessionRecord {
  static constexpr uint8_t kNoDscp = 0xff;

  SessionKey key;
  l2tp::PeerSessionId peer_id;
  SessionStage stage = SessionStage::kProgramming;
  CloseCause close_cause = CloseCause::kNone;  // the first one stands
  uint16_t peer_mru = 1500;
  uint32_t magic = 0;  // ours of LCP
  ppp::AuthProtocol auth = ppp::AuthProtocol::kNone;
  bool send_pfc : 1 = false;
  bool send_acfc : 1 = false;
  // What the data plane is to let pass: from the moment the peer may send it.
  bool ipv4_open : 1 = false;
  bool ipv6_open : 1 = false;
  // What both ends have agreed on.
  bool ipv4_up : 1 = false;
  bool ipv6_up : 1 = false;
  bool was_online : 1 = false;
  bool outgoing : 1 = false;          // we placed the call
  bool proxied : 1 = false;           // LCP is the LAC's work
  bool sequence_numbers : 1 = false;  // RFC 2661 5.4
  bool holds_name : 1 = false;        // in the index of users
  bool service_waits : 1 = false;     // for the data plane to confirm a change of service
  bool service_restored : 1 = false;  // taken back, which the data plane has not confirmed yet
  uint8_t dscp = kNoDscp;             // RFC 3308; none: the tunnel's
  net::VrfIndex vrf = net::kMainVrf;  // of what it was granted
  uint16_t revision = 0;              // of its entry in the data plane

  uint32_t slot = 0;
  // Neighbours in the tunnel's list, by slot.
  uint32_t next = 0;
  uint32_t previous = 0;
  TunnelRecord* tunnel = nullptr;

  Instant created;
  Instant own_deadline = Instant::Never();  // of the stage: next retry, or end of the clearing
  Instant give_up = Instant::Never();       // waiting for the data plane: the last retry
  uint64_t auth_request = 0;                // 0: none outstanding
  uint64_t number = 0;                      // counts the sessions of the table's life
  uint64_t service_order = 0;               // a change of service under way; 0: none
  ServicePtr service;                       // none: not accepted yet
  Lease lease;
  uint64_t ipv6_interface_id = 0;
  std::unique_ptr<Ipv6Service> ipv6;  // none: this user gets no IPv6

  std::unique_ptr<ppp::Link> link;
  std::unique_ptr<std::vector<Bytes>> early_frames;
  std::unique_ptr<LineRecord> line;                 // none: nothing is known of the line
  std::unique_ptr<l2tp::CallInfo> answer;           // to a call we placed, until its link starts
  std::unique_ptr<std::vector<Bytes>> held_frames;  // set: the data plane is to open first
  std::string user_name;
  CallRecord call;
  Trail trail;

  // Its data messages are not like those of others.
  bool numbers_or_marks() const { return sequence_numbers || dscp != kNoDscp; }
  bool open() const { return ipv4_open || ipv6_open; }
  bool online() const { return ipv4_up || ipv6_up; }
  // Whether its current entry must be confirmed before anything else happens.
  bool awaits_dataplane() const {
    return stage == SessionStage::kProgramming || held_frames != nullptr || service_waits;
  }
};

class SessionTable {
 public:
  static constexpr uint32_t kNil = UINT32_MAX;

  SessionRecord& Add(const SessionKey& key, TunnelRecord& tunnel);
  // Takes the record out of every list; its slot is free again.
  std::unique_ptr<SessionRecord> Remove(SessionRecord& session);

  SessionRecord* Find(const SessionKey& key);
  const SessionRecord* Find(const SessionKey& key) const;
  // nullptr: nobody has this slot.
  SessionRecord* At(uint32_t slot) { return slot < slots_.size() ? slots_[slot].get() : nullptr; }
  const SessionRecord* At(uint32_t slot) const {
    return slot < slots_.size() ? slots_[slot].get() : nullptr;
  }
  uint32_t slot_limit() const { return static_cast<uint32_t>(slots_.size()); }
  uint32_t size() const { return static_cast<uint32_t>(by_key_.size()); }

 private:
  std::vector<std::unique_ptr<SessionRecord>> slots_;
  std::vector<uint32_t> free_slots_;
  uint64_t added_ = 0;
  absl::flat_hash_map<SessionKey, uint32_t> by_key_;
};

}  // namespace lns::controlplane
