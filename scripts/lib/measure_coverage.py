# What scripts/coverage runs: builds the unit tests and simulations of the protocol libraries with
# gcc's --coverage in a tree of their own (build-coverage), runs them, and asks gcov which lines
# were run. Prints a percentage for each folder and fails where one is below the bound.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Line coverage of lib/l2tp and lib/ppp by their own tests."""

import argparse
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / 'build-coverage'
OPTIONS = ['--buildtype=debug', '-Db_coverage=true', '-Dprograms=false', '-Ddataplane=false']
FOLDERS = ('lib/l2tp', 'lib/ppp')
SIM_SEEDS = '100'


def parse_arguments():
    parser = argparse.ArgumentParser(prog='scripts/coverage', description=__doc__)
    parser.add_argument('--bound', type=float, default=95.0,
                        help='fail where a folder has less, in percent (default 95)')
    parser.add_argument('--files', action='store_true', help='print a line per file, too')
    parser.add_argument('--uncovered', action='store_true',
                        help='print the lines no test runs, too')
    parser.add_argument('--no-build', action='store_true',
                        help='only report what the last run left behind')
    return parser.parse_args()


def tests_of(folder):
    """The meson names and programs of a library's unit tests and simulations."""
    name = folder.rsplit('/', 1)[1]
    output = subprocess.run(['meson', 'introspect', '--tests', str(TREE)], check=True,
                            capture_output=True, text=True).stdout
    return [(test['name'], Path(test['cmd'][0]).relative_to(TREE).as_posix())
            for test in json.loads(output)
            if test['name'] == f'unit-{name}' or test['name'].startswith(f'sim-{name}')]


def run_tests(jobs):
    if not (TREE / 'build.ninja').is_file():
        environment = dict(os.environ, CC='gcc', CXX='g++')
        subprocess.run(['meson', 'setup', str(TREE), *OPTIONS], cwd=ROOT, env=environment,
                       check=True)
    subprocess.run(['ninja', '-C', str(TREE), 'build.ninja'], check=True)
    tests = [test for folder in FOLDERS for test in tests_of(folder)]
    for counts in TREE.rglob('*.gcda'):
        counts.unlink()
    subprocess.run(['ninja', '-C', str(TREE), '-j', str(jobs), *{program for _, program in tests}],
                   check=True)
    environment = dict(os.environ, LNS_SIM_SEEDS=os.environ.get('LNS_SIM_SEEDS', SIM_SEEDS))
    subprocess.run(['meson', 'test', '-C', str(TREE), '--no-rebuild', '-t', '10',
                    *(name for name, _ in tests)], env=environment, check=True)


def measure():
    """{file: {line: times run}} of the folders; a line counts wherever it was compiled into."""
    files = collections.defaultdict(lambda: collections.defaultdict(int))
    for counts in sorted(TREE.rglob('*.gcda')):
        output = subprocess.run(['gcov', '--json-format', '--stdout', str(counts)], check=True,
                                capture_output=True, text=True, cwd=TREE).stdout
        for report in filter(None, output.splitlines()):
            for source in json.loads(report)['files']:
                path = Path(os.path.normpath(TREE / source['file']))
                if not path.is_relative_to(ROOT):
                    continue
                name = path.relative_to(ROOT).as_posix()
                if name.rsplit('/', 1)[0] not in FOLDERS:
                    continue
                for line in source['lines']:
                    files[name][line['line_number']] += line['count']
    return files


def percentage(lines):
    return 100.0 * sum(1 for count in lines if count) / max(len(lines), 1)


def main():
    args = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    if not args.no_build:
        run_tests(os.cpu_count())
    files = measure()
    missed = []
    for folder in FOLDERS:
        own = sorted(name for name in files if name.rsplit('/', 1)[0] == folder)
        for name in own if args.files or args.uncovered else ():
            lines = files[name]
            print(f'  {name:44} {len(lines):5} lines  {percentage(lines.values()):6.2f} %')
            if args.uncovered:
                print(''.join(f'    {name}:{line}\n' for line in sorted(lines) if not lines[line]),
                      end='')
        counts = [count for name in own for count in files[name].values()]
        share = percentage(counts)
        if not counts or share < args.bound:
            missed.append(folder)
        print(f'{folder:46} {len(counts):5} lines  {share:6.2f} %')
    if missed:
        print(f'below {args.bound} %: {" ".join(missed)}', file=sys.stderr)
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
