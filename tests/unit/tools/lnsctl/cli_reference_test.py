# Keeps docs/cli.md equal to what lnsctl says of itself, and checks lnsctl's exit statuses.
# usage: cli_reference_test.py LNSCTL DOCS/CLI.MD
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""lnsctl's reference page is generated; this compares it with the program."""

import difflib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LNSCTL, PAGE = sys.argv[1], Path(sys.argv[2])


def run(*words):
    return subprocess.run([LNSCTL, *words], capture_output=True, text=True, timeout=30, check=False)


class CommandLine(unittest.TestCase):
    def test_the_page_is_what_the_program_says(self):
        wanted = run('--reference').stdout.splitlines(keepends=True)
        found = PAGE.read_text().splitlines(keepends=True)
        difference = ''.join(difflib.unified_diff(found, wanted, str(PAGE), 'lnsctl --reference'))
        self.assertFalse(difference, 'docs/cli.md: run `lnsctl --reference > docs/cli.md`\n'
                         + difference)

    def test_what_is_not_understood_is_status_2(self):
        for words in ([], ['nonsense'], ['session'], ['session', 'show'], ['session', 'show', 'x'],
                      ['tunnel', 'show', '70000'], ['--timeout', '0', 'status']):
            self.assertEqual(run(*words).returncode, 2, words)

    def test_nobody_there_is_status_1_and_one_line_that_names_the_socket(self):
        with tempfile.TemporaryDirectory() as directory:
            for words, socket in ((['status'], 'control.sock'), (['session', 'list'], 'control.sock'),
                                  (['workers'], 'dataplane.sock'), (['drops'], 'dataplane.sock')):
                done = run('--run-dir', directory, *words)
                self.assertEqual(done.returncode, 1, words)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(f'{directory}/{socket}', done.stderr)

    def test_version_and_help_are_status_0(self):
        self.assertEqual(run('--version').returncode, 0)
        self.assertEqual(run('session', 'list', '--help').returncode, 0)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
