// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/pcapng.h"
#include "tools/lnsctl/print.h"
#include "tools/lnsctl/tzsp.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace lns::lnsctl {
namespace {

using dataplane::v1::PacketStep;
using dataplane::v1::WatchedPacket;

std::string VerdictText(const std::string& verdict, const std::string& reason) {
  return reason.empty() ? verdict : absl::StrCat(verdict, " ", reason);
}

std::string KeyText(const types::v1::SessionKey& key) {
  return absl::StrCat(key.local_tunnel_id(), "/", key.local_session_id());
}

// "uplink: session_lookup, l2tp_decap, source_guard".
std::string TrailText(const WatchedPacket& packet) {
  std::string text;
  for (const PacketStep& step : packet.steps()) {
    absl::StrAppend(&text, text.empty() ? step.pipeline() + ": " : ", ", step.stage());
  }
  return text;
}

std::string PacketLine(const WatchedPacket& packet) {
  std::string line = absl::StrCat("worker ", packet.worker(), " ", packet.in_port());
  if (packet.has_session()) absl::StrAppend(&line, " session ", KeyText(packet.session()));
  absl::StrAppend(&line, " ", packet.length(), " B  ", TrailText(packet), " -> ",
                  VerdictText(packet.verdict(), packet.reason()));
  if (!packet.out_port().empty()) absl::StrAppend(&line, " ", packet.out_port());
  return line;
}

// Refers to the packet and the comment.
CapturedPacket Captured(const WatchedPacket& packet, std::string_view comment) {
  return {.port = packet.sent() ? packet.out_port() : packet.in_port(),
          .realtime_ns = packet.realtime_ns(),
          .sent = packet.sent(),
          .frame = packet.frame(),
          .length = packet.length(),
          .comment = comment};
}

// Calls take(packet) for each, until that says false.
template <typename Take>
absl::Status Watch(Client& client, const dataplane::v1::WatchPacketsRequest& request, Take&& take) {
  const auto context = client.Context(request.seconds());
  const auto stream = client.inspection().WatchPackets(context.get(), request);
  WatchedPacket packet;
  uint64_t missed = 0;
  bool goes_on = true;
  while (goes_on && stream->Read(&packet)) {
    missed = packet.missed();
    goes_on = take(packet);
  }
  if (!goes_on) context->TryCancel();
  const grpc::Status status = stream->Finish();
  if (goes_on && !status.ok()) return client.DataplaneStatus(status);
  if (missed != 0) {
    std::fprintf(stderr, "lnsctl: %llu more came too fast to be told\n",
                 static_cast<unsigned long long>(missed));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status TracePackets(Client& client, Output output,
                          const dataplane::v1::WatchPacketsRequest& request) {
  return Watch(client, request, [&](const WatchedPacket& packet) {
    Print((output.json ? ToJson(packet) : PacketLine(packet)) + "\n");
    return std::fflush(stdout) == 0;
  });
}

absl::Status SendPackets(Client& client, Output output,
                         const dataplane::v1::WatchPacketsRequest& request,
                         const std::string& target) {
  absl::StatusOr<TzspSender> sender = TzspSender::Connect(target);
  if (!sender.ok()) return sender.status();
  const absl::Status status = Watch(client, request, [&](const WatchedPacket& packet) {
    sender->Send(Captured(packet, {}));
    return true;
  });
  if (!status.ok()) return status;
  if (output.json) {
    Print(
        absl::StrCat("{\"sent\": ", sender->sent(), ", \"not_sent\": ", sender->not_sent(), "}\n"));
  } else {
    std::fprintf(stderr, "%llu packets, %llu that could not be sent\n",
                 static_cast<unsigned long long>(sender->sent()),
                 static_cast<unsigned long long>(sender->not_sent()));
  }
  return absl::OkStatus();
}

absl::Status CapturePackets(Client& client, const dataplane::v1::WatchPacketsRequest& request,
                            const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      path == "-" ? stdout : std::fopen(path.c_str(), "wb"),
      path == "-" ? [](std::FILE*) { return 0; } : std::fclose);
  if (file == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  }
  PcapngWriter writer(file.get());
  uint64_t packets = 0;
  const absl::Status status = Watch(client, request, [&](const WatchedPacket& packet) {
    const std::string comment = PacketLine(packet);
    ++packets;
    return writer.Write(Captured(packet, comment)) && std::fflush(file.get()) == 0;
  });
  if (!status.ok()) return status;
  if (!writer.ok()) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(errno)));
  }
  std::fprintf(stderr, "%llu packets\n", static_cast<unsigned long long>(packets));
  return absl::OkStatus();
}

absl::Status ExplainPacket(Client& client, Output output,
                           const dataplane::v1::ExplainPacketRequest& request) {
  const auto context = client.Context();
  dataplane::v1::ExplainPacketReply reply;
  const grpc::Status status = client.inspection().ExplainPacket(context.get(), request, &reply);
  if (!status.ok()) return client.DataplaneStatus(status);
  if (output.json) {
    Print(ToJson(reply) + "\n");
    return absl::OkStatus();
  }
  std::string text;
  for (const PacketStep& step : reply.steps()) {
    absl::StrAppend(&text, step.pipeline(), "  ", step.stage(), "  ", step.verdict(), "\n");
  }
  absl::StrAppend(&text, "=> ", VerdictText(reply.verdict(), reply.reason()));
  if (!reply.reason_text().empty()) absl::StrAppend(&text, ": ", reply.reason_text());
  if (!reply.out_port().empty()) absl::StrAppend(&text, " by ", reply.out_port());
  if (!reply.next_hop_mac().empty()) {
    absl::StrAppend(&text, " to ", absl::BytesToHexString(reply.next_hop_mac()));
  }
  if (reply.has_session()) absl::StrAppend(&text, ", session ", KeyText(reply.session()));
  Print(absl::StrCat(text, ", worker ", reply.worker(), "\n"));
  return absl::OkStatus();
}

}  // namespace lns::lnsctl
