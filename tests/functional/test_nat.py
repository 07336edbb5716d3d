# Fifty clients behind one address: a router between them and the LNS translates their addresses
# (nftables, source NAT). Half of them dial from port 1701 and chose the same tunnel and session
# ids, as Windows does; only the port that the translation gives them tells them apart. All are up
# at the same time, and every packet is looked at: whose session did it come by?
#
#   sub namespace         lac namespace              lns namespace
#   10.66.0.1..50  ────   10.66.0.254 ──SNAT──  198.51.100.11 ────  198.51.100.1
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Many clients behind one NAT address."""

import contextlib
import ipaddress
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from scapy.layers.inet import IP, UDP

from lab import config
from lab.network import connect
from peer import Lac, Subscriber, udp_socket

CLIENTS = 50
PACKETS = 20
INSIDE = ipaddress.ip_network('10.66.0.0/24')
ROUTER = '10.66.0.254'
HOST_PORT, CLIENT_PORT = 7007, 4444
# What the first half has in common.
SAME_TUNNEL_ID, SAME_SESSION_ID, SAME_PORT = 1, 1, 1701

RULES = """
table ip behind_one_address {{
  chain leaving {{
    type nat hook postrouting priority srcnat
    ip saddr {inside} oifname "lac0" snat to {outside}
  }}
}}
"""


class Client:
    def __init__(self, lab, index):
        self.name = f'client {index}'
        self.alike = index < CLIENTS // 2
        address = str(INSIDE[index + 1])
        self.socket = udp_socket(lab.subscriber.name, address, SAME_PORT if self.alike else 0)
        self.lac = Lac(self.socket, (config.LNS_ADDRESS, 1701), host_name='behind-nat',
                       local_id=SAME_TUNNEL_ID if self.alike else None)
        self.subscriber = None
        self.index = index

    def dial(self):
        self.lac.open()
        call = self.lac.offer(local_id=SAME_SESSION_ID if self.alike else None)
        self.lac.await_answer(call)
        self.lac.connect(call)
        self.subscriber = Subscriber(call, f'user{self.index + 1}', config.PASSWORD)
        return self.subscriber.connect()

    def talk(self):
        """Each packet says who sent it; the host's answer says whom it took the sender for."""
        for number in range(PACKETS):
            self.subscriber.send_ip(
                IP(src=self.subscriber.address, dst=config.HOST_ADDRESS) /
                UDP(sport=CLIENT_PORT, dport=HOST_PORT) / f'{self.name}/{number}'.encode())
            reply = self.subscriber.receive_ip(lambda packet: True)
            assert reply.dst == self.subscriber.address, f'{self.name} got a packet to {reply.dst}'
            assert bytes(reply[UDP].payload).decode() == \
                f'{self.name}/{number} from {self.subscriber.address}'
        assert self.subscriber.packets == []


@contextlib.contextmanager
def answering_host(lab):
    """Answers every datagram with its text and its sender's address; yields {address: names}."""
    socket = udp_socket(lab.host.name, config.HOST_ADDRESS, HOST_PORT)
    socket.settimeout(0.1)
    names = {}
    done = threading.Event()

    def answer():
        while not done.is_set():
            try:
                text, sender = socket.recvfrom(2000)
            except TimeoutError:
                continue
            names.setdefault(sender[0], set()).add(text.decode().split('/')[0])
            socket.sendto(text + f' from {sender[0]}'.encode(), sender)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield names
    finally:
        done.set()
        thread.join()
        socket.close()


@pytest.fixture
def behind_nat(lab):
    connect(lab.subscriber, 'sub0', lab.lac, 'nat0')
    for index in range(CLIENTS):
        lab.subscriber.add_address('sub0', f'{INSIDE[index + 1]}/24')
    lab.lac.add_address('nat0', f'{ROUTER}/24')
    lab.subscriber.add_route('default', ROUTER)
    lab.lac.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
    lab.lac.run(['nft', '-f', '-'],
                input=RULES.format(inside=INSIDE, outside=lab.lac_addresses[0]))
    lab.start_lns(controlplane=lab.controlplane_config(subscribers=CLIENTS, secret=None))
    return lab


def test_fifty_clients_behind_one_address(behind_nat):
    clients = [Client(behind_nat, index) for index in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool, answering_host(behind_nat) as names:
        addresses = list(pool.map(Client.dial, clients))
        assert len(set(addresses)) == CLIENTS

        tunnels = [tunnel for tunnel in behind_nat.tunnels() if tunnel['state'] == 'established']
        endpoints = {tunnel['peer_endpoint'] for tunnel in tunnels}
        assert len(tunnels) == len(endpoints) == CLIENTS
        assert {endpoint.rsplit(':', 1)[0] for endpoint in endpoints} == \
            {behind_nat.lac_addresses[0]}
        alike = [tunnel for tunnel in tunnels if tunnel['peer_tunnel_id'] == SAME_TUNNEL_ID]
        assert len(alike) >= CLIENTS // 2
        assert behind_nat.lnsctl('status')['sessions_online'] == CLIENTS

        list(pool.map(Client.talk, clients))
    assert names == {client.subscriber.address: {client.name} for client in clients}
    for client in clients:
        client.lac.close()
        client.socket.close()
