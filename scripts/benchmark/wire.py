# Frames of real sessions as load: records what a LAC and a host send through an LNS while lacsim
# makes a little traffic, and writes them in random order as a capture that bench-sender replays.
# So every LNS gets frames of sessions it negotiated itself.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Captures as load."""

import random
import struct

FRAMES = 4096  # enough that their order means nothing
FILE_HEAD = struct.Struct('<IHHiIII')
RECORD = struct.Struct('<IIII')
MAGIC = 0xa1b2c3d4  # microseconds, this byte order
ETHERNET, IPV4, UDP = 14, 20, 8
IPV4_TYPE, PPP_IPV4 = b'\x08\x00', 0x21


def read(path):
    """Frames of a classic capture; a record cut short is not there yet."""
    data = path.read_bytes()
    if len(data) < FILE_HEAD.size or FILE_HEAD.unpack_from(data)[0] != MAGIC:
        return []
    frames, at = [], FILE_HEAD.size
    while at + RECORD.size <= len(data):
        length = RECORD.unpack_from(data, at)[2]
        at += RECORD.size
        if at + length > len(data):
            break
        frames.append(data[at:at + length])
        at += length
    return frames


def write(path, frames):
    with path.open('wb') as out:
        out.write(FILE_HEAD.pack(MAGIC, 2, 4, 0, 0, 65535, 1))
        for index, frame in enumerate(frames):
            out.write(RECORD.pack(0, index, len(frame), len(frame)) + frame)


def uplink_session(frame):
    """(tunnel id, session id) of an IPv4 packet in PPP in L2TP data; None of anything else."""
    if frame[12:14] != IPV4_TYPE or len(frame) < ETHERNET + IPV4 + UDP + 6:
        return None
    at = ETHERNET + IPV4 + UDP
    flags = int.from_bytes(frame[at:at + 2], 'big')
    if flags & 0x8000:
        return None
    at += 4 if flags & 0x4000 else 2
    ids = struct.unpack_from('>HH', frame, at)
    at += 4 + (4 if flags & 0x0800 else 0)
    if flags & 0x0200:
        at += 2 + int.from_bytes(frame[at:at + 2], 'big')
    if frame[at:at + 2] == b'\xff\x03':
        at += 2
    protocol = frame[at] if frame[at] & 1 else int.from_bytes(frame[at:at + 2], 'big')
    return ids if protocol == PPP_IPV4 else None


def downlink_session(frame):
    """The subscriber's address of an IPv4 packet."""
    return frame[30:34] if frame[12:14] == IPV4_TYPE else None


def one_of_each(frames, session_of):
    """A frame of each session, by session."""
    found = {}
    for frame in frames:
        session = session_of(frame)
        if session is not None:
            found.setdefault(session, frame)
    return found


def shuffle(frames, seed):
    """FRAMES of them, each as often as the others, in random order."""
    many = [frames[i % len(frames)] for i in range(FRAMES)]
    random.Random(seed).shuffle(many)
    return many
