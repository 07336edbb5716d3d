// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/accounting/accountant.h"

#include <algorithm>

#include "lib/base/check.h"
#include "lib/radius/attributes.h"

namespace lns::controlplane {
namespace {

constexpr uint64_t kGrace = 10;  // this part of max_records more for what is not Interim

int64_t Seconds(Duration time) { return time.nanoseconds() / 1'000'000'000; }

}  // namespace

Accountant::Accountant(AccountantSettings settings, Rng& rng, uint64_t last_number, uint64_t queued)
    : settings_(std::move(settings)),
      rng_(rng),
      last_number_(last_number),
      queued_(queued),
      own_id_{.run = rng.Next() >> (64 - AccountingId::kRunBits)} {}

// ---- Coming and going of the LNS ----

void Accountant::Recover(SavedSession saved, Moment at) {
  Account& account = Add(saved.id, saved.key);
  account.started_unix = saved.started;
  account.started = at.now;
  account.usage = saved.usage;
  account.terms = saved.terms;
  account.link_told = saved.link_told;
  account.attributes = std::move(saved.attributes);
  account.orphan = true;
  account.stopped = true;
  account.cause = TerminateCause::kNasReboot;
  account.stopped_unix = at.unix_seconds;
  account.seconds = at.unix_seconds - saved.started;
  account.give_up = at.now + kLastWord;
  ++counts_.stopping;
  ++counts_.orphans;
  Reschedule(account);
}

std::vector<SessionKey> Accountant::Orphans() const {
  std::vector<SessionKey> keys;
  for (const auto& account : accounts_) {
    if (account != nullptr && account->orphan) keys.push_back(account->key);
  }
  return keys;
}

void Accountant::Open(Moment at, AccountantActions& out) {
  opening_ = true;
  if (counts_.orphans == 0) FinishOpening(at, out);
}

void Accountant::FinishOpening(Moment at, AccountantActions& out) {
  if (!opening_) return;
  opening_ = false;
  EndLeftTunnels(at, out);
  Write(RecordType::kAccountingOn, own_id_,
        RecordAttributes(NasAttributes(own_id_, settings_.nas),
                         {.type = RecordType::kAccountingOn, .at = at.unix_seconds}),
        at.unix_seconds, out);
}

// Sessions whose last count has not come by now end with the newest there is.
void Accountant::Close(Moment at, AccountantActions& out) {
  for (const auto& account : accounts_) {
    if (account != nullptr && account->stopped) Finish(*account, at, out);
  }
  FinishOpening(at, out);
  Write(RecordType::kAccountingOff, own_id_,
        RecordAttributes(NasAttributes(own_id_, settings_.nas),
                         {.type = RecordType::kAccountingOff,
                          .at = at.unix_seconds,
                          .cause = TerminateCause::kAdminReboot}),
        at.unix_seconds, out);
}

// ---- Sessions ----

void Accountant::OnStarted(const SessionFacts& facts, Moment at, AccountantActions& out) {
  // Its predecessor's last count is not coming any more, or it would have come before this.
  if (Account* before = Find(facts.key); before != nullptr) {
    OnStopped(before->id, before->key, TerminateCause::kNasError, at);
    Finish(*before, at, out);
  }
  FinishOpening(at, out);
  Account& account = Add(facts.id, facts.key);
  account.started = at.now;
  account.started_unix = at.unix_seconds;
  account.heard = at.now;
  account.looked = at.now;
  if (settings_.describes()) Describe(account, SessionAttributes(facts, settings_.nas));
  account.terms = TermsFor(facts);
  account.link_told = settings_.tunnels;
  ++counts_.open;
  ++counts_.starts;
  ApplyTerms(account, at);
  Save(account, out);
  Write(RecordType::kStart, account.id,
        RecordAttributes(account.attributes, {.type = RecordType::kStart, .at = at.unix_seconds}),
        at.unix_seconds, out);
  if (account.link_told) {
    Write(RecordType::kTunnelLinkStart, account.id,
          RecordAttributes(account.attributes,
                           {.type = RecordType::kTunnelLinkStart, .at = at.unix_seconds}),
          at.unix_seconds, out);
  }
  Reschedule(account);
}

void Accountant::OnChanged(const SessionFacts& facts, Moment at, AccountantActions& out) {
  Account* account = Find(facts.key);
  if (account == nullptr || account->id != facts.id || account->stopped) return;
  const SessionTerms terms = TermsFor(facts);
  Bytes attributes;
  if (settings_.describes()) attributes = SessionAttributes(facts, settings_.nas);
  const bool told_more = attributes != account->attributes;
  if (!told_more && terms == account->terms) return;
  Describe(*account, std::move(attributes));
  if (terms != account->terms) {
    account->terms = terms;
    ApplyTerms(*account, at);
  }
  Save(*account, out);
  if (told_more && settings_.records) {
    std::vector<SessionKey> to_read;
    WantReading(*account, /*interim=*/true, at, to_read);
    if (!to_read.empty()) out.emplace_back(ReadTraffic{std::move(to_read)});
  }
  Reschedule(*account);
}

void Accountant::OnStopped(const AccountingId& id, const SessionKey& key, TerminateCause cause,
                           Moment at) {
  Account* account = Find(key);
  if (account == nullptr || account->id != id || account->stopped) return;
  account->stopped = true;
  account->cause = cause;
  account->stopped_unix = at.unix_seconds;
  account->seconds = SecondsOf(*account, at);
  account->give_up = at.now + kLastWord;
  ++counts_.stopping;
  --counts_.open;
  if (settings_.searched) index_.Remove(SlotOf(*account), account->attributes);
  Reschedule(*account);
}

void Accountant::OnRemoved(const SessionKey& key, uint64_t generation, const Traffic* counted,
                           Moment at, AccountantActions& out) {
  Account* account = Find(key);
  if (account == nullptr || !account->stopped) return;
  if (counted != nullptr) {
    account->usage.Count(generation, *counted);
  } else {
    ++counts_.uncounted_stops;
  }
  Finish(*account, at, out);
}

void Accountant::OnTraffic(const SessionKey& key, uint64_t generation, const Traffic* counted,
                           Moment at, AccountantActions& out) {
  Account* account = Find(key);
  if (account == nullptr) return;
  if (counted != nullptr) account->usage.Count(generation, *counted);
  account->reading_until = Instant::Never();
  if (account->stopped) return;
  if (counted != nullptr) Look(*account, at, out);
  if (account->interim_wanted) {
    account->interim_wanted = false;
    Save(*account, out);
    Write(RecordType::kInterim, account->id,
          RecordAttributes(account->attributes, {.type = RecordType::kInterim,
                                                 .at = at.unix_seconds,
                                                 .seconds = SecondsOf(*account, at),
                                                 .traffic = account->usage.total()}),
          at.unix_seconds, out);
  }
  Reschedule(*account);
}

// The Stop, and nothing is left of it.
void Accountant::Finish(Account& account, Moment at, AccountantActions& out) {
  const Event event{.type = RecordType::kStop,
                    .at = account.stopped_unix,
                    .seconds = account.seconds,
                    .traffic = account.usage.total(),
                    .cause = account.cause};
  Event link = event;
  link.type = RecordType::kTunnelLinkStop;
  ++counts_.stops;
  if (account.stopped) {
    --counts_.stopping;
  } else {
    --counts_.open;
  }
  const bool was_orphan = account.orphan;
  if (account.link_told) {
    Write(link.type, account.id, RecordAttributes(account.attributes, link), event.at, out);
  }
  Write(event.type, account.id, RecordAttributes(account.attributes, event), event.at, out);
  if (settings_.records) out.emplace_back(ForgetSession{account.id});
  Remove(account);
  if (was_orphan && --counts_.orphans == 0) FinishOpening(at, out);
}

// ---- Tunnels ----

void Accountant::OnTunnelStarted(const TunnelFacts& tunnel, Moment at, AccountantActions& out) {
  if (!settings_.tunnels) return;
  FinishOpening(at, out);
  tunnels_.emplace(tunnel.id, at.now);
  if (settings_.records) {
    out.emplace_back(SaveTunnel{{.id = tunnel.id,
                                 .started = at.unix_seconds,
                                 .attributes = TunnelAttributes(tunnel, settings_.nas)}});
  }
  WriteAboutTunnel(tunnel, /*call=*/0, {.type = RecordType::kTunnelStart, .at = at.unix_seconds},
                   out);
}

void Accountant::OnTunnelStopped(const TunnelFacts& tunnel, TerminateCause cause, Moment at,
                                 AccountantActions& out) {
  if (!settings_.tunnels) return;
  Event event{.type = RecordType::kTunnelStop, .at = at.unix_seconds, .cause = cause};
  if (const auto started = tunnels_.extract(tunnel.id); !started.empty()) {
    event.seconds = Seconds(at.now - started.mapped());
  }
  WriteAboutTunnel(tunnel, /*call=*/0, event, out);
  if (settings_.records) out.emplace_back(ForgetTunnel{tunnel.id});
}

// Whether or not this run tells of tunnels: their Tunnel-Start was told.
void Accountant::EndLeftTunnels(Moment at, AccountantActions& out) {
  for (const SavedTunnel& tunnel : left_tunnels_) {
    Write(RecordType::kTunnelStop, tunnel.id,
          RecordAttributes(tunnel.attributes, {.type = RecordType::kTunnelStop,
                                               .at = at.unix_seconds,
                                               .seconds = at.unix_seconds - tunnel.started,
                                               .cause = TerminateCause::kNasReboot}),
          at.unix_seconds, out);
    out.emplace_back(ForgetTunnel{tunnel.id});
  }
  left_tunnels_ = {};
}

void Accountant::OnTunnelRejected(const TunnelFacts& tunnel, TerminateCause cause, Moment at,
                                  AccountantActions& out) {
  if (!settings_.tunnels || !MayReject(at)) return;
  WriteAboutTunnel(tunnel, /*call=*/0,
                   {.type = RecordType::kTunnelReject, .at = at.unix_seconds, .cause = cause}, out);
}

void Accountant::OnCallRejected(const TunnelFacts& tunnel, uint32_t serial_number,
                                TerminateCause cause, Moment at, AccountantActions& out) {
  if (!settings_.tunnels || !MayReject(at)) return;
  WriteAboutTunnel(tunnel, serial_number,
                   {.type = RecordType::kTunnelLinkReject, .at = at.unix_seconds, .cause = cause},
                   out);
}

void Accountant::WriteAboutTunnel(const TunnelFacts& tunnel, uint32_t call, const Event& event,
                                  AccountantActions& out) {
  Write(event.type, tunnel.id,
        RecordAttributes(TunnelAttributes(tunnel, settings_.nas, call), event), event.at, out);
}

bool Accountant::MayReject(Moment at) {
  if (at.now - rejects_since_ >= Duration::Seconds(1)) {
    rejects_since_ = at.now;
    rejects_ = 0;
  }
  const bool may = rejects_ < kMaxRejectsPerSecond;
  ++(may ? counts_.rejects : counts_.rejects_dropped);
  if (may) ++rejects_;
  return may;
}

// ---- Time ----

void Accountant::OnTimer(Moment at, AccountantActions& out) {
  std::vector<SessionKey> to_read;
  for (int i = 0; i < kMaxTimersPerCall && deadlines_.earliest() <= at.now; ++i) {
    OnDue(*accounts_[deadlines_.earliest_index()], at, to_read, out);
  }
  if (!to_read.empty()) out.emplace_back(ReadTraffic{std::move(to_read)});
}

void Accountant::OnDue(Account& account, Moment at, std::vector<SessionKey>& to_read,
                       AccountantActions& out) {
  if (account.stopped) {
    ++counts_.uncounted_stops;
    return Finish(account, at, out);
  }
  if (account.ends <= at.now) {
    account.ends = Instant::Never();
    End(account, CloseCause::kSessionTimeout, counts_.ended_by_time, out);
  }
  if (account.reading_until <= at.now) {  // nobody answers: with what was known before
    OnTraffic(account.key, 0, nullptr, at, out);
  }
  if (account.next_interim <= at.now) {
    account.next_interim = Jittered(at.now, account.terms.interim_interval);
    WantReading(account, /*interim=*/true, at, to_read);
  }
  if (account.next_look <= at.now) {
    account.next_look = at.now + kLongestLook;  // the reading brings it forward
    WantReading(account, /*interim=*/false, at, to_read);
  }
  Reschedule(account);
}

// One reading at a time serves whoever wants it meanwhile.
void Accountant::WantReading(Account& account, bool interim, Moment at,
                             std::vector<SessionKey>& to_read) {
  account.interim_wanted |= interim;
  if (account.reading_until != Instant::Never()) return;
  account.reading_until = at.now + kReadingPatience;
  to_read.push_back(account.key);
}

void Accountant::Look(Account& account, Moment at, AccountantActions& out) {
  const Traffic total = account.usage.total();
  const SessionTerms& terms = account.terms;
  Instant next = Instant::Never();
  const auto in = [&](Duration time) {
    return at.now + std::clamp(time, kShortestLook, kLongestLook);
  };
  if (total.packets() != account.packets_seen) account.heard = at.now;
  if (terms.idle_timeout > Duration()) {
    const Instant silent_by = account.heard + terms.idle_timeout;
    if (silent_by <= at.now) {
      return End(account, CloseCause::kIdleTimeout, counts_.ended_by_silence, out);
    }
    next = std::min({next, silent_by, in(terms.idle_timeout / kSilenceLooks)});
  }
  if (terms.quota_octets > 0) {
    if (total.bytes() >= terms.quota_octets) {
      return End(account, CloseCause::kQuotaReached, counts_.ended_by_volume, out);
    }
    // Halfway to where it will be used up at the speed since the last look.
    const auto left = static_cast<double>(terms.quota_octets - total.bytes());
    const auto passed = static_cast<double>(total.bytes() - account.bytes_seen);
    const auto time = static_cast<double>((at.now - account.looked).nanoseconds());
    constexpr auto kLongest = static_cast<double>(kLongestLook.nanoseconds());
    const double expected = passed > 0 ? std::min(left / passed * time / 2, kLongest) : kLongest;
    next = std::min(next, in(Duration::Nanoseconds(static_cast<int64_t>(expected))));
  }
  account.packets_seen = total.packets();
  account.bytes_seen = total.bytes();
  account.looked = at.now;
  account.next_look = next;
}

void Accountant::End(Account& account, CloseCause cause, uint64_t& counter,
                     AccountantActions& out) {
  if (account.ending) return;
  account.ending = true;
  account.next_look = Instant::Never();
  ++counter;
  out.emplace_back(EndSession{account.id, cause});
}

// ---- Terms ----

SessionTerms Accountant::TermsFor(const SessionFacts& facts) const {
  const ServiceProfile& service = *facts.service;
  return {.session_timeout = service.session_timeout,
          .idle_timeout = service.idle_timeout,
          .interim_interval = service.interim_interval > Duration() ? service.interim_interval
                                                                    : settings_.interim_interval,
          .quota_octets = service.quota_octets};
}

void Accountant::ApplyTerms(Account& account, Moment at) {
  SessionTerms& terms = account.terms;
  account.ends = Instant::Never();
  if (terms.session_timeout > Duration()) account.ends = account.started + terms.session_timeout;
  account.next_interim = Instant::Never();
  if (settings_.records && terms.interim_interval > Duration()) {
    terms.interim_interval = std::max(terms.interim_interval, settings_.least_interim);
    account.next_interim = Jittered(at.now, terms.interim_interval);
  }
  const bool looks = terms.idle_timeout > Duration() || terms.quota_octets > 0;
  account.next_look = looks && !account.ending ? at.now + kShortestLook : Instant::Never();
}

const Accountant::Account* Accountant::FindOpen(const AccountingId& id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || accounts_[found->second]->stopped) return nullptr;
  return accounts_[found->second].get();
}

const Bytes* Accountant::AttributesOf(const AccountingId& id) const {
  const Account* account = FindOpen(id);
  return account == nullptr ? nullptr : &account->attributes;
}

const SessionTerms* Accountant::TermsOf(const AccountingId& id) const {
  const Account* account = FindOpen(id);
  return account == nullptr ? nullptr : &account->terms;
}

std::vector<AccountingId> Accountant::Search(std::span<const radius::Attribute> wanted,
                                             size_t limit) const {
  std::vector<AccountingId> found;
  for (const radius::Attribute& attribute : wanted) {
    if (attribute.id != radius::kAcctSessionId) continue;
    const auto id = AccountingId::Parse(AsText(attribute.value));
    const Account* account = id ? FindOpen(*id) : nullptr;
    if (account != nullptr && SaysAll(account->attributes, wanted)) found.push_back(*id);
    return found;
  }
  for (const uint32_t slot : index_.Candidates(wanted)) {
    if (found.size() >= limit) break;
    if (SaysAll(accounts_[slot]->attributes, wanted)) found.push_back(accounts_[slot]->id);
  }
  return found;
}

void Accountant::Describe(Account& account, Bytes attributes) {
  if (settings_.searched) {
    index_.Remove(SlotOf(account), account.attributes);
    index_.Add(SlotOf(account), attributes);
  }
  account.attributes = std::move(attributes);
}

// ---- The book ----

Accountant::Account* Accountant::Find(const SessionKey& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : accounts_[found->second].get();
}

Accountant::Account& Accountant::Add(const AccountingId& id, const SessionKey& key) {
  uint32_t slot = static_cast<uint32_t>(accounts_.size());
  if (free_.empty()) {
    accounts_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  accounts_[slot] = std::make_unique<Account>();
  Account& account = *accounts_[slot];
  account.id = id;
  account.key = key;
  LNS_CHECK(by_key_.emplace(key, slot).second);
  LNS_CHECK(by_id_.emplace(id, slot).second);
  return account;
}

void Accountant::Remove(Account& account) {
  const uint32_t slot = SlotOf(account);
  deadlines_.Clear(slot);
  by_key_.erase(account.key);
  by_id_.erase(account.id);
  accounts_[slot].reset();
  free_.push_back(slot);
}

void Accountant::Reschedule(const Account& account) {
  const Instant due = account.stopped ? account.give_up
                                      : std::min({account.ends, account.next_interim,
                                                  account.next_look, account.reading_until});
  deadlines_.Set(SlotOf(account), due);
}

void Accountant::Write(RecordType type, const AccountingId& session, Bytes attributes, int64_t at,
                       AccountantActions& out) {
  if (!settings_.records) return;
  const bool optional = type == RecordType::kInterim;
  const uint64_t room =
      optional ? settings_.max_records : settings_.max_records + settings_.max_records / kGrace;
  if (queued_ >= room) {
    ++(optional ? counts_.interims_dropped : counts_.records_dropped);
    return;
  }
  if (optional) ++counts_.interims;
  ++queued_;
  out.emplace_back(SaveRecord{{.number = ++last_number_,
                               .session = session,
                               .type = type,
                               .at = at,
                               .attributes = std::move(attributes)}});
}

void Accountant::Save(const Account& account, AccountantActions& out) {
  if (!settings_.records) return;
  out.emplace_back(SaveSession{{.id = account.id,
                                .key = account.key,
                                .started = account.started_unix,
                                .usage = account.usage,
                                .terms = account.terms,
                                .link_told = account.link_told,
                                .attributes = account.attributes}});
}

int64_t Accountant::SecondsOf(const Account& account, Moment at) const {
  return Seconds(at.now - account.started);
}

Instant Accountant::Jittered(Instant from, Duration interval) {
  const int64_t spread = interval.milliseconds() * kJitterPercent / 100;
  if (spread <= 0) return from + interval;
  const int64_t offset = static_cast<int64_t>(rng_.Next() % static_cast<uint64_t>(2 * spread + 1));
  return from + interval + Duration::Milliseconds(offset - spread);
}

}  // namespace lns::controlplane
