// The tables of tunnel_fsm.h and session_fsm.h against RFC 2661's own, copied row by row
// from 7.2.1, 7.4.1, 7.4.2, 7.5.1 and 7.5.2. "idle" after a clean-up is kClosing or kRetained here.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/l2tp/session_fsm.h"
#include "lib/l2tp/tunnel_fsm.h"

namespace lns::l2tp {
namespace {

struct TunnelRow {
  const char* rfc;
  TunnelState state;
  TunnelEvent event;
  TunnelStep step;
  TunnelState next;
};

TEST(TunnelFsm, MatchesRfc2661Section721) {
  using enum TunnelState;
  using E = TunnelEvent;
  using S = TunnelStep;
  const TunnelRow rows[] = {
      {"idle, local open request: send SCCRQ", kIdle, E::kLocalOpen, S::kSendSccrq, kWaitCtlReply},
      {"idle, SCCRQ acceptable: send SCCRP", kIdle, E::kSccrq, S::kSendSccrp, kWaitCtlConn},
      {"idle, SCCRQ not acceptable: send StopCCN", kIdle, E::kSccrqBad, S::kSendStopCcn, kClosing},
      {"idle, SCCRP: send StopCCN", kIdle, E::kSccrp, S::kSendStopCcn, kClosing},
      {"idle, SCCCN: clean up", kIdle, E::kScccn, S::kIgnore, kIdle},
      {"wait-ctl-reply, SCCRP acceptable: send SCCCN", kWaitCtlReply, E::kSccrp, S::kSendScccn,
       kEstablished},
      {"wait-ctl-reply, SCCRP not acceptable: send StopCCN", kWaitCtlReply, E::kSccrpBad,
       S::kSendStopCcn, kClosing},
      {"wait-ctl-reply, SCCRQ, lose tie-breaker: clean up", kWaitCtlReply, E::kTieLost, S::kForget,
       kIdle},
      {"wait-ctl-reply, SCCCN: send StopCCN", kWaitCtlReply, E::kScccn, S::kSendStopCcn, kClosing},
      {"wait-ctl-conn, SCCCN acceptable: tunnel open", kWaitCtlConn, E::kScccn, S::kOpen,
       kEstablished},
      {"wait-ctl-conn, SCCCN not acceptable: send StopCCN", kWaitCtlConn, E::kScccnBad,
       S::kSendStopCcn, kClosing},
      {"wait-ctl-conn, SCCRP: send StopCCN", kWaitCtlConn, E::kSccrp, S::kSendStopCcn, kClosing},
      {"wait-ctl-conn, SCCRQ: send StopCCN", kWaitCtlConn, E::kSccrq, S::kSendStopCcn, kClosing},
      {"established, admin close: send StopCCN", kEstablished, E::kLocalClose, S::kSendStopCcn,
       kClosing},
      {"established, SCCRQ: send StopCCN", kEstablished, E::kSccrq, S::kSendStopCcn, kClosing},
      {"established, SCCRP: send StopCCN", kEstablished, E::kSccrp, S::kSendStopCcn, kClosing},
      {"established, SCCCN: send StopCCN", kEstablished, E::kScccn, S::kSendStopCcn, kClosing},
      {"wait-ctl-reply, StopCCN: clean up", kWaitCtlReply, E::kStopCcn, S::kCleanUp, kRetained},
      {"wait-ctl-conn, StopCCN: clean up", kWaitCtlConn, E::kStopCcn, S::kCleanUp, kRetained},
      {"established, StopCCN: clean up", kEstablished, E::kStopCcn, S::kCleanUp, kRetained},
  };
  for (const TunnelRow& row : rows) {
    SCOPED_TRACE(row.rfc);
    const TunnelTransition* transition = FindTransition(row.state, row.event);
    ASSERT_NE(transition, nullptr);
    EXPECT_EQ(transition->step, row.step);
    if (row.step != S::kIgnore) {
      EXPECT_EQ(transition->next, row.next);
    }
  }
}

struct SessionRow {
  const char* rfc;
  SessionState state;
  SessionEvent event;
  SessionStep step;
  SessionState next;
};

void ExpectRows(SessionRole role, std::span<const SessionRow> rows) {
  for (const SessionRow& row : rows) {
    SCOPED_TRACE(row.rfc);
    const SessionTransition* transition = FindTransition(role, row.state, row.event);
    ASSERT_NE(transition, nullptr);
    EXPECT_EQ(transition->step, row.step);
    EXPECT_EQ(transition->next, row.next);
  }
}

TEST(SessionFsm, LacMatchesRfc2661Section741) {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  const SessionRow rows[] = {
      {"idle, ICCN: clean up", kIdle, E::kIccn, S::kIgnore, kIdle},
      {"idle, ICRP: clean up", kIdle, E::kIcrp, S::kIgnore, kIdle},
      {"idle, CDN: clean up", kIdle, E::kCdn, S::kIgnore, kIdle},
      {"wait-tunnel, tunnel-open: send ICRQ", kIdle, E::kPlace, S::kSendRequest, kWaitReply},
      {"wait-reply, ICRP acceptable: send ICCN", kWaitReply, E::kIcrp, S::kSendConnected,
       kEstablished},
      {"wait-reply, ICRP not acceptable: send CDN", kWaitReply, E::kIcrpBad, S::kSendCdn, kIdle},
      {"wait-reply, ICRQ: send CDN", kWaitReply, E::kIcrq, S::kSendCdn, kIdle},
      {"wait-reply, CDN: clean up", kWaitReply, E::kCdn, S::kCleanUp, kIdle},
      {"wait-reply, ICCN: clean up", kWaitReply, E::kIccn, S::kCleanUp, kIdle},
      {"wait-reply, local close: send CDN", kWaitReply, E::kLocalClose, S::kSendCdn, kIdle},
      {"established, CDN: clean up", kEstablished, E::kCdn, S::kCleanUp, kIdle},
      {"established, ICRQ: send CDN", kEstablished, E::kIcrq, S::kSendCdn, kIdle},
      {"established, ICRP: send CDN", kEstablished, E::kIcrp, S::kSendCdn, kIdle},
      {"established, ICCN: send CDN", kEstablished, E::kIccn, S::kSendCdn, kIdle},
      {"established, local close: send CDN", kEstablished, E::kLocalClose, S::kSendCdn, kIdle},
  };
  ExpectRows(SessionRole::kLac, rows);
}

TEST(SessionFsm, LnsMatchesRfc2661Section742) {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  const SessionRow rows[] = {
      {"idle, ICRQ acceptable: (tell the owner)", kIdle, E::kIcrq, S::kIndicate, kWaitAnswer},
      {"(the owner's answer): send ICRP", kWaitAnswer, E::kAnswer, S::kSendReply, kWaitConnect},
      {"idle, ICRQ not acceptable: send CDN", kIdle, E::kIcrqBad, S::kSendCdn, kIdle},
      {"idle, ICRP: send CDN", kIdle, E::kIcrp, S::kSendCdn, kIdle},
      {"idle, ICCN: clean up", kIdle, E::kIccn, S::kIgnore, kIdle},
      {"wait-connect, ICCN acceptable: prepare for data", kWaitConnect, E::kIccn, S::kOpen,
       kEstablished},
      {"wait-connect, ICCN not acceptable: send CDN", kWaitConnect, E::kIccnBad, S::kSendCdn,
       kIdle},
      {"wait-connect, ICRQ: send CDN", kWaitConnect, E::kIcrq, S::kSendCdn, kIdle},
      {"wait-connect, ICRP: send CDN", kWaitConnect, E::kIcrp, S::kSendCdn, kIdle},
      {"idle, CDN: clean up", kIdle, E::kCdn, S::kIgnore, kIdle},
      {"wait-connect, CDN: clean up", kWaitConnect, E::kCdn, S::kCleanUp, kIdle},
      {"established, CDN: clean up", kEstablished, E::kCdn, S::kCleanUp, kIdle},
      {"wait-connect, local close: send CDN", kWaitConnect, E::kLocalClose, S::kSendCdn, kIdle},
      {"established, local close: send CDN", kEstablished, E::kLocalClose, S::kSendCdn, kIdle},
      {"established, ICRQ: send CDN", kEstablished, E::kIcrq, S::kSendCdn, kIdle},
      {"established, ICRP: send CDN", kEstablished, E::kIcrp, S::kSendCdn, kIdle},
      {"established, ICCN: send CDN", kEstablished, E::kIccn, S::kSendCdn, kIdle},
  };
  ExpectRows(SessionRole::kLns, rows);
}

TEST(SessionFsm, LacMatchesRfc2661Section751) {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  const SessionRow rows[] = {
      {"idle, OCRQ acceptable: (tell the owner)", kIdle, E::kOcrq, S::kIndicate, kWaitAnswer},
      {"(the owner's answer): send OCRP", kWaitAnswer, E::kAnswer, S::kSendReply, kWaitCsAnswer},
      {"idle, OCRQ not acceptable: send CDN", kIdle, E::kOcrqBad, S::kSendCdn, kIdle},
      {"idle, OCRP: send CDN", kIdle, E::kOcrp, S::kSendCdn, kIdle},
      {"idle, OCCN: clean up", kIdle, E::kOccn, S::kIgnore, kIdle},
      {"idle, CDN: clean up", kIdle, E::kCdn, S::kIgnore, kIdle},
      {"wait-cs-answer, bearer answer: send OCCN", kWaitCsAnswer, E::kConnect, S::kSendConnected,
       kEstablished},
      {"wait-cs-answer, bearer failure: send CDN", kWaitCsAnswer, E::kLocalClose, S::kSendCdn,
       kIdle},
      {"wait-cs-answer, OCRQ: send CDN", kWaitCsAnswer, E::kOcrq, S::kSendCdn, kIdle},
      {"wait-cs-answer, OCRP: send CDN", kWaitCsAnswer, E::kOcrp, S::kSendCdn, kIdle},
      {"wait-cs-answer, OCCN: send CDN", kWaitCsAnswer, E::kOccn, S::kSendCdn, kIdle},
      {"established, OCRQ: send CDN", kEstablished, E::kOcrq, S::kSendCdn, kIdle},
      {"established, OCRP: send CDN", kEstablished, E::kOcrp, S::kSendCdn, kIdle},
      {"established, OCCN: send CDN", kEstablished, E::kOccn, S::kSendCdn, kIdle},
      {"wait-cs-answer, CDN: clean up", kWaitCsAnswer, E::kCdn, S::kCleanUp, kIdle},
      {"established, CDN: clean up", kEstablished, E::kCdn, S::kCleanUp, kIdle},
      {"established, line drop or local close: send CDN", kEstablished, E::kLocalClose, S::kSendCdn,
       kIdle},
      {"wait-cs-answer, a timer (text of 7.5.1): send CDN", kWaitCsAnswer, E::kTimeout, S::kSendCdn,
       kIdle},
  };
  ExpectRows(SessionRole::kLacOutgoing, rows);
}

TEST(SessionFsm, LnsMatchesRfc2661Section752) {
  using enum SessionState;
  using E = SessionEvent;
  using S = SessionStep;
  const SessionRow rows[] = {
      {"idle, OCCN: clean up", kIdle, E::kOccn, S::kIgnore, kIdle},
      {"idle, OCRP: clean up", kIdle, E::kOcrp, S::kIgnore, kIdle},
      {"idle, CDN: clean up", kIdle, E::kCdn, S::kIgnore, kIdle},
      {"wait-tunnel, tunnel-open: send OCRQ", kIdle, E::kPlace, S::kSendRequest, kWaitReply},
      {"wait-reply, OCRP acceptable: none", kWaitReply, E::kOcrp, S::kWait, kWaitConnect},
      {"wait-reply, OCRP not acceptable: send CDN", kWaitReply, E::kOcrpBad, S::kSendCdn, kIdle},
      {"wait-reply, OCCN: send CDN", kWaitReply, E::kOccn, S::kSendCdn, kIdle},
      {"wait-reply, OCRQ: send CDN", kWaitReply, E::kOcrq, S::kSendCdn, kIdle},
      {"wait-connect, OCCN: none (prepare for data)", kWaitConnect, E::kOccn, S::kOpen,
       kEstablished},
      {"wait-connect, OCRQ: send CDN", kWaitConnect, E::kOcrq, S::kSendCdn, kIdle},
      {"wait-connect, OCRP: send CDN", kWaitConnect, E::kOcrp, S::kSendCdn, kIdle},
      {"wait-reply, CDN: clean up", kWaitReply, E::kCdn, S::kCleanUp, kIdle},
      {"wait-connect, CDN: clean up", kWaitConnect, E::kCdn, S::kCleanUp, kIdle},
      {"established, CDN: clean up", kEstablished, E::kCdn, S::kCleanUp, kIdle},
      {"established, OCRQ: send CDN", kEstablished, E::kOcrq, S::kSendCdn, kIdle},
      {"established, OCRP: send CDN", kEstablished, E::kOcrp, S::kSendCdn, kIdle},
      {"established, OCCN: send CDN", kEstablished, E::kOccn, S::kSendCdn, kIdle},
      {"wait-reply, local close: send CDN", kWaitReply, E::kLocalClose, S::kSendCdn, kIdle},
      {"wait-connect, local close: send CDN", kWaitConnect, E::kLocalClose, S::kSendCdn, kIdle},
      {"established, local close: send CDN", kEstablished, E::kLocalClose, S::kSendCdn, kIdle},
  };
  ExpectRows(SessionRole::kLnsOutgoing, rows);
}

}  // namespace
}  // namespace lns::l2tp
