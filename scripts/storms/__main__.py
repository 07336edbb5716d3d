# What scripts/storm runs: builds, makes a network of namespaces, starts FreeRADIUS and both processes,
# and lets lacsim do its worst. Prints what happened and what was required of it; exits 0 only if all
# of that held.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Storms at full size."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from demonstration.verdict import Verdict
from lab import Lab, LabError, freeradius

from .outage import Outage, Plan
from .redial import Redial

ROOT = Path(__file__).resolve().parents[2]


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='scripts/storm', description='Storms of calls, and RADIUS servers that fail.')
    parser.add_argument('--no-build', action='store_true',
                        help='use build-release, or $TERMINUS_TREE, as it is')
    kinds = parser.add_subparsers(dest='kind', required=True)
    redial = kinds.add_parser('redial', help='all subscribers dial at once, round after round')
    redial.add_argument('--subscribers', type=int, default=20_000, help='(default 20000)')
    redial.add_argument('--lacs', type=int, default=8, help='one tunnel each (default 8)')
    redial.add_argument('--rounds', type=int, default=5, help='(default 5)')
    outage = kinds.add_parser('outage', help='the servers are away while calls come')
    outage.add_argument('--online', type=int, default=Plan.online,
                        help='sessions that stay (default %(default)s)')
    outage.add_argument('--rate', type=int, default=Plan.rate,
                        help='calls a second (default %(default)s)')
    outage.add_argument('--seconds', type=float, default=Plan.outage_s,
                        help='that the servers are away (default %(default)s)')
    outage.add_argument('--interim', type=int, default=Plan.interim_s,
                        help='seconds between Interim records (default %(default)s)')
    outage.add_argument('--freeze', action='store_true',
                        help='the servers hang, and are not closed')
    return parser.parse_args()


def tree_of(args):
    if args.no_build:
        return os.environ.get('TERMINUS_TREE') or ROOT / 'build-release'
    if subprocess.run(['scripts/build', 'release'], cwd=ROOT).returncode != 0:
        sys.exit('storm: scripts/build release failed')
    return ROOT / 'build-release'


def main():
    args = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    if os.geteuid() != 0:
        sys.exit('storm: needs root: network namespaces and XDP')
    if reason := freeradius.missing():
        sys.exit(f'storm: {reason}')
    tree = tree_of(args)

    def interrupt(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)  # ends the lab as ^C does

    verdict = Verdict()
    try:
        if args.kind == 'redial':
            with Lab(tree, lacs=args.lacs) as lab:
                Redial(lab, verdict, subscribers=args.subscribers, rounds=args.rounds).run()
        else:
            plan = Plan(online=args.online, rate=args.rate, outage_s=args.seconds,
                        interim_s=args.interim, freeze=args.freeze)
            with Lab(tree, lacs=Outage.LAC_ADDRESSES) as lab:
                Outage(lab, verdict, plan).run()
    except LabError as error:
        print(f'storm: {error}')
        return 1
    except KeyboardInterrupt:
        print('storm: interrupted; the lab has been removed')
        return 130
    print('storm: ' + ('everything held' if verdict.passed else 'FAILED'))
    return 0 if verdict.passed else 1


if __name__ == '__main__':
    sys.exit(main())
