# osvbng as a LAC: AVPs of WEN and SLI in its ICCN, and no goodbye of any kind.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""An osvbng LAC."""

from lab import wait_until
from peer import Lac, wire
from peer.wire import avp


class Osvbng(Lac):
    host_name = 'osvbng-1'
    vendor_name = 'osvbng'
    framing_capabilities = 1
    bearer_capabilities = 1
    window = 4

    def iccn(self, call):
        return super().iccn(call) + \
            avp(wire.CALL_ERRORS, bytes(26), mandatory=False) + \
            avp(wire.ACCM, bytes(10), mandatory=False)


def test_avps_out_of_place_are_ignored_and_silence_ends_the_tunnel(access):
    lac = access.lac(Osvbng, port=1701)
    lac.open()
    subscriber = access.subscriber(lac.call())
    subscriber.connect()
    access.exchange(subscriber)
    lac.pump(lambda: lac.hellos, 'a HELLO')
    lac.socket.close()
    access.expect_gone(subscriber)
    wait_until(lambda: access.tunnel(lac) is None, 'the tunnel to be forgotten', timeout=15)
    lac.peer_id = 0  # nobody is there to be told
    access.expect_log(r'osvbng-1.* stopped answering')
