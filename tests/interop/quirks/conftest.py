# One Terminus for all scripted peers: the lab is built once and its processes run until the last
# test of the folder is done, while peer after peer dials in, each from a LAC address of its own and
# with users of its own. The configuration is what a carrier would write: the shipped profiles, by
# which peers are recognised, and a few peers with secrets.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""The LNS that every scripted peer dials."""

import contextlib
import itertools

import pytest

from lab import Lab, config, wait_until
from lab.topology import ROOT
from peer import ProxiedLogin, Subscriber, exchange, udp_socket

LNS = (config.LNS_ADDRESS, 1701)
LAC_ADDRESSES = 60
USERS = 400
HOST_PORT = 7007
DNS = ['192.0.2.53', '192.0.2.54']
PROFILES = ['windows', 'apple', 'android', 'cisco', 'juniper', 'nokia', 'mikrotik', 'xl2tpd',
            'openl2tp', 'mpd', 'bngblaster']
# Host name -> secret, of the peers that have one. Some LACs share an address: the name tells.
SECRETS = {
    'cisco-east': 'of the east',
    'cisco-west': 'of the west',
    'mx960': 'of the junipers',
    'sr7750': 'of the nokias',
    'rtbrick-1': 'of the bricks',
    'openl2tp-lac': 'of the strict',
    'cluster-1': 'of the cluster',
    'bngblaster': 'of the blaster',
}
ANDROID_SECRET = 'of the androids'
# A LAC that goes without a word is missed within seconds here; ordinarily it takes a minute.
IMPATIENT = {'hello_interval_s': 1, 'retransmit_initial_ms': 200, 'retransmit_cap_ms': 400,
             'max_retransmits': 3}


def settings(lab):
    result = lab.controlplane_config(subscribers=USERS, secret=None)
    result['profile_dir'] = str(ROOT / 'deploy' / 'profiles')
    result['profiles'] = PROFILES
    result['lns']['duplicate_users'] = 'replace'
    result['ppp']['dns'] = DNS
    result['ppp']['ipv6'] = True  # clients that cannot say so
    result['peers'] = [
        *({'name': name, 'match_host_name': name, 'secret': secret}
          for name, secret in SECRETS.items() if name not in ('openl2tp-lac', 'cluster-1')),
        {'name': 'openl2tp-lac', 'match_host_name': 'openl2tp-lac',
         'secret': SECRETS['openl2tp-lac'], 'hello_interval_s': 1},
        {'name': 'cluster-1', 'match_host_name': 'cluster-1', 'secret': SECRETS['cluster-1'],
         'profile': 'l2tpns'},
        {'name': 'cluster-2', 'match_host_name': 'cluster-2', 'secret': 'of the cluster',
         'challenge': 'never'},
        {'name': 'android-with-secret', 'match_host_name': 'anonymous',
         'match_address': f'{lab.lac_addresses[0]}/32', 'secret': ANDROID_SECRET},
        {'name': 'android-leaving', 'match_host_name': 'anonymous',
         'match_address': f'{lab.lac_addresses[1]}/32', **IMPATIENT, 'hello_interval_s': 0},
        {'name': 'android-asked-often', 'match_host_name': 'anonymous',
         'match_address': f'{lab.lac_addresses[2]}/32', **IMPATIENT},
        {'name': 'osvbng', 'match_host_name': 'osvbng*', **IMPATIENT},
        {'name': 'hello-every-second', 'match_host_name': 'hello-*', 'hello_interval_s': 1},
        {'name': 'dlink', 'match_host_name': 'DIR-300', 'profile': 'dlink'},
        {'name': 'anybody'},
    ]
    return result


@pytest.fixture(scope='package')
def shared_lab():
    with Lab(lacs=LAC_ADDRESSES) as lab:
        lab.start_lns(controlplane=settings(lab))
        lab.users = (f'user{i}' for i in range(1, USERS + 1))
        # The first three have a meaning in the configuration.
        lab.free_addresses = itertools.cycle(lab.lac_addresses[3:])
        lab.host_socket = udp_socket(lab.host.name, config.HOST_ADDRESS, HOST_PORT)
        yield lab
        lab.host_socket.close()


class Access:
    """What a test has of the lab: sockets and tunnels that go with it."""

    def __init__(self, lab, stack):
        self.lab = lab
        self._stack = stack

    def address(self):
        """Of a LAC that no other test has."""
        return next(self.lab.free_addresses)

    def socket(self, port, address=None):
        result = udp_socket(self.lab.lac.name, address or self.address(), port)
        self._stack.callback(result.close)
        return result

    def lac(self, personality, port=0, address=None, socket=None, **options):
        """A LAC that has not dialled yet; port 0: an ephemeral one."""
        name = options.get('host_name') or personality.host_name
        options.setdefault('secret', SECRETS.get(name))
        lac = personality(socket or self.socket(port, address), LNS, **options)
        self._stack.callback(lac.leave)
        return lac

    def subscriber(self, call, personality=Subscriber, **options):
        return personality(call, next(self.lab.users), config.PASSWORD, **options)

    def dial(self, lac_personality, subscriber_personality=Subscriber, port=0):
        """A LAC with one subscriber online."""
        lac = self.lac(lac_personality, port)
        lac.open()
        subscriber = self.subscriber(lac.call(), subscriber_personality)
        subscriber.connect()
        return lac, subscriber

    def proxied(self, lac, password=config.PASSWORD, calling='5551', **options):
        """A subscriber who has logged in at the LAC, where the LNS's verdict is due."""
        lac.login = ProxiedLogin(next(self.lab.users), password, **options)
        subscriber = Subscriber(lac.call(calling), lac.login.user, password)
        subscriber.adopt(lac.login)
        return subscriber

    def exchange(self, subscriber):
        """IP both ways through the LNS: what every peer must reach in the end."""
        exchange(subscriber, self.lab.host_socket)

    def session(self, subscriber):
        """The LNS's view of it, None when it is not there."""
        found = self.lab.lnsctl('session', 'list', '--user', subscriber.user)
        return found[0] if found else None

    def tunnel(self, lac):
        found = [tunnel for tunnel in self.lab.tunnels()
                 if tunnel['peer_tunnel_id'] == lac.local_id and
                 tunnel['peer_host_name'] == lac.host_name]
        return found[0] if found else None

    def drops(self, name):
        """The data plane's counter of one reason."""
        return self.lab.lnsctl('drops').get(name, 0)

    def count(self, name):
        """The control plane's counter."""
        return self.lab.lnsctl('counters').get(f'lns.{name}', 0)

    def expect_log(self, pattern):
        return self.lab.controlplane.wait_for_output(pattern)

    def expect_gone(self, subscriber):
        wait_until(lambda: self.session(subscriber) is None, f'{subscriber.user} to be gone')

    def expect_tunnel_gone(self, lac, timeout=10):
        """No longer established; its remains may still acknowledge what is repeated."""
        def gone():
            tunnel = self.tunnel(lac)
            return tunnel is None or tunnel['state'] != 'established'

        wait_until(gone, f'the tunnel of {lac.host_name} to end', timeout)


@pytest.fixture
def access(shared_lab, request):
    mark = shared_lab.controlplane.log.stat().st_size
    with contextlib.ExitStack() as stack:
        yield Access(shared_lab, stack)
    report = getattr(request.node, 'report_call', None)
    if report is None or report.failed:
        with shared_lab.controlplane.log.open('rb') as log:
            log.seek(mark)
            print('--- the control plane, during this test ---')
            print(log.read().decode(errors='replace'))
