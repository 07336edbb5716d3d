# What only the control plane can judge, a million packets of it in a second: first messages of
# tunnels, whole ones and broken ones, from many senders, and PPP control of sessions that are up. A
# second access port replays it without end, as fast as the worker takes it. A thousand sessions on
# the first port forward meanwhile exactly as before, HELLOs are answered at once, tunnels and calls
# come up, and each packet of the flood is in a counter that says what it was and why it went no
# further.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A flood of control packets."""

import time

from lab import config, wait_until
from peer import Lac, Subscriber, udp_socket, wire
from peer.wire import avp, u16, u32
from test_junk import header
from test_junk_line_rate import frame, replaying_port
from test_punt_limits import first_messages, limits_of

SESSIONS, PPS, SECONDS = 1000, 5000, 5
HOSTILE = 8
WATCHED_S = 2
SENDERS = [f'198.51.100.{number}' for number in range(100, 150)]
LEAST_PPS = 1_000_000
GROUP = 'customer'
# One sweep of the counters takes place while a batch is in hand.
IN_HAND = 64


def whole_first_messages():
    """SCCRQs that nothing is wrong with."""
    for number, sender in enumerate(SENDERS):
        avps = (avp(wire.MESSAGE_TYPE, u16(wire.SCCRQ)) + avp(wire.PROTOCOL_VERSION, b'\x01\x00') +
                avp(wire.HOST_NAME, b'flood') + avp(wire.FRAMING_CAPABILITIES, u32(3)) +
                avp(wire.ASSIGNED_TUNNEL_ID, u16(1000 + number)))
        yield frame(wire.control(0, 0, 0, 0, avps), sender)


def ppp_control(lac, call):
    """Of a session that is up: nothing that would end it."""
    source, port = lac.socket.getsockname()
    for ppp in (b'\xc0\x21\x07\x01\x00\x08\xc8\x01\x00\x04',  # rejects what was never sent
                b'\xc0\x21\xc8\x01\x00\x04',  # a code that LCP has not
                b'\x80\x21\xc8\x01\x00\x04',  # and one that IPCP has not
                b'\x00\x2b' + bytes(40)):  # a protocol that we do not have
        yield frame(header(0x0002, lac.peer_id, call.peer_id) + b'\xff\x03' + ppp, source,
                    sport=port)


def open_hostile_sessions(lab):
    """A LAC's, before the flood."""
    lac = Lac(udp_socket(lab.lac.name, lab.lac_addresses[1]), (config.LNS_ADDRESS, 1701),
              config.SECRET)
    lac.open()
    calls = [lac.call() for _ in range(HOSTILE)]
    for number, call in enumerate(calls):
        Subscriber(call, f'user{SESSIONS + 1 + number}', config.PASSWORD).connect()
    return lac, calls


def start_flood(lab, frames):
    """The data plane starts anew with one port more. Its sessions come back to it."""
    settings = lab.dataplane_config()
    settings['ports'].append(replaying_port(lab, frames, group=GROUP))
    lab.dataplane.stop()
    lab.processes.remove(lab.dataplane)
    lab.start_dataplane(settings)
    wait_until(lambda: lab.connected() and lab.lnsctl('dataplane')['sessions'] == HOSTILE,
               'the hostile sessions to be back')


def offered(lab):
    return next(port['rx_packets'] for port in lab.lnsctl('ports') if port['name'] == 'flood')


def judged(lab):
    """reason -> what became of the flood's packets of that reason."""
    return {row['reason']: {word: row[word] for word in
                            ('passed', 'source_refused', 'group_refused')}
            for row in lab.lnsctl('punt', 'show') if row['group'] == GROUP}


def total(rows):
    return sum(sum(row.values()) for row in rows.values())


def expect_hellos_answered(lab):
    """A tunnel opens, and its HELLOs are acknowledged, one in a hundred at the second try; how many."""
    lac = Lac(udp_socket(lab.lac.name, lab.lac_addresses[1]), (config.LNS_ADDRESS, 1701),
              config.SECRET)
    lac.open()
    hellos, end = 0, time.monotonic() + WATCHED_S
    while time.monotonic() < end:
        lac.send_control(0, avp(wire.MESSAGE_TYPE, u16(wire.HELLO)))
        lac.wait_acknowledged()
        hellos += 1
    assert hellos > 0 and lac.retransmissions <= hellos // 100 + 1
    lac.leave()
    lac.socket.close()
    return hellos


def run_sessions(lab, during=None):
    """A thousand sessions come up, forward and go; during() is called while they forward."""
    before = lab.lnsctl('traffic')['downlink_packets']
    lacsim = lab.start_lacsim('--sessions', SESSIONS, '--tunnels', 2, '--hello', 1, pps=PPS,
                              lac_address=lab.lac_addresses[0], seconds=SECONDS)
    result = None
    if during:
        wait_until(lambda: lab.lnsctl('traffic')['downlink_packets'] > before + PPS / 10, 'traffic',
                   60)
        result = during()
    lacsim.wait(120)
    lab.processes.remove(lacsim)
    report = lab.report_of(lacsim)
    assert report['sessions']['established'] == SESSIONS and report['sessions']['lost'] == 0
    return {way: report['traffic'][way]['lost'] for way in ('up', 'down')}, result


class Measured:
    """What the flood offers and what becomes of it, from the start until finish()."""

    def __init__(self, lab):
        self._lab = lab
        self._start = time.monotonic()
        self._least = -offered(lab)
        self._before = judged(lab)
        self._most = -offered(lab)

    def finish(self):
        self._least, self._most = self._most, self._least
        self._least += offered(self._lab)
        after = judged(self._lab)
        self._most += offered(self._lab)
        self.seconds = time.monotonic() - self._start
        self.rows = {reason: {word: count - self._before[reason][word]
                              for word, count in row.items()} for reason, row in after.items()}
        self.pps = self._least / self.seconds
        counted = total(self.rows)
        assert self._least - IN_HAND <= counted <= self._most + IN_HAND, \
            f'offered {self._least} to {self._most}, counted {counted}: {self.rows}'
        return self


def test_a_million_control_packets_in_a_second_harm_nobody(make_lab):
    lab = make_lab(lacs=2)
    lab.start_lns(controlplane=lab.controlplane_config(subscribers=SESSIONS + HOSTILE))
    lac, calls = open_hostile_sessions(lab)
    undisturbed, _ = run_sessions(lab)

    start_flood(lab, [*whole_first_messages(), *first_messages(),
                      *[packet for call in calls for packet in ppp_control(lac, call)] * 3])

    def during():
        measured = Measured(lab)
        hellos = expect_hellos_answered(lab)
        class0 = lab.lnsctl('punt-overflows')['class0']
        assert class0 == 0, 'control of known tunnels found its ring full'
        return measured.finish(), hellos

    flooded, (measured, hellos) = run_sessions(lab, during)
    print(f'offered {measured.pps / 1e6:.2f} million packets/s; lost {undisturbed} without, '
          f'{flooded} with the flood; {hellos} HELLOs answered; {measured.rows}')
    assert measured.pps > LEAST_PPS
    assert all(flooded[way] <= undisturbed[way] for way in flooded)
    for reason in ('new_tunnel', 'ppp_control', 'ppp_unknown_protocol'):
        assert measured.rows[reason]['passed'] > 0 and measured.rows[reason]['source_refused'] > 0
    assert measured.rows['new_tunnel']['group_refused'] > 0
    drops = lab.lnsctl('drops')
    assert drops['punt_source_rate'] > 0 and drops['punt_group_rate'] > 0
    # The first port's own limits were never met.
    assert limits_of(lab, 'access', 'new_tunnel')['source_refused'] == 0
    assert limits_of(lab, 'access', 'tunnel_control')['passed'] >= hellos
    lac.socket.close()
