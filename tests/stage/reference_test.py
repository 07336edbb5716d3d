#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Compares the generated parts of the documents with what print-reference prints, and the stages
that the life of a packet names with the files there are.

usage: reference_test.py PRINT_REFERENCE SOURCE_ROOT [--write]

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`; --write refreshes it.
"""

import re
import subprocess
import sys
from pathlib import Path

PARTS = {
    'docs/life-of-a-packet.md': ['pipelines'],
    'docs/counters.md': ['drops', 'punts', 'router', 'path-reports', 'stages'],
}
SEPARATE = {'receive', 'transmit'}  # the worker's own, without a stage file


def generated(program, part):
    text = subprocess.run([program, part], check=True, capture_output=True, text=True).stdout
    return f'```\n{text}```\n' if part == 'pipelines' else text


def check_part(path, part, expected, write):
    """The document with the part refreshed, and whether it was right already."""
    document = path.read_text()
    pattern = re.compile(rf'(<!-- generated: {part} -->\n)(.*?)(<!-- end -->)', re.DOTALL)
    match = pattern.search(document)
    if match is None:
        print(f'{path}: no part "{part}"')
        return False
    if match.group(2) == expected:
        return True
    if write:
        path.write_text(document[:match.start(2)] + expected + document[match.end(2):])
        return True
    print(f'{path}: "{part}" is not what the code says; run this test with --write.\n'
          f'--- document\n{match.group(2)}--- code\n{expected}')
    return False


def main():
    program, root = sys.argv[1], Path(sys.argv[2])
    write = '--write' in sys.argv
    right = True
    for name, parts in PARTS.items():
        for part in parts:
            right &= check_part(root / name, part, generated(program, part), write)

    life = (root / 'docs/life-of-a-packet.md').read_text()
    drawing = generated(program, 'pipelines')
    stages = set(re.findall(r'\b[a-z0-9_]+\b', re.sub(r'(?m)^\S+', '', drawing))) - SEPARATE
    for stage in sorted(stages):
        for suffix in ('h', 'cc'):
            if not (root / f'dataplane/stages/{stage}.{suffix}').exists():
                print(f'stage {stage} has no dataplane/stages/{stage}.{suffix}')
                right = False
        if f'`dataplane/stages/{stage}`' not in life:
            print(f'docs/life-of-a-packet.md does not say what `dataplane/stages/{stage}` does')
            right = False
    return 0 if right else 1


if __name__ == '__main__':
    sys.exit(main())
