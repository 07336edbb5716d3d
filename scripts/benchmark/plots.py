# Draws a mode's charts as SVG, from the JSON of its run alone: bars by group, or lines. Plain SVG
# written here, because a dozen bars need no library. The same run always gives the same file.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Charts."""

import math
import statistics
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 76, 16, 64, 40
COLOURS = ('#1f6fb2', '#e08214', '#4d9a4d', '#8a5aa8', '#b2382e', '#7a7a7a')
LEGEND_WIDTH = 10  # pixels a letter takes, about
TICKS = 5


def data(chart, results, figure):
    """{series: {label: (median, min, max)}} of what was measured."""
    found = {}
    for name, points in chart['series'].items():
        for label, where in points.items():
            key, field = where if isinstance(where, (list, tuple)) else (where, figure)
            values = [one_round[key][field] for one_round in results
                      if field in one_round.get(key, {})]
            if values:
                found.setdefault(name, {})[label] = (statistics.median(values), min(values),
                                                     max(values))
    return found


def nice_step(highest):
    """A step of 1, 2 or 5 times a power of ten that gives about TICKS steps."""
    rough = highest / TICKS
    power = 10 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


class Axis:
    """The vertical one: values to pixels, and where to write numbers."""

    def __init__(self, values, logarithmic):
        self._log = logarithmic
        if logarithmic:
            self._low = 10 ** math.floor(math.log10(max(min(values), 1)))
            self._high = 10 ** math.ceil(math.log10(max(max(values), 10)))
            count = round(math.log10(self._high / self._low))
            self.ticks = [self._low * 10 ** i for i in range(count + 1)]
        else:
            step = nice_step(max(values))
            self._low = 0
            self._high = step * math.ceil(max(values) / step)
            self.ticks = [step * i for i in range(round(self._high / step) + 1)]

    def y(self, value):
        if self._log:
            part = math.log(max(value, self._low) / self._low) / math.log(self._high / self._low)
        else:
            part = value / self._high
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def text(x, y, words, anchor='middle', size=12, extra=''):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{extra}>'
            f'{escape(words)}</text>')


def frame(chart, axis):
    unit = chart['unit'] + (', logarithmic' if chart['logarithmic'] else '')
    parts = [text(LEFT, 20, chart['title'], 'start', 15, ' font-weight="bold"'),
             text(WIDTH - RIGHT, 20, unit, 'end')]
    for tick in axis.ticks:
        y = axis.y(tick)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
                     'stroke="#ddd"/>')
        parts.append(text(LEFT - 6, y + 4, f'{tick:,.10g}', 'end'))
    return parts


def legend(names):
    parts, x = [], LEFT
    for name, colour in zip(names, COLOURS):
        if name:
            parts.append(f'<rect x="{x}" y="34" width="12" height="12" fill="{colour}"/>')
            parts.append(text(x + 16, 44, name, 'start'))
            x += 28 + LEGEND_WIDTH * len(name) * 0.75
    return parts


def bars(found, labels, axis):
    parts = []
    slot = (WIDTH - LEFT - RIGHT) / len(labels)
    wide = slot * 0.8 / len(found)
    for at, label in enumerate(labels):
        for index, points in enumerate(found.values()):
            if label not in points:
                continue
            median, low, high = points[label]
            x = LEFT + at * slot + slot * 0.1 + index * wide
            y = axis.y(median)
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide * 0.92:.1f}" '
                         f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{COLOURS[index]}"/>')
            middle = x + wide * 0.46
            parts.append(f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{axis.y(low):.1f}" '
                         f'y2="{axis.y(high):.1f}" stroke="#222"/>')
            parts.append(text(middle, axis.y(high) - 3, f'{median:,.3g}' if median < 1000
                              else f'{median:,.0f}', size=10))
    return parts


def lines(found, labels, axis):
    parts = []
    slot = (WIDTH - LEFT - RIGHT) / len(labels)
    for index, points in enumerate(found.values()):
        spots = [(LEFT + (at + 0.5) * slot, axis.y(points[label][0]))
                 for at, label in enumerate(labels) if label in points]
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[index]}" '
                     'stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[index]}"/>'
                  for x, y in spots]
    return parts


def draw(chart, results, figure):
    """The SVG of a chart (measurement.Chart as a dictionary); None if nothing was measured."""
    found = data(chart, results, figure)
    values = [value for points in found.values() for spread in points.values()
              for value in (spread if not chart['lines'] else spread[:1])]
    if not values or max(values) <= 0:
        return None
    labels = list(dict.fromkeys(label for points in chart['series'].values() for label in points))
    axis = Axis(values, chart['logarithmic'])
    parts = frame(chart, axis) + legend(found)
    parts += (lines if chart['lines'] else bars)(found, labels, axis)
    slot = (WIDTH - LEFT - RIGHT) / len(labels)
    parts += [text(LEFT + (at + 0.5) * slot, HEIGHT - BOTTOM + 18, label)
              for at, label in enumerate(labels)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            'font-family="sans-serif" fill="#222">\n'
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
            + '\n'.join(parts) + '\n</svg>\n')
