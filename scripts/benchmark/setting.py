# What all modes share: where and how long to measure, and the traffic. Passed to each mode.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The surroundings of a mode."""

import contextlib
import dataclasses
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
    seed: int = SEED
    tree: Path = programs.TREE

    @property
    def other_cpu(self):
        """A core beside the one that measures."""
        return 0 if self.cpu != 0 else 1

    def traffic(self, direction='uplink', inner=SMALL, sessions=SESSIONS['1k'], tunnels=TUNNELS):
        """Options of bench-dataplane for its traffic."""
        return ['--direction', direction, '--inner', inner, '--sessions', sessions,
                '--tunnels', tunnels, '--seed', self.seed]

    def capture(self, *traffic):
        """A file of frames of that traffic, to replay."""
        path = self.directory / ('-'.join(str(word) for word in traffic if
                                          not str(word).startswith('--')) + '.pcap')
        if not path.exists():
            programs.bench(self.cpu, 'frames', *traffic, '--frames', REPLAY_FRAMES, '--out', path)
        return path

    def bench(self, mode, *arguments):
        """A run of bench-dataplane."""
        return lambda: programs.bench(self.cpu, mode, '--seconds', self.seconds, *arguments)
