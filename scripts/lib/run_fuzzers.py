# What scripts/fuzz runs: every fuzz target with libFuzzer under the address and undefined sanitizers, in a tree of its
# own (build-fuzz, clang). New inputs that reach new code are kept under build-fuzz/corpus; an input
# that crashes is left in build-fuzz/findings, to be added to the target's corpus with its fix.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Fuzzes the decoders; one summary line per target."""

import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / 'build-fuzz'
# No decoder is given more: control messages fit a datagram, punted frames a slot of 2048 bytes.
MAX_LENGTH = 2048
# An input that takes longer than this hangs. libFuzzer asks the clock on the wall, which goes on
# while a busy machine gives a fuzzer nothing.
HANG_S, BUSY_HANG_S = 10, 1800
OPTIONS = ['--buildtype=debugoptimized', '-Db_sanitize=address,undefined', '-Db_lundef=false',
           '-Dcpp_args=-fno-sanitize-recover=all', '-Dprograms=false', '-Dfuzzers=true']


def parse_arguments():
    parser = argparse.ArgumentParser(prog='scripts/fuzz', description='Fuzzes the decoders.')
    parser.add_argument('targets', nargs='*', metavar='TARGET', help='default: every target')
    parser.add_argument('--list', action='store_true', help='list the targets and exit')
    parser.add_argument('--runs', type=int, default=10_000_000,
                        help='inputs per target (default 10 million)')
    parser.add_argument('--seconds', type=int, default=0,
                        help='stop a target after this time, done or not (default: never)')
    parser.add_argument('--cpu-seconds', type=int, default=0,
                        help='stop a target after this much time of a CPU, however long a busy '
                             'machine takes to give it (default: never)')
    parser.add_argument('--seed', type=int, default=1, help='libFuzzer\'s seed (default 1)')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='targets at a time')
    return parser.parse_args()


def find_targets():
    output = subprocess.run(['meson', 'introspect', '--targets', str(TREE)], check=True,
                            capture_output=True, text=True).stdout
    return {t['name']: Path(t['filename'][0]) for t in json.loads(output)
            if t['type'] == 'executable' and t['name'].startswith('fuzz-')}


def wait_for(pid, cpu_limit):
    """Exit status and CPU time of a fuzzer, ended politely where it has used up its time."""
    ticks = os.sysconf('SC_CLK_TCK')
    asked = False
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
        fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
        if cpu_limit and not asked and int(fields[11]) + int(fields[12]) >= cpu_limit * ticks:
            os.kill(pid, signal.SIGUSR1)  # libFuzzer finishes the input and prints its statistics
            asked = True
        time.sleep(0.2)


def fuzz(name, program, args):
    """One target's summary; (ok, text)."""
    library, target = name.split('-', 2)[1:]
    seeds = ROOT / 'tests' / 'fuzz' / library / 'corpus' / target
    corpus, findings = TREE / 'corpus' / name, TREE / 'findings'
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    log = TREE / f'{name}.log'
    command = [str(program), f'-runs={args.runs}', f'-seed={args.seed}', f'-max_len={MAX_LENGTH}',
               f'-timeout={BUSY_HANG_S if args.cpu_seconds else HANG_S}', '-print_final_stats=1', f'-artifact_prefix={findings}/{name}-',
               str(corpus)] + ([str(seeds)] if seeds.is_dir() else [])
    if args.seconds:
        command.insert(1, f'-max_total_time={args.seconds}')
    environment = dict(os.environ, UBSAN_OPTIONS='print_stacktrace=1:halt_on_error=1')
    with log.open('w') as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT,
                                   env=environment)
        process.returncode, cpu_seconds = wait_for(process.pid, args.cpu_seconds)
    status = process.returncode
    text = log.read_text(errors='replace')
    runs = re.findall(r'stat::number_of_executed_units:\s+(\d+)', text)
    executed = int(runs[-1]) if runs else 0
    coverage = re.findall(r' cov: (\d+) ', text)
    outcome = 'ok' if status == 0 else f'FAILED (status {status}, log {log})'
    if status == 0 and executed < args.runs:
        outcome = f'ok so far: stopped by its time before {args.runs} inputs'
    return status == 0, (f'{name:28} {executed:>10} inputs  cov {coverage[-1] if coverage else "?":>5}'
                         f'  {cpu_seconds:6.0f} CPU s  {outcome}')


def main():
    args = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    if not (TREE / 'build.ninja').is_file():
        environment = dict(os.environ, CC='clang-14', CXX='clang++-14')
        subprocess.run(['meson', 'setup', str(TREE), *OPTIONS], cwd=ROOT, env=environment,
                       check=True)
    subprocess.run(['ninja', '-C', str(TREE), 'build.ninja'], check=True)
    targets = find_targets()
    if args.list:
        print('\n'.join(sorted(targets)))
        return 0
    unknown = [name for name in args.targets if name not in targets]
    if unknown or not targets:
        print(f'fuzz: no such target: {" ".join(unknown)}; see --list' if unknown
              else 'fuzz: the tree has no target', file=sys.stderr)
        return 2
    chosen = sorted(args.targets or targets)
    subprocess.run(['ninja', '-C', str(TREE), '-j', str(args.jobs)] +
                   [str(targets[name].relative_to(TREE)) for name in chosen], check=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for future in concurrent.futures.as_completed(
                [pool.submit(fuzz, name, targets[name], args) for name in chosen]):
            ok, line = future.result()
            failed += not ok
            print(line)
    print(f'{len(chosen) - failed} targets clean, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
