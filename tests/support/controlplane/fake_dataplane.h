// A data plane that remembers what it was told, for tests of the control plane: tunnels, sessions
// and prefixes with the real one's refusals, a delay, and the ability to die and come back empty.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "controlplane/lns/actions.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"

#include "absl/status/status.h"

namespace lns::test {

class FakeDataplane {
 public:
  using Update = std::variant<controlplane::ProgramTunnel, controlplane::RemoveTunnel,
                              controlplane::ProgramSession, controlplane::RemoveSession>;
  struct Settings {
    Duration min_delay = Duration::Milliseconds(1);
    Duration max_delay = Duration::Milliseconds(5);
    size_t max_sessions = 65536;
  };
  struct Outcome {
    controlplane::SessionKey key;
    uint16_t revision = 0;
    absl::Status status;
  };

  FakeDataplane(const Settings& settings, Rng& rng) : settings_(settings), rng_(rng) {}

  // Updates are applied in the order given, each some time after it was given.
  void Submit(Update update, Instant now) {
    const int64_t spread = (settings_.max_delay - settings_.min_delay).nanoseconds() / 1000;
    const Instant at =
        now + settings_.min_delay +
        Duration::Microseconds(spread <= 0 ? 0 : rng_.Below(static_cast<uint32_t>(spread)));
    last_ = std::max(last_, at);
    queue_.push_back({last_, std::move(update)});
  }
  Instant NextDeadline() const { return queue_.empty() ? Instant::Never() : queue_.front().at; }
  void Run(Instant now, std::vector<Outcome>& out) {
    while (NextDeadline() <= now) {
      const Update update = std::move(queue_.front().update);
      queue_.pop_front();
      std::visit([&](const auto& what) { Apply(what, out); }, update);
    }
  }

  // Killed: everything is forgotten, and updates fail until Return().
  void Die() {
    alive_ = false;
    tunnels_.clear();
    sessions_.clear();
  }
  void Return(const std::vector<controlplane::TunnelEntry>& tunnels,
              const std::vector<controlplane::SessionEntry>& sessions) {
    alive_ = true;
    std::vector<Outcome> ignored;
    for (const auto& tunnel : tunnels) Apply(controlplane::ProgramTunnel{tunnel}, ignored);
    for (const auto& session : sessions) Apply(controlplane::ProgramSession{session}, ignored);
  }
  bool alive() const { return alive_; }
  void set_max_sessions(size_t limit) { settings_.max_sessions = limit; }
  // Downlink meters of this rate are not to its liking; 0: all are.
  void set_bad_rate(uint64_t rate_bps) { bad_rate_bps_ = rate_bps; }

  const controlplane::SessionEntry* Find(const controlplane::SessionKey& key) const {
    const auto found = sessions_.find(key);
    return found == sessions_.end() ? nullptr : &found->second;
  }
  const controlplane::TunnelEntry* Find(l2tp::LocalTunnelId id) const {
    const auto found = tunnels_.find(id);
    return found == tunnels_.end() ? nullptr : &found->second;
  }
  const std::map<l2tp::LocalTunnelId, controlplane::TunnelEntry>& tunnels() const {
    return tunnels_;
  }
  const std::map<controlplane::SessionKey, controlplane::SessionEntry>& sessions() const {
    return sessions_;
  }

 private:
  struct Queued {
    Instant at;
    Update update;
  };

  void Apply(const controlplane::ProgramTunnel& what, std::vector<Outcome>&) {
    if (alive_) tunnels_.insert_or_assign(what.entry.local_id, what.entry);
  }
  void Apply(const controlplane::RemoveTunnel& what, std::vector<Outcome>&) {
    if (alive_) tunnels_.erase(what.id);
  }
  void Apply(const controlplane::ProgramSession& what, std::vector<Outcome>& out) {
    absl::Status status = Check(what.entry);
    if (status.ok()) sessions_.insert_or_assign(what.entry.key, what.entry);
    if (what.confirm || !status.ok()) {
      out.push_back({what.entry.key, what.entry.revision, std::move(status)});
    }
  }
  void Apply(const controlplane::RemoveSession& what, std::vector<Outcome>&) {
    if (alive_) sessions_.erase(what.key);
  }

  absl::Status Check(const controlplane::SessionEntry& entry) const {
    if (!alive_) return absl::UnavailableError("data plane away");
    if (!tunnels_.contains(entry.key.tunnel)) return absl::NotFoundError("no such tunnel");
    if (entry.downlink_meter && entry.downlink_meter->rate_bps == bad_rate_bps_) {
      return absl::InvalidArgumentError("not a rate");
    }
    if (!sessions_.contains(entry.key) && sessions_.size() >= settings_.max_sessions) {
      return absl::ResourceExhaustedError("session table full");
    }
    for (const auto& [key, other] : sessions_) {
      if (key == entry.key) continue;
      for (const net::IpPrefix& prefix : entry.prefixes) {
        if (other.vrf == entry.vrf && std::find(other.prefixes.begin(), other.prefixes.end(),
                                                prefix) != other.prefixes.end()) {
          return absl::AlreadyExistsError(prefix.ToString());
        }
      }
    }
    return absl::OkStatus();
  }

  Settings settings_;
  Rng& rng_;
  bool alive_ = true;
  uint64_t bad_rate_bps_ = 0;
  Instant last_;
  std::deque<Queued> queue_;
  std::map<l2tp::LocalTunnelId, controlplane::TunnelEntry> tunnels_;
  std::map<controlplane::SessionKey, controlplane::SessionEntry> sessions_;
};

}  // namespace lns::test
