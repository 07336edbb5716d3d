# go-l2tp (kl2tpd): PPP starts as soon as its ICCN has left, so the first LCP packet arrives in the
# same burst, before the ICCN is acknowledged.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A go-l2tp client."""

from peer import Lac


class GoL2tp(Lac):
    host_name = 'kl2tpd'
    window = 4
    bearer_capabilities = 3


def test_first_lcp_packet_before_the_acknowledgement(access):
    lac = access.lac(GoL2tp)
    lac.open()
    call = lac.offer()
    subscriber = access.subscriber(call)
    lac.await_answer(call)
    lac.connect(call)
    subscriber.lcp.start()
    subscriber.connect()
    assert subscriber.lcp.requests_sent == 1, 'the first Configure-Request was lost'
    access.exchange(subscriber)
