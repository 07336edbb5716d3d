# What a mode measures, how often, and what is made of it. Knows neither programs nor modes: a run is
# any callable that returns figures by name.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Runs, bounds, and their verdict."""

import dataclasses
import statistics
from typing import Callable, Optional

from lab.commands import LabError


class Failed(Exception):
    """A run went wrong; its figures would be worth nothing."""


class Unavailable(Exception):
    """Something that is compared with is not there: a program, a device."""


@dataclasses.dataclass
class Bound:
    """One judged figure: the median over rounds must be at most (or at least) `limit`."""
    what: str
    value: Callable  # of one round's results, by run
    limit: Optional[float] = None  # None: only reported
    stretch: Optional[float] = None
    at_least: bool = False
    unit: str = 'x'
    number: Optional[int] = None  # of the goals in bounds.py

    def holds(self, value):
        return value >= self.limit if self.at_least else value <= self.limit


@dataclasses.dataclass
class Chart:
    """Bars (or a line for each series) of one figure of some runs; plots.py draws it."""
    title: str
    unit: str
    series: dict  # name -> {label of the x axis: key of the run, or (key, figure)}
    lines: bool = False
    logarithmic: bool = False


@dataclasses.dataclass
class Measurement:
    what: str
    runs: dict  # key -> callable without arguments that returns figures by name
    bounds: list
    figure: str = 'ticks_median'  # the one tables and charts show
    columns: Optional[dict] = None  # heading -> figure, where a table of several says more
    unit: str = 'TSC ticks per packet'
    rounds: Optional[int] = None  # None: as many as asked for
    notes: list = dataclasses.field(default_factory=list)  # what a reader must know, one line each
    charts: list = dataclasses.field(default_factory=list)


def ratio(a, b, figure='ticks_median'):
    return lambda results: results[a][figure] / results[b][figure]


def difference(a, b, figure='ticks_median'):
    return lambda results: results[a][figure] - results[b][figure]


def run(measurement, rounds, progress):
    """Every run once per round, so that drift touches all alike; every other round backwards, so
    that nothing always follows the same neighbour. Results by round, then run; and what could not
    be measured, with the reason. A run that fails is not tried again, the others go on.
    """
    results, failures = [], {}
    keys = list(measurement.runs)
    for number in range(rounds):
        results.append({})
        for key in keys if number % 2 == 0 else reversed(keys):
            if key in failures:
                continue
            progress(number, key)
            try:
                results[-1][key] = measurement.runs[key]()
            except Unavailable as error:
                failures[key] = f'not available: {error}'
            except (Failed, LabError, OSError) as error:
                failures[key] = f'failed: {error}'
    return results, failures


def judge(measurement, results):
    """One row per bound: the median over rounds, and whether it holds (None: nothing to hold, or
    not measured, and then the median is None, too)."""
    rows = []
    for bound in measurement.bounds:
        values = []
        for one_round in results:
            try:
                values.append(bound.value(one_round))
            except (KeyError, ZeroDivisionError):
                pass  # of a run that failed
        median = statistics.median(values) if values else None
        rows.append({
            'what': bound.what, 'number': bound.number, 'unit': bound.unit, 'median': median,
            'min': min(values, default=None), 'max': max(values, default=None),
            'limit': bound.limit, 'stretch': bound.stretch, 'at_least': bound.at_least,
            'holds': None if bound.limit is None or median is None else bound.holds(median),
        })
    return rows


def values(results, key, figure):
    """A figure of one run over the rounds."""
    return [one_round[key][figure] for one_round in results
            if key in one_round and figure in one_round[key]]
