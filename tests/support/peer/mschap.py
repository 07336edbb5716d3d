# MS-CHAPv2 of a client (RFC 2759): the response to a challenge, and what a server that knows the
# password answers. DES comes from python3-cryptography; MD4, which OpenSSL 3 no longer offers, is
# here (RFC 1320).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""MS-CHAPv2."""

import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MASK = 0xffffffff
# RFC 2759 8.7.
MAGIC_1 = b'Magic server to client signing constant'
MAGIC_2 = b'Pad to make it do more than one iteration'


def md4(message):
    """RFC 1320."""
    def rotate(value, bits):
        value &= MASK
        return (value << bits | value >> (32 - bits)) & MASK

    rounds = (
        (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5a827999,
         [4 * (i % 4) + i // 4 for i in range(16)], (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ed9eba1,
         [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], (3, 9, 11, 15)))
    state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
    padded = message + b'\x80' + bytes(-(len(message) + 9) % 64) + \
        struct.pack('<Q', 8 * len(message))
    for start in range(0, len(padded), 64):
        words = struct.unpack('<16I', padded[start:start + 64])
        a, b, c, d = state
        for function, constant, order, shifts in rounds:
            for step, word in enumerate(order):
                a = rotate(a + function(b, c, d) + words[word] + constant, shifts[step % 4])
                a, b, c, d = d, a, b, c
        state = [(x + y) & MASK for x, y in zip(state, (a, b, c, d))]
    return struct.pack('<4I', *state)


def _des(key7, block):
    """DES with a key of 7 bytes; parity bits do not matter."""
    bits = int.from_bytes(key7, 'big')
    key = bytes(((bits >> (49 - 7 * i)) & 0x7f) << 1 for i in range(8))
    # Triple DES with three equal keys is DES.
    encryptor = Cipher(algorithms.TripleDES(key * 3), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def _challenge_hash(peer_challenge, challenge, user):
    return hashlib.sha1(peer_challenge + challenge + user.encode()).digest()[:8]


def nt_response(challenge, peer_challenge, user, password):
    """RFC 2759 8.1."""
    key = md4(password.encode('utf-16-le')) + bytes(5)
    block = _challenge_hash(peer_challenge, challenge, user)
    return b''.join(_des(key[i:i + 7], block) for i in (0, 7, 14))


def authenticator_response(challenge, peer_challenge, response, user, password):
    """The "S=..." of a server that knows the password (RFC 2759 8.7)."""
    hash_of_hash = md4(md4(password.encode('utf-16-le')))
    digest = hashlib.sha1(hash_of_hash + response + MAGIC_1).digest()
    block = _challenge_hash(peer_challenge, challenge, user)
    return 'S=' + hashlib.sha1(digest + block + MAGIC_2).hexdigest().upper()
