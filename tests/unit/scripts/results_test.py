# How scripts/test counts: a test that crashes, leaks or times out must never count as passed, and a
# skip keeps its reason.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Tests of scripts/lib/results.py."""

import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'scripts'))

from lib.results import forget_meson_results, meson_results, pytest_results  # noqa: E402

PASSED = '<testcase name="a" status="run" result="completed" classname="S"/>'
FAILED = ('<testcase name="b" status="run" result="completed" classname="S">'
          '<failure message="no"/></testcase>')
SKIPPED = ('<testcase name="c" status="run" result="skipped" classname="S">'
           '<skipped message="x_test.cc:7&#x0A;needs root"/></testcase>')
DISABLED = '<testcase name="d" status="notrun" result="suppressed" classname="S"/>'


class MesonResults(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = Path(folder.name)
        (self.tree / 'meson-logs').mkdir()

    def write(self, result, cases=None, stdout='', name='unit-x'):
        (self.tree / 'meson-logs' / 'testlog.json').write_text(json.dumps(
            {'name': name, 'result': result, 'returncode': 1, 'stdout': stdout}) + '\n')
        if cases is not None:
            (self.tree / 'unit-x.xml').write_text(
                f'<testsuites><testsuite name="S">{"".join(cases)}</testsuite></testsuites>')
        return meson_results(self.tree)

    def test_each_case_counts(self):
        results = self.write('FAIL', [PASSED, PASSED, FAILED, SKIPPED, DISABLED])
        self.assertEqual('2 passed, 1 failed, 1 skipped', results.summary())
        self.assertEqual('needs root', results.skipped[0][1])
        self.assertIn('S.b', results.failed[0])

    def test_names_with_suites_find_their_cases(self):
        results = self.write('OK', [PASSED, PASSED], name='terminus:unit+stress / unit-x')
        self.assertEqual('2 passed, 0 failed', results.summary())

    def test_a_leak_after_good_cases_is_a_failure(self):
        self.assertEqual('2 passed, 1 failed', self.write('FAIL', [PASSED, PASSED]).summary())

    def test_a_crash_before_any_result_is_a_failure(self):
        for outcome in ('FAIL', 'ERROR', 'TIMEOUT', 'INTERRUPT', 'UNEXPECTEDPASS'):
            self.assertEqual('0 passed, 1 failed', self.write(outcome).summary())

    def test_a_plain_program_is_one_test(self):
        self.assertEqual('1 passed, 0 failed', self.write('OK').summary())

    def test_a_plain_skip_gives_its_last_line_as_reason(self):
        results = self.write('SKIP', stdout='looking\nno hugepages\n')
        self.assertEqual([(f'{self.tree}: unit-x', 'no hugepages')], results.skipped)

    def test_no_log_is_a_failure(self):
        self.assertEqual('0 passed, 1 failed', meson_results(self.tree).summary())

    def test_an_earlier_run_is_forgotten(self):
        self.write('OK', [PASSED])
        forget_meson_results(self.tree)
        self.assertEqual('0 passed, 1 failed', self.write('FAIL').summary())


class PytestResults(unittest.TestCase):
    def test_cases_skips_and_errors(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'junit.xml'
            path.write_text(
                '<testsuites><testsuite><testcase classname="t" name="a"/>'
                '<testcase classname="t" name="b"><skipped message="no xl2tpd"/></testcase>'
                '<testcase classname="t" name="c"><error message="left behind"/></testcase>'
                '</testsuite></testsuites>')
            results = pytest_results(path, 'functional')
        self.assertEqual('1 passed, 1 failed, 1 skipped', results.summary())
        self.assertEqual('no xl2tpd', results.skipped[0][1])

    def test_no_file_is_a_failure(self):
        self.assertEqual('0 passed, 1 failed', pytest_results('nowhere.xml', 'x').summary())


if __name__ == '__main__':
    unittest.main()
