// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/coa/dynamic_authorization.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "lib/radius/attributes.h"
#include "lib/radius/builder.h"
#include "lib/radius/value.h"

namespace lns::controlplane {
namespace {

using radius::Attribute;
using radius::Code;

// What may come along and says nothing that would have to be done.
constexpr radius::AttributeId kTolerated[] = {radius::kReplyMessage, radius::kMessageAuthenticator,
                                              radius::kClass, radius::kAcctTerminateCause};
constexpr radius::AttributeId kChangeable[] = {radius::kSessionTimeout, radius::kIdleTimeout,
                                               radius::kAcctInterimInterval};

template <size_t N>
bool IsIn(const radius::AttributeId (&list)[N], radius::AttributeId id) {
  return std::find(std::begin(list), std::end(list), id) != std::end(list);
}

bool Equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// The NAS that is meant is us, as far as the attribute says.
bool IsUs(const Attribute& attribute, const NasIdentity& nas) {
  if (attribute.id == radius::kNasIdentifier)
    return Equal(attribute.value, AsBytes(nas.identifier));
  const auto address = attribute.id == radius::kNasIpAddress ? radius::ReadIpv4(attribute.value)
                                                             : radius::ReadIpv6(attribute.value);
  return address.has_value() && *address == nas.address;
}

}  // namespace

const CoaClient* DynamicAuthorization::ClientOf(const net::IpAddress& address,
                                                size_t& index) const {
  for (index = 0; index < settings_.clients.size(); ++index) {
    if (settings_.clients[index].address.Contains(address)) return &settings_.clients[index];
  }
  return nullptr;
}

void DynamicAuthorization::OnDatagram(const CoaPeer& from, ByteView datagram, Moment at,
                                      CoaActions& out, AccountantActions& accounting) {
  size_t index = 0;
  const CoaClient* client = ClientOf(from.endpoint.address, index);
  if (client == nullptr) {
    ++unknown_client_;
    return;
  }
  radius::Packet packet;
  if (radius::ParsePacket(datagram, packet) != radius::PacketError::kNone ||
      (packet.code != Code::kDisconnectRequest && packet.code != Code::kCoaRequest)) {
    ++malformed_;
    return;
  }
  if (radius::CheckRequest(packet, client->secret, client->demand) !=
      radius::Genuineness::kGenuine) {
    ++not_genuine_;
    return;
  }
  RequestKey key{.from = from, .identifier = packet.identifier};
  std::copy(packet.authenticator.begin(), packet.authenticator.end(), key.authenticator.begin());
  if (const auto known = requests_.find(key); known != requests_.end()) {
    ++duplicates_;
    if (!known->second.answer.empty()) out.replies.push_back({from, known->second.answer});
    return;
  }
  Content content = Read(packet);
  if (!IsCurrent(content, at)) {
    ++not_current_;
    return;
  }
  if (requests_.size() >= kMaxAnswers &&
      at.now - requests_.at(order_.front()).came < kAnswersKept) {
    ++overflow_;  // it will ask again
    return;
  }
  Judge(key, Remember(key, index, packet, content, at), content, at, out, accounting);
}

DynamicAuthorization::Content DynamicAuthorization::Read(const radius::Packet& packet) const {
  Content content;
  radius::AttributeReader reader(packet.attributes);
  Attribute attribute;
  while (reader.Next(attribute)) {
    ReadOne(attribute, packet.code == Code::kCoaRequest, settings_.nas, content);
  }
  return content;
}

void DynamicAuthorization::ReadOne(const Attribute& attribute, bool is_coa, const NasIdentity& nas,
                                   Content& content) {
  const auto wrong = [&](ErrorCause cause) {
    if (!content.error) content.error = cause;
  };
  const radius::AttributeId id = attribute.id;
  if (id == radius::kProxyState) {
    content.proxy_states.push_back(id.type);
    content.proxy_states.push_back(
        static_cast<uint8_t>(attribute.value.size() + radius::kAttributeHeaderLength));
    content.proxy_states.insert(content.proxy_states.end(), attribute.value.begin(),
                                attribute.value.end());
  } else if (id == radius::kEventTimestamp) {
    content.timestamp = radius::ReadInteger(attribute.value);
    if (!content.timestamp) wrong(ErrorCause::kInvalidAttributeValue);
  } else if (id == radius::kNasIpAddress || id == radius::kNasIpv6Address ||
             id == radius::kNasIdentifier) {
    if (!IsUs(attribute, nas)) wrong(ErrorCause::kNasMismatch);
  } else if (id == radius::kAcctSessionId || Identifies(id)) {
    content.identifies.push_back(attribute);
  } else if (id == radius::kServiceType) {
    wrong(ErrorCause::kUnsupportedService);  // Authorize Only, among others
  } else if (is_coa && IsIn(kChangeable, id)) {
    content.changes.push_back(attribute);
  } else if (!IsIn(kTolerated, id)) {
    wrong(ErrorCause::kUnsupportedAttribute);
  }
}

bool DynamicAuthorization::IsCurrent(const Content& content, Moment at) const {
  if (!content.timestamp) return !settings_.timestamp_required;
  const int64_t off = std::abs(at.unix_seconds - int64_t{*content.timestamp});
  return Duration::Seconds(off) <= settings_.window;
}

DynamicAuthorization::Request& DynamicAuthorization::Remember(const RequestKey& key, size_t client,
                                                              const radius::Packet& packet,
                                                              Content& content, Moment at) {
  while (!order_.empty() && (requests_.size() >= kMaxAnswers ||
                             at.now - requests_.at(order_.front()).came >= kAnswersKept)) {
    requests_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(key);
  Request& request = requests_[key];
  request.came = at.now;
  request.client = client;
  request.code = packet.code;
  request.proxy_states = std::move(content.proxy_states);
  return request;
}

void DynamicAuthorization::Judge(const RequestKey& key, Request& request, const Content& content,
                                 Moment at, CoaActions& out, AccountantActions& accounting) {
  const bool is_coa = request.code == Code::kCoaRequest;
  if (content.error) return Refuse(key, request, *content.error, out);
  if (content.identifies.empty() || (is_coa && content.changes.empty())) {
    return Refuse(key, request, ErrorCause::kMissingAttribute, out);
  }
  // The called number alone names no session.
  const bool names_one = std::any_of(
      content.identifies.begin(), content.identifies.end(),
      [](const Attribute& attribute) { return attribute.id != radius::kCalledStationId; });
  if (!names_one) return Refuse(key, request, ErrorCause::kInvalidRequest, out);
  std::vector<AccountingId> sessions = accountant_.Search(content.identifies, kMaxSessions + 1);
  if (sessions.empty()) return Refuse(key, request, ErrorCause::kSessionNotFound, out);
  if (sessions.size() > kMaxSessions) {
    return Refuse(key, request, ErrorCause::kTooManySessions, out);
  }
  if (is_coa) {
    if (const auto error = Change(sessions, content, at, accounting)) {
      return Refuse(key, request, *error, out);
    }
    return Acknowledge(key, request, out);
  }
  out.disconnect.insert(out.disconnect.end(), sessions.begin(), sessions.end());
  request.waits_for = std::move(sessions);
  waiting_.push_back(key);
}

// All or nothing: the values are looked at before any session is changed.
std::optional<ErrorCause> DynamicAuthorization::Change(const std::vector<AccountingId>& sessions,
                                                       const Content& content, Moment at,
                                                       AccountantActions& accounting) {
  std::optional<Duration> session_timeout;
  std::optional<Duration> idle_timeout;
  std::optional<Duration> interim_interval;
  for (const Attribute& change : content.changes) {
    const std::optional<uint32_t> value = radius::ReadInteger(change.value);
    if (!value) return ErrorCause::kInvalidAttributeValue;
    const Duration time = Duration::Seconds(*value);
    if (change.id == radius::kSessionTimeout) {
      session_timeout = time;
    } else if (change.id == radius::kIdleTimeout) {
      idle_timeout = time;
    } else {
      constexpr uint32_t kLeast = 60;  // RFC 2869 5.16
      if (*value < kLeast) return ErrorCause::kInvalidAttributeValue;
      interim_interval = time;
    }
  }
  for (const AccountingId& id : sessions) {
    SessionTerms terms = *accountant_.TermsOf(id);
    terms.session_timeout = session_timeout.value_or(terms.session_timeout);
    terms.idle_timeout = idle_timeout.value_or(terms.idle_timeout);
    terms.interim_interval = interim_interval.value_or(terms.interim_interval);
    accountant_.SetTerms(id, terms, at, accounting);
  }
  return std::nullopt;
}

void DynamicAuthorization::OnProgress(Moment at, CoaActions& out) {
  std::erase_if(waiting_, [&](const RequestKey& key) {
    const auto found = requests_.find(key);
    if (found == requests_.end()) return true;
    Request& request = found->second;
    std::erase_if(request.waits_for,
                  [this](const AccountingId& id) { return accountant_.IsGone(id); });
    if (request.waits_for.empty()) {
      Acknowledge(key, request, out);
    } else if (at.now >= request.came + kRemovalPatience) {
      Refuse(key, request, ErrorCause::kSessionNotRemovable, out);
    } else {
      return false;
    }
    return true;
  });
}

Instant DynamicAuthorization::NextDeadline() const {
  Instant next = Instant::Never();
  for (const RequestKey& key : waiting_) {
    const auto found = requests_.find(key);
    if (found != requests_.end()) next = std::min(next, found->second.came + kRemovalPatience);
  }
  return next;
}

void DynamicAuthorization::Acknowledge(const RequestKey& key, Request& request, CoaActions& out) {
  ++acknowledged_;
  Answer(key, request, request.code == Code::kCoaRequest ? Code::kCoaAck : Code::kDisconnectAck,
         std::nullopt, out);
}

void DynamicAuthorization::Refuse(const RequestKey& key, Request& request, ErrorCause cause,
                                  CoaActions& out) {
  ++refused_;
  Answer(key, request, request.code == Code::kCoaRequest ? Code::kCoaNak : Code::kDisconnectNak,
         cause, out);
}

void DynamicAuthorization::Answer(const RequestKey& key, Request& request, Code code,
                                  std::optional<ErrorCause> cause, CoaActions& out) {
  radius::PacketBuilder packet(code, key.identifier);
  packet.AddMessageAuthenticator();
  if (cause) packet.AddInteger(radius::kErrorCause, static_cast<uint32_t>(*cause));
  radius::AttributeReader states(request.proxy_states);
  Attribute state;
  while (states.Next(state)) packet.Add(state.id, state.value);
  const MutableByteView bytes = packet.Finish();
  radius::SignResponse(bytes, key.authenticator, settings_.clients[request.client].secret);
  request.answer.assign(bytes.begin(), bytes.end());
  out.replies.push_back({key.from, request.answer});
}

std::vector<std::pair<std::string, uint64_t>> DynamicAuthorization::Counters() const {
  return {{"coa_acknowledged", acknowledged_}, {"coa_refused", refused_},
          {"coa_duplicates", duplicates_},     {"coa_unknown_client", unknown_client_},
          {"coa_malformed", malformed_},       {"coa_not_genuine", not_genuine_},
          {"coa_not_current", not_current_},   {"coa_overflow", overflow_}};
}

}  // namespace lns::controlplane
