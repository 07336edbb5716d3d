// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/message.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/check.h"
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
    if (known == nullptr) return ReadUnknown(avp);
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
    if (!avp.mandatory || (avp.vendor == kVendorBroadbandForum && !avp.reserved_bits)) {
      result_.events.Add(L2tpEvent::kAvpUnknownIgnored);
      return;
    }
    if (tolerate_.unknown_mandatory_avps) {
      result_.events.Add(L2tpEvent::kAvpUnknownTolerated);
      return;
    }
    Reject(L2tpEvent::kAvpUnknownMandatory, GeneralError::kUnknownMandatoryAvp, NameOf(avp));
  }

  std::optional<Bytes> Unhide(const Avp& avp) {
    if (!secret_.empty() && !random_vector_.empty()) {
      std::optional<Bytes> clear = UnhideValue(avp.type, secret_, random_vector_, avp.value);
      if (clear) return clear;
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
    if (result_.message.Has(type)) {
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

}  // namespace

DecodedMessage DecodeMessage(ByteView avps, std::string_view secret, const Tolerance& tolerate) {
  return Decoder(avps, secret, tolerate).Run();
}

MessageType TypeOf(ByteView encoded) {
  // The Message Type AVP is the first, and its value follows its header.
  Reader reader(encoded.subspan(kControlHeaderLength + kAvpHeaderLength));
  return RowOf(static_cast<MessageType>(reader.ReadU16())).type;
}

Bytes EncodeMessage(const Message& message, PeerTunnelId tunnel, PeerSessionId session,
                    const Hiding* hiding) {
  Bytes out(kControlHeaderLength);
  Bytes type(2);
  StoreBe16(type.data(), static_cast<uint16_t>(message.type));
  AppendAvp(
      out,
      {.mandatory = true, .type = static_cast<uint16_t>(AvpType::kMessageType), .value = type});
  std::array<uint8_t, kRandomVectorLength> random_vector{};
  bool vector_sent = false;
  for (const FieldRow& field : kFieldTable) {
    if (!message.Has(field.type)) continue;
    const AvpRow& row = RowOf(field.type);
    Bytes value = field.write(message);
    const bool hide = hiding != nullptr && ShouldHide(message, row);
    value.resize(std::min(value.size(), hide ? kMaxHideableValue : kMaxAvpValue));
    if (hide) {
      if (!vector_sent) {
        hiding->rng.Fill(random_vector);
        AppendAvp(out, {.mandatory = true,
                        .type = static_cast<uint16_t>(AvpType::kRandomVector),
                        .value = random_vector});
        vector_sent = true;
      }
      Bytes padding(
          std::min<size_t>(hiding->rng.Below(kMaxPadding), kMaxHideableValue - value.size()));
      hiding->rng.Fill(padding);
      value = HideValue(row.type, hiding->secret, random_vector, value, padding);
    }
    AppendAvp(out, {.mandatory = row.mandatory, .hidden = hide, .type = row.type, .value = value});
  }
  // No message comes near 64 KiB: at most 40 AVPs of at most 1,023 bytes.
  const Header header = ControlHeader(tunnel.value(), session.value(), 0, 0);
  LNS_CHECK(WriteHeader(header, out.size() - kControlHeaderLength, out) == kControlHeaderLength);
  return out;
}

}  // namespace lns::l2tp
