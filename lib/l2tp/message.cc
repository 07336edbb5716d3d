// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/message.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/check.h"
#include "lib/l2tp/access_line_table.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/avp_hiding.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message_fields.h"
#include "lib/l2tp/result_code.h"

namespace lns::l2tp {
namespace {

constexpr size_t kRandomVectorLength = 16;
constexpr uint32_t kMaxPadding = 16;

std::string NameOf(const Avp& avp) {
  if (avp.vendor != kVendorIetf) {
    return "vendor " + std::to_string(avp.vendor) + " AVP " + std::to_string(avp.type);
  }
  const AvpRow* row = FindAvp(avp.type);
  return "AVP " + std::to_string(avp.type) +
         (row != nullptr ? " (" + std::string(row->name) + ")" : "");
}

// Messages whose other vendors' AVPs belong to the call.
bool DescribesCall(MessageType type) {
  return type == MessageType::kIcrq || type == MessageType::kIccn || type == MessageType::kOccn;
}

// Walks the AVPs of one message. Goes on after a rejection, the first of which stands: what is
// still readable (the Assigned Session ID) is needed to answer.
class Decoder {
 public:
  Decoder(ByteView avps, std::string_view secret, const Tolerance& tolerate)
      : reader_(avps), secret_(secret), tolerate_(tolerate) {}

  DecodedMessage Run() {
    if (ReadMessageType()) {
      Avp avp;
      while (reader_.Next(avp)) ReadAvp(avp);
      if (reader_.malformed()) {
        Reject(L2tpEvent::kAvpMalformed, GeneralError::kLength, "an AVP's length is impossible");
      }
      CheckMissing();
      CheckValues();
    }
    return std::move(result_);
  }

 private:
  // The first AVP, and never hidden (RFC 2661 4.4.1). False when there is no message to read on.
  bool ReadMessageType() {
    Avp avp;
    if (!reader_.Next(avp) || avp.vendor != kVendorIetf || avp.reserved_bits || avp.hidden ||
        avp.type != static_cast<uint16_t>(AvpType::kMessageType) || avp.value.size() != 2) {
      Reject(L2tpEvent::kMessageTypeMissing,
             reader_.malformed() ? GeneralError::kLength : GeneralError::kBadValue,
             "the first AVP is not a Message Type");
      return false;
    }
    const uint16_t type = LoadBe16(avp.value.data());
    row_ = FindMessage(type);
    if (row_ == nullptr) {
      if (!avp.mandatory) {
        result_.events.Add(L2tpEvent::kMessageUnknownIgnored);
        result_.verdict = Verdict::kIgnore;
      } else {
        Reject(L2tpEvent::kMessageUnknownMandatory, GeneralError::kUnknownMandatoryAvp,
               "unknown message type " + std::to_string(type));
      }
      return false;
    }
    result_.message.type = row_->type;
    result_.type_known = true;
    result_.scope = row_->scope;
    return true;
  }

  void ReadAvp(const Avp& avp) {
    const AvpRow* known =
        avp.vendor == kVendorIetf && !avp.reserved_bits ? FindAvp(avp.type) : nullptr;
    if (known == nullptr) {
      return avp.vendor != kVendorIetf && !avp.reserved_bits ? ReadVendor(avp) : ReadUnknown(avp);
    }
    if (avp.type == static_cast<uint16_t>(AvpType::kRandomVector) && !avp.hidden) {
      // From here on this one counts, until the next (RFC 2661 4.3).
      if (!avp.value.empty()) random_vector_ = avp.value;
      return;
    }
    ByteView value = avp.value;
    std::optional<Bytes> clear;
    if (avp.hidden) {
      clear = Unhide(avp);
      if (!clear) return;
      value = *clear;
    }
    ReadKnown(avp, *known, value);
  }

  void ReadUnknown(const Avp& avp) {
    if (!avp.mandatory) {
      result_.events.Add(L2tpEvent::kAvpUnknownIgnored);
      return;
    }
    if (tolerate_.unknown_mandatory_avps) {
      result_.events.Add(L2tpEvent::kAvpUnknownTolerated);
      return;
    }
    Reject(L2tpEvent::kAvpUnknownMandatory, GeneralError::kUnknownMandatoryAvp, NameOf(avp));
  }

  // Another vendor's AVP: of the access line, or of what we do not know and hand on as it is.
  void ReadVendor(const Avp& avp) {
    const bool broadband_forum = avp.vendor == kVendorBroadbandForum;
    if (avp.mandatory && !broadband_forum) return ReadUnknown(avp);
    if (!DescribesCall(row_->type)) {
      result_.events.Add(L2tpEvent::kAvpUnknownIgnored);
      return;
    }
    ByteView value = avp.value;
    std::optional<Bytes> clear;
    if (avp.hidden) {
      clear = Reveal(avp);
      if (!clear) {
        result_.events.Add(L2tpEvent::kAvpHiddenUnreadable);
        return;
      }
      value = *clear;
    }
    const AccessLineRow* line =
        broadband_forum && row_->type == MessageType::kIcrq ? FindAccessLineAvp(avp.type) : nullptr;
    if (line == nullptr) return KeepVendorAvp(avp, value);
    if (value.size() < line->min_length || value.size() > line->max_length ||
        !line->read(value, result_.message.call.access_line)) {
      result_.events.Add(L2tpEvent::kAvpBadLengthIgnored);
    }
  }

  void KeepVendorAvp(const Avp& avp, ByteView value) {
    result_.events.Add(L2tpEvent::kAvpUnknownIgnored);
    if (!AddVendorAvp(
            {.vendor = avp.vendor, .type = avp.type, .value = Bytes(value.begin(), value.end())},
            result_.message.call)) {
      result_.events.Add(L2tpEvent::kVendorAvpsDropped);
    }
  }

  bool CanReveal() const { return !secret_.empty() && !random_vector_.empty(); }

  std::optional<Bytes> Reveal(const Avp& avp) const {
    if (!CanReveal()) return std::nullopt;
    return UnhideValue(avp.type, secret_, random_vector_, avp.value);
  }

  // As Reveal, and counts and answers for what cannot be read.
  std::optional<Bytes> Unhide(const Avp& avp) {
    std::optional<Bytes> clear = Reveal(avp);
    if (clear) return clear;
    if (CanReveal()) {
      RejectIf(avp.mandatory, L2tpEvent::kAvpHiddenUnreadable, GeneralError::kLength,
               "hidden " + NameOf(avp) + " does not decode: another secret?");
    } else {
      RejectIf(avp.mandatory, L2tpEvent::kAvpHiddenUnreadable, GeneralError::kUnknownMandatoryAvp,
               "hidden " + NameOf(avp) + " without " +
                   (secret_.empty() ? "a secret" : "a Random Vector"));
    }
    return std::nullopt;
  }

  void ReadKnown(const Avp& avp, const AvpRow& known, ByteView value) {
    const FieldRow* field = FindField(avp.type);
    const auto type = static_cast<AvpType>(avp.type);
    if (field == nullptr || !(row_->must | row_->may).Has(type)) {
      // An AVP nothing here reads is out of place everywhere, and never fatal.
      RejectIf(field != nullptr && avp.mandatory && !tolerate_.misplaced_mandatory_avps,
               L2tpEvent::kAvpOutOfPlace, GeneralError::kVendorSpecific,
               NameOf(avp) + " does not belong in " + row_->name);
      return;
    }
    if (result_.message.Has(type) && !field->repeats) {
      result_.events.Add(L2tpEvent::kAvpDuplicate);
      return;
    }
    const bool length_fits = value.size() >= known.min_length && value.size() <= known.max_length;
    if (!length_fits || !field->read(value, result_.message, result_.events)) {
      const bool fatal = avp.mandatory && !row_->tolerated.Without(kFramingAvps).Has(type);
      RejectIf(fatal, fatal ? L2tpEvent::kAvpBadLength : L2tpEvent::kAvpBadLengthIgnored,
               GeneralError::kLength, NameOf(avp));
      return;
    }
    result_.message.present.Add(type);
  }

  void CheckMissing() {
    const AvpSet missing = row_->must.Without(result_.message.present);
    if (missing.empty()) return;
    const AvpSet tolerated =
        tolerate_.missing_framing ? row_->tolerated : row_->tolerated.Without(kFramingAvps);
    const AvpSet fatal = missing.Without(tolerated);
    if (fatal.empty()) {
      result_.events.Add(L2tpEvent::kAvpMissingTolerated);
      return;
    }
    for (const FieldRow& field : kFieldTable) {
      if (!fatal.Has(field.type)) continue;
      Reject(L2tpEvent::kAvpMissing, GeneralError::kVendorSpecific,
             std::string("missing ") + RowOf(field.type).name + " in " + row_->name);
      return;
    }
  }

  void CheckValues() {
    const Message& message = result_.message;
    // A CDN says 0 when its sender never assigned an id, a StopCCN is obeyed whatever it says.
    const bool ends_something =
        row_->type == MessageType::kCdn || row_->type == MessageType::kStopCcn;
    if (message.Has(AvpType::kAssignedTunnelId) && message.assigned_tunnel_id == 0 &&
        !ends_something) {
      Reject(L2tpEvent::kAvpBadValue, GeneralError::kBadValue, "Assigned Tunnel ID is 0");
    }
    if (message.Has(AvpType::kAssignedSessionId) && message.assigned_session_id == 0 &&
        !ends_something) {
      Reject(L2tpEvent::kAvpBadValue, GeneralError::kBadValue, "Assigned Session ID is 0");
    }
    if (message.Has(AvpType::kReceiveWindowSize) && message.receive_window == 0) {
      Reject(L2tpEvent::kAvpBadValue, GeneralError::kBadValue, "Receive Window Size is 0");
    }
  }

  void RejectIf(bool reject, L2tpEvent event, GeneralError error, std::string text) {
    if (reject) {
      Reject(event, error, std::move(text));
    } else {
      result_.events.Add(event);
    }
  }

  void Reject(L2tpEvent event, GeneralError error, std::string text) {
    result_.events.Add(event);
    if (result_.verdict == Verdict::kReject) return;
    result_.verdict = Verdict::kReject;
    result_.rejection = MakeError(error, std::move(text));
  }

  AvpReader reader_;
  std::string_view secret_;
  const Tolerance& tolerate_;
  ByteView random_vector_;
  const MessageRow* row_ = nullptr;
  DecodedMessage result_;
};

// Hidden from the peer's eyes only when it can know which secret to use: it finds that by the
// SCCRQ's Host Name, and the tunnel itself by the Assigned Tunnel ID.
bool ShouldHide(const Message& message, const AvpRow& row) {
  return row.may_hide && !(message.type == MessageType::kSccrq &&
                           row.type == static_cast<uint16_t>(AvpType::kAssignedTunnelId));
}

// Appends AVPs to a control message, and a Random Vector before the first hidden one.
class AvpWriter {
 public:
  // `hiding` null: nothing is hidden.
  AvpWriter(MessageType type, const Hiding* hiding) : hiding_(hiding), out_(kControlHeaderLength) {
    Bytes value(2);
    StoreBe16(value.data(), static_cast<uint16_t>(type));
    AppendAvp(out_, {.mandatory = RowOf(type).mandatory,
                     .type = static_cast<uint16_t>(AvpType::kMessageType),
                     .value = value});
  }

  // Values longer than an AVP can carry are cut.
  void Append(Avp avp, Bytes value, bool may_hide) {
    const bool hide = hiding_ != nullptr && may_hide;
    value.resize(std::min(value.size(), hide ? kMaxHideableValue : kMaxAvpValue));
    if (hide) value = Hide(avp.type, value);
    avp.hidden = hide;
    avp.value = value;
    AppendAvp(out_, avp);
  }

  Bytes Take() && { return std::move(out_); }

 private:
  Bytes Hide(uint16_t type, ByteView value) {
    if (!vector_sent_) {
      hiding_->rng.Fill(random_vector_);
      AppendAvp(out_, {.mandatory = true,
                       .type = static_cast<uint16_t>(AvpType::kRandomVector),
                       .value = random_vector_});
      vector_sent_ = true;
    }
    Bytes padding(
        std::min<size_t>(hiding_->rng.Below(kMaxPadding), kMaxHideableValue - value.size()));
    hiding_->rng.Fill(padding);
    return HideValue(type, hiding_->secret, random_vector_, value, padding);
  }

  const Hiding* hiding_;
  Bytes out_;
  std::array<uint8_t, kRandomVectorLength> random_vector_{};
  bool vector_sent_ = false;
};

}  // namespace

DecodedMessage DecodeMessage(ByteView avps, std::string_view secret, const Tolerance& tolerate) {
  return Decoder(avps, secret, tolerate).Run();
}

MessageType TypeOf(ByteView encoded) {
  // The Message Type AVP is the first, and its value follows its header.
  Reader reader(encoded.subspan(kControlHeaderLength + kAvpHeaderLength));
  return RowOf(static_cast<MessageType>(reader.ReadU16())).type;
}

bool AddVendorAvp(VendorAvp avp, CallInfo& call) {
  size_t bytes = avp.value.size();
  for (const VendorAvp& other : call.vendor_avps) bytes += other.value.size();
  if (call.vendor_avps.size() >= kMaxVendorAvps || bytes > kMaxVendorAvpBytes) return false;
  call.vendor_avps.push_back(std::move(avp));
  return true;
}

void AddWhatIsSet(Message& message) {
  const AvpSet& may = RowOf(message.type).may;
  for (const FieldRow& field : kFieldTable) {
    if (may.Has(field.type) && field.is_set(message)) message.present.Add(field.type);
  }
}

Bytes EncodeMessage(const Message& message, PeerTunnelId tunnel, PeerSessionId session,
                    const Hiding* hiding) {
  AvpWriter writer(message.type, hiding);
  for (const FieldRow& field : kFieldTable) {
    if (!message.Has(field.type)) continue;
    const AvpRow& row = RowOf(field.type);
    const size_t count = field.count(message);
    for (size_t i = 0; i < count; ++i) {
      writer.Append({.mandatory = row.mandatory, .type = row.type}, field.write(message, i),
                    ShouldHide(message, row));
    }
  }
  if (message.type == MessageType::kIcrq) {
    for (const AccessLineRow& row : kAccessLineTable) {
      const std::optional<Bytes> value = row.write(message.call.access_line);
      if (!value) continue;
      writer.Append({.vendor = kVendorBroadbandForum, .type = row.type}, *value, true);
    }
  }
  if (DescribesCall(message.type)) {
    for (const VendorAvp& avp : message.call.vendor_avps) {
      writer.Append({.vendor = avp.vendor, .type = avp.type}, avp.value, false);
    }
  }
  Bytes out = std::move(writer).Take();
  // No message reaches 64 KiB: at most 25 AVPs of its own of at most 1,023 bytes, 19 short ones of
  // an access line, and those of other vendors and of speed updates within their bounds.
  const Header header = ControlHeader(tunnel.value(), session.value(), 0, 0);
  LNS_CHECK(WriteHeader(header, out.size() - kControlHeaderLength, out) == kControlHeaderLength);
  return out;
}

}  // namespace lns::l2tp
