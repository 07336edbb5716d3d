# What scripts/test runs: builds what the tests need and runs every tier (docs/testing.md): unit, sim, stage, bpf and
# fuzz-replay in an ordinary tree (gcc) and in one with the address and undefined sanitizers
# (clang), tables and rings under the thread sanitizer, then functional and interop against real
# processes. Ends with the line "N passed, N failed" and, where something could not run,
# ", N skipped"; exits 0 only if nothing failed.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Builds Terminus and runs its tests."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'scripts'))

from lib.results import (  # noqa: E402
    Results, forget_meson_results, meson_results, pytest_results)

# tree -> (environment, meson options). DCHECKs are on in all of them.
TREES = {
    'build': ({}, ['--buildtype=debugoptimized']),
    'build-asan': ({'CC': 'clang-14', 'CXX': 'clang++-14'},
                   ['--buildtype=debugoptimized', '-Db_sanitize=address,undefined',
                    '-Db_lundef=false', '-Dcpp_args=-fno-sanitize-recover=all',
                    '-Dprograms=false']),
    'build-tsan': ({}, ['--buildtype=debugoptimized', '-Db_sanitize=thread', '-Db_lundef=false',
                        '-Dprograms=false']),
}
# Simulations run this many seeds in sanitised trees; in the ordinary one, their own default.
SANITISED_SEEDS = '200'
SANITIZERS = {
    'ASAN_OPTIONS': 'detect_stack_use_after_return=1:strict_string_checks=1',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
    'TSAN_OPTIONS': 'halt_on_error=1:second_deadlock_stack=1',
    'LNS_SIM_SEEDS': SANITISED_SEEDS,
}


class BuildFailed(Exception):
    pass


def run(command, environment=None, log=None):
    """Exit status of a command; its output goes to our own, or to a log shown when it fails."""
    full = dict(os.environ, **(environment or {}))
    if log is None:
        return subprocess.run(command, cwd=ROOT, env=full).returncode
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('a') as stream:
        status = subprocess.run(command, cwd=ROOT, env=full, stdout=stream,
                                stderr=subprocess.STDOUT).returncode
    if status != 0:
        print('\n'.join(log.read_text(errors='replace').splitlines()[-60:]))
        print(f'scripts/test: failed: {" ".join(command)} (log: {log})')
    return status


def build(tree, jobs, targets=()):
    environment, options = TREES[tree]
    log = ROOT / tree / 'meson-logs' / 'scripts-test-build.log'
    log.unlink(missing_ok=True)
    if not (ROOT / tree / 'build.ninja').is_file():
        if run(['meson', 'setup', tree, *options], environment, log) != 0:
            raise BuildFailed(f'{tree}: meson setup')
    if run(['ninja', '-C', tree, '-j', str(jobs), *targets], environment, log) != 0:
        raise BuildFailed(f'{tree}: does not build')


def introspect_tests(tree):
    output = subprocess.run(['meson', 'introspect', '--tests', tree], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout
    return json.loads(output)


def meson_test(tree, jobs, arguments, environment=None):
    forget_meson_results(ROOT / tree)
    log = ROOT / tree / 'meson-logs' / 'scripts-test-run.log'
    log.unlink(missing_ok=True)
    run(['meson', 'test', '-C', tree, '--no-rebuild', '--num-processes', str(jobs),
         '--print-errorlogs', *arguments], environment, log)
    results = meson_results(ROOT / tree)
    results.failed = [name.replace(f'{ROOT}/', '') for name in results.failed]
    results.skipped = [(name.replace(f'{ROOT}/', ''), why) for name, why in results.skipped]
    return results


def ordinary(args):
    build('build', args.jobs)
    return meson_test('build', args.jobs, ['--timeout-multiplier', '4'])


def address(args):
    build('build-asan', args.jobs)
    return meson_test('build-asan', args.jobs, ['--timeout-multiplier', '10'], SANITIZERS)


def thread(args):
    """Only the tests that share memory between threads: the suite `stress`."""
    build('build-tsan', args.jobs, ['build.ninja'])
    tests = [t for t in introspect_tests('build-tsan') if any('stress' in s for s in t['suite'])]
    if not tests:
        results = Results()
        results.failed.append('build-tsan: no test has the suite "stress"')
        return results
    tree = str(ROOT / 'build-tsan') + '/'
    programs = sorted({t['cmd'][0].replace(tree, '') for t in tests})
    build('build-tsan', args.jobs, programs)
    return meson_test('build-tsan', 1, ['--timeout-multiplier', '20', '--suite', 'stress'],
                      SANITIZERS)


def pytest_tier(tier):
    def tests(args):
        folder = ROOT / 'tests' / tier
        results = Results()
        if not any(folder.glob('*_test.py')) and not any(folder.glob('test_*.py')):
            results.failed.append(f'{tier}: no tests in tests/{tier}')
            return results
        if os.geteuid() != 0:
            results.skipped.append((tier, 'needs root: network namespaces, XDP'))
            return results
        build('build', args.jobs)
        junit = ROOT / 'build' / f'pytest-{tier}.xml'
        junit.unlink(missing_ok=True)
        command = ['/usr/bin/python3', '-m', 'pytest', '-q', '-ra', '-p', 'no:cacheprovider',
                   f'--junitxml={junit}', str(folder)]
        if args.keyword:
            command += ['-k', args.keyword]
        status = run(command)
        results = pytest_results(junit, tier)
        if status not in (0, 1, 5) or (status == 1 and not results.failed):
            results.failed.append(f'{tier}: pytest ended with status {status}')
        return results
    return tests


STEPS = {
    'ordinary': (ordinary, 'unit, sim, stage, bpf and fuzz-replay, gcc'),
    'asan': (address, 'the same with address and undefined sanitizers, clang'),
    'tsan': (thread, 'tables and rings with the thread sanitizer'),
    'functional': (pytest_tier('functional'), 'the processes in network namespaces'),
    'interop': (pytest_tier('interop'), 'other implementations as peers'),
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog='scripts/test', description='Builds Terminus and runs its tests.')
    parser.add_argument('--only', metavar='STEP', nargs='+', choices=STEPS,
                        help='run only these steps: ' + ', '.join(STEPS))
    parser.add_argument('--list', action='store_true', help='list the steps and exit')
    parser.add_argument('-k', dest='keyword', metavar='EXPRESSION',
                        help='pytest tiers: only tests that match')
    parser.add_argument('--jobs', type=int, default=os.cpu_count(), help='default: every core')
    return parser.parse_args()


def main():
    args = parse_arguments()
    if args.list:
        for name, (_, what) in STEPS.items():
            print(f'{name:12}{what}')
        return 0
    sys.stdout.reconfigure(line_buffering=True)

    total = Results()
    for name in args.only or STEPS:
        step, what = STEPS[name]
        print(f'=== {name}: {what}')
        begin = time.monotonic()
        try:
            results = step(args)
        except BuildFailed as error:
            results = Results(failed=[str(error)])
        for failure in results.failed:
            print(f'FAILED {failure}')
        print(f'=== {name}: {results.summary()} ({time.monotonic() - begin:.0f} s)')
        total.add(results)

    if total.skipped:
        print('Skipped:')
        for what, reason in total.skipped:
            print(f'  {what}: {reason}')
    if total.failed:
        print('Failed:')
        for failure in total.failed:
            print(f'  {failure}')
    print(total.summary())
    return 1 if total.failed else 0


if __name__ == '__main__':
    sys.exit(main())
