# End to end over veth: the same load into our LNS, dpdk-testpmd and l2tpns, one core each for the
# contestant, the other for the sender and everything else. All of them are bound by what the kernel
# does for each packet: the sender's socket, XDP and the copy to AF_XDP or the socket and the TUN
# device, the system call that sends, and the veth. The ratios say how much the LNS adds to that.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The real processes over AF_XDP on veth."""

import functools
import json
import statistics
import time

from lab.commands import LabError

from .. import contestants
from ..measurement import Bound, Chart, Failed, Measurement, Unavailable, ratio

ORDER = 50
DIRECTIONS = ('uplink', 'downlink')
RATE_LIMITS = {('testpmd mac', 'uplink'): 0.95, ('testpmd mac', 'downlink'): 0.95,
               ('l2tpns', 'uplink'): 1.9, ('l2tpns', 'downlink'): 2.2}
# Some forward less the more they are offered: each is judged by its best.
LOADS = (1, 0.8, 0.6)  # of what the sender can do
# What is lost while a virtual machine's core is taken away is not the rate's fault: a rate loses
# what the median of so many short trials loses.
TRIALS = 3
TRIAL_SHARE = 0.25  # of a run's seconds
KNEE_STEPS = 6
BELOW_KNEE = 0.9
DRAIN_S = 0.05  # until what was sent has come out
WARM_UP_S = 0.1


class Wire:
    """Sends through a contestant and counts what comes out."""

    def __init__(self, setting):
        self._setting = setting
        self._sender = setting.tree / 'tests/bench/bench-sender'

    def send(self, contestant, direction, rate, seconds):
        """What became of a load: packets offered and delivered per second, packets lost."""
        into, out_of = contestant.ends(direction)
        before = out_of.received()
        done = into.namespace.run([
            self._sender, '--interface', into.interface, '--capture',
            contestant.frames[direction], '--rate', int(rate), '--seconds', seconds,
            '--cpu', self._setting.other_cpu])
        time.sleep(DRAIN_S)
        received = out_of.received() - before
        sent = json.loads(done.stdout)
        return {'offered': sent['sent'] / sent['seconds'],
                'delivered': received / sent['seconds'],
                'lost': max(0, sent['sent'] - received), 'sent': sent['sent']}

    def lost_percent(self, contestant, direction, rate, seconds):
        trials = [self.send(contestant, direction, rate, seconds) for _ in range(TRIALS)]
        return statistics.median(100 * trial['lost'] / trial['sent'] for trial in trials)

    def knee(self, contestant, direction, highest, seconds):
        """The highest rate without loss that halving finds; 0 if there is none."""
        low, high = 0, highest
        for _ in range(KNEE_STEPS):
            middle = (low + high) / 2
            if self.lost_percent(contestant, direction, middle, seconds) > 0:
                high = middle
            else:
                low = middle
        return low


def measure(wire, get, direction, seconds):
    contestant = get()
    contestant.resume()
    try:
        wire.send(contestant, direction, 0, WARM_UP_S)
        full = wire.send(contestant, direction, 0, seconds)
        trials = [full] + [wire.send(contestant, direction, full['offered'] * load, seconds)
                           for load in LOADS[1:]]
        best = max(trial['delivered'] for trial in trials)
        if best == 0:
            raise Failed(f'{contestant.name} delivered nothing')
        trial = seconds * TRIAL_SHARE
        knee = wire.knee(contestant, direction, full['offered'], trial)
        below = (wire.lost_percent(contestant, direction, knee * BELOW_KNEE, trial) if knee
                 else 100 * full['lost'] / full['sent'])
        return {'mpps': best / 1e6, 'offered_mpps': full['offered'] / 1e6,
                'saturated_mpps': full['delivered'] / 1e6, 'knee_mpps': knee / 1e6,
                'lost_below_knee_percent': below}
    finally:
        contestant.pause()


def measurement(setting):
    # Made when first measured; what is missing is said once per run and leaves the others.
    @functools.cache
    def make(kind, *arguments):
        try:
            return kind(setting, *arguments)
        except LabError as error:
            raise Unavailable(str(error)) from error

    def ours():
        return make(contestants.Terminus)

    who = {'Terminus': ours, 'testpmd mac': lambda: make(contestants.Testpmd, ours()),
           'l2tpns': lambda: make(contestants.L2tpns)}
    wire = Wire(setting)
    runs, bounds = {}, []
    for direction in DIRECTIONS:
        for name, get in who.items():
            runs[f'{name}, {direction}'] = functools.partial(measure, wire, get, direction,
                                                             setting.seconds)
    for direction in DIRECTIONS:
        first = f'Terminus, {direction}'
        for name in list(who)[1:]:
            bounds.append(Bound(f'{direction}: rate of {name}\'s',
                                ratio(first, f'{name}, {direction}', 'mpps'),
                                RATE_LIMITS[name, direction], at_least=True, number=8))
        bounds.append(Bound(f'{direction}: lost at {BELOW_KNEE:g} of the knee',
                            lambda r, key=first: r[key]['lost_below_knee_percent'], 0, unit='%',
                            number=8))
    chart = Chart('Over veth', 'Mpps', {
        name: {direction: (f'{name}, {direction}', 'mpps') for direction in DIRECTIONS}
        for name in who})
    return Measurement(
        f'end to end over veth, {contestants.SESSIONS} sessions', runs, bounds, figure='mpps',
        columns={'delivered, best load': 'mpps', 'delivered, all the sender has':
                 'saturated_mpps', 'the sender\'s': 'offered_mpps', 'knee': 'knee_mpps',
                 'lost % below the knee': 'lost_below_knee_percent'},
        unit='Mpps, medians over rounds', charts=[chart],
        notes=['**Bound by the kernel\'s veth and AF_XDP copy mode, not by the LNS**: every '
               'packet costs the sender\'s core a socket, a veth and a copy, and the '
               'contestant\'s core a system call and another veth. The figures say nothing of a '
               'network card.'])
