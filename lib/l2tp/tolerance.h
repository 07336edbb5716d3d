// What of a peer's mistakes is let pass: part of its profile, obeyed by message.cc and
// control_connection.cc.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

namespace lns::l2tp {

// What RFC 2661 would end a tunnel or a call for, and some peers do nevertheless. Whatever is
// tolerated is counted.
struct Tolerance {
  // Unknown AVPs with the M bit are ignored as if it were not set (4.1).
  bool unknown_mandatory_avps = false;
  // Known AVPs with the M bit where section 6 does not have them are ignored.
  bool misplaced_mandatory_avps = true;
  // SCCRQ and SCCRP without Framing Capabilities, ICCN and OCCN without Framing Type.
  bool missing_framing = true;
  // Control messages with tunnel id 0 after the SCCRQ; the owner finds their tunnel by the peer's
  // address and port.
  bool zero_tunnel_id = false;
};

}  // namespace lns::l2tp
