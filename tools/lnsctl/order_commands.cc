// The verbs that have the control plane explain itself or do something.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <string>

#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/format.h"
#include "tools/lnsctl/json.h"
#include "tools/lnsctl/print.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lns::lnsctl {
namespace {

std::string KeyText(const types::v1::SessionKey& key) {
  return absl::StrCat(key.local_tunnel_id(), "/", key.local_session_id());
}

// "session 7/9, user alice, ended 12s ago after 3m05s".
std::string Heading(const control::v1::Explanation& story) {
  std::string text = story.key().local_session_id() == 0
                         ? absl::StrCat("tunnel ", story.key().local_tunnel_id())
                         : absl::StrCat("session ", KeyText(story.key()));
  if (!story.user_name().empty()) absl::StrAppend(&text, ", user ", story.user_name());
  absl::StrAppend(&text, ", ", story.state());
  if (story.has_ending()) {
    absl::StrAppend(&text, " ", AgeText(story.ending().age_ns()), " ago after ",
                    AgeText(story.age_ns() - story.ending().age_ns()));
  } else {
    absl::StrAppend(&text, " since ", AgeText(story.age_ns()));
  }
  absl::StrAppend(&text, "\npeer ", story.peer_endpoint(), " (", story.peer_host_name(), "), ",
                  story.peer().empty()
                      ? "no configured peer"
                      : absl::StrCat("configured as ", story.peer(), ", profile ", story.profile()),
                  "\n");
  return text;
}

std::string EndingLines(const control::v1::Ending& ending) {
  std::string text = absl::StrCat("ended: ", ending.reason(), "\n");
  if (!ending.sent_cause().empty()) {
    absl::StrAppend(&text, "PPP cause told to the LAC: ", ending.sent_cause(), "\n");
  }
  if (!ending.received_cause().empty()) {
    absl::StrAppend(&text, "PPP cause told by the LAC: ", ending.received_cause(), "\n");
  }
  return text;
}

// Seconds from the beginning; the events kept may start later.
std::string EventLine(const control::v1::Event& event, uint64_t age_ns) {
  const uint64_t since = age_ns > event.age_ns() ? age_ns - event.age_ns() : 0;
  return absl::StrFormat("%10.3f %s %s\n", static_cast<double>(since) / 1e9, event.direction(),
                         event.text());
}

void PrintStory(const control::v1::Explanation& story) {
  Print(Heading(story));
  for (const control::v1::Event& event : story.events()) {
    Print(EventLine(event, story.age_ns()));
  }
  if (story.has_ending()) Print(EndingLines(story.ending()));
}

template <typename Message>
absl::Status PrintReply(const grpc::Status& status, const Client& client, const Message& reply,
                        Output output) {
  if (!status.ok()) return client.ControlStatus(status);
  PrintMessage(reply, output);
  return absl::OkStatus();
}

}  // namespace

absl::Status Explain(Client& client, Output output, const control::v1::ExplainRequest& request) {
  const auto context = client.Context();
  const auto reader = client.control().Explain(context.get(), request);
  size_t count = 0;
  if (output.json) Print("[");
  for (control::v1::Explanation story; reader->Read(&story); ++count) {
    if (output.json) {
      Print(absl::StrCat(count > 0 ? ",\n " : "", ToJson(story)));
    } else {
      if (count > 0) Print("\n");
      PrintStory(story);
    }
  }
  if (output.json) Print("]\n");
  return client.ControlStatus(reader->Finish());
}

absl::Status SetDrain(Client& client, Output output, bool on) {
  control::v1::SetDrainRequest request;
  request.set_on(on);
  control::v1::DrainState reply;
  const auto status = client.control().SetDrain(client.Context().get(), request, &reply);
  return PrintReply(status, client, reply, output);
}

absl::Status OpenTunnel(Client& client, Output output, const std::string& peer) {
  control::v1::OpenTunnelRequest request;
  request.set_peer(peer);
  control::v1::OpenTunnelReply reply;
  const auto status = client.control().OpenTunnel(client.Context().get(), request, &reply);
  return PrintReply(status, client, reply, output);
}

absl::Status PlaceCall(Client& client, Output output,
                       const control::v1::PlaceCallRequest& request) {
  control::v1::PlaceCallReply reply;
  const auto status = client.control().PlaceCall(client.Context().get(), request, &reply);
  if (!status.ok() || output.json) return PrintReply(status, client, reply, output);
  Print(absl::StrCat("session ", KeyText(reply.key()), "\n"));
  return absl::OkStatus();
}

absl::Status RequestLineSpeed(Client& client, Output output, const types::v1::SessionKey& key) {
  control::v1::RequestLineSpeedRequest request;
  *request.mutable_key() = key;
  control::v1::RequestLineSpeedReply reply;
  const auto status = client.control().RequestLineSpeed(client.Context().get(), request, &reply);
  return PrintReply(status, client, reply, output);
}

}  // namespace lns::lnsctl
