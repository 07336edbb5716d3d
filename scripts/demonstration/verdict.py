# What must hold for the demonstration to succeed. Each condition is printed with its outcome; one
# that fails does not hide the others.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Conditions and their outcome."""


class Verdict:
    def __init__(self):
        self._failures = 0

    def require(self, condition, what):
        print(f'  {"ok    " if condition else "FAILED"}  {what}')
        self._failures += not condition

    @property
    def passed(self):
        return self._failures == 0
