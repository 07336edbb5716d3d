# Packets of every length that matters over tunnels whose outer path takes more, just enough, or too
# little: a Linux host on one side, a Linux subscriber on the other, and nobody told of any MTU.
# Packets that fit arrive, of the others the sender hears what does fit, IPv4 without DF arrives in
# fragments, and TCP runs. Where the peer's profile says so, everything arrives, in outer fragments.
#
# The outer path that is wider than AF_XDP takes is on a port that Linux does not own, with a mirror
# there. What each length comes to on the wire is in tests/stage/conformance/path_matrix.py.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Path MTU, end to end."""

import json
import re
from dataclasses import dataclass

import pytest
from scapy.layers.inet import IP, UDP
from scapy.utils import rdpcap

import test_mirror
from household import dial, made_up_address, online
from lab import config

INNER = (1280, 1400, 1460, 1492, 1500)
AROUND = 20 + 8 + 6 + 4  # IPv4, UDP, L2TP, PPP
WIDEST = 3000  # for a veth pair with an XDP program
JUMBO = 9000
CORE_MTU = 1500
TRANSFERRED, WINDOW = 500_000, 64_000


@dataclass
class Family:
    name: str
    headers: int  # of IP and TCP
    ping_headers: int
    addresses: tuple  # host, subscriber
    words: tuple  # to ping and ip


def start(make_lab, outer_mtu, **profile):
    """A lab with one Linux subscriber online in both families: (lab, families)."""
    lab = make_lab(mtu=outer_mtu)
    for namespace, interface in ((lab.lns, config.CORE_INTERFACE), (lab.host, 'host0')):
        namespace.run(['ip', 'link', 'set', interface, 'mtu', CORE_MTU])
    settings = config.with_ipv6(lab.controlplane_config(subscribers=1))
    settings['ppp']['mru'] = CORE_MTU
    if profile:
        directory = lab.directory / 'profiles'
        directory.mkdir()
        config.write(directory / 'narrow.yaml', {'match': {'addresses': ['0.0.0.0/0']}, **profile})
        settings['profiles'] = ['narrow']
    if outer_mtu > WIDEST:
        start_beside_linux(lab, outer_mtu, settings)
    else:
        lab.start_lns(controlplane=settings)
    lab.lacsim_online = dial(lab, 'both', '--mru', CORE_MTU)
    session = online(lab)
    address6 = made_up_address(lab)
    return lab, [
        Family('IPv4', 40, 28, (config.HOST_ADDRESS, session['ipv4_address']), ('-4',)),
        Family('IPv6', 60, 48, (config.HOST_ADDRESS6, str(address6)), ('-6',))]


def start_beside_linux(lab, outer_mtu, controlplane):
    """Ports by packet capture, which takes any length."""
    access, core = test_mirror.ports()
    interface = config.ACCESS_INTERFACE
    access |= {'mtu': outer_mtu, 'mac': '02:00:00:00:00:a1',
               'vdev': f'net_pcap0,rx_iface_in={interface},tx_iface={interface}'}
    test_mirror.start(lab, own=[access, core], controlplane=controlplane)
    lab.lns.add_address(test_mirror.CORE,
                        f'{config.CORE_ADDRESS6}/{config.CORE_PREFIX_LENGTH6}')
    lab.lns.wait_while_probing(test_mirror.CORE)


def forget(lab):
    """What the host has learnt of paths."""
    for word in ('-4', '-6'):
        lab.host.run(['ip', word, 'route', 'flush', 'cache'])


def ping(lab, family, length, discovery):
    """From the host, an IP packet of `length` octets; (whether it was answered, what was said)."""
    done = lab.host.run(['ping', *family.words, '-n', '-c', 1, '-W', 1, '-M', discovery, '-s',
                         length - family.ping_headers, family.addresses[1]], check=False)
    return done.returncode == 0, done.stdout + done.stderr


def told(said):
    """The MTU that an error named; None: there was none."""
    match = re.search(r'mtu ?= ?(\d+)', said)
    return int(match[1]) if match else None


def learnt(lab, family):
    said = lab.host.run(['ip', *family.words, 'route', 'get', family.addresses[1]]).stdout
    match = re.search(r'\bmtu (\d+)', said)
    return int(match[1]) if match else None


def expect_every_length(lab, families, fits):
    """fits: octets that reach the subscriber in one piece. The answers are as long as the pings."""
    for family in families:
        for length in INNER:
            forget(lab)
            passed, said = ping(lab, family, length, 'do')
            assert passed == (length <= fits), f'{family.name}, {length} octets: {said}'
            if passed:
                assert learnt(lab, family) is None
            else:
                assert told(said) == learnt(lab, family) == fits, f'{family.name}: {said}'
                assert ping(lab, family, fits, 'do')[0], 'what it was told does not pass'
            if family.name == 'IPv4':
                forget(lab)
                assert ping(lab, family, length, 'dont')[0], f'{length} octets without DF'


def transfer(lab, family, length, *words):
    """TCP from the host (-R: to it) with segments for packets of `length` octets."""
    done = lab.host.run(['iperf3', '-c', family.addresses[1], '-n', TRANSFERRED, '-w', WINDOW,
                         '-J', '--set-mss', length - family.headers, '--connect-timeout', 3000,
                         *words], check=False)
    assert done.returncode == 0, f'{family.name}, {length}: {done.stdout[-500:]}{done.stderr}'
    end = json.loads(done.stdout)['end']
    # The last window may be under way when the sender says that it has done.
    assert end['sum_received']['bytes'] >= TRANSFERRED / 2, f'{family.name}, {length}: {end}'


def expect_tcp(lab, families):
    server = lab.start('iperf3', ['iperf3', '-s', '--forceflush'], lab.subscriber)
    server.wait_for_output('listening')
    for family in families:
        for length in INNER:
            forget(lab)
            transfer(lab, family, length)
        transfer(lab, family, INNER[-1], '-R')


def leave(lab):
    lab.lacsim_online.stop()
    lab.processes.remove(lab.lacsim_online)


@pytest.mark.parametrize('outer', [1500, 1540, WIDEST, JUMBO])
def test_each_length_passes_or_its_sender_hears_what_would(make_lab, outer):
    lab, families = start(make_lab, outer)
    fits = min(outer - AROUND, 1500)
    expect_every_length(lab, families, fits)
    expect_tcp(lab, families)
    router = lab.lnsctl('router')
    assert (router['packet_too_big'] > 0) == (fits < 1500), router
    assert (router['fragments'] > 0) == (fits < 1500), router
    # What the subscriber sends is cut by the LAC's kernel where its link is too narrow.
    assert (router['reassembled'] > 0) == (fits < 1500), router
    leave(lab)


def sent_by_the_lns(capture):
    """Outer packets of data and their fragments."""
    packets = [packet[IP] for packet in rdpcap(str(capture.path)) if IP in packet]
    fragments = [packet for packet in packets if packet.flags.MF or packet.frag]
    whole = [packet for packet in packets if packet not in fragments and UDP in packet and
             not bytes(packet[UDP].payload)[0] & 0x80]  # L2TP control
    return whole, fragments


def test_by_policy_everything_passes_in_outer_fragments(make_lab):
    lab, families = start(make_lab, WIDEST, path_mtu=1500, fragment_outer=True, outer_df=True)
    expect_tcp(lab, families)
    capture = lab.capture(lab.lac, 'lac0', 'outer', 'src host ' + config.LNS_ADDRESS)
    expect_every_length(lab, families, 1500)
    capture.stop()
    router = lab.lnsctl('router')
    assert router['packet_too_big'] == 0 and router['fragments'] > 0, router
    whole, fragments = sent_by_the_lns(capture)
    assert whole and all(packet.len <= 1500 and packet.flags.DF for packet in whole)
    assert fragments and all(packet.len <= 1500 and not packet.flags.DF for packet in fragments)
    leave(lab)
