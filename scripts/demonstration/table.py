# Prints rows of text in aligned columns, in groups with a heading.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Tables for people."""

NAME_WIDTH = 34


def heading(text):
    print(f'\n{text}')


def row(name, *values):
    print(f'  {name:<{NAME_WIDTH}}' + '  '.join(str(value) for value in values))


def counters(title, values, empty='none'):
    """Named counters that are not zero."""
    heading(title)
    shown = {name: value for name, value in values.items() if value}
    for name, value in shown.items():
        row(name, f'{value:>12,}')
    if not shown:
        row(empty)
