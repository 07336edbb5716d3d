# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Measures the packet path side by side, and judges it."""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from lab.commands import LabError
from lab.hugepages import Hugepages

from . import machine, measurements, programs

RESULTS = programs.ROOT / 'bench-results'
HUGEPAGES_MB = 3072  # 16M keys in rte_hash are the most


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/bench', description='Measures the packet path side by side, and judges it.',
        epilog='Results go to bench-results/: one JSON and one Markdown file per measurement.')
    parser.add_argument('--list', action='store_true', help='list the measurements and exit')
    parser.add_argument('--only', metavar='NAME', action='append',
                        choices=list(measurements.MEASUREMENTS), help='only this measurement')
    parser.add_argument('--pairs', type=int, default=5, help='rounds of every run (default 5)')
    parser.add_argument('--seconds', type=float, default=1, help='of one run (default 1)')
    parser.add_argument('--quick', action='store_true',
                        help='one round of short runs: does everything work?')
    parser.add_argument('--check', action='store_true',
                        help='exit 1 when a bound is missed, and name it')
    parser.add_argument('--strict', action='store_true', help='refuse to run on a noisy machine')
    parser.add_argument('--cpu', type=int, default=os.cpu_count() - 1,
                        help='the core that measures (default: the last)')
    parser.add_argument('--no-build', action='store_true', help='use build-bench as it is')
    args = parser.parse_args()
    if args.quick:
        args.pairs, args.seconds = 1, 0.2
    if args.pairs < 1 or args.seconds <= 0:
        parser.error('--pairs and --seconds: more than nothing')
    return args


def markdown(name, measurement, results, rows, place):
    figure = measurement.figure
    lines = [f'## {name}: {measurement.what}', '', machine.text(place), '',
             f'Seed {measurements.SEED}, {len(next(iter(results.values())))} rounds, interleaved. '
             f'Figures: {measurement.unit}, median and min over rounds.', '',
             '| run | median | min |', '|---|---|---|']
    for key, runs in results.items():
        values = [run[figure] for run in runs]
        lines.append(f'| {key} | {statistics.median(values):.1f} | {min(values):.1f} |')
    lines += ['', '| figure | median | range | bound | |', '|---|---|---|---|---|']
    for row in rows:
        bound = ''
        if row['limit'] is not None:
            sign = '>=' if row['at_least'] else '<='
            bound = f'{sign} {row["limit"]:g}'
            if row['stretch'] is not None:
                bound += f' (stretch {row["stretch"]:g})'
        verdict = {None: '', True: 'holds', False: 'MISSED'}[row['holds']]
        lines.append(f'| {row["what"]} | {row["median"]:.2f} {row["unit"]} | '
                     f'{row["min"]:.2f} to {row["max"]:.2f} | {bound} | {verdict} |')
    return '\n'.join(lines) + '\n'


def stages(results):
    """Cycles per stage of the runs that have them, as a table."""
    lines = []
    for key, runs in results.items():
        names = [name for name in runs[0] if name.startswith('stage_')]
        if names:
            text = ', '.join(f'{name[6:]} {statistics.median(run[name] for run in runs):.1f}'
                             for name in names)
            lines.append(f'- {key}: {text}')
    return '\nBy stage:\n\n' + '\n'.join(lines) + '\n' if lines else ''


def measure(name, setting, args, place):
    """Runs one measurement and writes its files; the rows of what was judged."""
    measurement = measurements.MEASUREMENTS[name](setting)
    show = sys.stderr.isatty()

    def progress(round_, key):
        if show:
            print(f'\r{name}: round {round_ + 1}/{args.pairs}, {key:40}', end='', file=sys.stderr)

    results = measurements.run(measurement, args.pairs, progress)
    if show:
        print('\r' + ' ' * 78 + '\r', end='', file=sys.stderr)
    switches = [run['involuntary_switches'] / args.seconds for runs in results.values()
                for run in runs if 'involuntary_switches' in run]
    place = dict(place, noisy=place['noisy'] or (
        bool(switches) and statistics.median(switches) > machine.QUIET_SWITCHES))
    rows = measurements.judge(measurement, results)
    text = markdown(name, measurement, results, rows, place) + stages(results)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    stamp = time.strftime('%Y%m%d-%H%M%S')
    (RESULTS / f'{name}-{stamp}.json').write_text(json.dumps(
        {'name': name, 'machine': place, 'seed': measurements.SEED, 'seconds': args.seconds,
         'runs': results, 'judged': rows}, indent=1) + '\n')
    (RESULTS / f'{name}.md').write_text(text)
    return rows


def main():
    args = parse_arguments()
    if args.list:
        print('\n'.join(measurements.MEASUREMENTS))
        return 0
    if os.geteuid() != 0:
        sys.exit('bench: needs root: hugepages')
    if not args.no_build:
        programs.build(os.cpu_count())
    try:
        pages = Hugepages(HUGEPAGES_MB)
    except LabError as error:
        sys.exit(f'bench: {error}')
    missed = []
    try:
        place = machine.describe(programs.bench(args.cpu, 'clock'))
        print(machine.text(place) + '\n')
        if place['noisy'] and args.strict:
            sys.exit('bench: the machine is not quiet')
        with tempfile.TemporaryDirectory(prefix='bench-') as directory:
            setting = measurements.Setting(args.cpu, args.seconds, Path(directory))
            for name in args.only or measurements.MEASUREMENTS:
                missed += [f'{name}: {row["what"]}: {row["median"]:.2f} {row["unit"]}, bound '
                           f'{row["limit"]:g}'
                           for row in measure(name, setting, args, place) if row['holds'] is False]
    except programs.Failed as error:
        sys.exit(f'bench: {error}')
    finally:
        pages.restore()
    print('\n'.join(f'MISSED {text}' for text in missed) or 'every bound holds')
    return 1 if missed and args.check else 0


if __name__ == '__main__':
    sys.exit(main())
