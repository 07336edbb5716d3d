#!/usr/bin/python3
# Stands in for pppd under xl2tpd: PPP in asynchronous framing (RFC 1662) on the terminal xl2tpd
# gives it, spoken by tests/support/peer. Writes what it got as JSON, pings the host over the link,
# then stays until the terminal is gone.
#
# usage: tty_subscriber.py RESULT_FILE USER PASSWORD HOST   with the terminal as standard input
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A PPP subscriber on a terminal."""

import contextlib
import json
import os
import select
import sys
import termios
import time
import tty
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))

from peer import PeerError, Subscriber, Timeout  # noqa: E402
from scapy.layers.inet import ICMP, IP  # noqa: E402

FLAG, ESCAPE, XOR = 0x7e, 0x7d, 0x20
FCS_INITIAL, FCS_GOOD, FCS_POLYNOMIAL = 0xffff, 0xf0b8, 0x8408


def fcs16(data, fcs=FCS_INITIAL):
    """RFC 1662 C.2, bit by bit."""
    for byte in data:
        fcs ^= byte
        for _ in range(8):
            fcs = (fcs >> 1) ^ FCS_POLYNOMIAL if fcs & 1 else fcs >> 1
    return fcs


class Terminal:
    """Looks to Subscriber like a call: whole PPP frames in and out."""

    def __init__(self, descriptor):
        tty.setraw(descriptor, termios.TCSANOW)
        self._descriptor = descriptor
        self._buffer = b''

    def send(self, frame):
        framed = frame + (fcs16(frame) ^ 0xffff).to_bytes(2, 'little')
        escaped = bytearray()
        for byte in framed:
            if byte < 0x20 or byte in (FLAG, ESCAPE):
                escaped += bytes((ESCAPE, byte ^ XOR))
            else:
                escaped.append(byte)
        os.write(self._descriptor, bytes((FLAG,)) + bytes(escaped) + bytes((FLAG,)))

    def receive(self, timeout=10):
        deadline = time.monotonic() + timeout
        while True:
            while bytes((FLAG,)) in self._buffer:
                escaped, self._buffer = self._buffer.split(bytes((FLAG,)), 1)
                frame = self._unescape(escaped)
                if len(frame) > 4:
                    if fcs16(frame) != FCS_GOOD:
                        raise PeerError(f'bad FCS: {frame.hex()}')
                    return frame[:-2]
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
                raise Timeout(f'no frame on the terminal in {timeout} s')
            self._buffer += os.read(self._descriptor, 4096)

    @staticmethod
    def _unescape(data):
        plain, escaped = bytearray(), False
        for byte in data:
            if byte == ESCAPE:
                escaped = True
            else:
                plain.append(byte ^ XOR if escaped else byte)
                escaped = False
        return bytes(plain)


def main():
    result_file, user, password, host = sys.argv[1:5]
    result = {}
    try:
        subscriber = Subscriber(Terminal(0), user, password)
        result['address'] = subscriber.connect()
        result['auth'] = subscriber.negotiated_auth
        subscriber.send_ip(IP(src=subscriber.address, dst=host) / ICMP(id=5, seq=1) / b'via xl2tpd')
        subscriber.receive_ip(lambda p: ICMP in p and p[ICMP].type == 0 and p[ICMP].seq == 1)
        result['ping'] = True
    except Exception as error:  # whatever it is, the test wants to read it
        result['error'] = repr(error)
    # In one step, so that the test never reads half of it.
    partial = Path(result_file + '.partial')
    partial.write_text(json.dumps(result))
    partial.rename(result_file)
    with contextlib.suppress(OSError):  # a terminal that hangs up reads as an error
        while os.read(0, 4096):
            pass


if __name__ == '__main__':
    main()
