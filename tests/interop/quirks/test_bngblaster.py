# BNG Blaster as a LAC: sequence of its own patience; LCP starts when an acknowledgement without a
# message, the ZLB of its ICCN, is there.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A BNG Blaster LAC."""

from peer import Lac


class BngBlaster(Lac):
    host_name = 'bngblaster'
    vendor_name = 'bngblaster'
    framing_capabilities = 1
    bearer_capabilities = 1
    window = 16

    def connect(self, call):
        super().connect(call)
        self.pump(lambda: self.last_zlb_nr == self.next_ns, 'the ZLB of ICCN', timeout=2)


def test_waits_for_the_zlb_of_iccn(access):
    lac = access.lac(BngBlaster, port=1701)
    lac.open()
    for _ in range(3):
        subscriber = access.subscriber(lac.call())
        subscriber.connect()
        access.exchange(subscriber)
    assert lac.retransmissions == 0
