// Accounting of sessions (RFC 2866, RFC 2869 2.1): which records are written and when, what they
// count, and what ends a session by itself: its time, silence, its volume. Sans-IO; lives on the
// bookkeeping thread.
//
// A session's life here:
//
//   OnStarted   SaveSession and the Start record, in one transaction
//   due         ReadTraffic; OnTraffic writes the Interim record and saves the counts
//   OnChanged   the same at once, when addresses or prefixes came or went
//   OnStopped   waits for OnRemoved: the data plane's last count
//   OnRemoved   the Stop record and ForgetSession, in one transaction
//
// So there is a Stop for every Start, and one: as long as the session is saved its Stop has not
// been written. Sessions saved by a run that is gone (Recover) get theirs as soon as the data plane
// has said what they had passed.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "controlplane/accounting/record.h"
#include "controlplane/accounting/record_attributes.h"
#include "controlplane/accounting/session_index.h"
#include "controlplane/lns/close_cause.h"
#include "controlplane/lns/deadlines.h"
#include "controlplane/lns/session_facts.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"

#include "absl/container/flat_hash_map.h"

namespace lns::controlplane {

struct AccountantSettings {
  bool records = false;   // somebody wants them; without, only limits are watched
  bool searched = false;  // sessions are looked for by their attributes
  bool tunnels = false;   // RFC 2867
  NasIdentity nas;
  // Of sessions that AAA tells nothing else; zero: none.
  Duration interim_interval = Duration::Seconds(600);
  // RFC 2869 5.16: more often than this nobody gets.
  Duration least_interim = Duration::Seconds(60);
  // Unacknowledged records. Past it Interim records are not written, past a tenth more nothing is.
  uint64_t max_records = 1'000'000;

  bool describes() const { return records || searched; }
};

// The same moment by both clocks.
struct Moment {
  Instant now;
  int64_t unix_seconds = 0;
};

// What is saved and forgotten in one call belongs together: all of it happens, or nothing.
struct SaveSession {
  SavedSession session;
};
struct ForgetSession {
  AccountingId id;
};
struct SaveTunnel {
  SavedTunnel tunnel;
};
struct ForgetTunnel {
  AccountingId id;
};
struct SaveRecord {
  Record record;
};
// Answered by OnTraffic, for each session once.
struct ReadTraffic {
  std::vector<SessionKey> sessions;
};
// For the engine.
struct EndSession {
  AccountingId id;
  CloseCause cause = CloseCause::kNone;
};
using AccountantAction = std::variant<SaveSession, ForgetSession, SaveTunnel, ForgetTunnel,
                                      SaveRecord, ReadTraffic, EndSession>;
using AccountantActions = std::vector<AccountantAction>;

struct AccountantCounts {
  uint64_t open = 0;      // sessions
  uint64_t stopping = 0;  // of them, those that wait for their last count
  uint64_t orphans = 0;   // of them, those of an earlier run
  uint64_t starts = 0;
  uint64_t interims = 0;
  uint64_t stops = 0;
  uint64_t uncounted_stops = 0;  // the data plane had no last word: the newest reading was taken
  uint64_t interims_dropped = 0;
  uint64_t records_dropped = 0;
  uint64_t rejects = 0;
  uint64_t rejects_dropped = 0;  // past kMaxRejectsPerSecond
  uint64_t ended_by_time = 0;
  uint64_t ended_by_silence = 0;
  uint64_t ended_by_volume = 0;
};

class Accountant {
 public:
  // How long a Stop waits for the data plane's last word, and an Interim for its reading.
  static constexpr Duration kLastWord = Duration::Seconds(30);
  static constexpr Duration kReadingPatience = Duration::Seconds(5);
  // Silence and volume are looked at so often: a share of the time allowed or still expected.
  static constexpr int64_t kSilenceLooks = 8;
  static constexpr Duration kShortestLook = Duration::Seconds(1);
  static constexpr Duration kLongestLook = Duration::Seconds(60);
  // Interim records of sessions that came at once drift apart by up to this share, in percent.
  static constexpr int64_t kJitterPercent = 10;
  // Reject records in one second: whoever is not let in may ask as often as they like.
  static constexpr uint32_t kMaxRejectsPerSecond = 100;
  // Deadlines handled in one OnTimer.
  static constexpr int kMaxTimersPerCall = 4096;

  // `last_number`: of the newest record there is; `queued`: how many.
  Accountant(AccountantSettings settings, Rng& rng, uint64_t last_number, uint64_t queued);

  // Before anything else: a session or a tunnel of an earlier run. Its end follows.
  void Recover(SavedSession session, Moment at);
  void Recover(SavedTunnel tunnel) { left_tunnels_.push_back(std::move(tunnel)); }
  // Its sessions, which the data plane may still have.
  std::vector<SessionKey> Orphans() const;
  // The LNS starts: Accounting-On, when the earlier run's sessions are done with.
  void Open(Moment at, AccountantActions& out);
  // No session is left, and none will come: Accounting-Off.
  void Close(Moment at, AccountantActions& out);

  void OnStarted(const SessionFacts& facts, Moment at, AccountantActions& out);
  void OnChanged(const SessionFacts& facts, Moment at, AccountantActions& out);
  void OnStopped(const AccountingId& id, const SessionKey& key, TerminateCause cause, Moment at);
  // The session is gone from the data plane `generation`, which had counted so much of it, or knew
  // of no such session.
  void OnRemoved(const SessionKey& key, uint64_t generation, const Traffic* counted, Moment at,
                 AccountantActions& out);
  // Null: the data plane does not answer, or has no such session now.
  void OnTraffic(const SessionKey& key, uint64_t generation, const Traffic* counted, Moment at,
                 AccountantActions& out);
  void OnTunnelStarted(const TunnelFacts& tunnel, Moment at, AccountantActions& out);
  void OnTunnelStopped(const TunnelFacts& tunnel, TerminateCause cause, Moment at,
                       AccountantActions& out);
  void OnTunnelRejected(const TunnelFacts& tunnel, TerminateCause cause, Moment at,
                        AccountantActions& out);
  void OnCallRejected(const TunnelFacts& tunnel, uint32_t serial_number, TerminateCause cause,
                      Moment at, AccountantActions& out);
  // Records that are no longer kept.
  void OnDelivered(uint64_t count) { queued_ -= std::min(queued_, count); }

  void OnTimer(Moment at, AccountantActions& out);
  Instant NextDeadline() const { return deadlines_.earliest(); }

  // Open sessions that say all of `wanted`, at least one of which identifies (session_index.h), or
  // names the session itself; at most `limit`.
  std::vector<AccountingId> Search(std::span<const radius::Attribute> wanted, size_t limit) const;
  // What every record of an open session says; null: not open.
  const Bytes* AttributesOf(const AccountingId& id) const;
  const SessionTerms* TermsOf(const AccountingId& id) const;
  // Neither open nor waiting for its last count.
  bool IsGone(const AccountingId& id) const { return !by_id_.contains(id); }

  const AccountantCounts& counts() const { return counts_; }
  uint64_t queued() const { return queued_; }

 private:
  struct Account {
    AccountingId id;
    SessionKey key;
    int64_t started_unix = 0;
    Instant started;
    Usage usage;
    Bytes attributes;
    SessionTerms terms;
    bool link_told = false;

    Instant next_interim = Instant::Never();
    Instant next_look = Instant::Never();  // at silence and volume
    Instant ends = Instant::Never();
    Instant reading_until = Instant::Never();  // a reading is on its way
    bool interim_wanted = false;               // by that reading
    bool ending = false;                       // the engine was told
    bool orphan = false;

    // The silence: what had passed when it was last looked, and when that had changed.
    uint64_t packets_seen = 0;
    Instant heard;
    uint64_t bytes_seen = 0;
    Instant looked;

    bool stopped = false;
    TerminateCause cause = TerminateCause::kNone;
    int64_t stopped_unix = 0;
    int64_t seconds = 0;  // Acct-Session-Time
    Instant give_up = Instant::Never();
  };

  Account* Find(const SessionKey& key);
  Account& Add(const AccountingId& id, const SessionKey& key);
  void Remove(Account& account);
  uint32_t SlotOf(const Account& account) const { return by_key_.at(account.key); }

  SessionTerms TermsFor(const SessionFacts& facts) const;
  void ApplyTerms(Account& account, Moment at);
  void Reschedule(const Account& account);
  void OnDue(Account& account, Moment at, std::vector<SessionKey>& to_read, AccountantActions& out);
  void WantReading(Account& account, bool interim, Moment at, std::vector<SessionKey>& to_read);
  void Look(Account& account, Moment at, AccountantActions& out);
  void End(Account& account, CloseCause cause, uint64_t& counter, AccountantActions& out);
  void Finish(Account& account, Moment at, AccountantActions& out);
  void FinishOpening(Moment at, AccountantActions& out);
  void WriteAboutTunnel(const TunnelFacts& tunnel, uint32_t call, const Event& event,
                        AccountantActions& out);
  void EndLeftTunnels(Moment at, AccountantActions& out);
  bool MayReject(Moment at);

  void Write(RecordType type, const AccountingId& session, Bytes attributes, int64_t at,
             AccountantActions& out);
  // What its records say from now on.
  void Describe(Account& account, Bytes attributes);
  const Account* FindOpen(const AccountingId& id) const;
  void Save(const Account& account, AccountantActions& out);
  int64_t SecondsOf(const Account& account, Moment at) const;
  Instant Jittered(Instant from, Duration interval);

  const AccountantSettings settings_;
  Rng& rng_;
  uint64_t last_number_;
  uint64_t queued_;
  bool opening_ = false;  // Accounting-On waits for the orphans
  AccountingId own_id_;   // of records about the LNS itself

  std::vector<std::unique_ptr<Account>> accounts_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<SessionKey, uint32_t> by_key_;
  absl::flat_hash_map<AccountingId, uint32_t> by_id_;
  SessionIndex index_;   // of slots; only where sessions are searched
  Deadlines deadlines_;  // by slot
  absl::flat_hash_map<AccountingId, Instant> tunnels_;  // established, and when
  std::vector<SavedTunnel> left_tunnels_;               // by an earlier run, until Accounting-On
  Instant rejects_since_;
  uint32_t rejects_ = 0;
  AccountantCounts counts_;
};

}  // namespace lns::controlplane
