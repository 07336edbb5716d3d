# xl2tpd's habits, played: no Bearer Capabilities, PPP started before its ICCN is acknowledged,
# address and control fields in every frame although it has refused to do without being asked, and
# calls that it closes over M bits it does not expect. (The real one: tests/interop/test_xl2tpd.py.)
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A scripted xl2tpd."""

from peer import Lac, Subscriber, ppp

# It has no handler for these, and clears the call if one has the M bit.
WITHOUT_HANDLER = {12, 16, 17, 26, 27, 28, 34, 37}


class Xl2tpd(Lac):
    host_name = 'xl2tpd-client'
    vendor_name = 'xelerance.com'
    firmware = 0x0690
    window = 4

    def _on_message(self, message):
        fatal = {number for _, number in message.mandatory} & WITHOUT_HANDLER
        assert not fatal, f'it would close the call over {fatal}'
        super()._on_message(message)


class PppdWithoutCompression(Subscriber):
    """noaccomp, nopcomp: refuses both, and sends full headers whatever is agreed."""

    def _judge_lcp(self, options):
        refused = [one for one in options if one[0] in (ppp.PFC, ppp.ACFC)]
        return (ppp.REJECT, refused) if refused else super()._judge_lcp(options)


def test_early_lcp_with_full_headers(access):
    lac = access.lac(Xl2tpd, port=1701)
    lac.open()
    assert access.tunnel(lac)['profile'] == 'xl2tpd'
    call = lac.offer()
    subscriber = access.subscriber(call, PppdWithoutCompression)
    lac.await_answer(call)
    lac.connect(call)
    subscriber.lcp.start()
    subscriber.connect()
    assert subscriber.lcp.requests_sent == 1
    access.exchange(subscriber)
    subscriber.terminate()
    access.expect_gone(subscriber)
