#!/usr/bin/python3
# Checks of the tracked files that no compiler makes: licence lines, file names, TODOs, paths and
# hosts that exist on one machine only. Called by scripts/lint; prints one line per finding and
# exits 1 if there was any.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Source rules of style.md that are about text, not code."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = {'.cc', '.h', '.c', '.py', '.proto', '.sh'}
HEAD_LINES = 30
LICENCES = ('Apache-2.0', 'BSD-2-Clause OR GPL-2.0', '(BSD-2-Clause OR GPL-2.0-only)',
            'BSD-2-Clause OR GPL-2.0-only')
VAGUE_NAMES = {'util', 'utils', 'common', 'helper', 'helpers', 'manager', 'handler', 'misc'}
TODO = re.compile(r'\b(TODO|FIXME|XXX)\b(?!\(#\d+\))')
# A path under somebody's home or workplace, or a scratch directory with a fixed name.
ONE_MACHINE = re.compile(r'(?<![\w./$}{>-])/(home|root|work|Users)/\w|(?<![\w.])/tmp/(?:wt|board)\b')
ISSUE = re.compile(r'\bissues? #?\d+\b', re.IGNORECASE)
PRIVATE_HOST = re.compile(r'https?://(?:localhost|10\.|192\.168\.|[\w.-]+\.(?:internal|corp|local))\b')


def tracked():
    listing = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, check=True, capture_output=True)
    return [ROOT / name for name in listing.stdout.decode().split('\0') if name]


def is_code(path):
    if path.suffix in CODE:
        return True
    with path.open('rb') as stream:
        return stream.read(2) == b'#!'


def findings(path):
    name = path.relative_to(ROOT).as_posix()
    if path.is_symlink() or not path.is_file():
        return
    data = path.read_bytes()
    if b'\0' in data or '/corpus/' in name or '/vectors/' in name:
        return
    text = data.decode('utf-8', errors='replace')
    lines = text.splitlines()

    if is_code(path):
        head = '\n'.join(lines[:HEAD_LINES])
        licence = re.search(r'SPDX-License-Identifier: (.+?)(?: \*/)?$', head, re.MULTILINE)
        if licence is None:
            yield f'{name}:1: no SPDX-License-Identifier in the first {HEAD_LINES} lines'
        elif licence.group(1).strip() not in LICENCES:
            yield f'{name}: licence is "{licence.group(1)}", expected one of {LICENCES}'
        if 'Copyright The Terminus Authors' not in head:
            yield f'{name}:1: no "Copyright The Terminus Authors" in the first {HEAD_LINES} lines'
        vague = VAGUE_NAMES & set(re.split(r'[_.]', path.name))
        if vague:
            yield f'{name}: a name that says nothing: {", ".join(sorted(vague))}'

    if name == 'scripts/lib/source_rules.py' or name.startswith('LICENSE'):
        return
    for number, line in enumerate(lines, 1):
        where = f'{name}:{number}'
        if is_code(path) and TODO.search(line):
            yield f'{where}: a TODO names its issue: TODO(#12)'
        if ONE_MACHINE.search(line):
            yield f'{where}: a path of one machine: {line.strip()}'
        if ISSUE.search(line) and 'TODO(#' not in line:
            yield f'{where}: say what it is about, not an issue number: {line.strip()}'
        if PRIVATE_HOST.search(line):
            yield f'{where}: a host others cannot reach: {line.strip()}'
        if line.rstrip() != line and path.suffix != '.md':
            yield f'{where}: trailing blanks'
    if text and not text.endswith('\n'):
        yield f'{name}: no newline at the end'


def main():
    count = 0
    for path in tracked():
        for finding in findings(path):
            print(finding)
            count += 1
    return 1 if count else 0


if __name__ == '__main__':
    sys.exit(main())
