# What a lab must not leave behind. Looked at after the processes ended and before the namespaces
# go, because removing a namespace would hide an XDP program still attached in it.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Leftovers of processes that ended."""

import os
import time
from pathlib import Path

from .hugepages import meminfo

BPF_PINS = Path('/sys/fs/bpf')
HUGEPAGE_FILES = Path('/dev/hugepages')
# The kernel frees some of it a moment after the process is gone.
SETTLE_S = 3


def _entries(folder):
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


class LeakCheck:
    """Remembers the machine as it is now; `find` tells what has been added since."""

    def __init__(self):
        self._pins = _entries(BPF_PINS)
        self._files = _entries(HUGEPAGE_FILES)
        self._pages_in_use = self._hugepages_in_use()

    @staticmethod
    def _hugepages_in_use():
        return meminfo('HugePages_Total') - meminfo('HugePages_Free')

    def _look(self, namespaces, run_dir):
        for namespace in namespaces:
            for interface in namespace.xdp_programs():
                yield f'XDP program on {interface} in {namespace}'
            for pid in namespace.pids():
                command = Path(f'/proc/{pid}/cmdline')
                words = command.read_bytes().split(b'\0') if command.exists() else []
                yield f'process {pid} in {namespace}: {b" ".join(words).decode(errors="replace")}'
        for name in sorted(_entries(BPF_PINS) - self._pins):
            yield f'pinned {BPF_PINS / name}'
        for name in sorted(_entries(HUGEPAGE_FILES) - self._files):
            yield f'hugepage file {HUGEPAGE_FILES / name}'
        in_use = self._hugepages_in_use()
        if in_use > self._pages_in_use:
            yield f'{in_use - self._pages_in_use} hugepages still in use'
        for path in sorted(run_dir.iterdir()) if run_dir.is_dir() else ():
            if path.is_socket():
                yield f'socket {path.name} in run_dir'

    def find(self, namespaces, run_dir):
        """Leftovers, one line each; waits a little for the kernel to finish."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            leaks = list(self._look(namespaces, run_dir))
            if not leaks or time.monotonic() > deadline:
                return leaks
            time.sleep(0.1)
