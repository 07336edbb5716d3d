# Packets between a subscriber and a host behind the LNS, both ways: what "it carries IP" means in
# the tests.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""IP both ways."""

import random

from scapy.layers.inet import ICMP, IP, UDP

from .errors import PeerError

# Ports that no protocol has: what a decoder makes of a capture must not hang on the draw.
FREE_PORTS = range(61000, 65536)


def ping(subscriber, host, sequence=1, size=0):
    """ICMP, answered by the host's own stack; size: at least, of the data."""
    data = subscriber.user.encode().ljust(size, b'.')
    subscriber.send_ip(IP(src=subscriber.address, dst=host) / ICMP(id=7, seq=sequence) / data)
    reply = subscriber.receive_ip(
        lambda p: ICMP in p and p[ICMP].type == 0 and p[ICMP].seq == sequence)
    if (reply.src, reply.dst) != (host, subscriber.address) or \
            bytes(reply[ICMP].payload) != data:
        raise PeerError(f'not the answer to our ping: {reply!r}')


def exchange(subscriber, socket):
    """A question to the UDP socket of a program on the host, and an answer; then a ping. Payloads
    name the subscriber, so that a packet in the wrong session is seen."""
    host, port = socket.getsockname()
    token = random.randbytes(8).hex().encode()
    question, answer = b'from ' + token, b'to ' + token
    source_port = random.choice(FREE_PORTS)
    subscriber.send_ip(IP(src=subscriber.address, dst=host) /
                       UDP(sport=source_port, dport=port) / question)
    socket.settimeout(5)
    data, sender = socket.recvfrom(2000)
    if (data, sender) != (question, (subscriber.address, source_port)):
        raise PeerError(f'the host got {data} from {sender}')
    socket.sendto(answer, sender)
    reply = subscriber.receive_ip(lambda p: UDP in p and p[UDP].dport == source_port)
    if (reply.src, bytes(reply[UDP].payload)) != (host, answer):
        raise PeerError(f'not the answer of the host: {reply!r}')
    ping(subscriber, host)
