# What the project wants of its packet path. A mode's Bound carries the number of the
# one it judges; a number none of whose figures was measured counts as missed.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""What must be reached."""

import dataclasses


@dataclasses.dataclass
class Goal:
    what: str
    modes: tuple  # that judge it
    figures: int  # with a bound, at least: a part that nobody measures is no pass


GOALS = {
    1: Goal('cycles of testpmd macswap on the same replay ports, 1k sessions', ('datapath',), 2),
    2: Goal('rate of our plain IPv4 path', ('datapath',), 3),
    3: Goal('cycles at 64k and 1M sessions of those at 1k', ('datapath',), 6),
    4: Goal('session table against rte_hash and a direct index, 1M keys', ('session-table',), 2),
    5: Goal('two workers: scaling of testpmd\'s own, cost of a handoff', ('scaling',), 4),
    6: Goal('churn at half load: cycles, no loss', ('churn',), 2),
    7: Goal('a dropped packet costs no more than a forwarded one', ('hostile',), 5),
    8: Goal('over veth: testpmd mac, l2tpns, no loss below the knee', ('veth',), 6),
    9: Goal('calls set up per second, CPU per call by population', ('setup-rate',), 2),
    10: Goal('memory per session, a million sessions over gRPC', ('memory',), 5),
    11: Goal('coefficient of variation of ten runs', ('repeatability',), 4),
    12: Goal('forwarding work of the VPP L2TPv2 plugin\'s', ('forwarding-work',), 6),
    13: Goal('plain IPv4 path: cycles of those before a router\'s duties came', ('earlier',), 1),
}


def modes():
    """Everything that judges a goal."""
    return {mode for goal in GOALS.values() for mode in goal.modes}


def verdicts(rows_by_mode, judging):
    """(number, goal, rows, verdict) of each goal that one of the modes `judging` judges: PASS,
    MISS, or NOT MEASURED, which is no pass."""
    for number, goal in GOALS.items():
        if not set(goal.modes) & set(judging):
            continue
        rows = [row for rows in rows_by_mode.values() for row in rows
                if row['number'] == number and row['limit'] is not None]
        if any(row['holds'] is False for row in rows):
            verdict = 'MISS'
        elif len(rows) >= goal.figures and all(row['holds'] for row in rows):
            verdict = 'PASS'
        else:
            verdict = 'NOT MEASURED'
        yield number, goal, rows, verdict
