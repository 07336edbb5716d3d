# Sockets that live in another network namespace while the program stays where it is.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""UDP sockets in a namespace."""

import collections
import contextlib
import ctypes
import os
import socket

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _setns(descriptor):
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


@contextlib.contextmanager
def inside(netns):
    """The calling thread is in the namespace; what it opens there stays there."""
    home = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
    target = os.open(f'/run/netns/{netns}', os.O_RDONLY)
    try:
        _setns(target)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(target)
        os.close(home)


def udp_socket(netns, address, port=0):
    with inside(netns):
        family = socket.AF_INET6 if ':' in address else socket.AF_INET
        result = socket.socket(family, socket.SOCK_DGRAM)
    result.bind((address, port))
    return result


class SharedSocket:
    """One UDP socket under several tunnels: a view for each, with the methods a Lac uses. A
    datagram goes to the tunnel its header names."""

    def __init__(self, udp):
        self._udp = udp
        self._views = {}

    def view(self, tunnel_id):
        return self._views.setdefault(tunnel_id, SharedSocketView(self, self._udp))

    def alias(self, tunnel_id, other):
        """What comes for one is for the view of the other, too: 0 is what nobody was told yet."""
        self._views[tunnel_id] = self._views[other]

    def close(self):
        self._udp.close()

    def receive_one(self):
        """One datagram into its tunnel's queue; TimeoutError if none comes."""
        datagram, sender = self._udp.recvfrom(65536)
        has_length = datagram[0] & 0x40
        start = 4 if has_length else 2
        self._views[int.from_bytes(datagram[start:start + 2], 'big')].queue.append(
            (datagram, sender))


class SharedSocketView:
    def __init__(self, shared, udp):
        self._shared = shared
        self._udp = udp
        self.queue = collections.deque()

    def sendto(self, datagram, address):
        self._udp.sendto(datagram, address)

    def settimeout(self, seconds):
        self._udp.settimeout(seconds)

    def close(self):
        """The socket stays open for the others."""

    def recvfrom(self, _size):
        if not self.queue:
            self._shared.receive_one()
        if not self.queue:
            raise TimeoutError  # it was another tunnel's
        return self.queue.popleft()
