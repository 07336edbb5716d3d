# What can go wrong between a peer of the tests and the LNS.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Errors of the peers."""


class PeerError(Exception):
    """The LNS did not do what it had to, or not in time."""


class Timeout(PeerError):
    """Not in time."""


class TunnelRefused(Exception):
    """The LNS sent StopCCN."""

    def __init__(self, result):
        super().__init__(f'StopCCN {result}')
        self.result = result


class CallCleared(Exception):
    """The LNS sent CDN."""

    def __init__(self, result):
        super().__init__(f'CDN {result}')
        self.result = result


class AuthenticationFailed(Exception):
    """PAP Nak or CHAP Failure, with the LNS's text."""
