# Another LNS: Debian's l2tpns with FreeRADIUS, which it will not authenticate without, between a LAC
# and a host like ours (topology.py). Interop tests dial it, the benchmark compares with it.
#
#   <prefix>-lac              <prefix>-lns                    <prefix>-host
#   access 198.51.100.11 ____ access 198.51.100.1             core 203.0.113.10
#                             l2tpns (TUN), freeradius            |
#                             core 203.0.113.1 _____ veth ________|
#
# and <prefix>-sub, where a subscriber's TUN device lives.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""l2tpns between a LAC and a host."""

import json
import os
import shutil
import uuid
from pathlib import Path

from . import config, freeradius, radius_stub
from .commands import run, wait_until
from .network import Namespace, connect
from .process import Process

# l2tpns is alone in its cluster, and knows it, after so long.
MASTER_TIMEOUT_S = 20

L2TPNS = """\
set debug {debug}
set log_file "{directory}/l2tpns-protocol.log"
set pid_file "{directory}/l2tpns.pid"
set l2tp_secret "{secret}"
set bind_address {lns}
set iftun_address 192.0.2.1
set peer_address 192.0.2.1
set primary_dns 203.0.113.53
set primary_radius 127.0.0.1
set primary_radius_port 1812
set radius_secret "{radius_secret}"
set radius_accounting no
set radius_authtypes "{auth}"
set cluster_interface "lo"
set cluster_hb_interval 1
set cluster_hb_timeout 5
set cli_bind_address 127.0.0.1
set send_garp no
"""


def missing():
    """Why it cannot run here; None when it can."""
    for program in ('l2tpns', 'freeradius'):
        if shutil.which(program) is None and not Path('/usr/sbin', program).exists():
            return f'{program} is not installed'
    if not os.access('/dev/net/tun', os.R_OK | os.W_OK):
        return 'no /dev/net/tun: l2tpns forwards through a TUN device'
    return None


class L2tpnsLab:
    """The namespaces, and what runs in them. Everything ends with `stack`."""

    def __init__(self, lacsim, directory, stack, *, sessions, pool='100.64.0.0/24', debug=3,
                 lacs=1):
        """lacsim: the program. sessions: how many users there are, user1/pass1 and on.
        debug: how much l2tpns logs; 0 where its speed is measured. lacs: addresses of LACs."""
        self._lacsim, self.directory, self._stack = lacsim, directory, stack
        self.sessions, self.pool, self._debug = sessions, pool, debug
        prefix = 'l2tpns-' + uuid.uuid4().hex[:6]
        self.lac, self.lns, self.host, self.subscriber = (
            self._namespace(f'{prefix}-{side}') for side in ('lac', 'lns', 'host', 'sub'))
        connect(self.lac, 'access', self.lns, 'access')
        connect(self.lns, 'core', self.host, 'core')
        access, core = config.ACCESS_PREFIX_LENGTH, config.CORE_PREFIX_LENGTH
        self.lac_addresses = config.lac_addresses(lacs)
        for address in self.lac_addresses:
            self.lac.add_address('access', f'{address}/{access}')
        self.lns.add_address('access', f'{config.LNS_ADDRESS}/{access}')
        self.lns.add_address('core', f'{config.CORE_ADDRESS}/{core}')
        self.host.add_address('core', f'{config.HOST_ADDRESS}/{core}')
        self.host.add_route(pool, config.CORE_ADDRESS)
        self.lns.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])

    def _namespace(self, name):
        namespace = Namespace(name)
        self._stack.callback(namespace.remove)
        return namespace

    def _start(self, name, command, ready, **options):
        process = Process(name, command, self.directory / f'{name}.log', netns=str(self.lns),
                          **options)
        self._stack.callback(process.kill)
        process.wait_for_output(ready)
        return process

    def start_radius(self, **options):
        users = [freeradius.user(f'user{i}', f'pass{i}', 'Service-Type = Framed-User')
                 for i in range(1, self.sessions + 1)]
        return self._start('freeradius', freeradius.prepare(self.directory / 'raddb', users),
                           freeradius.READY, **options)

    def start_radius_stub(self, **options):
        """A server that accepts everybody, faster than l2tpns asks."""
        return self._start('radius-stub', radius_stub.command(1812, freeradius.SECRET), 'ready',
                           **options)

    def start_l2tpns(self, auth, **options):
        """l2tpns reads /etc/l2tpns only: `ip netns exec` gives it a mount namespace of its own,
        where that is our directory."""
        directory = self.directory / 'l2tpns'
        directory.mkdir()
        (directory / 'startup-config').write_text(L2TPNS.format(
            directory=self.directory, secret=config.SECRET, lns=config.LNS_ADDRESS,
            radius_secret=freeradius.SECRET, auth=auth, debug=self._debug))
        (directory / 'ip_pool').write_text(self.pool + '\n')
        (directory / 'users').touch()
        process = self._start(
            'l2tpns', ['sh', '-c', f'mount --bind {directory} /etc/l2tpns && exec l2tpns'],
            'Done reading config file' if self._debug else r'^', **options)
        # It answers no SCCRQ before it has found itself alone in its cluster: the pool's route
        # appears then.
        wait_until(lambda: self.pool in self.lns.run(['ip', 'route', 'show']).stdout,
                   'l2tpns to become the master of its cluster', timeout=MASTER_TIMEOUT_S)
        return process

    def lacsim_command(self, *arguments, sessions, report):
        return [self._lacsim, '--lns', config.LNS_ADDRESS, '--tunnels', 1, '--sessions', sessions,
                '--lac-addresses', config.FIRST_LAC_ADDRESS, '--netns', self.lac,
                '--core-netns', self.host, '--host', config.HOST_ADDRESS,
                '--secret', config.SECRET, '--user', 'user%d', '--password', 'pass%d',
                '--json', report, *arguments]

    def lacsim(self, *arguments, sessions=None, timeout=60):
        """Runs lacsim to its end; its exit status and report."""
        report = self.directory / f'lacsim-{uuid.uuid4().hex[:6]}.json'
        done = run(self.lacsim_command(*arguments, sessions=sessions or self.sessions,
                                       report=report), check=False, timeout=timeout)
        print(done.stdout, done.stderr)
        return done.returncode, json.loads(report.read_text())
