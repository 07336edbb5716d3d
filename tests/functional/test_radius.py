# Users whom FreeRADIUS knows: PAP, CHAP and MS-CHAPv2 of an independent subscriber, the attributes
# of an Accept in effect, refusals with the server's words, and what happens when servers fail,
# lie, or come back. FreeRADIUS runs beside the LNS; its users file and its log are the test's.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Authentication by RADIUS."""

import base64
import hashlib
import hmac
import random
import resource
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP

from lab import config, freeradius, wait_until
from peer import AuthenticationFailed, CallCleared, Subscriber, udp_socket
from peer.ppp import PAP, Packet

PASSWORD = 'correct horse battery'
SECOND_PORT = 11812
DICTIONARY = Path(__file__).parents[2] / 'deploy/radius/dictionary'
# RFC 2661 4.4.2.
CDN_GENERAL_ERROR, CDN_ADMINISTRATIVE, CDN_NO_FACILITIES_NOW = 2, 3, 4
# Short, so that failing takes seconds.
TIMES = {'retransmit_ms': 300, 'tries': 2, 'give_up_s': 5, 'dead_after_s': 1, 'dead_time_s': 30,
         'probe_interval_s': 1}
# One silent server is waited for.
PATIENT = TIMES | {'retransmit_ms': 5000, 'tries': 1, 'give_up_s': 20, 'dead_after_s': 20}
AT_ONCE = 24  # wrong replies, no more than a socket holds


@pytest.fixture
def network(lab):
    if freeradius.missing():
        pytest.skip(freeradius.missing())
    return lab


def server(name='first', **options):
    return {'name': name, 'address': '127.0.0.1', 'secret': freeradius.SECRET} | options


def start_lns(lab, *servers, **options):
    lab.start_lns(controlplane=configure(lab, *servers, **options))


def configure(lab, *servers, auth=('chap_md5', 'pap'), **options):
    settings = lab.controlplane_config(subscribers=1)
    settings['ppp']['auth'] = list(auth)
    settings['pools'].append({'name': 'gold', 'prefix': '100.65.0.0/16'})
    settings['radius'] = {'servers': list(servers or [server()]), 'times': dict(TIMES),
                          'framed_prefixes': ['100.66.0.0/16'], **options}
    return settings


def start_server(lab, *users, name='first', **options):
    command = freeradius.prepare(lab.directory / f'raddb-{name}', users, **options)
    process = lab.start(f'freeradius-{name}', command, lab.lns)
    process.wait_for_output(freeradius.READY)
    return process


def stop(lab, process):
    process.stop()
    lab.processes.remove(process)


def counter(lab, name):
    return lab.lnsctl('counters')[name]


def test_pap_chap_and_mschapv2(network, open_lac):
    start_server(network, freeradius.user('alice@example.net', PASSWORD))
    start_lns(network, auth=['ms_chap_v2', 'chap_md5', 'pap'])
    lac = open_lac(network)
    for count, auth in enumerate(('pap', 'chap', 'mschapv2'), 1):
        subscriber = Subscriber(lac.call(), 'alice@example.net', PASSWORD, auth=auth)
        assert subscriber.connect().startswith('100.64.')
        assert subscriber.negotiated_auth == auth
        assert counter(network, 'aaa.radius.accepted') == count
        # Wrong ones, and the LAC is told that somebody decided.
        wrong = Subscriber(lac.call(), 'alice@example.net', 'wrong ' + PASSWORD, auth=auth)
        with pytest.raises(AuthenticationFailed) as failed:
            wrong.connect()
        if auth == 'mschapv2':
            assert str(failed.value).startswith('E=691 ')
        assert wrong.wait_cleared().code == CDN_ADMINISTRATIVE
        assert counter(network, 'aaa.radius.refused') == count
    assert counter(network, 'radius.first.accepts') == 3
    assert counter(network, 'radius.first.rejects') == 3
    assert counter(network, 'radius.first.timeouts') == 0
    # The password is nowhere, in no clothes.
    shown = network.controlplane.output() + ''.join(
        str(network.lnsctl(*words))
        for words in (['counters'], ['radius'], ['explain', 'session', 'alice@example.net']))
    assert 'alice@example.net' in shown
    for secret in (PASSWORD, PASSWORD.encode().hex(), freeradius.SECRET):
        assert secret not in shown


def test_accept_says_what_the_user_gets(network, open_lac):
    start_server(
        network,
        freeradius.user('fixed', PASSWORD, 'Framed-IP-Address = 100.66.1.2',
                        'MS-Primary-DNS-Server = 192.0.2.99', 'Framed-MTU = 1300',
                        'Framed-Route = "100.66.9.0/24 0.0.0.0 1"', 'Class = 0x0102'),
        freeradius.user('pooled', PASSWORD, 'Framed-IP-Address = 255.255.255.254',
                        'Framed-Pool = "gold"'),
        freeradius.user('chained', PASSWORD, 'Framed-Pool = "nowhere"',
                        'Framed-Pool += "gold"'),
        freeradius.user('lost', PASSWORD, 'Framed-Pool = "nowhere"'),
        freeradius.user('login', PASSWORD, 'Service-Type = Login-User'))
    start_lns(network)
    lac = open_lac(network)

    fixed = Subscriber(lac.call(), 'fixed', PASSWORD)
    assert fixed.connect() == '100.66.1.2'
    assert fixed.dns == '192.0.2.99'
    # Outside every pool, with a network behind: packets find the way there and back.
    for source in ('100.66.1.2', '100.66.9.77'):
        fixed.send_ip(bytes(IP(src=source, dst=config.HOST_ADDRESS) / ICMP(id=7)))
        fixed.receive_ip(lambda packet, source=source: ICMP in packet and packet[ICMP].type == 0
                         and packet.dst == source)

    assert Subscriber(lac.call(), 'pooled', PASSWORD).connect().startswith('100.65.')
    assert Subscriber(lac.call(), 'chained', PASSWORD).connect().startswith('100.65.')
    lost = Subscriber(lac.call(), 'lost', PASSWORD)
    with pytest.raises((AuthenticationFailed, CallCleared)):
        lost.connect()
    assert lost.wait_cleared().code == CDN_ADMINISTRATIVE
    login = Subscriber(lac.call(), 'login', PASSWORD)
    with pytest.raises(AuthenticationFailed):
        login.connect()
    network.controlplane.wait_for_output('Service-Type 1 only.*user login')
    assert counter(network, 'aaa.radius.malformed-attributes') == 0


def test_request_says_who_calls(network, open_lac):
    process = start_server(network, freeradius.user('alice', PASSWORD), debug=True)
    start_lns(network, send=[{'name': 'Port-Limit', 'value': '1'}],
              dictionaries=[str(DICTIONARY)])
    lac = open_lac(network)
    Subscriber(lac.call(), 'alice', PASSWORD, auth='pap').connect()
    [session] = network.sessions()
    key = session['key']
    port = key['local_tunnel_id'] << 16 | key['local_session_id']
    for attribute in (
            'User-Name = "alice"', 'NAS-IP-Address = 198.51.100.1',
            'NAS-Identifier = "lns.example"', f'NAS-Port = {port}', 'NAS-Port-Type = Virtual',
            f'NAS-Port-Id = "l2tp {key["local_tunnel_id"]}/{key["local_session_id"]}"',
            'Service-Type = Framed-User', 'Framed-Protocol = PPP',
            r'Acct-Session-Id = "[0-9a-f]{28}"', 'Tunnel-Type:0 = L2TP',
            'Tunnel-Medium-Type:0 = IPv4',
            f'Tunnel-Client-Endpoint:0 = "{config.FIRST_LAC_ADDRESS}"',
            f'Tunnel-Server-Endpoint:0 = "{config.LNS_ADDRESS}"',
            'Tunnel-Client-Auth-Id:0 = "scapy-lac"', 'Tunnel-Server-Auth-Id:0 = "lns.example"',
            'Acct-Tunnel-Connection = ', 'Message-Authenticator = 0x', 'Port-Limit = 1'):
        process.wait_for_output(attribute)


def test_server_fails_and_another_takes_over_until_it_is_back(network, open_lac):
    """The other one over IPv6."""
    alice = freeradius.user('alice', PASSWORD)
    first = start_server(network, alice)
    start_server(network, alice, name='second', address='::1', port=SECOND_PORT)
    start_lns(network, server(), server('second', address='::1', port=SECOND_PORT, order=2))
    lac = open_lac(network)

    def connect():
        subscriber = Subscriber(lac.call(), 'alice', PASSWORD)
        subscriber.connect()
        return subscriber

    online = connect()
    assert counter(network, 'radius.first.accepts') == 1
    stop(network, first)
    # One call finds it closed, the next one that it stays so.
    connect()
    connect()
    assert counter(network, 'radius.second.accepts') == 2
    assert counter(network, 'radius.first.deaths') == 1
    network.controlplane.wait_for_output('RADIUS server first does not answer')
    requests = counter(network, 'radius.first.requests')
    connect()
    assert counter(network, 'radius.second.accepts') == 3
    assert counter(network, 'radius.first.requests') == requests
    [dead, alive] = network.lnsctl('radius')['servers']
    assert (dead['alive'], alive['alive']) == (False, True)
    # Whoever was online has noticed nothing.
    assert online.echo()

    directory = network.directory / 'raddb-first'
    network.start('freeradius-again', freeradius.command(directory), network.lns).wait_for_output(freeradius.READY)
    network.controlplane.wait_for_output('RADIUS server first answers again')
    connect()
    assert counter(network, 'radius.first.accepts') == 2


def test_no_server_left(network, open_lac):
    """The cache and the local users take over, in the order asked for; others go elsewhere."""
    only = start_server(network, freeradius.user('alice', PASSWORD))
    start_lns(network, when_down=['cache', 'local_users'], local_users_first=False)
    lac = open_lac(network)
    Subscriber(lac.call(), 'alice', PASSWORD, auth='pap').connect()
    stop(network, only)
    assert Subscriber(lac.call(), 'alice', PASSWORD, auth='pap').connect()
    assert counter(network, 'aaa.radius.cached') == 1
    wrong = Subscriber(lac.call(), 'alice', 'another', auth='pap')
    with pytest.raises((AuthenticationFailed, CallCleared)):
        wrong.connect()
    assert wrong.wait_cleared().code == CDN_NO_FACILITIES_NOW
    assert Subscriber(lac.call(), 'user1', config.PASSWORD).connect()
    assert counter(network, 'aaa.local.accepted') == 1
    network.controlplane.wait_for_output('(?i)no authentication server answers')


def test_wrong_secret_is_no_answer(network, open_lac):
    """FreeRADIUS and we must not believe each other; nobody waits for ever."""
    start_server(network, freeradius.user('alice', PASSWORD))
    start_lns(network, server(secret='not the secret'))
    lac = open_lac(network)
    subscriber = Subscriber(lac.call(), 'alice', PASSWORD)
    with pytest.raises((AuthenticationFailed, CallCleared)):
        subscriber.connect()
    assert subscriber.wait_cleared().code == CDN_NO_FACILITIES_NOW
    assert counter(network, 'radius.first.accepts') == 0


# --- a server that lies ---

REQUEST_ID, AUTHENTICATOR = 1, slice(4, 20)
WRONG = [f'reply-{what}' for what in (
    'truncated', 'bad-length', 'bad-attribute', 'bad-authenticator', 'bad-message-authenticator',
    'missing-message-authenticator', 'unexpected-code', 'late')]


def attribute(kind, value):
    return bytes((kind, 2 + len(value))) + value


def signed(request, attributes, secret, code=2, length=None):
    """A reply with both proofs (RFC 2865 3, RFC 3579 3.2)."""
    length = length or 20 + 18 + len(attributes)
    head = bytes((code, request[REQUEST_ID])) + length.to_bytes(2, 'big')
    signature = hmac.new(secret, head + request[AUTHENTICATOR] + attribute(80, bytes(16)) +
                         attributes, 'md5').digest()
    body = attribute(80, signature) + attributes
    return head + hashlib.md5(head + request[AUTHENTICATOR] + body + secret).digest() + body


def turned(reply, at):
    return reply[:at] + bytes((reply[at] ^ 1,)) + reply[at + 1:]


def lies(request, secret):
    """Replies of which each is wrong in one thing."""
    service = attribute(6, b'\0\0\0\2') + attribute(8, bytes((10, 66, 6, 6)))
    good = signed(request, service, secret)
    monster = b''.join(attribute(18, b'm' * 253) for _ in range(15))
    yield from (turned(good, at) for at in (0, 1, 4, 19, 22, 37, len(good) - 1))
    yield signed(request, service, b'another secret')
    yield signed(request, monster, b'another secret')[:4096]
    yield signed(request, monster + attribute(18, b'x' * 200), secret, length=4097)
    yield good[:-3]  # shorter than it says
    yield good[:2] + (len(good) + 1).to_bytes(2, 'big') + good[4:]
    yield signed(request, service + bytes((8, 9, 1)), secret)  # an attribute past the end
    yield signed(request, service + bytes((8, 1)), secret)  # and one shorter than its own head
    yield b'\0'
    yield random.randbytes(4096)
    yield from (random.randbytes(random.randrange(20, 300)) for _ in range(200))


def test_replies_that_lie_change_nothing_and_are_counted(network, open_lac):
    """A server that sends every kind of wrong reply before its refusal; the other one, which is
    asked next by somebody else, has counted nothing."""
    server_socket = udp_socket(network.lns.name, '127.0.0.1', freeradius.AUTHENTICATION_PORT)
    server_socket.settimeout(10)
    start_server(network, freeradius.user('alice', PASSWORD), name='second', port=SECOND_PORT)
    # Nobody is to be asked instead before all is said.
    start_lns(network, server(probe=False, require_message_authenticator=True),
              server('second', port=SECOND_PORT, order=2), auth=['pap'], times=PATIENT)
    lac = open_lac(network)
    subscriber = Subscriber(lac.call(), 'mallory', PASSWORD)
    subscriber.negotiate_lcp()
    subscriber.send(PAP, Packet(1, 1, b'\x07mallory' + bytes((len(PASSWORD),)) +
                                PASSWORD.encode()))
    request, client = server_socket.recvfrom(4096)
    before = {k: v for k, v in network.lnsctl('counters').items() if k.startswith('radius.first.')}
    wrong = [f'radius.first.{name}' for name in WRONG]
    for sent, lie in enumerate(lies(request, freeradius.SECRET.encode()), 1):
        server_socket.sendto(lie, client)
        if sent % AT_ONCE == 0:
            wait_until(lambda sent=sent: sum(network.lnsctl('counters')[name] - before[name]
                                             for name in wrong) == sent,
                       lambda: f'{[(n, network.lnsctl("counters")[n]) for n in wrong]}')
    assert sent % AT_ONCE == 0, 'the last ones were not waited for'
    assert network.lnsctl('counters')['aaa.radius.accepted'] == 0
    # What is true still counts, be it as large as can be.
    monster = b''.join(attribute(200, b'm' * 253) for _ in range(15))
    server_socket.sendto(signed(request, monster + attribute(18, b'go away'),
                                freeradius.SECRET.encode(), code=3), client)
    with pytest.raises(AuthenticationFailed) as failed:
        subscriber._request_id = 1
        subscriber.await_verdict()
    assert str(failed.value) == 'go away'
    assert all(network.lnsctl('counters')[f'radius.second.{name}'] == 0 for name in WRONG)
    server_socket.close()
    assert Subscriber(lac.call(), 'alice', PASSWORD).connect()


# --- passwords ---

def disguises(secret):
    """The ways in which a secret might be written down."""
    data = secret.encode()
    return {secret, data.hex(), data.hex(' '), data.hex(':'), data.hex().upper(),
            base64.b64encode(data).decode(), repr(list(data))[1:-1]}


def test_passwords_are_nowhere(network, open_lac):
    """Neither in logs and traces nor in what operators and Prometheus are shown, nor in what would
    be left by a crash; users' own, the servers', the tunnels'."""
    local, metrics = 'the local one of bob', '127.0.0.1:9469'
    start_server(network, freeradius.user('alice', PASSWORD))
    settings = configure(network, auth=['pap', 'chap_md5', 'ms_chap_v2'])
    settings['log_level'] = 'debug'
    settings['users'] = [{'name': 'bob', 'password': local}]
    settings['metrics'] = {'listen': metrics}
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limits[1], limits[1]))
    try:
        network.start_lns(controlplane=settings)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limits)
    lac = open_lac(network)
    for user, password in (('alice', PASSWORD), ('bob', local)):
        for auth in ('pap', 'chap', 'mschapv2'):
            Subscriber(lac.call(), user, password, auth=auth).connect()
        with pytest.raises((AuthenticationFailed, CallCleared)):
            Subscriber(lac.call(), user, 'wrong ' + password, auth='pap').connect()
    shown = {words: str(network.lnsctl(*words)) for words in (
        ('status',), ('counters',), ('radius',), ('session', 'list'), ('tunnel', 'list'),
        ('explain', 'session', 'alice'), ('explain', 'session', 'bob'), ('drops',), ('punts',),
        ('dataplane',), ('explain', 'tunnel', network.sessions()[0]['key']['local_tunnel_id']))}
    shown['metrics'] = network.lns.run(['python3', '-c', 'import urllib.request as r; print('
                                        f'r.urlopen("http://{metrics}/metrics").read().decode())'
                                        ]).stdout
    for log in network.directory.glob('lns-*.log'):
        shown[log.name] = log.read_text(errors='replace')
    for path in network.run_dir.rglob('*'):
        if path.is_file():
            shown[str(path)] = path.read_bytes().decode('latin-1')
    assert 'alice' in shown['explain', 'session', 'alice']
    for secret in (PASSWORD, local, freeradius.SECRET, config.SECRET):
        for disguise in disguises(secret):
            assert [place for place, text in shown.items() if disguise in text] == []
    # A crash leaves none of their memory behind.
    for process in (network.controlplane, network.dataplane):
        lines = Path(f'/proc/{process.pid}/limits').read_text().splitlines()
        [limit] = [line for line in lines if line.startswith('Max core file size')]
        assert limit.split()[4:6] == ['0', '0'], limit


def test_many_at_once(network):
    start_server(network, *(freeradius.user(f'user{i}', config.PASSWORD) for i in range(1, 2001)))
    start_lns(network, local_users_first=False)
    report = network.lacsim('--tunnels', 1, '--sessions', 2000, '--user', 'user%d')
    assert report['sessions']['established'] == 2000
    assert counter(network, 'aaa.radius.accepted') == 2000
    [first] = network.lnsctl('radius')['servers']
    assert sum(bucket['count'] for bucket in first['latency']) == 2000
