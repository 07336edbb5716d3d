# The configuration files of both processes, as plain dictionaries with the keys of
# proto/lns/config/v1, and the lab's addressing. Tests change what they are about and keep the rest.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Configurations for the lab."""

import ipaddress
import os

import yaml

LNS_ADDRESS = '198.51.100.1'
FIRST_LAC_ADDRESS = '198.51.100.11'
ACCESS_PREFIX_LENGTH = 24
CORE_ADDRESS = '203.0.113.1'
HOST_ADDRESS = '203.0.113.10'
CORE_PREFIX_LENGTH = 24
POOL = '100.64.0.0/16'  # 65,533 subscribers
POOLS = '100.64.0.0/10'  # every pool of the lab lies in it
CORE_ADDRESS6 = '2001:db8:ffff::1'
HOST_ADDRESS6 = '2001:db8:ffff::10'
CORE_PREFIX_LENGTH6 = 64
LINK_POOL = '2001:db8:1000::/48'  # a /64 for each session
DELEGATION_POOL = '2001:db8:2000::/40'  # a /56 for each
POOLS6 = '2001:db8::/32'  # every IPv6 pool of the lab lies in it
ACCESS_INTERFACE = 'acc0'
CORE_INTERFACE = 'core0'
SECRET = 'tunnel-secret'
PASSWORD = 'password'


def lac_addresses(count):
    first = ipaddress.ip_address(FIRST_LAC_ADDRESS)
    return [str(first + i) for i in range(count)]


def cores(workers=1):
    """(main core, worker cores) out of those we may use."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) <= workers:
        raise RuntimeError(f'{workers} workers need {workers + 1} CPUs, this machine lets us use '
                           f'{len(usable)}')
    return usable[0], usable[1:1 + workers]


def dataplane(run_dir, *, workers=1, hugepages=False, megabytes=512, max_sessions=65536):
    main_core, worker_cores = cores(workers)
    return {
        'run_dir': str(run_dir),
        'cpu': {'main_core': main_core, 'worker_cores': worker_cores},
        'memory': {'hugepages': hugepages, 'megabytes': megabytes},
        'ports': [
            {'name': 'access', 'role': 'access', 'af_xdp': {'interface': ACCESS_INTERFACE}},
            {'name': 'core', 'role': 'core', 'af_xdp': {'interface': CORE_INTERFACE}},
        ],
        'tables': {'max_sessions': max_sessions},
    }


def users(count, password=PASSWORD):
    return [{'name': f'user{i}', 'password': password} for i in range(1, count + 1)]


def controlplane(run_dir, *, subscribers=32, secret=SECRET):
    peer = {'name': 'lab'}
    if secret:
        peer['secret'] = secret
    return {
        'run_dir': str(run_dir),
        'lns': {'addresses': [LNS_ADDRESS], 'host_name': 'lns.example'},
        'peers': [peer],
        'ppp': {'auth': ['chap_md5', 'pap'], 'dns': ['192.0.2.53']},
        'users': users(subscribers),
        'pools': [{'name': 'lab', 'prefix': POOL}],
    }


def with_ipv6(settings):
    """The same for subscribers with both network protocols."""
    settings['ppp']['ipv6'] = True
    settings['ipv6'] = {'dns': [HOST_ADDRESS6], 'search': ['lab.example']}
    settings['pools'] += [{'name': 'links', 'prefix': LINK_POOL},
                          {'name': 'homes', 'prefix': DELEGATION_POOL, 'delegate': 56}]
    return settings


def write(path, config):
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path
