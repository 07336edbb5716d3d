# FreeRADIUS's radclient as the AAA server that asks for something of its own accord.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""CoA and Disconnect requests (RFC 5176)."""

import re
import subprocess

from . import config
from .commands import in_namespace

PORT = 3799


def ask(lab, kind, *attributes, secret):
    """radclient's answer to a request from the LAC's namespace: 'Disconnect-ACK', or
    'CoA-NAK Unsupported-Attribute', or ''."""
    text = ', '.join([*attributes, 'Message-Authenticator = 0x00'])
    done = subprocess.run(
        in_namespace(lab.lac.name, ['radclient', '-x', '-r', '1', '-t', '5',
                                    f'{config.LNS_ADDRESS}:{PORT}', kind, secret]),
        input=text + '\n', capture_output=True, text=True, check=False)
    answer = re.search(r'Received (\S+)', done.stdout)
    cause = re.search(r'Error-Cause = (\S+)', done.stdout)
    return ' '.join(m.group(1) for m in (answer, cause) if m)
