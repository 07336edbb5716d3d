# What is not Terminus' stays with Linux on the same interfaces: ARP and ping to the LNS's own
# addresses, on either side, while L2TP never reaches the kernel.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Linux on the same interface."""

import socket

import pytest

from lab import config, wait_until
from peer import udp_socket
from peer.sockets import inside


@pytest.mark.parametrize('side', ['lac', 'host'])
def test_arp_and_ping_are_answered_by_linux(lns, side):
    namespace, interface, address = {
        'lac': (lns.lac, 'lac0', config.LNS_ADDRESS),
        'host': (lns.host, 'host0', config.CORE_ADDRESS)}[side]
    before = lns.lnsctl('xdp')['passed']
    namespace.run(['ip', 'neighbour', 'flush', 'dev', interface])
    namespace.run(['ping', '-c', 5, '-i', '0.2', '-W', 2, address])
    assert 'lladdr' in namespace.run(['ip', 'neighbour', 'show', address]).stdout
    # Five echo requests and an ARP request at least.
    assert lns.lnsctl('xdp')['passed'] >= before + 6


def test_other_services_of_the_machine_are_reached(lns):
    with inside(lns.lns.name):
        server = socket.create_server((config.LNS_ADDRESS, 2222))
    with inside(lns.lac.name):
        client = socket.socket()
    client.settimeout(5)
    client.connect((config.LNS_ADDRESS, 2222))
    server.settimeout(5)
    connection, _ = server.accept()
    connection.sendall(b'hello')
    assert client.recv(16) == b'hello'
    for one in (connection, client, server):
        one.close()


def test_kernel_never_answers_l2tp(lns):
    """A kernel that saw UDP/1701 would say "port unreachable": there is no socket on it."""
    capture = lns.capture(lns.lac, 'lac0', 'icmp', 'icmp')
    sock = udp_socket(lns.lac.name, lns.lac_addresses[0])
    for _ in range(20):
        sock.sendto(b'\x00\x02\x00\x63\x00\x63\xff\x03', (config.LNS_ADDRESS, 1701))
    wait_until(lambda: sum(lns.lnsctl('drops').values()) >= 20, 'the packets to be counted')
    capture.stop()
    assert capture.fields('icmp', 'icmp.type') == []


def test_kernel_has_no_socket_on_l2tp(lns):
    assert ':1701' not in lns.lns.run(['ss', '-Hlnu']).stdout
