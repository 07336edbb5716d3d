# l2tpns as a LAC: no Receive Window Size, Bearer Capabilities or Vendor Name in its SCCRQ, and
# never a Challenge; it answers one.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A LAC of an l2tpns cluster."""

import pytest

from peer import Lac, wire


class L2tpnsLac(Lac):
    host_name = 'cluster-1'
    window = None


@pytest.mark.parametrize('name, challenged', [('cluster-1', True), ('cluster-2', False)])
def test_comes_up_without_a_challenge_of_its_own(access, name, challenged):
    lac = access.lac(L2tpnsLac, port=1701, host_name=name, secret='of the cluster', challenge=False)
    lac.open()
    assert ((0, wire.CHALLENGE) in lac.sccrp.avps) == challenged
    assert access.tunnel(lac)['peer_window'] == 4
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    access.exchange(subscriber)
