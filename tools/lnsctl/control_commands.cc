// The verbs that ask the control plane.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <memory>
#include <utility>

#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/format.h"
#include "tools/lnsctl/json.h"
#include "tools/lnsctl/print.h"
#include "tools/lnsctl/table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lns::lnsctl {
namespace {

std::string Name(const control::v1::Session& session) {
  return absl::StrCat(session.key().local_tunnel_id(), "/", session.key().local_session_id());
}

Table PoolTable(const control::v1::Status& status) {
  Table pools({{"POOL"},
               {"PREFIX"},
               {"UNIT"},
               {"SIZE", Align::kRight},
               {"USED", Align::kRight},
               {"", Align::kRight},
               {"EXHAUSTED", Align::kRight},
               {"NEXT"}});
  for (const control::v1::Pool& pool : status.pools()) {
    pools.Add({pool.name(), pool.prefix(), absl::StrCat("/", pool.unit_length()),
               absl::StrCat(pool.size()), absl::StrCat(pool.used()),
               PercentText(pool.used(), pool.size()), absl::StrCat(pool.exhausted()), pool.next()});
  }
  return pools;
}

}  // namespace

absl::Status ListPools(Client& client, Output output) {
  control::v1::Status status;
  const grpc::Status answered = client.control().GetStatus(client.Context().get(), {}, &status);
  if (!answered.ok()) return client.ControlStatus(answered);
  if (!output.json) {
    Print(PoolTable(status).ToString());
    return absl::OkStatus();
  }
  std::string rows;
  for (const control::v1::Pool& pool : status.pools()) {
    absl::StrAppend(&rows, rows.empty() ? "" : ", ", ToJson(pool));
  }
  Print(absl::StrCat("[", rows, "]\n"));
  return absl::OkStatus();
}

absl::Status ShowStatus(Client& client, Output output) {
  control::v1::Status status;
  const grpc::Status answered = client.control().GetStatus(client.Context().get(), {}, &status);
  if (!answered.ok()) return client.ControlStatus(answered);
  if (output.json) {
    Print(ToJson(status) + "\n");
    return absl::OkStatus();
  }
  Print(absl::StrCat("version     ", status.version(), ", up ", AgeText(status.uptime_ns()),
                     status.draining() ? ", draining" : "", "\n", "data plane  ",
                     status.dataplane_connected() ? "connected" : "away", ", punt rings ",
                     status.punt_attached() ? "attached" : "detached", "\n", "tunnels     ",
                     status.tunnels(), "\n", "sessions    ", status.sessions(), ", online ",
                     status.sessions_online(), "\n\n"));
  Print(PoolTable(status).ToString());
  return absl::OkStatus();
}

absl::Status ListTunnels(Client& client, Output output, uint32_t tunnel) {
  control::v1::ListTunnelsRequest request;
  request.set_local_tunnel_id(tunnel);
  const auto context = client.Context();
  Table table({{"TUNNEL", Align::kRight},
               {"PEER-ID", Align::kRight},
               {"STATE"},
               {"PEER"},
               {"HOST-NAME"},
               {"PROFILE"},
               {"SESSIONS", Align::kRight},
               {"AGE", Align::kRight},
               {"NS", Align::kRight},
               {"NR", Align::kRight},
               {"RETRANS", Align::kRight}});
  return client.ControlStatus(PrintStream<control::v1::Tunnel>(
      client.control().ListTunnels(context.get(), request), output, std::move(table),
      [](Table& rows, const control::v1::Tunnel& t) {
        rows.Add({absl::StrCat(t.local_tunnel_id()), absl::StrCat(t.peer_tunnel_id()), t.state(),
                  t.peer_endpoint(), t.peer_host_name(), t.profile(), absl::StrCat(t.sessions()),
                  AgeText(t.age_ns()), absl::StrCat(t.ns()), absl::StrCat(t.nr()),
                  absl::StrCat(t.retransmissions())});
      }));
}

absl::Status ShowTunnel(Client& client, Output output, uint32_t tunnel) {
  control::v1::ListTunnelsRequest request;
  request.set_local_tunnel_id(tunnel);
  const auto context = client.Context();
  const auto reader = client.control().ListTunnels(context.get(), request);
  control::v1::Tunnel found;
  const bool any = reader->Read(&found);
  const grpc::Status status = any ? grpc::Status::OK : reader->Finish();
  if (!status.ok()) return client.ControlStatus(status);
  if (!any) return absl::NotFoundError(absl::StrCat("there is no tunnel ", tunnel));
  PrintMessage(found, output);
  return absl::OkStatus();
}

absl::Status ListSessions(Client& client, Output output,
                          const control::v1::ListSessionsRequest& request) {
  const auto context = client.Context();
  Table table({{"TUNNEL/SESSION", Align::kRight},
               {"USER"},
               {"ADDRESS"},
               {"STATE"},
               {"AUTH"},
               {"CALLING"},
               {"PEER"},
               {"MRU", Align::kRight},
               {"AGE", Align::kRight}});
  return client.ControlStatus(PrintStream<control::v1::Session>(
      client.control().ListSessions(context.get(), request), output, std::move(table),
      [](Table& rows, const control::v1::Session& s) {
        rows.Add({Name(s), s.user_name(), s.ipv4_address(), s.state(), s.auth_protocol(),
                  s.calling_number(), s.peer_endpoint(), absl::StrCat(s.peer_mru()),
                  AgeText(s.age_ns())});
      }));
}

std::string Milliseconds(uint32_t us) { return absl::StrFormat("%u.%03u", us / 1000, us % 1000); }

// LCP echoes, where the data plane does them.
std::string EchoLine(const dataplane::v1::EchoCounters& echo) {
  std::string line = absl::StrCat("echoes    ", echo.sent(), " sent, ", echo.answered(),
                                  " answered, ", echo.lost(), " lost");
  if (echo.unanswered() > 0) absl::StrAppend(&line, ", the latest ", echo.unanswered());
  if (echo.rtt_last_us() > 0) {
    absl::StrAppend(&line, "; rtt min ", Milliseconds(echo.rtt_min_us()), " avg ",
                    Milliseconds(echo.rtt_smoothed_us()), " max ", Milliseconds(echo.rtt_max_us()),
                    " last ", Milliseconds(echo.rtt_last_us()), " ms");
  }
  return line + "\n";
}

absl::Status ShowSession(Client& client, Output output,
                         const control::v1::ListSessionsRequest& request) {
  const auto context = client.Context();
  const auto reader = client.control().ListSessions(context.get(), request);
  control::v1::Session session;
  const bool any = reader->Read(&session);
  const grpc::Status status = any ? grpc::Status::OK : reader->Finish();
  if (!status.ok()) return client.ControlStatus(status);
  if (!any) {
    return absl::NotFoundError(absl::StrCat("there is no session ", request.key().local_tunnel_id(),
                                            "/", request.key().local_session_id()));
  }
  // What the data plane counted; a data plane that is away leaves it out.
  dataplane::v1::ListSessionCountersRequest counters_request;
  *counters_request.mutable_key() = session.key();
  const auto counters_context = client.Context();
  const auto counters_reader =
      client.telemetry().ListSessionCounters(counters_context.get(), counters_request);
  dataplane::v1::SessionCounters counters;
  const bool counted = counters_reader->Read(&counters);
  if (output.json) {
    Print(absl::StrCat("{\"session\": ", ToJson(session),
                       ", \"counters\": ", counted ? ToJson(counters) : "null", "}\n"));
    return absl::OkStatus();
  }
  Print(FieldLines(session));
  if (counted) {
    counters.clear_key();
    Print(absl::StrCat("\nuplink    ", counters.uplink_packets(), " packets, ",
                       counters.uplink_bytes(), " bytes\ndownlink  ", counters.downlink_packets(),
                       " packets, ", counters.downlink_bytes(), " bytes\n"));
    if (counters.shaper_queued_packets() != 0 || counters.shaper_dropped_packets() != 0) {
      Print(absl::StrCat("queue     ", counters.shaper_queued_packets(), " packets, ",
                         counters.shaper_queued_bytes(), " bytes; dropped ",
                         counters.shaper_dropped_packets(), " packets, ",
                         counters.shaper_dropped_bytes(), " bytes\n"));
    }
    if (counters.has_echo()) Print(EchoLine(counters.echo()));
  }
  return absl::OkStatus();
}

absl::Status ListSessionCounters(Client& client, Output output) {
  const auto context = client.Context();
  Table table({{"TUNNEL/SESSION", Align::kRight},
               {"UP-PACKETS", Align::kRight},
               {"UP-BYTES", Align::kRight},
               {"DOWN-PACKETS", Align::kRight},
               {"DOWN-BYTES", Align::kRight},
               {"ECHOES", Align::kRight},
               {"LOST", Align::kRight},
               {"RTT-MIN", Align::kRight},
               {"RTT-AVG", Align::kRight},
               {"RTT-MAX", Align::kRight},
               {"RTT-LAST", Align::kRight}});
  return client.DataplaneStatus(PrintStream<dataplane::v1::SessionCounters>(
      client.telemetry().ListSessionCounters(context.get(), {}), output, std::move(table),
      [](Table& rows, const dataplane::v1::SessionCounters& s) {
        const dataplane::v1::EchoCounters& echo = s.echo();
        const auto rtt = [&](uint32_t us) {
          return echo.rtt_last_us() > 0 ? Milliseconds(us) : std::string();
        };
        const auto count = [&](uint32_t value) {
          return s.has_echo() ? absl::StrCat(value) : std::string();
        };
        rows.Add({absl::StrCat(s.key().local_tunnel_id(), "/", s.key().local_session_id()),
                  absl::StrCat(s.uplink_packets()), absl::StrCat(s.uplink_bytes()),
                  absl::StrCat(s.downlink_packets()), absl::StrCat(s.downlink_bytes()),
                  count(echo.sent()), count(echo.lost()), rtt(echo.rtt_min_us()),
                  rtt(echo.rtt_smoothed_us()), rtt(echo.rtt_max_us()), rtt(echo.rtt_last_us())});
      }));
}

absl::Status ClearSessions(Client& client, Output output,
                           const control::v1::ClearSessionsRequest& request) {
  control::v1::ClearReply reply;
  const grpc::Status status =
      client.control().ClearSessions(client.Context().get(), request, &reply);
  if (!status.ok()) return client.ControlStatus(status);
  PrintMessage(reply, output);
  return absl::OkStatus();
}

absl::Status ClearTunnels(Client& client, Output output,
                          const control::v1::ClearTunnelsRequest& request) {
  control::v1::ClearReply reply;
  const grpc::Status status =
      client.control().ClearTunnels(client.Context().get(), request, &reply);
  if (!status.ok()) return client.ControlStatus(status);
  PrintMessage(reply, output);
  return absl::OkStatus();
}

absl::Status ShowControlCounters(Client& client, Output output) {
  control::v1::Counters counters;
  const grpc::Status status = client.control().GetCounters(client.Context().get(), {}, &counters);
  if (!status.ok()) return client.ControlStatus(status);
  if (output.json) {
    Print(ToJson(counters.counters()) + "\n");
    return absl::OkStatus();
  }
  Table table({{"COUNTER"}, {"VALUE", Align::kRight}});
  for (const auto& c : counters.counters()) table.Add({c.name(), absl::StrCat(c.value())});
  Print(table.ToString());
  return absl::OkStatus();
}

absl::Status ShowRadius(Client& client, Output output) {
  control::v1::Radius radius;
  const grpc::Status status = client.control().GetRadius(client.Context().get(), {}, &radius);
  if (!status.ok()) return client.ControlStatus(status);
  if (output.json) {
    Print(ToJson(radius) + "\n");
    return absl::OkStatus();
  }
  if (radius.servers().empty()) {
    Print("no RADIUS server is configured: only the users of the configuration are known\n");
    return absl::OkStatus();
  }
  Print(absl::StrCat("users       ", radius.in_flight(), " asked of at most ", radius.window(),
                     ", ", radius.waiting(), " waiting of at most ", radius.waiting_limit(),
                     "\n\n"));
  Table servers({{"SERVER"},
                 {"ADDRESS"},
                 {"ORDER", Align::kRight},
                 {"WEIGHT", Align::kRight},
                 {"STATE"},
                 {"IN-FLIGHT", Align::kRight},
                 {"PORTS", Align::kRight},
                 {"MEAN-MS", Align::kRight}});
  Table counters({{"SERVER"}, {"COUNTER"}, {"VALUE", Align::kRight}});
  for (const control::v1::RadiusServer& server : radius.servers()) {
    servers.Add(
        {server.name(), server.endpoint(), absl::StrCat(server.order()),
         absl::StrCat(server.weight()), server.alive() ? "alive" : "dead",
         absl::StrCat(server.in_flight()), absl::StrCat(server.source_ports()),
         absl::StrCat(server.mean_latency_us() / 1000, ".", server.mean_latency_us() / 100 % 10)});
    // What never happened is not worth a line.
    for (const auto& counter : server.counters()) {
      if (counter.value() == 0) continue;
      counters.Add({server.name(), counter.name(), absl::StrCat(counter.value())});
    }
  }
  Print(servers.ToString());
  Print("\n");
  Print(counters.ToString());
  return absl::OkStatus();
}

}  // namespace lns::lnsctl
