# A RADIUS server that accepts everybody (RFC 2865): for measuring an LNS that cannot do without one.
# It looks at nothing but what a reply needs. Run by scripts/lab/l2tpns.py; ends by a signal.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""radius_stub.py ADDRESS PORT SECRET"""

import hashlib
import socket
import sys

ACCESS_REQUEST, ACCESS_ACCEPT = 1, 2
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE = 4, 5
REPLY = {ACCESS_REQUEST: ACCESS_ACCEPT, ACCOUNTING_REQUEST: ACCOUNTING_RESPONSE}
HEADER = 20
SERVICE_TYPE_FRAMED = bytes((6, 6, 0, 0, 0, 2))


def reply_to(request, secret):
    """The answer to one datagram; None for what is not a request."""
    if len(request) < HEADER or request[0] not in REPLY:
        return None
    attributes = SERVICE_TYPE_FRAMED if request[0] == ACCESS_REQUEST else b''
    head = bytes((REPLY[request[0]], request[1])) + (HEADER + len(attributes)).to_bytes(2, 'big')
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
