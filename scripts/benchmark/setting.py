# What all modes share: where and how long to measure, and the traffic. Passed to each mode.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The surroundings of a mode."""

import contextlib
import dataclasses
import functools
import os
from pathlib import Path

from . import programs

SEED = 20240229
TUNNELS = 16
SMALL, IMIX, LARGE = 46, 0, 1400  # bytes of the IP packet; IMIX is 7:4:1 of 46, 552 and 1500
SESSIONS = {'1k': 1024, '64k': 65536, '1M': 1_000_000}
REPLAY_FRAMES = 4096


@dataclasses.dataclass
class Setting:
    cpu: int  # the core that measures
    seconds: float  # of one run
    quick: bool  # only show that everything works
    directory: Path  # for files of one mode; gone afterwards
    stack: contextlib.ExitStack  # closed when the mode ends
    earlier: str = ''  # the commit that `earlier` compares with; empty: its own choice
    seed: int = SEED
    tree: Path = programs.TREE
    _earlier: dict = dataclasses.field(default_factory=dict)  # servers, by revision

    @property
    def other_cpu(self):
        """A core beside the one that measures."""
        return 0 if self.cpu != 0 else 1

    def traffic(self, direction='uplink', inner=SMALL, sessions=SESSIONS['1k'], tunnels=TUNNELS):
        """Options of bench-dataplane for its traffic."""
        return ['--direction', direction, '--inner', inner, '--sessions', sessions,
                '--tunnels', tunnels, '--seed', self.seed]

    def bench(self, mode, *arguments, seconds=None):
        """A run of bench-dataplane, in a process that all runs of the mode share."""
        return lambda: self.server.measure(mode, '--seconds', seconds or self.seconds, *arguments)

    def bench_alone(self, mode, *arguments):
        """A run of bench-dataplane in a process of its own."""
        return lambda: programs.bench(self.cpu, mode, '--seconds', self.seconds, *arguments)

    @functools.cached_property
    def server(self):
        return self.stack.enter_context(programs.Server(self.cpu))

    def bench_of(self, revision, mode, *arguments):
        """A run of another commit's bench-dataplane, in a process that all its runs share."""
        def run():
            if revision not in self._earlier:
                program = programs.build_earlier(revision, os.cpu_count())
                self._earlier[revision] = self.stack.enter_context(
                    programs.Server(self.cpu, program))
            return self._earlier[revision].measure(mode, '--seconds', self.seconds, *arguments)
        return run

    def capture(self, *traffic):
        """A file of frames of that traffic, to replay."""
        path = self.directory / ('-'.join(str(word).lstrip('-') for word in traffic) + '.pcap')
        if not path.exists():
            programs.bench(self.cpu, 'frames', *traffic, '--frames', REPLAY_FRAMES, '--out', path)
        return path

    def replay(self, mode, *arguments, captures):
        """As bench(), replaying files."""
        words = [word for capture in captures for word in ('--capture', capture)]
        return self.bench(mode, *arguments, *words, '--frames', REPLAY_FRAMES)

    def macswap(self, *ports, workers=1):
        """dpdk-testpmd between replay ports: `ports` are lists of captures, one for each queue.
        What comes in at one port leaves by the other; a single one leaves by net_null."""
        vdevs = ['net_pcap%d,infinite_rx=1,%s' % (
            index, ','.join(f'rx_pcap={capture}' for capture in captures))
                 for index, captures in enumerate(ports)]
        if len(ports) == 1:
            vdevs.append('net_null1,no-rx=1')
        queues = sum(len(captures) for captures in ports)
        lcores = f'0@{self.other_cpu},1@{self.cpu}'
        if workers == 2:
            lcores += f',2@{self.other_cpu}'
        held = []  # made when first run

        def run():
            if not held:
                held.append(self.stack.enter_context(programs.Testpmd(
                    lcores, vdevs, 'macswap', REPLAY_FRAMES * queues + 8191 * workers, workers)))
            return held[0].measure(self.seconds)
        return run
