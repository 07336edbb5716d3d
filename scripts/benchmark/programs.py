# Runs the programs that measure: bench-dataplane, and dpdk-testpmd on the same virtual devices.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""bench-dataplane and dpdk-testpmd."""

import json
import re
import statistics
import subprocess
import time
from pathlib import Path

from .measurement import Failed

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / 'build-bench'
BENCH = TREE / 'tests' / 'bench' / 'bench-dataplane'
# What modes run: this program, and the product.
PROGRAMS = [str(BENCH.relative_to(TREE)), 'dataplane/lns-dataplane',
            'controlplane/lns-controlplane', 'tools/lnsctl/lnsctl', 'tools/lacsim/lacsim']
TIMEOUT = 300  # seconds, of one run
TESTPMD_WINDOWS = 10
TESTPMD_START = 4  # seconds until it forwards


def build(jobs):
    if not (TREE / 'build.ninja').is_file():
        subprocess.run(['meson', 'setup', str(TREE), '--buildtype=release'],
                       cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(['ninja', '-C', str(TREE), '-j', str(jobs), *PROGRAMS], check=True,
                   stdout=subprocess.DEVNULL)


def bench(cpu, *arguments):
    """What one run of bench-dataplane measured."""
    command = [str(BENCH), *map(str, arguments), '--cpu', str(cpu)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode != 0:
        raise Failed(f'{" ".join(command)}: {done.stderr.strip()}')
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}


def testpmd(cpu, capture, frames, seconds):
    """Macswap between the replay port and net_null: TSC ticks per packet, median of windows."""
    control = 0 if cpu != 0 else 1
    command = ['dpdk-testpmd', '--in-memory', '--no-pci', '--no-telemetry', '--log-level=error',
               '-l', f'{control},{cpu}', '--main-lcore', str(control),
               '--vdev', f'net_pcap0,infinite_rx=1,rx_pcap={capture}',
               '--vdev', 'net_null1,no-rx=1', '--',
               '-i', '--auto-start', '--forward-mode=macswap', '--record-core-cycles',
               f'--total-num-mbufs={frames + 8191}', '--nb-cores=1', '--burst=32']
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        time.sleep(TESTPMD_START)
        for _ in range(TESTPMD_WINDOWS):
            say(process, 'clear fwd stats all')
            time.sleep(seconds / TESTPMD_WINDOWS)
            say(process, 'show fwd stats all')
        output, _ = process.communicate('quit\n', timeout=TIMEOUT)
    except (BrokenPipeError, subprocess.TimeoutExpired) as error:
        process.kill()
        raise Failed(f'dpdk-testpmd: {error}') from error
    # The last one is what it says on leaving, of all the time since the last window.
    ticks = [float(value) for value in re.findall(r'CPU cycles/packet=([\d.]+)', output)]
    if process.returncode != 0 or len(ticks) < TESTPMD_WINDOWS:
        raise Failed(f'dpdk-testpmd: {output[-500:]}')
    ticks = ticks[:TESTPMD_WINDOWS]
    return {'ticks_median': statistics.median(ticks), 'ticks_min': min(ticks)}


def say(process, command):
    process.stdin.write(command + '\n')
    process.stdin.flush()
