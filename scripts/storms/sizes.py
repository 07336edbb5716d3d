# How much a process holds at one moment: memory, descriptors, sockets, threads.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The size of a process."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Size:
    memory_mb: float
    descriptors: int
    sockets: int
    threads: int

    def __str__(self):
        return (f'{self.memory_mb:.1f} MB, {self.descriptors} descriptors ({self.sockets} sockets), '
                f'{self.threads} threads')


def size_of(process):
    proc = Path(f'/proc/{process.pid}')
    status = dict(line.split(':', 1) for line in (proc / 'status').read_text().splitlines())
    links = []
    for entry in os.scandir(proc / 'fd'):
        try:
            links.append(os.readlink(entry.path))
        except FileNotFoundError:  # closed since
            pass
    return Size(memory_mb=int(status['VmRSS'].split()[0]) / 1024, descriptors=len(links),
                sockets=sum(link.startswith('socket:') for link in links),
                threads=int(status['Threads']))
