# Records what passes an interface and lets tshark judge it: a capture of ours must hold no
# malformed packet and no expert error.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Captures and their verdict."""

import time

from .commands import run
from .process import Process

# For tcpdump to take what is already in its ring.
SETTLE_S = 0.3
# tshark needs a while for a large file.
JUDGE_TIMEOUT_S = 900


class Capture:
    def __init__(self, namespace, interface, path, capture_filter=''):
        """Starts to record; returns when the first packet would be seen."""
        self.path = path
        command = ['tcpdump', '-i', interface, '-n', '-U', '--immediate-mode', '-B', '65536',
                   '-w', path, '-Z', 'root']
        if capture_filter:
            command.append(capture_filter)
        self._tcpdump = Process('tcpdump', command, path.with_suffix('.log'), netns=namespace.name)
        self._tcpdump.wait_for_output(r'listening on')

    def stop(self):
        """Ends the recording; packets the kernel could not record, by tcpdump's own count."""
        time.sleep(SETTLE_S)
        self._tcpdump.stop()
        for line in self._tcpdump.output().splitlines():
            if line.endswith('dropped by kernel'):
                return int(line.split()[0])
        return 0

    def kill(self):
        self._tcpdump.kill()

    def fields(self, display_filter, *names):
        """Rows of tshark fields of the packets that match."""
        command = ['tshark', '-n', '-r', self.path, '-Y', display_filter, '-T', 'fields',
                   '-E', 'separator=|']
        for name in names:
            command += ['-e', name]
        output = run(command, timeout=JUDGE_TIMEOUT_S).stdout
        return [line.split('|') for line in output.splitlines()]

    def faults(self, limit=20):
        """What tshark finds malformed or wrong, one line each, the first `limit`; [] is good.

        8388608 is tshark's severity "error"; a malformed packet is one, too.
        """
        output = run(['tshark', '-n', '-r', self.path, '-o', 'ip.check_checksum:TRUE',
                      '-o', 'udp.check_checksum:TRUE',
                      '-Y', '_ws.malformed || _ws.expert.severity >= 8388608'],
                     timeout=JUDGE_TIMEOUT_S).stdout
        return output.splitlines()[:limit]
