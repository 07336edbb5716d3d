# A LAC that has its tunnel and breaks the rules from within: messages with bytes changed, lengths that
# lie, numbers from the past and the future, types and AVPs that nobody knows with the M bit, calls
# without end, storms of LCP. Whatever it gets in answer is well-formed; a subscriber of another LAC
# notices nothing; both processes live and do not grow; and nothing of it is left afterwards.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A hostile LAC."""

import random
import struct

import pytest

from lab import config, wait_until
from peer import Lac, Subscriber, exchange, ppp, udp_socket, wire
from peer.wire import avp, u16, u32
from test_junk import GROWTH_KB, resident_kb

ROUNDS, MESSAGES_PER_ROUND = 400, 40
# So low that the hostile address exceeds it on the slowest machine.
LIMIT = {'group': 'access', 'reason': 'unknown_tunnel', 'source_per_second': 50,
         'source_burst': 100}


class HostileLac(Lac):
    """Sends what it likes; reads strictly what comes, and does nothing about it."""
    # Its address sends more of what is unproven than one may, and its next SCCCN is refused with the
    # rest. So it repeats that until one passes, before the LNS gives up.
    retransmit_s = 0.1
    backoff = 1.5

    def __init__(self, *arguments, rng, **options):
        super().__init__(*arguments, **options)
        self.rng = rng
        self.hostile = False

    def on_datagram(self, datagram):
        if not self.hostile:
            super().on_datagram(datagram)
            return
        # An answer that breaks the RFC is an error all the same. It may be for another tunnel: one of
        # the mutants may have been an SCCRQ, with an id of its own.
        message = wire.parse(datagram)
        if message.tunnel_id == self.local_id and isinstance(message, wire.Control) and message.type == wire.STOPCCN:
            self.stopped = True

    def template(self):
        """AVPs of some message."""
        pick = self.rng.choice
        kind = pick([wire.SCCRQ, wire.SCCRP, wire.SCCCN, wire.STOPCCN, wire.HELLO, wire.OCRQ,
                     wire.OCRP, wire.OCCN, wire.ICRQ, wire.ICRP, wire.ICCN, wire.CDN, wire.WEN,
                     wire.SLI, wire.CSUN, 5, 13, 999])
        message = avp(wire.MESSAGE_TYPE, u16(kind), mandatory=pick([True, True, False]))
        for number in self.rng.sample(range(40), self.rng.randrange(8)):
            size = pick([0, 1, 2, 2, 4, 4, 8, 16, 26, 10, 200])
            message += avp(number, self.rng.randbytes(size), mandatory=pick([True, False]),
                           vendor=pick([0, 0, 0, 9, 3561]))
        if kind == wire.ICRQ:
            message += avp(wire.ASSIGNED_SESSION_ID, u16(self.rng.randrange(65536)))
            message += avp(wire.CALL_SERIAL_NUMBER, u32(1))
        return message

    def mutated(self, message):
        message = bytearray(message)
        for _ in range(self.rng.choice([0, 0, 1, 1, 2, 5])):
            position = self.rng.randrange(len(message))
            how = self.rng.randrange(4)
            if how == 0:
                message[position] = self.rng.randrange(256)
            elif how == 1:
                message[position] ^= 1 << self.rng.randrange(8)
            elif how == 2:
                del message[position:position + self.rng.randrange(1, 9)]
            else:
                message[position:position] = self.rng.randbytes(self.rng.randrange(1, 9))
            message = message or bytearray(1)
        return bytes(message)

    def misbehave(self, call):
        """One datagram that a LAC would not send."""
        if self.rng.random() < 0.3:
            self.send_data(self.rng.choice([call.peer_id, self.rng.randrange(65536)]),
                           self.mutated(self._lcp_frame()),
                           with_length=self.rng.random() < 0.5)
            return
        ns = self.next_ns + self.rng.choice([0, 0, 0, 0, -1, 1, 5, 300, 32768, 60000])
        session = self.rng.choice([0, call.peer_id, self.rng.randrange(65536)])
        message = wire.control(self.peer_id, session, ns & 0xffff, self._nr +
                               self.rng.choice([0, 0, 0, 7]) & 0xffff, self.mutated(self.template()))
        if self.rng.random() < 0.1:
            message = self.mutated(message)
        self.socket.sendto(message, self.lns)
        if ns == self.next_ns:
            self._ns = (self._ns + 1) & 0xffff

    def _lcp_frame(self):
        options = [(self.rng.randrange(20), self.rng.randbytes(self.rng.choice([0, 1, 2, 4])))
                   for _ in range(self.rng.randrange(6))]
        packet = ppp.Packet(self.rng.randrange(16), self.rng.randrange(256),
                            ppp.options_to_bytes(options))
        protocol = self.rng.choice([ppp.LCP, ppp.LCP, ppp.IPCP, ppp.PAP, ppp.CHAP, ppp.CCP, 0x4001])
        return b'\xff\x03' + struct.pack('!H', protocol) + bytes(packet)

    def read_answers(self):
        self.socket.settimeout(0)
        try:
            while True:
                self.on_datagram(self.socket.recv(65536))
        except BlockingIOError:
            pass


@pytest.mark.parametrize('seed', [1, 2])
def test_a_lac_that_breaks_the_rules_harms_itself_alone(make_lab, seed):
    lab = make_lab(lacs=2)
    settings = lab.controlplane_config(secret=None)
    settings['peers'][0].update(retransmit_initial_ms=100, retransmit_cap_ms=400, max_retransmits=4)
    lab.start_lns({**lab.dataplane_config(), 'punt': {'limits': [LIMIT]}}, settings)
    host = udp_socket(lab.host.name, config.HOST_ADDRESS, 7007)
    lns = (config.LNS_ADDRESS, 1701)
    good = Lac(udp_socket(lab.lac.name, lab.lac_addresses[1]), lns)
    good.open()
    bystander = Subscriber(good.call(), 'user1', config.PASSWORD)
    bystander.connect()
    exchange(bystander, host)
    processes = (lab.dataplane, lab.controlplane)

    rng = random.Random(seed)
    resident = None
    sockets = []  # open to the end: what the LNS repeats must not reach the next one's port
    for number in range(ROUNDS):
        lac = HostileLac(udp_socket(lab.lac.name, lab.lac_addresses[0]), lns, host_name='hostile',
                         rng=rng)
        lac.open()
        call = lac.call()
        lac.hostile = True
        for _ in range(MESSAGES_PER_ROUND):
            lac.misbehave(call)
            lac.read_answers()
        sockets.append(lac.socket)
        exchange(bystander, host)
        if number == ROUNDS // 3:  # what grows once, has grown
            resident = [resident_kb(process) for process in processes]

    refused = {row['reason']: row['source_refused'] for row in lab.lnsctl('punt', 'show')
               if row['group'] == 'access'}
    assert refused['unknown_tunnel'] > 0
    for process, before in zip(processes, resident):
        assert process.running()
        assert resident_kb(process) - before < GROWTH_KB, f'{process.name} grew'
    assert bystander.echo() == bystander.lns_magic
    # Nobody answers for the hostile ones, so they go, and their sessions with them.
    wait_until(lambda: [tunnel['peer_host_name'] for tunnel in lab.tunnels()
                        if tunnel['state'] == 'established'] == [good.host_name] or
               clear_hostile(lab), 'the hostile tunnels to end', timeout=60)
    wait_until(lambda: [session['user_name'] for session in lab.sessions()] == ['user1'],
               'their sessions to end')
    assert lab.lnsctl('dataplane')['sessions'] == 1
    exchange(bystander, host)
    good.leave()
    for socket in (host, *sockets):
        socket.close()


def clear_hostile(lab):
    """Those that are idle would live until their next HELLO."""
    for tunnel in lab.tunnels():
        if tunnel['peer_host_name'] == 'hostile' and tunnel['state'] == 'established':
            lab.lnsctl('tunnel', 'clear', tunnel['local_tunnel_id'], check=False)
