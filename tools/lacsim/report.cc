// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/report.h"

#include <utility>

#include "tools/lacsim/json_writer.h"

#include "absl/strings/str_cat.h"

namespace lns::lacsim {
namespace {

double Seconds(Duration d) { return static_cast<double>(d.nanoseconds()) / 1e9; }
double Milliseconds(Duration d) { return static_cast<double>(d.nanoseconds()) / 1e6; }

double PerSecond(uint64_t count, Duration duration) {
  return duration > Duration() ? static_cast<double>(count) / Seconds(duration) : 0.0;
}

void WriteDistribution(JsonWriter& json, std::string_view key, const Histogram& values) {
  json.BeginObject(key);
  json.Integer("count", values.count());
  json.Number("min", Milliseconds(values.min()));
  json.Number("avg", Milliseconds(values.mean()));
  json.Number("p50", Milliseconds(values.Percentile(0.5)));
  json.Number("p90", Milliseconds(values.Percentile(0.9)));
  json.Number("p99", Milliseconds(values.Percentile(0.99)));
  json.Number("max", Milliseconds(values.max()));
  json.EndObject();
}

void WriteCause(JsonWriter& json, const FailureCause& cause, uint32_t count) {
  json.BeginObject();
  json.Integer("count", count);
  json.Text("text", ToString(cause));
  json.Text("stage", cause.stage);
  json.Bool("timed_out", cause.timed_out);
  json.Bool("tunnel_lost", cause.tunnel_lost);
  json.Text("ppp_cause", cause.ppp_cause);
  json.Text("ppp_message", cause.ppp_message);
  json.Text("ppp_phase", cause.ppp_phase);
  if (cause.has_result) {
    json.Bool("by_peer", cause.by_peer);
    json.Integer("result", cause.result);
    json.Integer("error", cause.error);
    json.Text("message", cause.message);
  }
  json.EndObject();
}

void WritePopulation(JsonWriter& json, std::string_view key, const Report::Population& of) {
  json.BeginObject(key);
  json.Integer("asked", of.asked);
  json.Integer("established", of.established);
  json.Integer("failed", of.failed);
  json.Integer("lost", of.lost);
  json.Number("setup_seconds", Seconds(of.setup));
  json.Number("per_second", PerSecond(of.established, of.setup));
  WriteDistribution(json, "setup_ms", of.setup_times);
  json.BeginArray("failures");
  for (const auto& [cause, count] : of.failures.by_cause()) WriteCause(json, cause, count);
  json.EndArray();
  json.EndObject();
}

void WriteTraffic(JsonWriter& json, const Report& report, Direction direction) {
  const Traffic::Summary& of = report.traffic[static_cast<size_t>(direction)];
  if (!of.enabled) return;
  json.BeginObject(ToString(direction));
  json.Integer("offered", of.totals.offered);
  json.Integer("received", of.totals.received);
  json.Integer("lost", of.totals.lost());
  json.Integer("duplicated", of.totals.duplicated);
  json.Integer("reordered", of.totals.reordered);
  json.Integer("corrupt", of.totals.corrupt);
  json.Integer("unsent", of.unsent);
  json.Integer("slipped", of.slipped);
  json.Number("seconds", Seconds(of.sending));
  json.Number("per_second", PerSecond(of.totals.offered, of.sending));
  WriteDistribution(json, "latency_ms", report.latency[static_cast<size_t>(direction)]);
  json.EndObject();
}

void PrintPopulation(const char* name, const Report::Population& of, std::FILE* out) {
  std::fprintf(out, "%-9s %u of %u established, %u failed, %u lost; %.2f s, %.0f/s", name,
               of.established, of.asked, of.failed, of.lost, Seconds(of.setup),
               PerSecond(of.established, of.setup));
  std::fprintf(out, "; set-up p50 %.1f p99 %.1f max %.1f ms\n",
               Milliseconds(of.setup_times.Percentile(0.5)),
               Milliseconds(of.setup_times.Percentile(0.99)), Milliseconds(of.setup_times.max()));
  for (const auto& [cause, count] : of.failures.by_cause()) {
    std::fprintf(out, "%-9s %6u x %s\n", "", count, ToString(cause).c_str());
  }
}

void PrintTraffic(const Report& report, Direction direction, std::FILE* out) {
  const Traffic::Summary& of = report.traffic[static_cast<size_t>(direction)];
  const Histogram& latency = report.latency[static_cast<size_t>(direction)];
  if (!of.enabled) return;
  std::fprintf(out,
               "%-9s offered %lu, received %lu, lost %lu, duplicated %lu, reordered %lu, corrupt "
               "%lu; %.0f packets/s; latency min %.3f avg %.3f p50 %.3f p99 %.3f max %.3f ms\n",
               direction == Direction::kUp ? "uplink" : "downlink", of.totals.offered,
               of.totals.received, of.totals.lost(), of.totals.duplicated, of.totals.reordered,
               of.totals.corrupt, PerSecond(of.totals.offered, of.sending),
               Milliseconds(latency.min()), Milliseconds(latency.mean()),
               Milliseconds(latency.Percentile(0.5)), Milliseconds(latency.Percentile(0.99)),
               Milliseconds(latency.max()));
  if (of.unsent + of.slipped > 0) {
    std::fprintf(out, "%-9s not offered: %lu the socket refused, %lu this process was late for\n",
                 "", of.unsent, of.slipped);
  }
}

}  // namespace

FailureCause CauseOf(const Ending& ending) {
  FailureCause cause{.stage = ToString(ending.stage),
                     .timed_out = ending.timed_out,
                     .tunnel_lost = ending.tunnel_lost,
                     .ppp_message = ending.ppp_message};
  if (ending.ppp_cause != ppp::LinkDownCause::kNone) {
    cause.ppp_cause = ppp::ToString(ending.ppp_cause);
  } else if (ending.ppp_phase) {
    cause.ppp_phase = ppp::ToString(*ending.ppp_phase);
  }
  if (ending.cdn) {
    cause.has_result = true;
    cause.by_peer = ending.by_peer;
    cause.result = ending.cdn->result;
    cause.error = ending.cdn->error;
    cause.message = ending.cdn->message;
  }
  return cause;
}

FailureCause CauseOf(const l2tp::TunnelClosed& closed) {
  return {.stage = "tunnel",
          .timed_out = closed.timed_out,
          .has_result = closed.by_peer || !closed.timed_out,
          .by_peer = closed.by_peer,
          .result = closed.result.result,
          .error = closed.result.error,
          .message = closed.result.message};
}

std::string ToString(const FailureCause& cause) {
  std::string text = cause.stage;
  if (cause.timed_out) absl::StrAppend(&text, ": timed out");
  if (cause.tunnel_lost) absl::StrAppend(&text, ": no tunnel");
  if (!cause.ppp_cause.empty()) absl::StrAppend(&text, ": PPP ", cause.ppp_cause);
  if (!cause.ppp_phase.empty()) absl::StrAppend(&text, ": PPP phase ", cause.ppp_phase);
  if (!cause.ppp_message.empty()) absl::StrAppend(&text, " \"", cause.ppp_message, "\"");
  if (cause.has_result) {
    const bool stop_ccn = cause.tunnel_lost || cause.stage == "tunnel";
    absl::StrAppend(&text, stop_ccn ? ": StopCCN " : ": CDN ",
                    cause.by_peer ? "received " : "sent ", cause.result, "/", cause.error);
    if (!cause.message.empty()) absl::StrAppend(&text, " \"", cause.message, "\"");
  }
  return text;
}

void FailureCounts::Add(FailureCause cause) {
  if (counts_.size() >= kMaxCauses && !counts_.contains(cause)) {
    cause.ppp_message.clear();
    cause.message.clear();
  }
  ++counts_[std::move(cause)];
}

bool Passed(const Report& report, bool allow_loss) {
  const auto complete = [](const Report::Population& of) {
    return of.established == of.asked && of.failed == 0 && of.lost == 0;
  };
  if (!complete(report.tunnels) || !complete(report.sessions)) return false;
  if (report.noticed_after.count() != report.silent) return false;
  if (!report.errors.empty() || report.exec_timed_out) return false;
  if (report.exec_exit_code.value_or(0) != 0) return false;
  if (allow_loss) return true;
  for (const Traffic::Summary& lane : report.traffic) {
    if (!lane.totals.perfect()) return false;
    if (lane.enabled && lane.totals.offered == 0) return false;
  }
  return report.misdelivered == 0 && report.pings_received == report.pings_sent;
}

void PrintSummary(const Report& report, bool passed, std::FILE* out) {
  PrintPopulation("tunnels", report.tunnels, out);
  PrintPopulation("sessions", report.sessions, out);
  const Report::Control& control = report.control;
  std::fprintf(out, "%-9s rx %lu, tx %lu, retransmitted %lu, duplicates %lu\n", "control",
               control.rx, control.tx, control.retransmissions, control.duplicates);
  PrintTraffic(report, Direction::kUp, out);
  PrintTraffic(report, Direction::kDown, out);
  if (report.ipv6_addressed > 0) {
    std::fprintf(out, "%-9s %u addressed, %u with a prefix\n", "ipv6", report.ipv6_addressed,
                 report.ipv6_delegated);
  }
  if (report.misdelivered + report.undecodable > 0) {
    std::fprintf(out, "%-9s %lu misdelivered, %lu undecodable\n", "", report.misdelivered,
                 report.undecodable);
  }
  if (report.lac_socket_drops + report.host_socket_drops > 0) {
    std::fprintf(out, "%-9s lacsim's own sockets dropped: LAC %lu, host %lu\n", "",
                 report.lac_socket_drops, report.host_socket_drops);
  }
  if (report.pings_sent > 0) {
    const Histogram& rtt = report.ping_rtt;
    std::fprintf(out, "%-9s %u sent, %u answered; rtt min %.3f avg %.3f max %.3f ms\n", "ping",
                 report.pings_sent, report.pings_received, Milliseconds(rtt.min()),
                 Milliseconds(rtt.mean()), Milliseconds(rtt.max()));
  }
  if (report.silent > 0) {
    const Histogram& after = report.noticed_after;
    std::fprintf(out, "%-9s %u played dead, %lu noticed; after min %.2f p50 %.2f max %.2f s\n",
                 "silent", report.silent, after.count(), Seconds(after.min()),
                 Seconds(after.Percentile(0.5)), Seconds(after.max()));
  }
  if (report.exec_exit_code) {
    std::fprintf(out, "%-9s exit code %d%s\n", "exec", *report.exec_exit_code,
                 report.exec_timed_out ? " (took too long)" : "");
  }
  for (const std::string& error : report.errors) std::fprintf(out, "error     %s\n", error.c_str());
  std::fprintf(out, "%-9s %s%s\n", "result", passed ? "passed" : "failed",
               report.interrupted ? " (interrupted)" : "");
}

std::string ToJson(const Report& report, bool passed) {
  JsonWriter json;
  json.BeginObject();
  json.Bool("passed", passed);
  json.Bool("interrupted", report.interrupted);
  WritePopulation(json, "tunnels", report.tunnels);
  WritePopulation(json, "sessions", report.sessions);
  // Of the machine's monotonic clock, so that runs side by side compare.
  const auto moment = [&json](std::string_view key, Instant at) {
    json.Integer(key, static_cast<uint64_t>((at - Instant()).nanoseconds() / 1000));
  };
  json.BeginObject("dialling");
  moment("first_call_us", report.first_call);
  moment("last_call_us", report.last_call);
  moment("last_answer_us", report.last_answer);
  json.EndObject();
  json.BeginObject("control");
  json.Integer("rx", report.control.rx);
  json.Integer("tx", report.control.tx);
  json.Integer("retransmissions", report.control.retransmissions);
  json.Integer("duplicates", report.control.duplicates);
  json.Integer("out_of_order", report.control.out_of_order);
  json.Integer("malformed", report.control.malformed);
  json.Integer("stray", report.control.stray);
  json.Integer("unsent", report.control.unsent);
  json.Integer("unexpected_frames", report.control.unexpected_frames);
  json.Integer("tunnels_unacknowledged", report.tunnels_unacknowledged);
  json.EndObject();
  json.BeginObject("traffic");
  WriteTraffic(json, report, Direction::kUp);
  WriteTraffic(json, report, Direction::kDown);
  json.Integer("misdelivered", report.misdelivered);
  json.Integer("undecodable", report.undecodable);
  json.Integer("lac_socket_drops", report.lac_socket_drops);
  json.Integer("host_socket_drops", report.host_socket_drops);
  json.EndObject();
  json.BeginObject("ipv6");
  json.Integer("addressed", report.ipv6_addressed);
  json.Integer("delegated", report.ipv6_delegated);
  json.EndObject();
  json.BeginObject("ping");
  json.Integer("sent", report.pings_sent);
  json.Integer("received", report.pings_received);
  WriteDistribution(json, "rtt_ms", report.ping_rtt);
  json.EndObject();
  json.BeginObject("silent");
  json.Integer("subscribers", report.silent);
  json.Integer("noticed", report.noticed_after.count());
  WriteDistribution(json, "noticed_after_ms", report.noticed_after);
  json.EndObject();
  if (report.exec_exit_code) {
    json.BeginObject("exec");
    json.Integer("exit_code", *report.exec_exit_code);
    json.Bool("timed_out", report.exec_timed_out);
    json.EndObject();
  }
  json.BeginArray("errors");
  for (const std::string& error : report.errors) json.Text("", error);
  json.EndArray();
  json.EndObject();
  return json.text();
}

}  // namespace lns::lacsim
