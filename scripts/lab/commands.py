# Runs programs and waits for things, always with a deadline and with an error that says what
# happened.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Commands with deadlines."""

import shlex
import subprocess
import time

DEFAULT_TIMEOUT_S = 30
POLL_S = 0.05


class LabError(Exception):
    """Something the lab needs did not happen."""


def in_namespace(netns, command):
    """The command line that runs `command` in a network namespace (None: where we are)."""
    command = [str(word) for word in command]
    return command if netns is None else ['ip', 'netns', 'exec', netns, *command]


def run(command, netns=None, check=True, timeout=DEFAULT_TIMEOUT_S, **options):
    """Runs a command to its end; a CompletedProcess with text output."""
    line = in_namespace(netns, command)
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=timeout, **options)
    except FileNotFoundError as error:
        raise LabError(f'{line[0]}: not found; run scripts/install-packages') from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f'{shlex.join(line)}: not done after {timeout} s') from error
    if check and done.returncode != 0:
        raise LabError(f'{shlex.join(line)}: status {done.returncode}\n{done.stdout}{done.stderr}')
    return done


def wait_until(condition, what, timeout=DEFAULT_TIMEOUT_S):
    """Polls until condition() is true and returns its value; LabError after `timeout` seconds.

    `what` says what was waited for; a callable is asked at the end, so it can tell the last state.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f'waited {timeout} s for: {what() if callable(what) else what}')
        time.sleep(POLL_S)
