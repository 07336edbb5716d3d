# Counts test cases: from what meson and GoogleTest leave in a build tree, and from pytest's JUnit
# file. Used by scripts/test alone.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Test results of every tier as one kind of value."""

import dataclasses
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path


@dataclasses.dataclass
class Results:
    passed: int = 0
    failed: list = dataclasses.field(default_factory=list)   # what failed, for people
    skipped: list = dataclasses.field(default_factory=list)  # (what, reason)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def summary(self):
        text = f'{self.passed} passed, {len(self.failed)} failed'
        return text + (f', {len(self.skipped)} skipped' if self.skipped else '')


def _cases(path):
    """The test cases of a JUnit file, GoogleTest's or pytest's."""
    for case in ElementTree.parse(path).getroot().iter('testcase'):
        yield f"{case.get('classname')}.{case.get('name')}", case


def _is_skipped(case):
    return case.find('skipped') is not None or case.get('result') == 'skipped'


def _skip_reason(case):
    node = case.find('skipped')
    text = '' if node is None else (node.get('message') or node.text or '')
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # GoogleTest puts the place first and the message after it.
    lines = [line for line in lines if not re.fullmatch(r'.*\.(cc|h):\d+', line)]
    return re.sub(r'^Skipped: ', '', lines[0]) if lines else 'no reason given'


def _add_cases(results, path, origin):
    failures = 0
    for name, case in _cases(path):
        if _is_skipped(case):
            results.skipped.append((f'{origin}: {name}', _skip_reason(case)))
        elif case.find('failure') is not None or case.find('error') is not None:
            results.failed.append(f'{origin}: {name}')
            failures += 1
        elif case.get('status') != 'notrun':
            results.passed += 1
    return failures


def forget_meson_results(tree):
    """Removes an earlier run's files: a test that dies leaves none, and must not inherit any."""
    for path in Path(tree).glob('*.xml'):
        path.unlink()
    (Path(tree) / 'meson-logs' / 'testlog.json').unlink(missing_ok=True)


def meson_results(tree):
    """One result per GoogleTest case, or per test for those that are not GoogleTest."""
    results = Results()
    log = Path(tree) / 'meson-logs' / 'testlog.json'
    if not log.is_file():
        results.failed.append(f'{tree}: meson test left no log')
        return results
    for line in log.read_text().splitlines():
        test = json.loads(line)
        # "project:suite / name" where there are several suites, else the name alone.
        name, outcome = test['name'].split(' / ')[-1], test['result']
        origin = f'{tree}: {name}'
        cases = Path(tree) / f'{name}.xml'
        failures = 0
        if cases.is_file():
            failures = _add_cases(results, cases, origin)
        elif outcome == 'OK':
            results.passed += 1
        elif outcome == 'SKIP':
            output = test.get('stdout', '').strip().splitlines()
            results.skipped.append((origin, output[-1] if output else 'no reason given'))
        # A crash, a leak report or a timeout fails the program, whatever its cases said.
        if outcome not in ('OK', 'SKIP') and failures == 0:
            results.failed.append(f'{origin}: {outcome} ({test.get("returncode")})')
    return results


def pytest_results(junit, tier):
    results = Results()
    if not Path(junit).is_file():
        results.failed.append(f'{tier}: pytest left no results')
        return results
    _add_cases(results, junit, tier)
    return results
