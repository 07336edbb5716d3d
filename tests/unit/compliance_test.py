# The tables of docs/compliance are claims: this test holds them to the tree. A row needs a status;
# a test, source file, fuzz target or simulation that a row names must exist; a row that says "yes"
# names at least one test. References are written in backquotes:
#
#   `Suite.Name`, `Suite.Na*`, `.Name` (of the suite named before), `Suite`   GoogleTest, in sources
#   `test_x.py::test_name`, `test_x.py`, `x_test.py::Class.test_name`         Python tests
#   `fuzz-lib-name`, `sim-name-*`                                             programs
#   `file.cc`, `lib/l2tp/file.cc`, `*.cc`                                     files, by path's end
#
# "same" in a row's test column means the tests of the row above. Run by meson (suite unit).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Checks the compliance tables against the tests and sources they name."""

import fnmatch
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / 'docs' / 'compliance'
AREAS = ('lib', 'dataplane', 'controlplane', 'tools', 'tests', 'proto', 'scripts', 'docs', 'deploy')

STATUSES = ('yes', 'partly', 'part', 'no')
COLUMNS = ('requirement', 'status', 'code', 'test')
GTEST = re.compile(r'^(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)', re.MULTILINE)
PYTHON_CLASS = re.compile(r'^class (\w+)')
PYTHON_TEST = re.compile(r'^( *)def (test\w*)\(')
PROGRAM = re.compile(r"executable\('((?:sim|fuzz|stage|bench)-[\w-]+)'")
QUOTED = re.compile(r'`([^`]+)`')
# What in running text is a reference to a test: a suite, a dot and a name; `file.h` is none.
GTEST_REFERENCE = re.compile(r'^[A-Z]\w*Test\.\w[\w*]*$')
SUFFIX = re.compile(r'\.(h|cc|c|py|proto|md|yaml)$')


class Tree:
    """What there is to refer to."""

    def __init__(self, root):
        sources = [path for area in AREAS for path in sorted((root / area).rglob('*'))
                   if path.is_file()]
        self.files = ['/' + path.relative_to(root).as_posix() for path in sources]
        self.gtests = set()
        self.python = set()
        self.programs = set()
        for path in sources:
            if (root / 'tests') not in path.parents:
                continue
            if path.suffix in ('.cc', '.h'):
                self.gtests.update(f'{suite}.{name}'
                                   for suite, name in GTEST.findall(path.read_text()))
            elif path.suffix == '.py':
                self.python.update(self._python_tests(path))
            elif path.name == 'meson.build':
                self.programs.update(PROGRAM.findall(path.read_text()))
            if path.name.endswith('_fuzz.cc'):
                self.programs.add(f'fuzz-{path.parent.name}-{path.name[:-len("_fuzz.cc")]}')
        self.suites = {test.split('.')[0] for test in self.gtests}

    @staticmethod
    def _python_tests(path):
        within = ''
        for line in path.read_text().splitlines():
            if match := PYTHON_CLASS.match(line):
                within = match[1] + '.'
            elif match := PYTHON_TEST.match(line):
                yield f'{path.name}::{within if match[1] else ""}{match[2]}'

    def has_file(self, pattern):
        return any(fnmatch.fnmatchcase(file, '*/' + pattern) for file in self.files)

    def has_test(self, reference):
        if '.py' in reference:
            wanted = reference.rsplit('/', 1)[-1]
            if '::' not in wanted:
                wanted += '::*'
            return any(fnmatch.fnmatchcase(test, wanted) for test in self.python)
        if re.match(r'(sim|fuzz|stage|bench)-', reference):
            name = re.sub(r'-(\*|\d+)$', '', reference)  # shards of a simulation
            return any(fnmatch.fnmatchcase(program, one)
                       for program in self.programs for one in (reference, name))
        if '.' in reference:
            return any(fnmatch.fnmatchcase(test, reference) for test in self.gtests)
        return reference in self.suites


def cells(line):
    return [cell.strip() for cell in re.split(r'(?<!\\)\|', line.strip().strip('|'))]


def rows(text):
    """(line number, {column: cell}) of each row of each table that has a column `requirement`; for
    a table, first its header: (line number, [column])."""
    columns = None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith('|'):
            columns = None
        elif columns is None:
            columns = [cell.lower() for cell in cells(line)]
            if 'requirement' in columns:
                yield number, columns
        elif 'requirement' in columns and not re.match(r'^[|\s:-]+$', line):
            yield number, dict(zip(columns, cells(line)))


def test_references(cell):
    """The tests a cell names, `.Name` and `*.Name` written out."""
    suite = '*'
    for reference in QUOTED.findall(cell):
        if reference.startswith(('.', '*.')):
            reference = f'{suite}.{reference.split(".", 1)[1]}'
        elif '.' in reference and '.py' not in reference and '-' not in reference:
            suite = reference.split('.')[0]
        yield reference


def findings(name, text, tree):
    """What is wrong with one page, one line each."""
    tests_above = []
    found_table = False
    for number, row in rows(text):
        where = f'{name}:{number}'
        if isinstance(row, list):
            found_table = True
            tests_above = []
            missing = [column for column in COLUMNS if column not in row]
            if missing:
                yield f'{where}: the table has no column {", ".join(missing)}'
            continue
        if len(row) < len(COLUMNS):
            yield f'{where}: a row of {len(row)} cells'
            continue
        status = re.match(r'\**([a-z]+)\b', row.get('status', '').lower())
        if status is None or status[1] not in STATUSES:
            yield f'{where}: status "{row.get("status", "")}" is none of {", ".join(STATUSES)}'
        for reference in QUOTED.findall(row.get('code', '')):
            if ('/' in reference or SUFFIX.search(reference)) and not tree.has_file(reference):
                yield f'{where}: no file {reference}'
        tests = list(test_references(row.get('test', '')))
        for test in tests:
            if not tree.has_test(test):
                yield f'{where}: no test {test}'
        if row.get('test') == 'same':
            tests = tests_above
        if not tests and status and status[1] == 'yes':
            yield f'{where}: "yes", and no test'
        tests_above = tests
    if not found_table:
        yield f'{name}: no table of requirements'
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith('|'):
            for reference in QUOTED.findall(line):
                if GTEST_REFERENCE.match(reference) and not tree.has_test(reference):
                    yield f'{name}:{number}: no test {reference}'


class ComplianceTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = Tree(ROOT)

    def test_every_claim_names_what_exists(self):
        pages = sorted(TABLES.glob('*.md'))
        self.assertGreater(len(pages), 5)
        wrong = [finding for page in pages
                 for finding in findings(page.name, page.read_text(), self.tree)]
        self.assertEqual(wrong, [], '\n' + '\n'.join(wrong))

    def check(self, *lines):
        header = '| section | requirement | status | code | test |\n|---|---|---|---|---|\n'
        return list(findings('page', header + '\n'.join(lines), self.tree))

    def test_good_rows_pass(self):
        self.assertEqual(self.check(
            '| 1 | this | yes | `compliance_test.py` | `Header.*` |',
            '| 2 | that | yes, note 1 | `lib/l2tp/header.h` | same |',
            '| 3 | those | no | – | – |',
            '| 4 | them | partly: a remark | `*.cc` rows | `Header.IgnoresReservedBits`, `.*Length` |',
            '| 5 | it | **yes** | – | `fuzz-l2tp-header`, `sim-l2tp-*`, `sim-ppp`, `LinkSim` |',
            '| 6 | more | yes | – | `compliance_test.py::ComplianceTables.test_good_rows_pass` |',
        ), [])

    def test_bad_rows_are_found(self):
        for row, complaint in (
                ('| 1 | this | | `header.h` | `Header.*` |', 'status'),
                ('| 1 | this | done | `header.h` | `Header.*` |', 'status'),
                ('| 1 | this | yes | `no_such_file.cc` | `Header.*` |', 'no file no_such_file.cc'),
                ('| 1 | this | yes | `header.h` | `Header.NoSuchTest` |', 'no test'),
                ('| 1 | this | yes | `header.h` | `NoSuchSuite` |', 'no test'),
                ('| 1 | this | yes | `header.h` | `Header.*`, `.NoSuch*` |', 'no test'),
                ('| 1 | this | yes | `header.h` | `fuzz-l2tp-nothing` |', 'no test'),
                ('| 1 | this | yes | `header.h` | `sim-nothing-*` |', 'no test'),
                ('| 1 | this | yes | `header.h` | `test_nothing.py` |', 'no test'),
                ('| 1 | this | yes | `header.h` | `compliance_test.py::test_no` |', 'no test'),
                ('| 1 | this | yes | `header.h` | – |', '"yes", and no test'),
                ('| 1 | this | yes | `header.h` | same |', '"yes", and no test'),
                ('| 1 | this | yes |', 'a row of 3 cells'),
                ('\nText with `LinkTest.NoSuchTest` in it.', 'no test')):
            with self.subTest(row):
                [finding] = self.check(row)
                self.assertIn(complaint, finding)

    def test_a_page_without_a_table_is_found(self):
        self.assertEqual(list(findings('page', 'Nothing.\n', self.tree)),
                         ['page: no table of requirements'])
        [finding] = findings('page', '| requirement | code | test |\n', self.tree)
        self.assertIn('no column status', finding)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
