# What a person reads of a mode, as Markdown: its figures, the bounds, the cycles by stage.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Tables."""

import statistics

from . import machine, plots
from .measurement import values

VERDICTS_BEGIN = '<!-- verdicts: written by scripts/bench --publish -->'
VERDICTS_END = '<!-- end of verdicts -->'


def number(value):
    """Four figures, however large."""
    if value is None:
        return 'not measured'
    if abs(value) >= 1000:
        return f'{value:,.0f}'
    return f'{value:.1f}' if abs(value) >= 100 else f'{value:.2f}'


def limit(row):
    if row['limit'] is None:
        return ''
    text = f'{">=" if row["at_least"] else "<="} {row["limit"]:g}'
    return text if row['stretch'] is None else f'{text} (stretch {row["stretch"]:g})'


def verdict(row):
    if row['limit'] is None:
        return ''
    return {True: 'PASS', False: 'MISS', None: 'NOT MEASURED'}[row['holds']]


def stages(results):
    """Ticks per stage of the runs that account them."""
    lines = []
    for key in results[0]:
        names = [name for name in results[0][key] if name.startswith('stage_')]
        if names:
            text = ', '.join(f'{name[6:]} {statistics.median(values(results, key, name)):.1f}'
                             for name in names)
            lines.append(f'- {key}: {text}')
    return ['', 'TSC ticks per packet by stage:', '', *lines] if lines else []


def runs(measurement, outcome):
    """Each run's figure with its range, or the medians of several figures."""
    results, columns = outcome['rounds'], measurement.columns
    heads = list(columns) if columns else ['median', 'min', 'max']
    lines = ['| run | ' + ' | '.join(heads) + ' |', '|---' * (len(heads) + 1) + '|']
    for key in measurement.runs:
        if columns:
            found = [values(results, key, figure) for figure in columns.values()]
            cells = [statistics.median(each) for each in found if each]
        else:
            found = values(results, key, measurement.figure)
            cells = [statistics.median(found), min(found), max(found)] if found else []
        if cells:
            lines.append(f'| {key} | ' + ' | '.join(number(cell) for cell in cells) + ' |')
        else:
            reason = outcome['failures'].get(key, 'no such figure').splitlines()[0]
            lines.append(f'| {key} | {reason} |' + ' |' * (len(heads) - 1))
    return lines


def write(folder, name, measurement, outcome):
    """The Markdown of a mode and its plots, as files."""
    pictures = []
    for index, chart in enumerate(outcome['charts'], 1):
        drawing = plots.draw(chart, outcome['rounds'], outcome['figure'])
        if drawing:
            file = folder / f'{name}-{index}.svg'
            file.write_text(drawing)
            pictures.append(f'\n![{chart["title"]}]({file.name})\n')
    (folder / f'{name}.md').write_text(mode(name, measurement, outcome) + ''.join(pictures))


def mode(name, measurement, outcome):
    """The Markdown of one mode; `outcome` is what __main__ writes as JSON."""
    results = outcome['rounds']
    lines = [f'## {name}: {measurement.what}', '', machine.text(outcome['machine']), '',
             f'Seed {outcome["seed"]}, {len(results)} rounds, interleaved, '
             f'{outcome["seconds"]:g} s a run. Figures: {measurement.unit}.', '']
    lines += [line for note in measurement.notes for line in (note, '')]
    lines += runs(measurement, outcome)
    lines += ['', '| figure | median | range | bound | |', '|---|---|---|---|---|']
    for row in outcome['judged']:
        extent = '' if row['median'] is None else f'{number(row["min"])} to {number(row["max"])}'
        lines.append(f'| {row["what"]} | {number(row["median"])} {row["unit"]} | {extent} | '
                     f'{limit(row)} | {verdict(row)} |')
    return '\n'.join(lines + stages(results)) + '\n'


def summary(verdicts):
    """The goals and every figure that judges them."""
    lines = ['| | goal | figure | measured | bound | |', '|---|---|---|---|---|---|']
    for index, goal, rows, overall in verdicts:
        lines.append(f'| {index} | {goal.what} | | | | {overall} |')
        lines += [f'| | | {row["what"]} | {number(row["median"])} {row["unit"]} | {limit(row)} | '
                  f'{verdict(row)} |' for row in rows]
    return '\n'.join(lines) + '\n'


def missed(verdicts):
    """A line for every figure that keeps a goal from being reached."""
    lines = []
    for index, goal, rows, overall in verdicts:
        if overall == 'PASS':
            continue
        short = [row for row in rows if not row['holds']]
        lines += [f'MISSED {index}: {row["what"]}: {number(row["median"])} {row["unit"]}, bound '
                  f'{limit(row)}' for row in short]
        if not short:
            lines.append(f'MISSED {index}: {goal.what}: not measured')
    return lines


def publish_summary(page, text):
    """Puts the goals' verdicts between the marks of a page."""
    before, rest = page.read_text().split(VERDICTS_BEGIN)
    after = rest.split(VERDICTS_END)[1]
    page.write_text(before + VERDICTS_BEGIN + '\n' + text + VERDICTS_END + after)
