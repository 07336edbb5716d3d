// The table as RFC 1661 4.1 prints it, read from text and compared cell by cell with ours.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "lib/ppp/option_automaton.h"

namespace lns::ppp {
namespace {

// RFC 1661 4.1: both halves, spaces inside cells removed, option letters kept.
constexpr const char* kFirstHalf = R"(
Up    2          irc,scr/6  -          -                -      -
Down  -          -          0          tls/1            0      1
Open  tls/1      1          irc,scr/6  3r               5r     5r
Close 0          tlf/0      2          2                4      4
TO+   -          -          -          -                str/4  str/5
TO-   -          -          -          -                tlf/2  tlf/3
RCR+  -          -          sta/2      irc,scr,sca/8    4      5
RCR-  -          -          sta/2      irc,scr,scn/6    4      5
RCA   -          -          sta/2      sta/3            4      5
RCN   -          -          sta/2      sta/3            4      5
RTR   -          -          sta/2      sta/3            sta/4  sta/5
RTA   -          -          2          3                tlf/2  tlf/3
RUC   -          -          scj/2      scj/3            scj/4  scj/5
RXJ+  -          -          2          3                4      5
RXJ-  -          -          tlf/2      tlf/3            tlf/2  tlf/3
RXR   -          -          2          3                4      5
)";
constexpr const char* kSecondHalf = R"(
Up    -          -          -          -
Down  1          1          1          tld/1
Open  6          7          8          9r
Close irc,str/4  irc,str/4  irc,str/4  tld,irc,str/4
TO+   scr/6      scr/6      scr/8      -
TO-   tlf/3p     tlf/3p     tlf/3p     -
RCR+  sca/8      sca,tlu/9  sca/8      tld,scr,sca/8
RCR-  scn/6      scn/7      scn/6      tld,scr,scn/6
RCA   irc/7      scr/6x     irc,tlu/9  tld,scr/6x
RCN   irc,scr/6  scr/6x     irc,scr/8  tld,scr/6x
RTR   sta/6      sta/6      sta/6      tld,zrc,sta/5
RTA   6          6          8          tld,scr/6
RUC   scj/6      scj/7      scj/8      scj/9
RXJ+  6          6          8          9
RXJ-  tlf/3      tlf/3      tlf/3      tld,irc,str/5
RXR   6          7          8          ser/9
)";

const char* Mnemonic(FsmAction action) {
  switch (action) {
    case FsmAction::kNothing:
      return "";
    case FsmAction::kLayerUp:
      return "tlu";
    case FsmAction::kLayerDown:
      return "tld";
    case FsmAction::kLayerStarted:
      return "tls";
    case FsmAction::kLayerFinished:
      return "tlf";
    case FsmAction::kInitRestartCount:
      return "irc";
    case FsmAction::kZeroRestartCount:
      return "zrc";
    case FsmAction::kSendConfigureRequest:
      return "scr";
    case FsmAction::kSendConfigureAck:
      return "sca";
    case FsmAction::kSendConfigureNak:
      return "scn";
    case FsmAction::kSendTerminateRequest:
      return "str";
    case FsmAction::kSendTerminateAck:
      return "sta";
    case FsmAction::kSendCodeReject:
      return "scj";
    case FsmAction::kSendEchoReply:
      return "ser";
  }
  return "?";
}

std::string Print(const FsmTransition& transition) {
  if (!transition.defined) return "-";
  std::string actions;
  for (const FsmAction action : transition.actions) {
    if (action == FsmAction::kNothing) continue;
    actions += (actions.empty() ? "" : ",") + std::string(Mnemonic(action));
  }
  return actions + (actions.empty() ? "" : "/") + std::to_string(static_cast<int>(transition.next));
}

const std::map<std::string, FsmEvent> kEvents = {
    {"Up", FsmEvent::kUp},
    {"Down", FsmEvent::kDown},
    {"Open", FsmEvent::kOpen},
    {"Close", FsmEvent::kClose},
    {"TO+", FsmEvent::kTimeout},
    {"TO-", FsmEvent::kTimeoutLast},
    {"RCR+", FsmEvent::kRequestGood},
    {"RCR-", FsmEvent::kRequestBad},
    {"RCA", FsmEvent::kAck},
    {"RCN", FsmEvent::kNak},
    {"RTR", FsmEvent::kTerminateRequest},
    {"RTA", FsmEvent::kTerminateAck},
    {"RUC", FsmEvent::kUnknownCode},
    {"RXJ+", FsmEvent::kRejectPermitted},
    {"RXJ-", FsmEvent::kRejectFatal},
    {"RXR", FsmEvent::kEcho},
};

int CompareHalf(const char* text, int first_state, int states) {
  int cells = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    std::istringstream words(line);
    std::string event;
    words >> event;
    EXPECT_TRUE(kEvents.contains(event)) << event;
    for (int state = first_state; state < first_state + states; ++state) {
      std::string cell;
      words >> cell;
      while (!cell.empty() && (cell.back() == 'r' || cell.back() == 'p' || cell.back() == 'x')) {
        cell.pop_back();
      }
      EXPECT_EQ(Print(Lookup(static_cast<FsmState>(state), kEvents.at(event))), cell)
          << event << " in state " << state;
      ++cells;
    }
  }
  return cells;
}

TEST(OptionAutomatonTest, EqualsTheTableOfTheRfc) {
  EXPECT_EQ(CompareHalf(kFirstHalf, 0, 6) + CompareHalf(kSecondHalf, 6, 4), 160);
}

TEST(OptionAutomatonTest, RestartTimerRunsInTheStatesTheRfcNames) {
  for (size_t state = 0; state < kFsmStates; ++state) {
    // Closing, Stopping, Req-Sent, Ack-Rcvd, Ack-Sent.
    EXPECT_EQ(RestartTimerRuns(static_cast<FsmState>(state)), state >= 4 && state <= 8) << state;
  }
}

}  // namespace
}  // namespace lns::ppp
