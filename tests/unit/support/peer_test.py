# The judge of the interop tests, tests/support/peer, judged itself: its cryptography by the vectors
# of the RFCs, its reading of messages by messages that break RFC 2661.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Tests of tests/support/peer."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'support'))

from peer import mschap, wire  # noqa: E402
from peer.negotiation import Negotiation  # noqa: E402
from peer.errors import PeerError  # noqa: E402
from peer.ppp import ACK, IPCP, REJECT, Packet, options_to_bytes  # noqa: E402
from peer.wire import avp, hidden_avp, u16  # noqa: E402

# RFC 2759 9.2.
CHALLENGE = bytes.fromhex('5b5d7c7d7b3f2f3e3c2c602132262628')
PEER_CHALLENGE = bytes.fromhex('21402324255e262a28295f2b3a337c7e')
NT_RESPONSE = bytes.fromhex('82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df')
SUCCESS = 'S=407A5589115FD0D6209F510FE9C04566932CDA56'


class Cryptography(unittest.TestCase):
    def test_md4_as_in_rfc_1320(self):
        for text, digest in ((b'', '31d6cfe0d16ae931b73c59d7e0c089c0'),
                             (b'abc', 'a448017aaf21d8525fc10ae87aa6729d'),
                             (b'1234567890' * 8, 'e33b4ddc9c38f2199c3e7b164fcc0536')):
            self.assertEqual(mschap.md4(text).hex(), digest)

    def test_mschapv2_as_in_rfc_2759(self):
        response = mschap.nt_response(CHALLENGE, PEER_CHALLENGE, 'User', 'clientPass')
        self.assertEqual(response, NT_RESPONSE)
        self.assertEqual(mschap.authenticator_response(CHALLENGE, PEER_CHALLENGE, response, 'User',
                                                       'clientPass'), SUCCESS)


class Messages(unittest.TestCase):
    hello = avp(wire.MESSAGE_TYPE, u16(wire.HELLO))

    def test_hidden_avps_are_read_with_the_secret_only(self):
        vector = b'random vector'
        number = b'+49 30 1234567'
        message = wire.control(1, 2, 3, 4, self.hello + avp(wire.RANDOM_VECTOR, vector) +
                               hidden_avp(wire.CALLING_NUMBER, number, 'secret', vector, padding=9))
        self.assertNotIn(number, message)
        read = wire.parse(message, 'secret')
        self.assertEqual(read.avps[0, wire.CALLING_NUMBER], number)
        with self.assertRaises(wire.WireError):
            wire.parse(message)
        self.assertNotEqual(self.calling_number(message, 'another'), number)

    @staticmethod
    def calling_number(message, secret):
        try:
            return wire.parse(message, secret).avps[0, wire.CALLING_NUMBER]
        except wire.WireError:
            return None  # most wrong secrets give an impossible length

    def test_what_breaks_the_rfc_is_an_error(self):
        good = wire.control(1, 0, 0, 0, self.hello)
        self.assertEqual(wire.parse(good).type, wire.HELLO)
        for what, message in (
                ('padding', good + b'\0'),
                ('version', good[:1] + b'\x03' + good[2:]),
                ('no sequence numbers', b'\xc0' + good[1:]),
                ('type not first', wire.control(1, 0, 0, 0, avp(wire.HOST_NAME, b'x') + self.hello)),
                ('reserved bits', wire.control(1, 0, 0, 0, self.hello + b'\x84\x06\0\0\0\x07')),
                ('twice', wire.control(1, 0, 0, 0, self.hello * 2)),
                ('length', wire.control(1, 0, 0, 0, self.hello + b'\x80\x09\0\0\0\x07'))):
            with self.subTest(what), self.assertRaises(wire.WireError):
                wire.parse(message)


class Answers(unittest.TestCase):
    """What may not be an answer to a Configure-Request."""

    def answer(self, code, options):
        sent = []
        negotiation = Negotiation(IPCP, [(3, bytes(4)), (129, bytes(4))],
                                  lambda protocol, packet: sent.append(packet))
        negotiation.start()
        negotiation.on_packet(Packet(code, sent[-1].id, options_to_bytes(options)))
        return negotiation

    def test_an_ack_of_something_else(self):
        self.answer(ACK, [(3, bytes(4)), (129, bytes(4))])
        for options in ([(3, bytes(4))], [(129, bytes(4)), (3, bytes(4))],
                        [(3, bytes(4)), (129, b'\1\2\3\4')]):
            with self.assertRaises(PeerError):
                self.answer(ACK, options)

    def test_a_reject_of_what_was_not_asked(self):
        self.assertEqual(self.answer(REJECT, [(129, bytes(4))]).options, [(3, bytes(4))])
        for options in ([], [(130, bytes(4))], [(129, b'\1\2\3\4')]):
            with self.assertRaises(PeerError):
                self.answer(REJECT, options)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
