# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Measures the packet path side by side, and judges it."""

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from lab.commands import LabError
from lab.hugepages import Hugepages

from . import bounds, machine, measurement, modes, programs, report
from .setting import SEED, Setting

RESULTS = programs.ROOT / 'bench-results'
PAGE = programs.ROOT / 'docs' / 'performance.md'
PUBLISHED = programs.ROOT / 'docs' / 'measurements'
HUGEPAGES_MB = 3072  # 16M keys in rte_hash are the most
QUICK_SECONDS = 0.1


def parse_arguments(names):
    parser = argparse.ArgumentParser(
        prog='scripts/bench', description='Measures the packet path side by side, and judges it.',
        epilog='Results go to bench-results/: JSON, Markdown and plots of each mode, and '
               'summary.md.')
    parser.add_argument('--list', action='store_true', help='list the modes and exit')
    parser.add_argument('--only', metavar='NAME', action='append', choices=names,
                        help='only this mode; may be repeated')
    parser.add_argument('--pairs', type=int, default=5,
                        help='rounds: how often every run is made, interleaved (default 5)')
    parser.add_argument('--seconds', type=float, default=0.5, help='of one run (default 0.5)')
    parser.add_argument('--quick', action='store_true',
                        help='one round of short runs: does everything work?')
    parser.add_argument('--check', action='store_true',
                        help='exit 1 when a bound is missed or not measured, and name it')
    parser.add_argument('--strict', action='store_true', help='refuse to run on a noisy machine')
    parser.add_argument('--cpu', type=int, default=os.cpu_count() - 1,
                        help='the core that measures (default: the last)')
    parser.add_argument('--summarise', action='store_true',
                        help='measure nothing: judge the newest results of each mode again')
    parser.add_argument('--publish', action='store_true',
                        help='also write tables and plots to docs/measurements/, and the verdicts '
                             'of a run of all modes into docs/performance.md')
    parser.add_argument('--earlier', metavar='COMMIT', default='',
                        help='what the mode of this name compares with (default: the last commit '
                             'before the duties of a router and the policies of sessions)')
    parser.add_argument('--no-build', action='store_true', help='use build-bench as it is')
    args = parser.parse_args()
    if args.quick:
        args.pairs, args.seconds = 1, QUICK_SECONDS
    args.folders = [RESULTS, PUBLISHED] if args.publish else [RESULTS]
    if args.pairs < 1 or args.seconds <= 0:
        parser.error('--pairs and --seconds: more than nothing')
    return args


def show_progress(name, rounds):
    """Says on a terminal which run is under way."""
    if not sys.stderr.isatty():
        return lambda number, key: None
    return lambda number, key: print(f'\r\033[K{name}: round {number + 1}/{rounds}, {key}', end='',
                                     file=sys.stderr)


def measure(name, module, args, place):
    """Runs one mode and writes its files; the rows of what was judged."""
    with tempfile.TemporaryDirectory(prefix=f'bench-{name}-') as directory, \
            contextlib.ExitStack() as stack:
        setting = Setting(cpu=args.cpu, seconds=args.seconds, quick=args.quick,
                          directory=Path(directory), stack=stack, earlier=args.earlier)
        mode = module.measurement(setting)
        rounds = 1 if args.quick else mode.rounds or args.pairs
        noise = machine.Noise()
        begin = time.monotonic()
        results, failures = measurement.run(mode, rounds, show_progress(name, rounds))
        place = dict(place, **noise.seen(results))
    outcome = {
        'name': name, 'machine': place, 'seed': SEED, 'seconds': args.seconds,
        'took_seconds': round(time.monotonic() - begin, 1), 'rounds': results,
        'failures': failures, 'judged': measurement.judge(mode, results),
        'figure': mode.figure, 'charts': [dataclasses.asdict(chart) for chart in mode.charts],
    }
    if sys.stderr.isatty():
        print('\r\033[K', end='', file=sys.stderr)
    stamp = time.strftime('%Y%m%d-%H%M%S')
    (RESULTS / f'{name}-{stamp}.json').write_text(json.dumps(outcome, indent=1) + '\n')
    for folder in args.folders:
        report.write(folder, name, mode, outcome)
    print(report.mode(name, mode, outcome), flush=True)
    for key, why in failures.items():
        print(f'bench: {name}: {key}: {why}', file=sys.stderr)
    return outcome['judged']


def measure_all(chosen, args, place):
    """Rows by mode. A mode that breaks is named and leaves the others their results."""
    rows = {}
    for name, module in chosen.items():
        try:
            rows[name] = measure(name, module, args, place)
        except Exception:  # whatever it is, the other modes' figures must not be lost with it
            print(f'bench: {name} broke off:\n{traceback.format_exc()}', file=sys.stderr)
    return rows


def newest_results(names):
    """Rows by mode of the newest results there are, and the machine of the last of them."""
    rows, last = {}, ('', None)
    for name in names:
        stamp = '[0-9]' * 8 + '-' + '[0-9]' * 6
        for path in sorted(RESULTS.glob(f'{name}-{stamp}.json'))[-1:]:
            outcome = json.loads(path.read_text())
            rows[name] = outcome['judged']
            written = path.stem[-len('20000101-000000'):]
            last = max(last, (written, outcome['machine']), key=lambda item: item[0])
    return rows, last[1]


def conclude(rows, chosen, place, args):
    """Prints and writes the verdicts; whether something broke, whether a bound does not hold."""
    verdicts = list(bounds.verdicts(rows, chosen if args.only else bounds.modes()))
    text = machine.text(place) + '\n\n' + report.summary(verdicts)
    (RESULTS / 'summary.md').write_text(text)
    if args.publish and not args.only:
        (PUBLISHED / 'summary.md').write_text('# What must be reached, and what was\n\n' + text)
        report.publish_summary(PAGE, text)
    print(text)
    broken = [name for name in chosen if name not in rows]
    for name in broken:
        print(f'BROKEN {name}')
    missed = report.missed(verdicts)
    print('\n'.join(missed) or 'every bound holds')
    return bool(broken), bool(missed)


def main():
    # So that namespaces, processes and hugepages are given back on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('bench: terminated'))
    found = modes.find()
    args = parse_arguments(list(found))
    if args.list:
        print('\n'.join(found))
        return 0
    chosen = {name: found[name] for name in args.only or found}
    if args.summarise:
        rows, place = newest_results(chosen)
        if not rows:
            sys.exit(f'bench: no results in {RESULTS}')
        broken, missed = conclude(rows, chosen, place, args)
        return 1 if args.check and (broken or missed) else 0
    if os.geteuid() != 0:
        sys.exit('bench: needs root: hugepages, network namespaces')
    load = os.getloadavg()[0]  # before our own build
    if not args.no_build:
        programs.build(os.cpu_count())
    for folder in args.folders:
        folder.mkdir(exist_ok=True)
    try:
        pages = Hugepages(HUGEPAGES_MB)
    except LabError as error:
        sys.exit(f'bench: {error}')
    try:
        place = machine.describe(programs.bench(args.cpu, 'clock'), load)
        print(machine.text(place) + f'\nseed {SEED}\n', flush=True)
        if place['noisy'] and args.strict:
            sys.exit('bench: the machine is not quiet')
        rows = measure_all(chosen, args, place)
    except measurement.Failed as error:
        sys.exit(f'bench: {error}')
    finally:
        pages.restore()
    broken, missed = conclude(rows, chosen, place, args)
    return 1 if broken or missed and args.check else 0


if __name__ == '__main__':
    sys.exit(main())
