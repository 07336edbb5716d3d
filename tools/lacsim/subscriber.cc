// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "tools/lacsim/subscriber.h"

namespace lns::lacsim {

const char* ToString(SubscriberState state) {
  switch (state) {
    case SubscriberState::kIdle:
      return "idle";
    case SubscriberState::kAwaitingCall:
      return "awaiting-call";
    case SubscriberState::kCalling:
      return "calling";
    case SubscriberState::kNegotiating:
      return "negotiating";
    case SubscriberState::kOnline:
      return "online";
    case SubscriberState::kHangingUp:
      return "hanging-up";
    case SubscriberState::kLinkDown:
      return "link-down";
    case SubscriberState::kGone:
      return "gone";
  }
  return "?";
}

}  // namespace lns::lacsim
