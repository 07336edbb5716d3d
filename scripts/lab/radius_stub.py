# A RADIUS server that accepts everybody (RFC 2865): for measuring what asks it. It looks at nothing
# but what a reply needs. Ends by a signal.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""radius_stub.py ADDRESS PORT SECRET"""

import hashlib
import hmac
import socket
import sys
from pathlib import Path

ACCESS_REQUEST, ACCESS_ACCEPT = 1, 2
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE = 4, 5
REPLY = {ACCESS_REQUEST: ACCESS_ACCEPT, ACCOUNTING_REQUEST: ACCOUNTING_RESPONSE}
HEADER = 20
SERVICE_TYPE_FRAMED = bytes((6, 6, 0, 0, 0, 2))
MESSAGE_AUTHENTICATOR = bytes((80, 18))


def command(port, secret, address='127.0.0.1'):
    """Runs it; it says "ready"."""
    return [sys.executable, Path(__file__), address, port, secret]


def reply_to(request, secret):
    """The answer to one datagram; None for what is not a request."""
    if len(request) < HEADER or request[0] not in REPLY:
        return None
    is_access = request[0] == ACCESS_REQUEST
    length = HEADER + (len(SERVICE_TYPE_FRAMED) + 18 if is_access else 0)
    head = bytes((REPLY[request[0]], request[1])) + length.to_bytes(2, 'big')
    attributes = b''
    if is_access:
        # RFC 3579 3.2: over the reply with the request's authenticator, its own value zero.
        unsigned = head + request[4:HEADER] + MESSAGE_AUTHENTICATOR + bytes(16)
        code = hmac.digest(secret, unsigned + SERVICE_TYPE_FRAMED, 'md5')
        attributes = MESSAGE_AUTHENTICATOR + code + SERVICE_TYPE_FRAMED
    # Response Authenticator, RFC 2865 section 3.
    digest = hashlib.md5(head + request[4:HEADER] + attributes + secret).digest()
    return head + digest + attributes


def main(address, port, secret):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, int(port)))
    print('ready', flush=True)
    while True:
        request, client = server.recvfrom(4096)
        reply = reply_to(request, secret.encode())
        if reply:
            server.sendto(reply, client)


if __name__ == '__main__':
    main(*sys.argv[1:])
