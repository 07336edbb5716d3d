# Sockets that live in another network namespace while the program stays where it is.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""UDP sockets in a namespace."""

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
        result = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    result.bind((address, port))
    return result
