// The router conformance list: packets in and out, and every counter's difference, as
// conformance_test.py has built them with scapy. This side only brings the packets, compares and
// knows nothing of any header. What a row does not name must not change.
//
// The rows come as text, in the file that LNS_CONFORMANCE_ROWS names; one directive a line:
//   row WHAT                       begins a row
//   option NAME VALUE              of the rig
//   session TUNNEL/ID NAME=VALUE   changes a session of the rig
//   tunnel TUNNEL NAME=VALUE       changes a tunnel
//   in PORT HEX, advance MS        in this order
//   out PORT HEX, count NAME DELTA
//   end
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/stage/fixture.h"

namespace lns::test {
namespace {

using Counts = std::map<std::string, uint64_t>;

struct Step {
  std::string verb;  // in, advance
  uint64_t number = 0;
  Bytes frame;
};

struct Change {
  uint16_t tunnel = 0;
  uint16_t session = 0;  // 0: of the tunnel itself
  std::string name;
  uint64_t value = 0;
};

struct ConformanceRow {
  std::string what;
  Rig::Options options{.answers = true};
  std::vector<Change> changes;
  std::vector<Step> steps;
  std::vector<std::pair<uint16_t, std::string>> sent;  // port and hexadecimal
  Counts counts;
};

Bytes FromHex(const std::string& text) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string ToHex(const Bytes& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

// False: no such option.
bool SetOption(Rig::Options& options, const std::string& name, uint64_t value) {
  if (name == "core_mtu") {
    options.core_mtu = static_cast<uint16_t>(value);
  } else if (name == "access_mtu") {
    options.access_mtu = static_cast<uint16_t>(value);
  } else if (name == "workers") {
    options.workers = static_cast<uint32_t>(value);
  } else if (name == "fragment") {
    options.answer_policy.fragment = value != 0;
  } else if (name == "answers_per_second") {
    options.answer_policy.per_second = static_cast<uint32_t>(value);
  } else if (name == "answer_burst") {
    options.answer_policy.burst = static_cast<uint32_t>(value);
  } else if (name == "session_answer_burst") {
    options.answer_policy.session_burst = static_cast<uint32_t>(value);
  } else if (name == "default_routes") {
    options.default_routes = value != 0;
  } else if (name == "inject_buffers") {
    options.inject_buffers = value != 0;
  } else {
    return false;
  }
  return true;
}

Change ParseChange(const std::string& verb, std::istringstream& words) {
  Change change;
  char slash = 0;
  std::string assignment;
  words >> change.tunnel;
  if (verb == "session") words >> slash >> change.session;
  words >> assignment;
  const size_t equals = assignment.find('=');
  change.name = assignment.substr(0, equals);
  change.value = std::stoull(assignment.substr(equals + 1));
  return change;
}

bool Apply(const Change& change, dataplane::TunnelConfig& tunnel) {
  if (change.name == "path_mtu") {
    tunnel.outer_path.mtu = static_cast<uint16_t>(change.value);
  } else if (change.name == "fragment") {
    tunnel.outer_path.fragment = change.value != 0;
  } else if (change.name == "dont_fragment") {
    tunnel.outer_path.dont_fragment = change.value != 0;
  } else {
    return false;
  }
  return true;
}

bool Apply(const Change& change, dataplane::SessionConfig& session) {
  if (change.name == "mru") {
    session.peer_mru = static_cast<uint16_t>(change.value);
  } else if (change.name == "clamp_mss") {
    session.clamp_mss = change.value != 0;
  } else if (change.name == "ipv4_open") {
    session.ipv4_open = change.value != 0;
  } else if (change.name == "gateway") {
    session.gateway = net::IpAddress::V4(static_cast<uint32_t>(change.value));
  } else {
    return false;
  }
  return true;
}

std::vector<ConformanceRow> ReadRows(const char* file) {
  std::vector<ConformanceRow> rows;
  std::ifstream in(file);
  EXPECT_TRUE(in.good()) << file;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string verb;
    std::string name;
    words >> verb;
    if (verb == "row") {
      rows.emplace_back().what = line.substr(4);
      continue;
    }
    if (verb == "end") continue;
    ConformanceRow& row = rows.back();
    uint64_t number = 0;
    if (verb == "option") {
      words >> name >> number;
      EXPECT_TRUE(SetOption(row.options, name, number)) << name;
    } else if (verb == "session" || verb == "tunnel") {
      row.changes.push_back(ParseChange(verb, words));
    } else if (verb == "in") {
      words >> number >> name;
      row.steps.push_back({.verb = verb, .number = number, .frame = FromHex(name)});
    } else if (verb == "advance") {
      words >> number;
      row.steps.push_back({.verb = verb, .number = number, .frame = {}});
    } else if (verb == "out") {
      words >> number >> name;
      row.sent.emplace_back(static_cast<uint16_t>(number), name);
    } else if (verb == "count") {
      words >> name >> number;
      row.counts[name] = number;
    } else {
      ADD_FAILURE() << "no such directive: " << line;
    }
  }
  return rows;
}

// Every counter that is not zero, by name.
Counts Count(Rig& rig) {
  Counts counts;
  const auto add = [&](const std::string& name, uint64_t value) {
    if (value != 0) counts[name] += value;
  };
  for (uint32_t i = 0; i < rig.worker_count(); ++i) {
    const dataplane::WorkerCounters& worker = rig.worker(i).counters();
    for (size_t n = 0; n < dataplane::kDropReasonCount; ++n) {
      add("drop." + std::string(dataplane::kDropReasons[n].name), worker.drops[n].value());
    }
    for (size_t n = 0; n < punt::kPuntReasonCount; ++n) {
      add("punt." + std::string(punt::kPuntReasons[n].name), worker.punts[n].value());
    }
    for (size_t n = 0; n < dataplane::kRouterCounterCount; ++n) {
      add("router." + std::string(dataplane::kRouterCounters[n].name), worker.router[n].value());
    }
    for (const dataplane::Counter& overflow : worker.punt_overflows) {
      add("punt_overflows", overflow.value());
    }
    add("uplink.packets", worker.traffic.uplink_packets.value());
    add("uplink.bytes", worker.traffic.uplink_bytes.value());
    add("downlink.packets", worker.traffic.downlink_packets.value());
    add("downlink.bytes", worker.traffic.downlink_bytes.value());
  }
  for (const dataplane::SessionCounts& session :
       rig.writer().SessionCounters(rig.writer().SessionKeys())) {
    const std::string name = "session." + std::to_string(session.key.tunnel.value()) + "/" +
                             std::to_string(session.key.session.value()) + ".";
    add(name + "uplink.packets", session.uplink_packets);
    add(name + "uplink.bytes", session.uplink_bytes);
    add(name + "downlink.packets", session.downlink_packets);
    add(name + "downlink.bytes", session.downlink_bytes);
    add(name + "policed", session.uplink_policed_packets + session.downlink_policed_packets);
    add(name + "sequence", session.sequence_late + session.sequence_lost);
  }
  add("held", rig.Held());
  return counts;
}

void Make(const Change& change, dataplane::TableWriter& writer) {
  if (change.session == 0) {
    for (dataplane::TunnelConfig tunnel : writer.Tunnels()) {
      if (tunnel.local_id.value() != change.tunnel) continue;
      EXPECT_TRUE(Apply(change, tunnel)) << change.name;
      Must(writer.UpsertTunnel(tunnel));
    }
    return;
  }
  const dataplane::SessionKey key{l2tp::LocalTunnelId(change.tunnel),
                                  l2tp::LocalSessionId(change.session)};
  dataplane::SessionConfig session = writer.Sessions({{key}}).at(0);
  EXPECT_TRUE(Apply(change, session)) << change.name;
  Must(writer.UpsertSession(session));
}

void RunConformanceRow(const ConformanceRow& row) {
  SCOPED_TRACE(row.what);
  const uint32_t buffers = rte_mempool_in_use_count(PacketPool());
  {
    Rig rig(row.options);
    for (const Change& change : row.changes) Make(change, rig.writer());
    for (const Step& step : row.steps) {
      if (step.verb == "advance") {
        Rig::Advance(step.number);
      } else {
        rig.Receive(static_cast<uint16_t>(step.number), step.frame);
      }
      rig.Poll();
    }
    std::vector<std::pair<uint16_t, std::string>> sent;
    for (const uint16_t port : {kAccess, kCore}) {
      for (const Bytes& frame : rig.TakeSent(port)) sent.emplace_back(port, ToHex(frame));
    }
    EXPECT_EQ(sent, row.sent);
    EXPECT_EQ(Count(rig), row.counts);
    (void)rig.TakePunted();
  }
  EXPECT_EQ(rte_mempool_in_use_count(PacketPool()), buffers) << "buffers lost";
}

TEST(Conformance, EveryRow) {
  const char* file = std::getenv("LNS_CONFORMANCE_ROWS");
  if (file == nullptr) GTEST_SKIP() << "run by conformance_test.py, which builds the packets";
  const std::vector<ConformanceRow> rows = ReadRows(file);
  EXPECT_GE(rows.size(), 120u);
  for (const ConformanceRow& row : rows) RunConformanceRow(row);
}

}  // namespace
}  // namespace lns::test
