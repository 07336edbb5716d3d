# Who may include what: the dependency rules of the tree as one table, checked on every #include.
# The table names, for each folder, the project's paths and the outside families its files may
# use; anything not named is forbidden. Also checks that each folder is one static library that
# builds all of its files. Run by meson (suite unit) and by scripts/lint; needs nothing but Python.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Checks the include rules and the one-library-per-folder rule of the source tree."""

import os
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AREAS = ('lib', 'dataplane', 'controlplane', 'tools', 'tests')
SOURCES = {'.h', '.cc', '.c'}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Headers of the standard library that belong to no pure protocol code, by what they would bring in.
STANDARD_SPECIAL = {
    'threads': {'thread', 'mutex', 'shared_mutex', 'condition_variable', 'future', 'semaphore',
                'latch', 'barrier', 'stop_token'},
    'clock': {'chrono', 'ctime', 'time.h'},
    'files': {'fstream', 'filesystem', 'iostream'},
}
# A header's family by prefix of its path; the first match counts. Everything without a slash and
# without ".h" is the C++ standard library.
FAMILIES = (
    ('dpdk', ('rte_', 'ethdev_driver.h', 'bus_vdev_driver.h')),
    ('absl', ('absl/',)),
    ('openssl', ('openssl/',)),
    ('spdlog', ('spdlog/',)),
    ('cli11', ('CLI/',)),
    ('yaml', ('yaml-cpp/',)),
    ('protobuf', ('google/protobuf/',)),
    ('grpc', ('grpc/', 'grpcpp/', 'grpc++/')),
    ('generated-config', ('lns/config/',)),
    ('generated', ('lns/types/', 'lns/dataplane/', 'lns/control/')),
    ('netlink', ('netlink/', 'linux/netlink.h', 'linux/rtnetlink.h', 'linux/neighbour.h')),
    ('bpf', ('bpf/', 'xdp/', 'linux/bpf.h', 'linux/if_link.h', 'linux/if_xdp.h')),
    ('sqlite', ('sqlite3.h',)),
    ('prometheus', ('prometheus/',)),
    ('testing', ('gtest/', 'gmock/', 'benchmark/')),
    ('inet-text', ('arpa/inet.h',)),  # inet_pton and inet_ntop
    # The headers of C that do no I/O.
    ('std', ('stdint.h', 'stddef.h', 'string.h', 'limits.h', 'errno.h', 'stdbool.h', 'stdlib.h',
             'stdio.h', 'inttypes.h', 'assert.h', 'math.h', 'immintrin.h', 'x86intrin.h',
             'emmintrin.h', 'nmmintrin.h', 'smmintrin.h')),
)

LIB_LEAF = ('lib/base',)
LIB_PROTOCOL = ('lib/base', 'lib/net', 'lib/crypto', 'lib/punt')
# All of lib/ that does no I/O.
LIB_ALL = LIB_PROTOCOL + ('lib/l2tp', 'lib/ppp', 'lib/nd', 'lib/dhcpv6', 'lib/radius', 'lib/config')
LIB_OS = ('lib/os',)
PACKET_HEADERS = ('lib/l2tp/header.h', 'lib/l2tp/ids.h', 'lib/ppp/frame.h',
                  'lib/ppp/control_packet.h', 'lib/ppp/protocol.h')
PACKET_PATH = ('lib/base', 'lib/net', 'lib/punt') + PACKET_HEADERS
PROCESS = ('std', 'threads', 'clock', 'files', 'system', 'inet-text', 'absl', 'spdlog')

# folder -> (project paths it may include besides itself, outside families). The longest folder that
# is a prefix of the file's path applies. Families None: any.
RULES = {
    # Pure C++: no DPDK, sockets, threads, clock, logging or gRPC.
    'lib/base': ((), ('std',)),
    'lib/net': (LIB_LEAF, ('std', 'absl', 'inet-text')),
    'lib/crypto': (LIB_LEAF, ('std', 'openssl')),
    'lib/punt': (LIB_LEAF, ('std',)),
    'lib/l2tp': (LIB_PROTOCOL, ('std', 'absl')),
    'lib/ppp': (LIB_PROTOCOL, ('std', 'absl')),
    'lib/nd': (LIB_PROTOCOL, ('std', 'absl')),
    'lib/dhcpv6': (LIB_PROTOCOL, ('std', 'absl')),
    'lib/radius': (LIB_PROTOCOL, ('std', 'absl')),
    # What the kernel gives a process: descriptors, locks, the time. The one library that does I/O.
    'lib/os': (LIB_LEAF, ('std', 'clock', 'system', 'absl')),
    # Files into protobuf messages: the one library that knows both YAML and the schema.
    'lib/config': (LIB_LEAF, ('std', 'files', 'absl', 'yaml', 'protobuf', 'generated-config')),

    # The packet path: DPDK and per-packet headers, no API, no logging.
    # The clock: punted frames carry the time.
    'dataplane/core': (PACKET_PATH, ('std', 'clock', 'dpdk', 'absl')),
    'dataplane/tables': (PACKET_PATH + ('dataplane/core',), ('std', 'threads', 'dpdk', 'absl')),
    'dataplane/stages': (PACKET_PATH + ('dataplane/core', 'dataplane/tables'), ('std', 'dpdk')),
    # Around it: everything of the process that is not the API.
    'dataplane/punt': (PACKET_PATH + ('dataplane/core',), PROCESS + ('dpdk',)),
    'dataplane/xdp': (('lib/base', 'lib/net', 'dataplane/core'), PROCESS + ('bpf',)),
    'dataplane/ports': (PACKET_PATH + LIB_OS + ('dataplane/core', 'dataplane/xdp'),
                        PROCESS + ('dpdk', 'generated-config')),
    'dataplane/kernel': (PACKET_PATH + LIB_OS + ('dataplane/core', 'dataplane/tables',
                                                 'dataplane/ports'),
                         PROCESS + ('dpdk', 'netlink')),
    'dataplane/services': (PACKET_PATH + LIB_OS + ('dataplane',),
                           PROCESS + ('dpdk', 'grpc', 'protobuf', 'generated')),
    'dataplane': (PACKET_PATH + LIB_OS + ('dataplane', 'lib/config'),
                  PROCESS + ('dpdk', 'cli11', 'generated-config')),

    # Decides; never includes DPDK. The engine and what it stands on do no I/O.
    'controlplane/lns': (LIB_ALL + ('controlplane/address', 'controlplane/ipv6'), ('std', 'absl')),
    'controlplane/ipv6': (LIB_PROTOCOL + ('lib/nd', 'lib/dhcpv6', 'controlplane/address'),
                          ('std', 'absl')),
    'controlplane/address': (('lib/base', 'lib/net'), ('std', 'absl')),
    'controlplane/aaa': (LIB_ALL + ('controlplane/lns',), ('std', 'absl')),
    # Users, from servers: the AAA seam with sockets behind it.
    'controlplane/radius': (LIB_ALL + LIB_OS + ('controlplane/lns', 'controlplane/aaa',
                                                'controlplane/loop'), PROCESS),
    'controlplane/accounting': (LIB_ALL + ('controlplane/lns',
                                           'controlplane/radius/call_attributes.h'),
                                ('std', 'absl')),
    # A change of service is written as an Accept is, and read by the same table.
    'controlplane/coa': (LIB_ALL + ('controlplane/lns', 'controlplane/accounting',
                                    'controlplane/radius/call_attributes.h',
                                    'controlplane/radius/service_attributes.h'), ('std', 'absl')),
    'controlplane/bookkeeping': (LIB_ALL + LIB_OS + ('controlplane/lns', 'controlplane/accounting',
                                                     'controlplane/coa', 'controlplane/loop',
                                                     'controlplane/radius',
                                                     'controlplane/southbound',
                                                     'controlplane/storage'), PROCESS),
    # What outlives the process.
    'controlplane/storage': (('lib/base',), PROCESS + ('sqlite',)),
    'controlplane/leases': (('lib/base', 'lib/net', 'controlplane/address', 'controlplane/loop',
                             'controlplane/storage') + LIB_OS, PROCESS),
    'controlplane/metrics': (LIB_ALL + LIB_OS + ('controlplane/lns', 'controlplane/loop',
                                                 'controlplane/radius',
                                                 'controlplane/southbound'),
                             PROCESS + ('grpc', 'protobuf', 'generated', 'prometheus')),
    'controlplane/config': (LIB_ALL + ('controlplane/lns', 'controlplane/address', 'controlplane/ipv6',
                                       'controlplane/aaa',
                                       'controlplane/radius', 'controlplane/accounting',
                                       'controlplane/coa', 'controlplane/leases/settings.h'),
                            ('std', 'files', 'system', 'absl', 'protobuf', 'generated-config')),
    'controlplane/loop': (LIB_ALL + LIB_OS + ('controlplane/lns', 'controlplane/aaa'), PROCESS),
    'controlplane/transport': (LIB_PROTOCOL + LIB_OS + ('lib/l2tp', 'controlplane/lns',
                                                        'controlplane/loop'),
                               PROCESS),
    'controlplane/southbound': (LIB_PROTOCOL + LIB_OS + ('lib/l2tp', 'controlplane/lns',
                                                         'controlplane/loop'),
                                PROCESS + ('grpc', 'protobuf', 'generated')),
    'controlplane/services': (LIB_ALL + LIB_OS + ('controlplane/lns', 'controlplane/loop',
                                         'controlplane/radius',
                                         # What operators write is read as the file is.
                                         'controlplane/config/policy_fields.h',
                                         'controlplane/southbound', 'controlplane/transport'),
                              PROCESS + ('grpc', 'protobuf', 'generated')),
    'controlplane': (LIB_ALL + LIB_OS + ('controlplane',), PROCESS + ('cli11', 'generated-config')),

    # Clients of lib/ and proto/, never of the processes' insides.
    'tools': (LIB_ALL + LIB_OS, PROCESS + ('cli11', 'grpc', 'protobuf', 'generated', 'dpdk')),

    # Tests see everything.
    'tests': (AREAS, None),
}


def family(header):
    """The outside family of an include that is not the project's."""
    for name, prefixes in FAMILIES:
        if header.startswith(prefixes):
            return name
    for name, headers in STANDARD_SPECIAL.items():
        if header in headers:
            return name
    if '/' not in header and not header.endswith('.h'):
        return 'std'
    return 'system'


def rule_of(path):
    """The folder in RULES that governs a file, or None."""
    folder = os.path.dirname(path)
    while folder:
        if folder in RULES:
            return folder
        folder = os.path.dirname(folder)
    return None


def within(path, prefix):
    return path == prefix or path.startswith(prefix + '/')


def violation(path, header):
    """Why `path` may not include `header`; None when it may."""
    rule = rule_of(path)
    if rule is None:
        return f'{path}: no rule for this folder in tests/unit/include_rules_test.py'
    project, families = RULES[rule]
    if header.split('/')[0] in AREAS:
        if within(header, os.path.dirname(path)) or any(within(header, p) for p in project):
            return None
        return f'{path}: must not include "{header}" ({rule} may use: {", ".join(project) or "nothing"})'
    kind = family(header)
    if families is None or kind in families:
        return None
    return f'{path}: must not include <{header}> ({kind}; {rule} may use: {", ".join(families)})'


def includes_of(text):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def source_files():
    for area in AREAS:
        for folder, subfolders, names in os.walk(ROOT / area):
            subfolders.sort()
            for name in sorted(names):
                if Path(name).suffix in SOURCES:
                    yield (Path(folder) / name).relative_to(ROOT).as_posix()


class IncludeRules(unittest.TestCase):
    def test_every_include_is_allowed(self):
        wrong = []
        seen = 0
        for path in source_files():
            for line, _, header in includes_of((ROOT / path).read_text()):
                seen += 1
                reason = violation(path, header)
                if reason:
                    wrong.append(f'line {line}: {reason}')
        self.assertGreater(seen, 50, 'found almost no includes: looking in the wrong place?')
        self.assertEqual([], wrong, '\n' + '\n'.join(wrong))

    def test_quoted_includes_are_full_paths(self):
        wrong = []
        for path in source_files():
            for line, mark, header in includes_of((ROOT / path).read_text()):
                ours = header.split('/')[0] in AREAS or family(header) in ('std', 'system')
                if mark == '"' and ours and not (ROOT / header).is_file():
                    wrong.append(f'{path}:{line}: "{header}" is not a path from the root of the tree')
        self.assertEqual([], wrong, '\n' + '\n'.join(wrong))


class FoldersAreLibraries(unittest.TestCase):
    """One static library per folder, which builds every source file in it."""

    def folders(self):
        for area in ('lib', 'dataplane', 'controlplane'):
            for folder in sorted((ROOT / area).iterdir()):
                if folder.is_dir():
                    yield folder

    def test_each_folder_has_its_meson_build(self):
        missing = [f.relative_to(ROOT).as_posix() for f in self.folders()
                   if not (f / 'meson.build').is_file()]
        self.assertEqual([], missing)

    def test_one_static_library_of_every_file(self):
        wrong = []
        for folder in self.folders():
            name = folder.relative_to(ROOT).as_posix()
            if not (folder / 'meson.build').is_file():
                continue
            meson = (folder / 'meson.build').read_text()
            sources = [s.name for s in sorted(folder.glob('*.cc'))]
            libraries = re.findall(r"static_library\(\s*'([^']+)'", meson)
            if sources and len(libraries) != 1:
                wrong.append(f'{name}/meson.build: {len(libraries)} static libraries, expected one')
            wrong += [f"{name}/meson.build: library '{l}' is not named lns_{folder.name}"
                      for l in libraries
                      if l not in (f'lns_{folder.name}', 'lns_' + name.replace('/', '_'))]
            wrong += [f'{name}/{s} is not built by {name}/meson.build'
                      for s in sources if f"'{s}'" not in meson]
        self.assertEqual([], wrong, '\n' + '\n'.join(wrong))


class SelfTest(unittest.TestCase):
    """The table catches what it is there to catch."""

    FORBIDDEN = (
        ('lib/base/bytes.h', 'lib/net/address.h'),            # upwards
        ('lib/base/bytes.h', 'absl/strings/string_view.h'),
        ('lib/l2tp/tunnel.cc', 'lib/ppp/link.h'),             # between protocols
        ('lib/ppp/lcp.cc', 'lib/l2tp/header.h'),
        ('lib/l2tp/tunnel.cc', 'thread'),
        ('lib/l2tp/tunnel.cc', 'chrono'),
        ('lib/l2tp/tunnel.cc', 'sys/socket.h'),
        ('lib/l2tp/tunnel.cc', 'spdlog/spdlog.h'),
        ('lib/net/address.cc', 'rte_ip.h'),
        ('lib/net/address.cc', 'sys/socket.h'),
        ('lib/l2tp/tunnel.cc', 'arpa/inet.h'),
        ('lib/punt/ring.h', 'unistd.h'),
        ('dataplane/stages/parse.cc', 'lib/l2tp/tunnel.h'),   # more than per-packet headers
        ('dataplane/stages/parse.cc', 'lns/dataplane/v1/forwarding.pb.h'),
        ('dataplane/stages/parse.cc', 'spdlog/spdlog.h'),
        ('dataplane/stages/parse.cc', 'mutex'),
        ('dataplane/tables/session_table.h', 'dataplane/services/convert.h'),
        ('dataplane/core/batch.h', 'dataplane/stages/parse.h'),
        ('dataplane/worker.cc', 'lns/dataplane/v1/telemetry.pb.h'),
        ('dataplane/services/forwarding.cc', 'controlplane/lns/engine.h'),
        ('controlplane/lns/engine.cc', 'rte_mbuf.h'),         # DPDK in the control plane
        ('controlplane/transport/punt_reader.cc', 'rte_ring.h'),
        ('controlplane/main.cc', 'rte_eal.h'),
        ('controlplane/lns/engine.cc', 'sys/epoll.h'),        # I/O in the engine
        ('controlplane/lns/engine.cc', 'controlplane/loop/loop.h'),
        ('controlplane/lns/engine.cc', 'lib/os/file_descriptor.h'),
        ('lib/l2tp/tunnel.cc', 'lib/os/file_descriptor.h'),
        ('controlplane/lns/engine.cc', 'grpcpp/grpcpp.h'),
        ('controlplane/loop/loop.cc', 'lns/control/v1/operator.pb.h'),
        ('tools/lnsctl/main.cc', 'controlplane/lns/engine.h'),
        ('tools/lacsim/main.cc', 'dataplane/core/batch.h'),
        ('lib/ppp/link.cc', 'tests/support/packets.h'),       # production code on tests
        ('dataplane/pipeline.cc', 'tests/support/packets.h'),
        ('elsewhere/file.cc', 'vector'),                      # a folder without a rule
    )
    ALLOWED = (
        ('lib/base/bytes.h', 'span'),
        ('lib/base/rng.h', 'lib/base/bytes.h'),
        ('lib/crypto/md5.cc', 'openssl/evp.h'),
        ('lib/l2tp/tunnel.cc', 'lib/crypto/md5.h'),
        ('lib/punt/layout.h', 'atomic'),
        ('dataplane/stages/ppp_input.cc', 'lib/ppp/frame.h'),
        ('dataplane/stages/parse.cc', 'rte_mbuf.h'),
        ('dataplane/services/forwarding.cc', 'lns/dataplane/v1/forwarding.grpc.pb.h'),
        ('controlplane/lns/engine.cc', 'lib/ppp/link.h'),
        ('controlplane/loop/loop.cc', 'sys/epoll.h'),
        ('tools/lnsctl/main.cc', 'lns/control/v1/operator.grpc.pb.h'),
        ('tests/stage/parse_test.cc', 'dataplane/stages/parse.h'),
        ('tests/stage/parse_test.cc', 'gtest/gtest.h'),
        ('tests/stage/parse_test.cc', 'tests/support/packets.h'),
    )

    def test_forbidden_includes_are_caught(self):
        for path, header in self.FORBIDDEN:
            with self.subTest(path=path, header=header):
                self.assertIsNotNone(violation(path, header))

    def test_allowed_includes_pass(self):
        for path, header in self.ALLOWED:
            with self.subTest(path=path, header=header):
                self.assertIsNone(violation(path, header))

    def test_a_file_with_a_forbidden_include_is_caught(self):
        text = '#pragma once\n#  include <rte_mbuf.h>\n// #include "nothing"\n#include "lib/a.h"\n'
        self.assertEqual([(2, '<', 'rte_mbuf.h'), (4, '"', 'lib/a.h')], list(includes_of(text)))


if __name__ == '__main__':
    sys.exit(unittest.main(verbosity=1))
