# What scripts/storm does at full size, small: everybody dials at once, round after round; and the
# RADIUS servers are killed, or hang, while calls keep coming. What happened is printed, and every
# requirement of scripts/storms must hold.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Storms, and RADIUS servers that fail under load."""

import pytest

from demonstration.verdict import Verdict
from lab import freeradius
from storms.outage import Outage, Plan
from storms.redial import Redial

pytestmark = pytest.mark.skipif(freeradius.missing() is not None, reason=str(freeradius.missing()))


def test_everybody_dials_at_once_and_nothing_is_left_behind(make_lab):
    verdict = Verdict()
    Redial(make_lab(lacs=4), verdict, subscribers=2000, rounds=2).run()
    assert verdict.passed


@pytest.mark.parametrize('freeze', [False, True], ids=['killed', 'hanging'])
def test_records_of_an_outage_arrive_once_and_nobody_online_is_lost(make_lab, freeze):
    verdict = Verdict()
    plan = Plan(online=500, rate=250, outage_s=6, batch_s=3, interim_s=2, freeze=freeze)
    Outage(make_lab(lacs=Outage.LAC_ADDRESSES), verdict, plan).run()
    assert verdict.passed
