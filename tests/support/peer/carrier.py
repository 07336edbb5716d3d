# What the LAC of a carrier adds to a call: the subscriber's login that it has begun on the LNS's
# behalf (RFC 2661 4.4.5, proxy LCP and authentication), and what it knows of the access line
# (RFC 5515).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Proxied logins and access lines."""

import hashlib
import random

from . import wire
from .lac import Lac
from .ppp import AUTH, AUTH_OPTIONS, MAGIC, MRU, options_to_bytes
from .wire import avp, u16, u32

PROXY_CHAP, PROXY_PAP, PROXY_NONE = 2, 3, 4


class ProxiedLogin:
    """LCP between a subscriber and the LAC, and the subscriber's answer to the LAC's demand."""

    def __init__(self, user, password, auth='chap', mru=1460, more_options=()):
        """auth: 'chap', 'pap', or None when the LAC did not ask. more_options: the subscriber's."""
        self.user = user
        self.auth = auth
        self.identifier = random.randrange(256)
        self.options = [(MRU, u16(mru)), (MAGIC, random.randbytes(4)), *more_options]
        self.lac_options = [(MRU, u16(mru)), (MAGIC, random.randbytes(4))]
        if auth:
            self.lac_options.insert(1, (AUTH, AUTH_OPTIONS[auth]))
        self._challenge = random.randbytes(16)
        self._response = password.encode()
        if auth == 'chap':
            self._response = hashlib.md5(bytes((self.identifier,)) + self._response +
                                         self._challenge).digest()

    def avps(self):
        """[(type, value)] for an ICCN."""
        return self._lcp_avps() + self._auth_avps()

    def _lcp_avps(self):
        asked = options_to_bytes(self.options)
        return [(wire.INITIAL_RECEIVED_CONFREQ, asked),
                (wire.LAST_SENT_CONFREQ, options_to_bytes(self.lac_options)),
                (wire.LAST_RECEIVED_CONFREQ, asked)]

    def _auth_avps(self):
        if self.auth is None:
            return [(wire.PROXY_AUTHEN_TYPE, u16(PROXY_NONE))]
        avps = [(wire.PROXY_AUTHEN_TYPE, u16(PROXY_CHAP if self.auth == 'chap' else PROXY_PAP)),
                (wire.PROXY_AUTHEN_NAME, self.user.encode()),
                (wire.PROXY_AUTHEN_ID, u16(self.identifier)),
                (wire.PROXY_AUTHEN_RESPONSE, self._response)]
        if self.auth == 'chap':
            avps.append((wire.PROXY_AUTHEN_CHALLENGE, self._challenge))
        return avps


class CarrierLac(Lac):
    """Hands a subscriber's login on in its next ICCN."""
    login = None

    def iccn(self, call):
        return super().iccn(call) + (self.login_avps() if self.login else b'')

    def login_avps(self):
        return b''.join(avp(number, value, mandatory=False) for number, value in self.login.avps())


def access_line(circuit_id, remote_id, upstream_bps, downstream_bps, more=()):
    """RFC 5515 5, for an ICRQ. more: [(type, value)]."""
    avps = [(1, circuit_id.encode()), (2, remote_id.encode()), (129, u32(upstream_bps)),
            (130, u32(downstream_bps)), (131, u32(64_000)), (132, u32(128_000)),
            (133, u32(upstream_bps + 1000)), (134, u32(downstream_bps + 1000)), (139, u32(16)),
            (141, u32(8)), (144, bytes((1, 2, 0))), (145, u32(5)), (254, b''), *more]
    return b''.join(avp(number, value, mandatory=False, vendor=wire.VENDOR_ADSL_FORUM)
                    for number, value in avps)
