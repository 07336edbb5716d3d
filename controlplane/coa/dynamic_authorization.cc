// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/coa/dynamic_authorization.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "controlplane/radius/service_attributes.h"
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
// What takes effect on a session that is online. Lists replace what was there.
constexpr radius::AttributeId kChangeable[] = {
    radius::kSessionTimeout,      radius::kIdleTimeout,
    radius::kAcctInterimInterval, radius::kFilterId,
    radius::kFramedMtu,           radius::kFramedRoute,
    radius::kFramedIpv6Route,     radius::kClass,
    radius::kWisprBandwidthMaxUp, radius::kWisprBandwidthMaxDown,
    radius::kMikrotikTotalLimit,  radius::kMikrotikTotalLimitGigawords,
    radius::kWisprRedirectionUrl, radius::kDnsServerIpv6Address,
    radius::kRouteIpv6Information};

template <size_t N>
bool IsIn(const radius::AttributeId (&list)[N], radius::AttributeId id) {
  return std::find(std::begin(list), std::end(list), id) != std::end(list);
}

bool Equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

void Append(const Attribute& attribute, Bytes& out) {
  radius::PacketBuilder one(Code::kCoaRequest, 0);
  one.Add(attribute.id, attribute.value);
  out.insert(out.end(), one.attributes().begin(), one.attributes().end());
}

// What the attributes alone can get wrong.
bool AreSound(ByteView changes) {
  constexpr uint32_t kLeastInterim = 60;  // RFC 2869 5.16
  const auto interim = radius::Find(changes, radius::kAcctInterimInterval);
  if (interim && radius::ReadInteger(*interim).value_or(0) < kLeastInterim) return false;
  return ReadService(changes, ServiceProfile{}).malformed == 0;
}

ErrorCause CauseOf(const absl::Status& failure) {
  switch (failure.code()) {
    case absl::StatusCode::kNotFound:
      return ErrorCause::kSessionNotFound;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kAlreadyExists:  // another session's route
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return ErrorCause::kInvalidAttributeValue;
    default:
      return ErrorCause::kResourcesUnavailable;
  }
}

// The NAS that is meant is us, as far as the attribute says.
bool IsUs(const Attribute& attribute, const NasIdentity& nas) {
  if (attribute.id == radius::kNasIdentifier)
    return Equal(attribute.value, AsBytes(nas.identifier));
  const auto address = attribute.id == radius::kNasIpAddress ? radius::ReadIpv4(attribute.value)
                                                             : radius::ReadIpv6(attribute.value);
  return address.has_value() && *address == nas.address;
}

}  // namespace

void Place(const CoaOrder& order, Engine& engine, Instant now, EngineActions& out) {
  std::vector<ServiceChange> changes;
  for (const AccountingId& id : order.sessions) {
    ServicePtr service = engine.ServiceOf(id);
    if (service != nullptr) {
      service =
          std::make_shared<const ServiceProfile>(ReadService(order.attributes, *service).profile);
    }
    changes.push_back({id, std::move(service)});
  }
  engine.ChangeService(order.number, changes, now, out);
}

const CoaClient* DynamicAuthorization::ClientOf(const net::IpAddress& address,
                                                size_t& index) const {
  for (index = 0; index < settings_.clients.size(); ++index) {
    if (settings_.clients[index].address.Contains(address)) return &settings_.clients[index];
  }
  return nullptr;
}

void DynamicAuthorization::OnDatagram(const CoaPeer& from, ByteView datagram, Moment at,
                                      CoaActions& out) {
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
  Judge(key, Remember(key, index, packet, content, at), content, out);
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
    Append(attribute, content.proxy_states);
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
    Append(attribute, content.changes);
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
                                 CoaActions& out) {
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
  if (is_coa && !AreSound(content.changes)) {
    return Refuse(key, request, ErrorCause::kInvalidAttributeValue, out);
  }
  std::vector<AccountingId> sessions = accountant_.Search(content.identifies, kMaxSessions + 1);
  if (sessions.empty()) return Refuse(key, request, ErrorCause::kSessionNotFound, out);
  if (sessions.size() > kMaxSessions) {
    return Refuse(key, request, ErrorCause::kTooManySessions, out);
  }
  waiting_.push_back(key);
  if (is_coa) {
    request.order = ++last_order_;
    out.orders.push_back({request.order, std::move(sessions), content.changes});
  } else {
    out.disconnect.insert(out.disconnect.end(), sessions.begin(), sessions.end());
    request.waits_for = std::move(sessions);
  }
}

void DynamicAuthorization::OnOrderDone(uint64_t number, const absl::Status& status,
                                       CoaActions& out) {
  const auto waits = [&](const RequestKey& key) {
    const auto request = requests_.find(key);
    return request != requests_.end() && request->second.order == number;
  };
  const auto key = std::find_if(waiting_.begin(), waiting_.end(), waits);
  if (key == waiting_.end()) return;  // answered as late
  Request& request = requests_.at(*key);
  if (status.ok()) {
    Acknowledge(*key, request, out);
  } else {
    Refuse(*key, request, CauseOf(status), out);
  }
  waiting_.erase(key);
}

void DynamicAuthorization::OnProgress(Moment at, CoaActions& out) {
  std::erase_if(waiting_, [&](const RequestKey& key) {
    const auto found = requests_.find(key);
    if (found == requests_.end()) return true;
    Request& request = found->second;
    std::erase_if(request.waits_for,
                  [this](const AccountingId& id) { return accountant_.IsGone(id); });
    if (request.order == 0 && request.waits_for.empty()) {
      Acknowledge(key, request, out);
    } else if (at.now >= request.came + kPatience) {
      Refuse(
          key, request,
          request.order == 0 ? ErrorCause::kSessionNotRemovable : ErrorCause::kResourcesUnavailable,
          out);
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
    if (found != requests_.end()) next = std::min(next, found->second.came + kPatience);
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
