# Next hops that Linux has not resolved, or has forgotten: packets wait for the answer, in order, and
# none is lost; only what nobody answers for is dropped, by name.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Cold neighbours."""

import pytest
from scapy.layers.inet import ICMP, IP

from lab import config, wait_until
from peer import Subscriber

STRANGER = '203.0.113.77'


@pytest.fixture
def subscriber(lns, open_lac):
    """A subscriber online by a codec that is not ours; nothing was sent to the core yet."""
    one = Subscriber(open_lac(lns).call(), 'user1', config.PASSWORD)
    one.connect()
    return one


def waited(lns):
    """Packets that were held and have left again."""
    return sum(stage['packets'] for worker in lns.lnsctl('workers')['workers']
               for stage in worker['stages'] if stage['stage'] == 'hold')


def neighbour(lns, address):
    return lns.lns.run(['ip', 'neighbour', 'show', address]).stdout


def drops(lns):
    return {name: value for name, value in lns.lnsctl('drops').items() if value}


def mac_of(namespace, interface):
    return next(link['address'] for link in namespace.links() if link['ifname'] == interface)


def ping(subscriber, number=1, address=STRANGER):
    subscriber.send_ip(IP(src=subscriber.address, dst=address) / ICMP(id=1, seq=number))


def pong(subscriber, address=STRANGER):
    return subscriber.receive_ip(lambda p: p.src == address, timeout=5)[ICMP].seq


def test_first_packets_to_a_host_never_seen_arrive_in_order(lns, subscriber):
    lns.host.add_address('host0', f'{STRANGER}/24')
    assert 'lladdr' not in neighbour(lns, STRANGER)
    before = waited(lns)
    for number in range(1, 6):
        ping(subscriber, number)
    assert [pong(subscriber) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert 'lladdr' in neighbour(lns, STRANGER)
    assert waited(lns) > before, 'the first packet had to wait'
    assert drops(lns) == {}


def test_host_that_never_answers_is_a_named_drop(lns, subscriber):
    ping(subscriber)
    wait_until(lambda: drops(lns) == {'no_neighbour': 1}, lambda: f'the drop; {drops(lns)}')
    # Nothing of it stands in the way of a host that is there.
    ping(subscriber, 2, config.HOST_ADDRESS)
    assert pong(subscriber, config.HOST_ADDRESS) == 2


def test_neighbour_that_is_merely_stale_keeps_its_address(lns, subscriber):
    ping(subscriber, 1, config.HOST_ADDRESS)
    assert pong(subscriber, config.HOST_ADDRESS) == 1
    before = waited(lns)
    lns.lns.run(['ip', 'neighbour', 'replace', config.HOST_ADDRESS, 'lladdr',
                 mac_of(lns.host, 'host0'), 'nud', 'stale', 'dev', config.CORE_INTERFACE])
    for number in range(2, 6):
        ping(subscriber, number, config.HOST_ADDRESS)
        assert pong(subscriber, config.HOST_ADDRESS) == number
    assert waited(lns) == before
    assert drops(lns) == {}


def test_reply_to_a_lac_never_seen_costs_no_retransmission(lab):
    # The LAC knows us without asking, so Linux knows nothing of it when the SCCRP is due.
    lab.lac.run(['ip', 'neighbour', 'replace', config.LNS_ADDRESS, 'lladdr',
                 mac_of(lab.lns, config.ACCESS_INTERFACE), 'nud', 'permanent', 'dev', 'lac0'])
    lab.start_lns()
    lab.lns.run(['ip', 'neighbour', 'flush', 'dev', config.ACCESS_INTERFACE])
    assert 'lladdr' not in neighbour(lab, lab.lac_addresses[0])
    report = lab.lacsim('--sessions', 1)
    assert report['control']['retransmissions'] == 0
    assert waited(lab) > 0, 'the SCCRP had to wait'
    assert drops(lab) == {}


def test_neighbour_that_linux_forgets_under_traffic_loses_nothing(lns):
    lacsim = lns.start_lacsim('--sessions', 5, pps=500, seconds=4)
    wait_until(lambda: lns.lnsctl('traffic')['uplink_packets'] > 100, 'traffic')
    forgotten = 0
    while lns.lnsctl('traffic')['uplink_packets'] < 1500 and lacsim.running():
        done = lns.lns.run(['ip', 'neighbour', 'del', config.HOST_ADDRESS,
                            'dev', config.CORE_INTERFACE], check=False)
        forgotten += done.returncode == 0
    assert lacsim.wait(60) == 0, lacsim.output()
    report = lns.report_of(lacsim)
    assert forgotten > 3
    assert waited(lns) > 0
    for direction in ('up', 'down'):
        flow = report['traffic'][direction]
        assert (flow['lost'], flow['reordered'], flow['duplicated']) == (0, 0, 0)
    assert drops(lns) == {}
