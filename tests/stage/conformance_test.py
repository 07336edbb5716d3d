#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The router conformance list: builds its packets with scapy and has the stage tests run them.

usage: conformance_test.py STAGE_TESTS [--write FILE]
"""

import importlib
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77  # as meson understands it
PARTS = ('forwarded', 'malformed', 'errors', 'own_address', 'too_big', 'segment_size',
         'outer_fragments', 'outer_cut', 'path_matrix')


def rows():
    for part in PARTS:
        yield from importlib.import_module(f'conformance.{part}').rows()


def main():
    if importlib.util.find_spec('scapy') is None:
        print('skipped: no scapy')
        return SKIPPED
    sys.path.insert(0, str(Path(__file__).parent))
    lines = []
    sentences = set()
    for row in rows():
        if row.what in sentences:
            print(f'two rows say: {row.what}')
            return 1
        sentences.add(row.what)
        lines += row.lines()
    text = '\n'.join(lines) + '\n'
    if '--write' in sys.argv:
        Path(sys.argv[sys.argv.index('--write') + 1]).write_text(text)
        return 0
    with tempfile.NamedTemporaryFile('w', suffix='.rows') as file:
        file.write(text)
        file.flush()
        print(f'{len(sentences)} rows')
        sys.stdout.flush()
        return subprocess.run([sys.argv[1], '--gtest_filter=Conformance.*'],
                              env=os.environ | {'LNS_CONFORMANCE_ROWS': file.name},
                              check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
