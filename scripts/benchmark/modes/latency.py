# How long packets are in the worker, from the receive call to the transmit call, and since they
# arrived, at shares of the rate the same worker reaches saturated.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Time in the worker."""

from ..measurement import Bound, Chart, Measurement

ORDER = 45
LOADS = {'idle': 0, '10 %': 0.1, '50 %': 0.5, '90 %': 0.9}
DIRECTIONS = ('uplink', 'downlink')
PERCENTILES = {'p50': 'p50_ns', 'p90': 'p90_ns', 'p99': 'p99_ns', 'p99.9': 'p999_ns',
               'max': 'max_ns'}


def measurement(setting):
    runs, bounds, charts = {}, [], []
    for direction in DIRECTIONS:
        keys = {load: f'{direction}, {load}' for load in LOADS}
        for load, share in LOADS.items():
            runs[keys[load]] = setting.bench('latency', *setting.traffic(direction), '--load',
                                             share)
        # A packet that waits for others would be slowest where there are none.
        bounds.append(Bound(
            f'{direction}: median in the worker, idle, of that at 90 %: no waiting for a batch',
            lambda r, idle=keys['idle'], busy=keys['90 %']:
            r[idle]['residence_p50_ns'] / r[busy]['residence_p50_ns'], 1.0))
        charts.append(Chart(f'Time in the worker, {direction}', 'ns', {
            load: {name: (keys[load], f'residence_{figure}')
                   for name, figure in PERCENTILES.items()} for load in LOADS},
                            lines=True, logarithmic=True))
    columns = {name: f'residence_{figure}' for name, figure in PERCENTILES.items()}
    columns |= {f'{name} since arrival': f'since_arrival_{figure}'
                for name, figure in PERCENTILES.items()}
    columns |= {'lost %': 'lost_percent', 'packets per burst': 'packets_per_burst',
                'Mpps': 'offered_mpps'}
    return Measurement(
        'time in one worker', runs, bounds, figure='residence_p50_ns', columns=columns,
        unit='ns from the receive call to the transmit call, and since the packet arrived; '
             'medians over rounds', charts=charts,
        notes=['Arrivals are a Poisson process into a ring of 4,096; "idle" is 20,000 packets per '
               'second. "Since arrival" includes the wait for the poll, and that for a virtual '
               'machine whose core was taken away, when packets may also be lost.'])
