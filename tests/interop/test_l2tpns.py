# lacsim dials Debian's l2tpns, which asks FreeRADIUS who the users are: an LNS and a RADIUS server
# that share no code with us accept lib/l2tp's LAC and lib/ppp's client, and IP packets pass both
# ways. Private namespaces: LAC, LNS (with l2tpns and freeradius), host, a subscriber's own.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""lacsim against l2tpns and FreeRADIUS."""

import contextlib
import json
import os
import pathlib
import shutil
import uuid

import pytest

from lab.commands import run, wait_until
from lab.network import Namespace, connect
from lab.process import Process

TREE = os.environ.get('TERMINUS_TREE') or pathlib.Path(__file__).parents[2] / 'build'
LACSIM = pathlib.Path(TREE).absolute() / 'tools/lacsim/lacsim'
LNS, LAC, HOST = '198.51.100.1', '198.51.100.11', '203.0.113.10'
POOL = '100.64.0.0/24'
SECRET, RADIUS_SECRET = 'tunnel-secret', 'radius-secret'
SESSIONS = 10

L2TPNS = """\
set debug 3
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

RADIUSD = """\
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {directory}
logdir = {directory}
run_dir = {directory}
db_dir = {directory}
pidfile = {directory}/radiusd.pid
hostname_lookups = no
max_requests = 4096
client local {{
  ipaddr = 127.0.0.1
  secret = {radius_secret}
}}
modules {{
  files {{
    usersfile = {directory}/users
  }}
  pap {{
  }}
  chap {{
  }}
}}
server default {{
  listen {{
    type = auth
    ipaddr = 127.0.0.1
    port = 1812
  }}
  authorize {{
    chap
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
    Auth-Type CHAP {{
      chap
    }}
  }}
}}
"""


class Network:
    """The namespaces, and what runs in them."""

    def __init__(self, directory, stack):
        self.directory = directory
        self._stack = stack
        prefix = 'l2tpns-' + uuid.uuid4().hex[:6]
        self.lac, self.lns, self.host, self.subscriber = (
            self._namespace(f'{prefix}-{side}') for side in ('lac', 'lns', 'host', 'sub'))
        connect(self.lac, 'access', self.lns, 'access')
        connect(self.lns, 'core', self.host, 'core')
        self.lac.add_address('access', f'{LAC}/24')
        self.lns.add_address('access', f'{LNS}/24')
        self.lns.add_address('core', '203.0.113.1/24')
        self.host.add_address('core', f'{HOST}/24')
        self.host.add_route(POOL, '203.0.113.1')
        self.lns.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])

    def _namespace(self, name):
        namespace = Namespace(name)
        self._stack.callback(namespace.remove)
        return namespace

    def _start(self, name, command, ready):
        process = Process(name, command, self.directory / f'{name}.log', netns=str(self.lns))
        self._stack.callback(process.kill)
        process.wait_for_output(ready)

    def start_radius(self):
        config = self.directory / 'raddb'
        config.mkdir()
        (config / 'radiusd.conf').write_text(
            RADIUSD.format(directory=config, radius_secret=RADIUS_SECRET))
        (config / 'users').write_text(''.join(
            f'user{i} Cleartext-Password := "pass{i}"\n\tService-Type = Framed-User\n'
            for i in range(1, SESSIONS + 1)))
        self._start('freeradius', ['freeradius', '-f', '-l', 'stdout', '-d', config],
                    'Ready to process requests')

    def start_l2tpns(self, auth):
        """l2tpns reads /etc/l2tpns only: `ip netns exec` gives it a mount namespace of its own,
        where that is our directory."""
        config = self.directory / 'l2tpns'
        config.mkdir()
        (config / 'startup-config').write_text(L2TPNS.format(
            directory=self.directory, secret=SECRET, lns=LNS, radius_secret=RADIUS_SECRET,
            auth=auth))
        (config / 'ip_pool').write_text(POOL + '\n')
        (config / 'users').touch()
        self._start('l2tpns', ['sh', '-c', f'mount --bind {config} /etc/l2tpns && exec l2tpns'],
                    'Done reading config file')
        self._wait_until_master()

    def _wait_until_master(self):
        """It answers no SCCRQ before it has found itself alone in its cluster: the pool's route
        appears then."""
        wait_until(lambda: POOL in self.lns.run(['ip', 'route', 'show']).stdout,
                   'l2tpns to become the master of its cluster', timeout=20)

    def lacsim(self, *arguments, sessions=SESSIONS, timeout=60):
        """Runs lacsim to its end; its exit status and report."""
        report = self.directory / f'lacsim-{uuid.uuid4().hex[:6]}.json'
        done = run([LACSIM, '--lns', LNS, '--tunnels', 1, '--sessions', sessions,
                    '--lac-addresses', LAC, '--netns', self.lac, '--core-netns', self.host,
                    '--host', HOST, '--secret', SECRET, '--user', 'user%d', '--password', 'pass%d',
                    '--json', report, *arguments], check=False, timeout=timeout)
        print(done.stdout, done.stderr)
        return done.returncode, json.loads(report.read_text())


@pytest.fixture
def network(tmp_path):
    if os.geteuid() != 0:
        pytest.skip('needs root: network namespaces')
    for program in ('l2tpns', 'freeradius'):
        if shutil.which(program) is None and not pathlib.Path('/usr/sbin', program).exists():
            pytest.skip(f'{program} is not installed')
    if not os.access('/dev/net/tun', os.R_OK | os.W_OK):
        pytest.skip('no /dev/net/tun: l2tpns forwards through a TUN device')
    assert LACSIM.exists(), f'{LACSIM} is not built'
    with contextlib.ExitStack() as stack:
        yield Network(tmp_path, stack)


def assert_clean(lane):
    assert lane['offered'] > 0
    assert (lane['received'], lane['lost'], lane['duplicated'], lane['reordered'],
            lane['corrupt']) == (lane['offered'], 0, 0, 0, 0)


@pytest.mark.parametrize('auth, options', [('pap', []), ('chap', []), ('chap', ['--compress'])])
def test_sessions_come_up_and_carry_traffic_both_ways(network, auth, options):
    network.start_radius()
    network.start_l2tpns(auth)
    status, report = network.lacsim('--auth', auth, '--traffic-pps', 500, '--traffic-seconds', 3,
                                    '--direction', 'both', '--ping', 3, *options)
    assert report['tunnels']['established'] == 1
    assert report['sessions']['established'] == SESSIONS
    assert_clean(report['traffic']['up'])
    assert_clean(report['traffic']['down'])
    assert report['ping']['received'] == report['ping']['sent'] == 3
    assert report['control']['tunnels_unacknowledged'] == 0
    assert status == 0


def test_real_ping_from_inside_a_subscriber_beside_generated_traffic(network):
    network.start_radius()
    network.start_l2tpns('chap')
    status, report = network.lacsim(
        '--tun', 'sub0', '--tun-netns', network.subscriber,
        '--exec', f'ip netns exec {network.subscriber} ping -c 5 -i 0.2 -W 2 {HOST}',
        '--traffic-pps', 200, '--traffic-seconds', 2, sessions=2)
    assert report['exec']['exit_code'] == 0
    assert_clean(report['traffic']['up'])
    assert_clean(report['traffic']['down'])
    assert status == 0


def test_wrong_password_is_refused(network):
    network.start_radius()
    network.start_l2tpns('chap')
    status, report = network.lacsim('--password', 'wrong', sessions=1)
    assert status == 1
    assert report['sessions']['established'] == 0
    [failure] = report['sessions']['failures']
    # l2tpns sends no CHAP Failure: it clears the call (3, administrative) at once.
    assert (failure['ppp_phase'], failure['by_peer']) == ('authenticate', True)
    assert failure['result'] == 3


def test_wrong_tunnel_secret_is_refused(network):
    network.start_radius()
    network.start_l2tpns('chap')
    status, report = network.lacsim('--secret', 'wrong', sessions=1)
    assert status == 1
    assert report['tunnels']['established'] == 0
    # We judge the LNS's Challenge Response in its SCCRP: StopCCN 4, not authorised.
    [failure] = report['tunnels']['failures']
    assert (failure['by_peer'], failure['result']) == (False, 4)
