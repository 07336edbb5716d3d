# What scripts/demo runs: builds, makes a network of namespaces, starts both
# processes, lets lacsim dial subscribers and send traffic both ways, pings a host from inside a
# subscriber, prints what happened and cleans up. Exits 0 only if everything held: every session online, no
# offered packet lost or reordered, packets seen on every path they must take, nothing left behind.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Subscribers online, end to end, on one machine."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'scripts'))

from demonstration import kept, run  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(prog='scripts/demo',
                                     description='Subscribers online, end to end, on one machine.')
    parser.add_argument('--sessions', type=int, default=1000, help='subscribers (default 1000)')
    parser.add_argument('--tunnels', type=int, default=4, help='LACs, one tunnel each (default 4)')
    parser.add_argument('--seconds', type=float, default=10, help='length of traffic (default 10)')
    parser.add_argument('--pps', type=int, default=5000,
                        help='packets per second in each direction (default 5000)')
    parser.add_argument('--rate', type=int, default=500, help='calls per second (default 500)')
    parser.add_argument('--workers', type=int, default=1, help='forwarding cores (default 1)')
    parser.add_argument('--capture', metavar='FILE', type=Path,
                        help='record the access side and have tshark look for faults')
    parser.add_argument('--keep', action='store_true',
                        help='leave the lab and its subscribers running, and say how to look')
    parser.add_argument('--clean', action='store_true', help='end a lab that --keep left, and exit')
    parser.add_argument('--no-build', action='store_true', help='use build-release as it is')
    args = parser.parse_args()
    if not 1 <= args.tunnels <= 200:
        parser.error('--tunnels: 1 to 200 (one address of the access network each)')
    if not args.tunnels <= args.sessions <= 60000:
        parser.error('--sessions: at least one per tunnel, at most 60000 (the lab\'s pool)')
    if args.seconds < 1 or args.pps < 1:
        parser.error('--seconds and --pps: at least 1')
    return args


def prepare(args):
    """Exits when this user cannot run it or the build fails."""
    if os.geteuid() != 0:
        sys.exit('demo: needs root: network namespaces, hugepages and XDP')
    if not args.no_build and subprocess.run(['scripts/build', 'release'], cwd=ROOT).returncode != 0:
        sys.exit('demo: scripts/build release failed')


def stop_on_signals():
    """SIGTERM ends the lab as ^C does: through the clean-up."""
    def interrupt(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)


def main():
    args = parse_arguments()
    sys.stdout.reconfigure(line_buffering=True)
    prepare(args)
    stop_on_signals()
    try:
        return kept.clean() if args.clean else run.demonstrate(args, ROOT / 'build-release')
    except KeyboardInterrupt:
        print('demo: interrupted; the lab has been removed')
        return 130


if __name__ == '__main__':
    sys.exit(main())
