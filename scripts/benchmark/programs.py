# The programs that measure: bench-dataplane, and dpdk-testpmd on the same virtual devices. Both stay
# between rounds and wait asleep, so that a round costs little more than its measurements.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""bench-dataplane and dpdk-testpmd."""

import json
import queue
import re
import shlex
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from lab.commands import in_namespace

from .measurement import Failed, Unavailable

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / 'build-bench'
BENCH = TREE / 'tests' / 'bench' / 'bench-dataplane'
# What modes run: this program, and the product.
PROGRAMS = [str(BENCH.relative_to(TREE)), 'tests/bench/bench-sender', 'tests/bench/discard.bpf.o',
            'tests/bench/controlplane/bench-controlplane',
            'dataplane/lns-dataplane', 'dataplane/xdp/steer.bpf.o',
            'controlplane/lns-controlplane', 'tools/lnsctl/lnsctl', 'tools/lacsim/lacsim']
EARLIER = ROOT / 'build-earlier'  # sources and trees of other commits
ANSWER_S = 120  # beyond the time of the measurement itself: a table of 16M keys has to be filled
TESTPMD_WINDOWS = 20
TESTPMD_WARM_UP_S = 0.05


def set_up(tree, source):
    """A tree for what is measured: a release build, which no warning of the optimiser stops."""
    if not (tree / 'build.ninja').is_file():
        subprocess.run(['meson', 'setup', str(tree), str(source), '--buildtype=release',
                        '-Dwerror=false'], check=True, stdout=subprocess.DEVNULL)


def build(jobs):
    set_up(TREE, ROOT)
    subprocess.run(['ninja', '-C', str(TREE), '-j', str(jobs), *PROGRAMS], check=True,
                   stdout=subprocess.DEVNULL)


def build_earlier(revision, jobs):
    """bench-dataplane of another commit, of an export of its sources; where it is."""
    asked = subprocess.run(['git', 'rev-parse', '--verify', '--quiet', f'{revision}^{{commit}}'],
                           cwd=ROOT, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise Unavailable(f'no commit {revision} here: a whole clone has it')
    commit = asked.stdout.strip()
    folder = EARLIER / commit[:12]
    source, tree = folder / 'source', folder / 'tree'
    if not source.is_dir():
        source.mkdir(parents=True)
        archive = subprocess.run(['git', 'archive', commit], cwd=ROOT, capture_output=True,
                                 check=True).stdout
        subprocess.run(['tar', '-x', '-C', str(source)], input=archive, check=True)
    set_up(tree, source)
    subprocess.run(['ninja', '-C', str(tree), '-j', str(jobs), PROGRAMS[0]], check=True,
                   stdout=subprocess.DEVNULL)
    return tree / PROGRAMS[0]


def report(line):
    """What bench-dataplane says of a measurement."""
    try:
        figures = json.loads(line)
    except ValueError as error:
        raise Failed(f'no report: {line!r}') from error
    if 'error' in figures:
        raise Failed(figures['error'])
    return figures


def bench(cpu, *arguments):
    """One run of bench-dataplane in a process of its own."""
    command = [str(BENCH), *map(str, arguments), '--cpu', str(cpu)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S)
    except subprocess.TimeoutExpired as error:
        raise Failed(f'{shlex.join(command)}: not done after {ANSWER_S} s') from error
    if done.returncode != 0 and not done.stdout.strip():
        raise Failed(f'{shlex.join(command)}: {done.stderr.strip()}')
    return report(done.stdout.splitlines()[-1])


class Conversation:
    """A program that answers on its output what it is told on its input."""

    def __init__(self, command):
        self._command = [str(word) for word in command]
        self._errors = tempfile.TemporaryFile('w+')
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=self._errors, text=True)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def tell(self, line):
        try:
            self._process.stdin.write(line + '\n')
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # wait_for() tells why

    def wait_for(self, pattern, timeout):
        """The first line from now on that matches."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failed(f'{self._command[0]}: no /{pattern}/ after {timeout:.0f} s') from None
            if line is None:
                self._errors.seek(0)
                raise Failed(f'{shlex.join(self._command)} ended: {self._errors.read()[-2000:]}')
            match = re.search(pattern, line)
            if match:
                return match

    def close(self):
        """Its input ends, so it does."""
        try:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server(Conversation):
    """bench-dataplane that keeps its ports and filled tables between measurements."""

    def __init__(self, cpu, program=BENCH):
        super().__init__([program, 'serve', '--cpu', cpu])

    def measure(self, mode, *arguments):
        self.tell(shlex.join([mode, *map(str, arguments)]))
        return report(self.wait_for(r'^\{.*', ANSWER_S).group())


class Testpmd(Conversation):
    """dpdk-testpmd between two ports, one queue of each per worker: TSC ticks per packet, of all
    workers together. It stands still between measurements."""

    def __init__(self, lcores, vdevs, mode, buffers, workers=1, netns=None, options=()):
        """lcores: of the EAL; the first is for the command line."""
        arguments = ['stdbuf', '-oL', 'dpdk-testpmd', '--in-memory', '--no-pci', '--no-telemetry',
                     '--log-level=error', '--lcores', lcores]
        for vdev in vdevs:
            arguments += ['--vdev', vdev]
        super().__init__(in_namespace(netns, [
            *arguments, '--', '-i', f'--forward-mode={mode}', '--record-core-cycles',
            f'--total-num-mbufs={buffers}', f'--nb-cores={workers}', f'--rxq={workers}',
            f'--txq={workers}', '--burst=32', *options]))
        # Port 1 is the second to come up; the prompt follows, without an end of line.
        self.wait_for(r'^Done|Error', ANSWER_S)

    def start(self):
        self.tell('start')
        self.wait_for(r'total_port|packet forwarding - ', ANSWER_S)

    def stop(self):
        self.tell('stop')
        self.wait_for(r'^Done\.', ANSWER_S)

    def measure(self, seconds):
        self.start()
        time.sleep(TESTPMD_WARM_UP_S)
        ticks = []
        for _ in range(TESTPMD_WINDOWS):
            self.tell('clear fwd stats all')
            time.sleep(seconds / TESTPMD_WINDOWS)
            self.tell('show fwd stats all')
            ticks.append(float(self.wait_for(r'CPU cycles/packet=([\d.]+)', ANSWER_S).group(1)))
        self.stop()
        return {'ticks_median': statistics.median(ticks), 'ticks_min': min(ticks),
                'measured_seconds': seconds}
