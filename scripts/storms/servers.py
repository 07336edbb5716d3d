# Two FreeRADIUS beside the LNS, one that knows the users and one that writes accounting records
# down. Both can be killed and started again, or held still, as often as one likes.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The RADIUS servers of a storm."""

import signal

from lab import config, freeradius

USERS, BOOKS = 'users', 'books'
# Short, so that a storm meets every one of them.
TIMES = {'retransmit_ms': 1000, 'tries': 3, 'give_up_s': 10, 'dead_after_s': 3, 'dead_time_s': 10,
         'probe_interval_s': 1}


class Servers:
    def __init__(self, lab, names):
        """names: of those who are let in, all with the lab's password."""
        self._lab = lab
        self._directories = {USERS: lab.directory / 'raddb-users',
                             BOOKS: lab.directory / 'raddb-books'}
        freeradius.prepare(self._directories[USERS],
                           (freeradius.user(name, config.PASSWORD) for name in names))
        freeradius.prepare_accounting(self._directories[BOOKS])
        self._processes = {}

    @staticmethod
    def configure(settings, **accounting):
        """The control plane's side of it."""
        settings['radius'] = {'servers': [_server(USERS)], 'times': dict(TIMES),
                              'local_users_first': False}
        settings['accounting'] = {'servers': [_server(BOOKS)], 'times': dict(TIMES), **accounting}
        return settings

    def start(self):
        for name, directory in self._directories.items():
            process = self._lab.start(f'freeradius-{name}', freeradius.command(directory),
                                      self._lab.lns, cores=self._lab.other_cores())
            process.wait_for_output(freeradius.READY, timeout=60)
            self._processes[name] = process

    def kill(self):
        for process in self._processes.values():
            process.kill()
            self._lab.processes.remove(process)
        self._processes = {}

    def freeze(self):
        """Neither answers nor refuses; what comes meanwhile waits in its sockets."""
        for process in self._processes.values():
            process.signal(signal.SIGSTOP)

    def thaw(self):
        for process in self._processes.values():
            process.signal(signal.SIGCONT)

    def records(self):
        """What was written down, in order."""
        return freeradius.each_record(self._directories[BOOKS])


def _server(name):
    return {'name': name, 'address': '127.0.0.1', 'secret': freeradius.SECRET}
