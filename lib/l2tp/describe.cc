// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/l2tp/describe.h"

#include "lib/l2tp/avp.h"
#include "lib/l2tp/event.h"
#include "lib/l2tp/header.h"
#include "lib/l2tp/message_table.h"

namespace lns::l2tp {
namespace {

std::string AvpName(const Avp& avp) {
  if (avp.vendor != kVendorIetf) {
    return "vendor " + std::to_string(avp.vendor) + " AVP " + std::to_string(avp.type);
  }
  const AvpRow* row = FindAvp(avp.type);
  return row != nullptr ? row->name : "AVP " + std::to_string(avp.type);
}

std::string MessageName(ByteView avps) {
  AvpReader reader(avps);
  Avp avp;
  if (!reader.Next(avp) || avp.vendor != kVendorIetf || avp.type != 0 || avp.value.size() != 2) {
    return "no Message Type";
  }
  const uint16_t type = LoadBe16(avp.value.data());
  const MessageRow* row = FindMessage(type);
  return row != nullptr ? row->name : "message " + std::to_string(type);
}

}  // namespace

std::string Describe(ByteView control_message) {
  Header header;
  const HeaderError error = ParseHeader(control_message, header);
  if (error != HeaderError::kNone) return std::string("not L2TP: ") + ToString(EventOf(error));
  const ByteView avps = control_message.subspan(header.payload_offset, header.payload_length());
  std::string text = !header.control ? "data" : avps.empty() ? "ZLB" : MessageName(avps);
  text += " tunnel " + std::to_string(header.tunnel_id) + " session " +
          std::to_string(header.session_id) + " Ns " + std::to_string(header.ns) + " Nr " +
          std::to_string(header.nr);
  if (!header.control) return text;
  AvpReader reader(avps);
  Avp avp;
  while (reader.Next(avp)) {
    if (avp.vendor == kVendorIetf && avp.type == 0) continue;
    text += ", " + AvpName(avp);
    if (avp.hidden) text += " hidden";
  }
  if (reader.malformed()) text += ", then an AVP of impossible length";
  return text;
}

}  // namespace lns::l2tp
