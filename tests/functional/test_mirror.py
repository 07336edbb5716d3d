# Ports that Linux does not own: devices of DPDK on packet sockets, with a mirror in Linux for each.
# The addresses are on the mirrors alone, and nothing that comes by the veths reaches Linux but
# through the data plane: its own netdevs have no addresses, and netfilter drops all they receive
# (packet sockets have had it by then).
#
#   <lac>                    <lns>                                              <host>
#   lac0 198.51.100.11 ──── acc0 = port access             core0 = port core ──── host0 203.0.113.10
#                           mirror lns-acc 198.51.100.1     mirror lns-core 203.0.113.1
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Mirrors in Linux of ports that it does not own."""

import json
import socket
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from lab import config, wait_until
from lab.frr import Frr, installed
from peer import Subscriber, exchange, udp_socket
from peer.sockets import inside
from test_junk import ping
from test_junk_line_rate import MAC, replaying_port

ACCESS, CORE, FLOOD = 'lns-acc', 'lns-core', 'lns-flood'
FLOOD_ADDRESS = '198.51.101.1'
SESSIONS, PPS, SECONDS = 100, 4000, 4
LEAST_PPS = 500_000
LNS_AS, CORE_AS = 64512, 64513
FAR_NETWORK, FAR_HOST = '192.0.2.128/25', '192.0.2.130'
BGP_LIMIT_S = 2.0


def keep_from_linux(namespace, interface):
    namespace.run(['ip', 'address', 'flush', 'dev', interface])
    namespace.run(['sysctl', '-qw', f'net.ipv6.conf.{interface}.disable_ipv6=1'])
    table = f'netdev {interface}'
    namespace.run(['nft', '-f', '-'], input=(
        f'add table {table}\n'
        f'add chain {table} arriving '
        f'{{ type filter hook ingress device {interface} priority 0; policy drop; }}\n'))


def link(namespace, interface):
    return json.loads(namespace.run(['ip', '-json', 'link', 'show', interface]).stdout)[0]


def mirror_of(lab, port):
    return next(p['mirror'] for p in lab.lnsctl('ports') if p['name'] == port)


def ports():
    return [{'name': 'access', 'role': 'access', 'mirror': ACCESS,
             'vdev': f'net_af_packet0,iface={config.ACCESS_INTERFACE}'},
            {'name': 'core', 'role': 'core', 'mirror': CORE,
             'vdev': f'net_af_packet1,iface={config.CORE_INTERFACE}'}]


def start(lab, extra=(), own=None, controlplane=None):
    """The access mirror is there before the data plane, the core one is made by it. own: instead of
    ports()."""
    for interface in (config.ACCESS_INTERFACE, config.CORE_INTERFACE):
        keep_from_linux(lab.lns, interface)
    lab.lns.run(['ip', 'tuntap', 'add', 'dev', ACCESS, 'mode', 'tap'])
    lab.lns.add_address(ACCESS, f'{config.LNS_ADDRESS}/{config.ACCESS_PREFIX_LENGTH}')
    settings = lab.dataplane_config()
    settings['ports'] = (own or ports()) + list(extra)
    lab.start_dataplane(settings)
    lab.lns.add_address(CORE, f'{config.CORE_ADDRESS}/{config.CORE_PREFIX_LENGTH}')
    lab.start_controlplane(controlplane)


@pytest.fixture
def mirrored(lab):
    start(lab)
    return lab


def leads_to(lab, prefix):
    """The port of a route, None where there is none."""
    return next((route['port'] for route in lab.lnsctl('routes') if route['prefix'] == prefix),
                None)


def send_far(subscriber, far):
    subscriber.send_ip(IP(src=subscriber.address, dst=FAR_HOST) /
                       UDP(sport=5000, dport=7008) / b'far')
    far.settimeout(5)
    assert far.recv(100) == b'far'


@pytest.mark.parametrize('side', ['lac', 'host'])
def test_linux_answers_through_the_mirror(mirrored, side):
    lab = mirrored
    namespace, far, port, mirror, veth, address = {
        'lac': (lab.lac, 'lac0', 'access', ACCESS, config.ACCESS_INTERFACE, config.LNS_ADDRESS),
        'host': (lab.host, 'host0', 'core', CORE, config.CORE_INTERFACE, config.CORE_ADDRESS),
    }[side]
    namespace.run(['ip', 'neighbour', 'flush', 'dev', far])
    namespace.run(['ping', '-c', 5, '-i', '0.2', '-W', 2, address])

    own = link(lab.lns, mirror)
    assert own['address'] == link(lab.lns, veth)['address']
    assert own['mtu'] == 1500 and 'LOWER_UP' in own['flags']
    assert own['address'] in namespace.run(['ip', 'neighbour', 'show', address]).stdout
    counters = mirror_of(lab, port)
    assert counters['interface'] == mirror
    assert counters['to_linux'] >= 6 and counters['from_linux'] >= 6
    assert counters['to_linux_lost'] == counters['from_linux_lost'] == 0
    punts = lab.lnsctl('punts')
    assert punts['linux_host'] >= 5 and punts['linux_neighbour'] >= 1

    # A service of this machine, with packets of full size.
    with inside(lab.lns.name):
        server = socket.create_server((address, 2222))
    with inside(namespace.name):
        client = socket.socket()
    client.settimeout(5)
    client.connect((address, 2222))
    server.settimeout(5)
    connection, _ = server.accept()
    connection.sendall(bytes(100_000))
    received = 0
    while received < 100_000:
        received += len(client.recv(65536))
    for one in (connection, client, server):
        one.close()


def test_a_subscriber_forwards_by_routes_and_neighbours_of_mirrors(mirrored, open_lac):
    lab = mirrored
    host = udp_socket(lab.host.name, config.HOST_ADDRESS, 7007)
    subscriber = Subscriber(open_lac(lab).call(), 'user1', config.PASSWORD)
    subscriber.connect()
    exchange(subscriber, host)
    ping(subscriber, 1)

    # Only through a router behind the core port, from now on.
    lab.host.add_address('lo', f'{FAR_HOST}/32')
    lab.lns.add_route(FAR_NETWORK, config.HOST_ADDRESS)
    wait_until(lambda: leads_to(lab, FAR_NETWORK) == 'core', 'the route')
    far = udp_socket(lab.host.name, FAR_HOST, 7008)
    send_far(subscriber, far)
    # What Linux announces stands in its table, as ever.
    assert config.POOL in lab.lns.run(['ip', 'route', 'show', 'proto', '171']).stdout

    drops = lab.lnsctl('drops')
    assert drops['not_ours'] == 0 and drops['mirror_full'] == 0
    # A subscriber reaches no service of Linux.
    before = mirror_of(lab, 'access')['to_linux']
    for to in (config.LNS_ADDRESS, config.CORE_ADDRESS, '203.0.113.255'):
        subscriber.send_ip(IP(src=subscriber.address, dst=to) / TCP(dport=22, flags='S'))
    wait_until(lambda: lab.lnsctl('drops')['not_ours'] == 1, 'the broadcast to be dropped')
    assert mirror_of(lab, 'access')['to_linux'] <= before + 2  # but ARP between LAC and LNS
    for one in (host, far):
        one.close()


@pytest.mark.skipif(not installed(), reason='needs FRR (package frr)')
def test_bgp_runs_over_a_mirror(mirrored, open_lac):
    lab = mirrored
    lab.host.run(['ip', 'route', 'del', config.POOLS])
    lab.host.add_address('lo', f'{FAR_HOST}/32')
    ours = Frr(lab, lab.lns, 'lns', LNS_AS, config.CORE_ADDRESS, {config.HOST_ADDRESS: CORE_AS},
               redistribute=['kernel'])
    Frr(lab, lab.host, 'core', CORE_AS, config.HOST_ADDRESS, {config.CORE_ADDRESS: LNS_AS},
        networks=[FAR_NETWORK])
    ours.wait_established()
    wait_until(lambda: leads_to(lab, FAR_NETWORK) == 'core', 'the route of the core')

    subscriber = Subscriber(open_lac(lab).call(), 'user1', config.PASSWORD)
    subscriber.connect()
    wait_until(lambda: lab.host.run(['ip', 'route', 'show', config.POOL]).stdout,
               'the core to learn the pool', BGP_LIMIT_S)
    far = udp_socket(lab.host.name, FAR_HOST, 7008)
    send_far(subscriber, far)
    ping(subscriber, 1)
    far.close()
    assert lab.lnsctl('punts')['linux_routing'] > 5


def test_a_mirror_lives_and_goes_with_the_process_unless_it_was_there(mirrored):
    lab = mirrored
    lab.lac.run(['ip', 'link', 'set', 'lac0', 'down'])
    lab.lac.run(['ip', 'link', 'set', 'lac0', 'up'])
    lab.dataplane.stop()
    lab.processes.remove(lab.dataplane)
    names = [one['ifname'] for one in lab.lns.links()]
    assert ACCESS in names and CORE not in names
    assert config.LNS_ADDRESS in lab.lns.run(['ip', 'address', 'show', ACCESS]).stdout


def test_a_second_process_does_not_get_it(mirrored):
    lab = mirrored
    settings = lab.dataplane_config()
    settings['run_dir'] = str(lab.directory / 'other')
    settings['ports'] = [{'name': 'a', 'role': 'both', 'vdev': 'net_null0', 'mirror': ACCESS}]
    process = lab.spawn_dataplane(settings)
    assert process.wait(20) != 0
    assert f'mirror {ACCESS}' in process.output() and 'another process uses it' in process.output()
    lab.processes.remove(process)


def junk():
    """What is Linux', of every kind, from a few senders and from many."""
    def frame(source, payload):
        return Ether(dst=MAC, src='02:00:5e:00:17:02') / IP(src=source, dst=FLOOD_ADDRESS) / payload
    many = [f'198.51.101.{number}' for number in range(10, 200)]
    return ([Ether(dst='ff:ff:ff:ff:ff:ff', src='02:00:5e:00:17:02') /
             ARP(psrc=source, pdst=FLOOD_ADDRESS) for source in many] +
            [frame(source, ICMP() / bytes(20)) for source in many] +
            [frame(source, TCP(dport=179, flags='S')) for source in many] +
            [frame(many[0], UDP(dport=9) / bytes(600)) for _ in many] +
            [Ether(dst='01:80:c2:00:00:0e', src='02:00:5e:00:17:02', type=0x88cc) / bytes(60)
             for _ in many])


def traffic(lab, during=None):
    """Numbered traffic of all sessions, both ways: what was lost."""
    before = lab.lnsctl('traffic')['downlink_packets']
    lacsim = lab.start_lacsim('--sessions', SESSIONS, '--tunnels', 2, '--hello', 1, pps=PPS,
                              seconds=SECONDS)
    if during:
        wait_until(lambda: lab.lnsctl('traffic')['downlink_packets'] > before + PPS / 10,
                   'traffic', 60)
        during()
    lacsim.wait(120)
    lab.processes.remove(lacsim)
    report = lab.report_of(lacsim)
    assert report['sessions']['established'] == SESSIONS and report['sessions']['lost'] == 0
    return {way: report['traffic'][way]['lost'] for way in ('up', 'down')}


def test_a_flood_of_what_is_not_ours_takes_nothing_from_subscribers(lab):
    start(lab, [replaying_port(lab, junk() * 4, mirror=FLOOD, group='flood')],
          controlplane=lab.controlplane_config(subscribers=SESSIONS))
    lab.lns.add_address(FLOOD, f'{FLOOD_ADDRESS}/24')

    def offered():
        return next(p['rx_packets'] for p in lab.lnsctl('ports') if p['name'] == 'flood')

    def judged():
        return {row['reason']: row for row in lab.lnsctl('punt', 'show')
                if row['group'] == 'flood' and row['punt_class'] == 'mirror'}

    def during():
        rows, packets, begin = judged(), offered(), time.monotonic()
        # Linux is there on the other ports as if nothing were.
        lab.lac.run(['ping', '-c', 10, '-i', '0.1', '-W', 2, config.LNS_ADDRESS])
        lab.host.run(['ping', '-c', 10, '-i', '0.1', '-W', 2, config.CORE_ADDRESS])
        pps = (offered() - packets) / (time.monotonic() - begin)
        moved = {reason: {word: row[word] - rows[reason][word]
                          for word in ('passed', 'source_refused', 'group_refused')}
                 for reason, row in judged().items()}
        print(f'{pps / 1e6:.2f} million frames/s: {moved}')
        assert pps > LEAST_PPS
        for reason in ('linux_neighbour', 'linux_host', 'linux_routing', 'linux_group'):
            refused = moved[reason]['source_refused'] + moved[reason]['group_refused']
            assert moved[reason]['passed'] > 0 and refused > 0, reason

    # The flood never ends; it is as if it were not there.
    assert traffic(lab, during) == {'up': 0, 'down': 0}
    assert lab.lnsctl('drops')['not_ours'] == 0
