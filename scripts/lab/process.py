# A program that runs beside us: started in a namespace, its output in a log file, ended by its own
# process id and by nothing broader.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Programs in the background."""

import os
import re
import shlex
import signal
import subprocess

from .commands import LabError, in_namespace, wait_until

STOP_TIMEOUT_S = 20


class Process:
    def __init__(self, name, command, log, netns=None, cores=None, environment=None):
        """Starts `command`; stdout and stderr are appended to the file `log`.

        cores: the only CPUs it may use; None leaves that to the system.
        """
        self.name = name
        self.log = log
        self.command = in_namespace(netns, command)
        self._log_start = log.stat().st_size if log.exists() else 0

        def before_exec():
            os.setpgrp()  # our terminal's ^C is ours to hand on
            if cores:
                os.sched_setaffinity(0, cores)

        with log.open('ab') as stream:
            try:
                self._child = subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=stream,
                    stderr=subprocess.STDOUT, preexec_fn=before_exec,
                    env=dict(os.environ, **(environment or {})))
            except FileNotFoundError as error:
                raise LabError(f'{command[0]}: not found') from error

    @property
    def pid(self):
        return self._child.pid

    @property
    def status(self):
        """Exit status, negative for a signal; None while it runs."""
        return self._child.poll()

    def running(self):
        return self.status is None

    def output(self):
        """What this start of the program has written so far."""
        with self.log.open('rb') as stream:
            stream.seek(self._log_start)
            return stream.read().decode(errors='replace')

    def wait_for_output(self, pattern, timeout=15):
        """Waits for a line that matches a regular expression; the match."""
        def found():
            match = re.search(pattern, self.output())
            if match is None and not self.running():
                # It may have written its last words between the two looks.
                match = re.search(pattern, self.output())
                if match is None:
                    raise LabError(f'{self.name} ended with status {self.status} before it said '
                                   f'/{pattern}/:\n{self.output()}')
            return match
        return wait_until(
            found, lambda: f'{self.name} to say /{pattern}/; it said:\n{self.output()}', timeout)

    def wait(self, timeout):
        """Waits for it to end by itself; its exit status."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise LabError(f'{self.name} still runs after {timeout} s: {shlex.join(self.command)}\n'
                           + self.output()[-4000:]) from error

    def stop(self, timeout=STOP_TIMEOUT_S):
        """SIGTERM, and waits; its exit status. LabError if it does not end."""
        if self.running():
            self._child.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL, and waits; never fails."""
        if self.running():
            self._child.kill()
        self._child.wait()

    def signal(self, number):
        self._child.send_signal(number)
