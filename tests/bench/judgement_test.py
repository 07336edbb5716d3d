# What scripts/bench makes of figures: verdicts, what happens when something breaks, the drawings.
# No measurement, no privileges.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The bench's judgement."""

import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'scripts'))

from benchmark import bounds, measurement, modes, plots, report, wire  # noqa: E402
from benchmark.measurement import Bound, Failed, Measurement, Unavailable, ratio  # noqa: E402

SILENT = lambda number, key: None  # noqa: E731


def of(*ticks):
    """A run that measures these, one per round."""
    left = list(ticks)
    return lambda: {'ticks_median': left.pop(0)}


def broken(error):
    def run():
        raise error
    return run


def measured(runs, judged, rounds=3):
    mode = Measurement('a test', runs, judged)
    results, failures = measurement.run(mode, rounds, SILENT)
    return mode, results, failures, measurement.judge(mode, results)


class Verdicts(unittest.TestCase):
    def test_a_figure_is_the_median_of_the_ratios_of_each_round(self):
        bound = Bound('b of a', ratio('b', 'a'), 2)
        *_, [row] = measured({'a': of(10, 20, 40), 'b': of(20, 60, 40)}, [bound])
        self.assertEqual((row['median'], row['min'], row['max']), (2, 1, 3))
        self.assertIs(row['holds'], True)

    def test_at_most_and_at_least(self):
        runs = {'a': of(10, 10, 10), 'b': of(12, 12, 12)}
        judged = [Bound('high', ratio('b', 'a'), 1.1), Bound('low', ratio('b', 'a'), 1.3,
                                                              at_least=True),
                  Bound('told', ratio('b', 'a'))]
        *_, rows = measured(runs, judged)
        self.assertEqual([row['holds'] for row in rows], [False, False, None])
        self.assertEqual([report.verdict(row) for row in rows], ['MISS', 'MISS', ''])

    def test_every_other_round_runs_backwards(self):
        order = []
        runs = {key: lambda key=key: order.append(key) or {} for key in 'abc'}
        measured(runs, [], rounds=2)
        self.assertEqual(''.join(order), 'abccba')

    def test_what_breaks_leaves_the_others_and_is_not_measured(self):
        for error in (Failed('wrong'), Unavailable('no such program'), OSError('gone')):
            runs = {'a': of(1, 1, 1), 'b': broken(error)}
            judged = [Bound('fine', lambda r: r['a']['ticks_median'], 1, number=1),
                      Bound('lost', ratio('a', 'b'), 1, number=2)]
            _, results, failures, rows = measured(runs, judged)
            self.assertEqual([one_round['a'] for one_round in results], [{'ticks_median': 1}] * 3)
            self.assertIn(str(error), failures['b'])
            self.assertEqual([report.verdict(row) for row in rows], ['PASS', 'NOT MEASURED'])

    def test_a_goal_is_reached_only_if_all_its_figures_are(self):
        def row(number, holds):
            return {'number': number, 'limit': 1, 'holds': holds}

        rows = {'datapath': [row(1, True), row(1, True), row(2, True), row(2, False),
                             row(3, True), row(3, None)]}
        found = {number: verdict for number, _, _, verdict in bounds.verdicts(rows, ['datapath'])}
        self.assertEqual(found, {1: 'PASS', 2: 'MISS', 3: 'NOT MEASURED'})

    def test_a_goal_of_which_a_part_was_not_judged_is_not_reached(self):
        rows = [{'number': 10, 'limit': 1, 'holds': True}] * (bounds.GOALS[10].figures - 1)
        [(*_, verdict)] = bounds.verdicts({'memory': rows}, ['memory'])
        self.assertEqual(verdict, 'NOT MEASURED')

    def test_missed_figures_are_named(self):
        judged = [Bound('slow', lambda r: r['a']['ticks_median'], 1, number=7),
                  Bound('fast', lambda r: r['a']['ticks_median'], 9, number=7)]
        *_, rows = measured({'a': of(3, 3, 3)}, judged)
        lines = report.missed(bounds.verdicts({'hostile': rows}, ['hostile', 'veth']))
        self.assertEqual(lines, ['MISSED 7: slow: 3.00 x, bound <= 1',
                                 f'MISSED 8: {bounds.GOALS[8].what}: not measured'])

    def test_a_mode_that_broke_off_has_not_measured_its_goals(self):
        found = [(number, verdict) for number, *_, verdict in bounds.verdicts({}, ['hostile'])]
        self.assertEqual(found, [(7, 'NOT MEASURED')])

    def test_modes_are_found_in_their_order(self):
        found = modes.find()
        self.assertIn('session-table', found)
        orders = [module.ORDER for module in found.values()]
        self.assertEqual(orders, sorted(orders))


class Reports(unittest.TestCase):
    CHART = {'title': 'A < B', 'unit': 'ticks', 'series': {'one': {'x': 'a', 'y': 'b'}},
             'lines': False, 'logarithmic': False}

    def test_a_chart_is_xml_with_a_bar_for_each_run(self):
        drawing = plots.draw(self.CHART, [{'a': {'t': 3}, 'b': {'t': 7}}], 't')
        root = xml.etree.ElementTree.fromstring(drawing)
        name = '{http://www.w3.org/2000/svg}'
        bars = [rect for rect in root.iter(name + 'rect') if rect.get('fill') == plots.COLOURS[0]]
        heights = sorted(float(bar.get('height')) for bar in bars)[1:]  # without the legend's
        self.assertAlmostEqual(heights[1] / heights[0], 7 / 3, places=1)

    def test_a_logarithmic_chart_of_lines_is_xml(self):
        chart = dict(self.CHART, lines=True, logarithmic=True)
        drawing = plots.draw(chart, [{'a': {'t': 3}, 'b': {'t': 7000}}], 't')
        xml.etree.ElementTree.fromstring(drawing)

    def test_nothing_measured_draws_nothing(self):
        self.assertIsNone(plots.draw(self.CHART, [{}], 't'))

    def test_the_text_names_what_failed(self):
        mode, results, failures, rows = measured({'a': of(5), 'b': broken(Failed('no luck'))}, [],
                                                 rounds=1)
        machine = {'processor': 'p', 'cores': 1, 'kernel': 'k', 'dpdk': 'd', 'tsc_hz': 1e9,
                   'core_cycles_per_tick': 1, 'load_at_start': 0, 'noisy': True}
        text = report.mode('m', mode, {'machine': machine, 'seed': 1, 'seconds': 1,
                                       'rounds': results, 'failures': failures, 'judged': rows})
        for words in ('| a | 5.00 |', 'no luck', 'NOISY'):
            self.assertIn(words, text)


class Frames(unittest.TestCase):
    OUTER = b'\x02' * 12 + b'\x08\x00' + bytes(20) + bytes(8)

    def test_sessions_of_uplink_frames(self):
        data = b'\x00\x07\x00\x09' + b'\xff\x03\x00\x21' + bytes(20)
        self.assertEqual(wire.uplink_session(self.OUTER + b'\x00\x02' + data), (7, 9))
        with_length = b'\x40\x02\x00\x20' + data
        self.assertEqual(wire.uplink_session(self.OUTER + with_length), (7, 9))
        compressed = b'\x00\x02\x00\x07\x00\x09\x21' + bytes(20)
        self.assertEqual(wire.uplink_session(self.OUTER + compressed), (7, 9))

    def test_control_and_other_protocols_are_no_session(self):
        control = b'\xc8\x02\x00\x0c' + bytes(8)
        lcp = b'\x00\x02\x00\x07\x00\x09\xff\x03\xc0\x21' + bytes(20)
        for frame in (control, lcp):
            self.assertIsNone(wire.uplink_session(self.OUTER + frame))

    def test_a_capture_is_read_as_written_and_a_cut_frame_is_left_out(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / 'frames.pcap'
            wire.write(path, [b'one', b'three'])
            self.assertEqual(wire.read(path), [b'one', b'three'])
            path.write_bytes(path.read_bytes()[:-1])
            self.assertEqual(wire.read(path), [b'one'])

    def test_shuffled_frames_are_all_there_and_the_same_for_a_seed(self):
        frames = [bytes([i]) for i in range(32)]
        many = wire.shuffle(frames, 1)
        self.assertEqual(sorted(set(many)), frames)
        self.assertEqual(many, wire.shuffle(frames, 1))
        self.assertNotEqual(many, wire.shuffle(frames, 2))


if __name__ == '__main__':
    unittest.main()
