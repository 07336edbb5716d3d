# Packet filters end to end: a subscriber who has not paid gets the portal and nothing else, while
# another gets everything; a filter changed while they are online, and still there when the data
# plane was killed; names that mean nothing; marks.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Filters and DSCP policies."""

import socket

import pytest
from scapy.layers.inet import IP, TCP, UDP

from lab import LabError, config, wait_until
from peer import Subscriber, udp_socket
from peer.sockets import inside

WEB = '192.0.2.80'  # no route of the LNS leads there
DNS_PORT, WEB_PORT, OTHER_PORT = 53, 80, 9000
PORTAL = config.HOST_ADDRESS

GARDEN = {
    'name': 'garden',
    'rules': [
        {'verdict': 'permit', 'protocol': 'udp', 'destination_ports': ['53']},
        {'verdict': 'redirect', 'protocol': 'tcp', 'destination_ports': ['80'],
         'next_hops': [PORTAL]},
    ],
}
QUIET = {
    'name': 'quiet',
    'rest': 'permit',
    'rules': [{'verdict': 'deny', 'sources': [config.HOST_ADDRESS], 'protocol': 'icmp'}],
}


@pytest.fixture
def garden(make_lab, open_lac):
    """(lab, who has not paid, who has)."""
    lab = make_lab()
    lab.host.add_address('lo', f'{WEB}/32')
    settings = lab.controlplane_config()
    settings['filters'] = [GARDEN, QUIET]
    settings['redirect_filter'] = 'garden'
    settings['dscp_policies'] = [{'name': 'plain', 'uplink': {'mark': 'af21'},
                                  'copy_to_outer': True}]
    settings['users'][0] |= {'redirect_url': 'http://portal.example/'}
    settings['users'][1] |= {'filters': ['quiet.out'], 'dscp_policy': 'plain'}
    lab.start_lns(controlplane=settings)
    lac = open_lac(lab)
    both = [Subscriber(lac.call(), name, config.PASSWORD) for name in ('user1', 'user2')]
    for one in both:
        one.connect()
    return lab, *both


def listening(lab, port):
    server = udp_socket(lab.host.name, config.HOST_ADDRESS, port)
    server.settimeout(5)
    return server


def say(subscriber, text, port):
    subscriber.send_ip(IP(src=subscriber.address, dst=config.HOST_ADDRESS) /
                       UDP(sport=5000, dport=port) / text)


def rules(lab, name):
    """What each rule of a filter has matched, and the rest."""
    [filter_] = lab.lnsctl('filter', 'show', name)
    return [counter['packets'] for counter in filter_['counters']], filter_['sessions']


def test_a_walled_garden_until_it_is_lifted(garden):
    lab, unpaid, paid = garden
    before = {s['user_name']: s['key'] for s in lab.sessions()}
    filters = {s['user_name']: (s['uplink_filters'], s['downlink_filters'])
               for s in lab.sessions()}
    assert filters == {'user1': (['garden'], []), 'user2': ([], ['quiet'])}
    other, dns = listening(lab, OTHER_PORT), listening(lab, DNS_PORT)
    # Denied, and behind it in the same session permitted: so the first one is not still on its way.
    say(unpaid, b'out', OTHER_PORT)
    say(unpaid, b'a question', DNS_PORT)
    assert dns.recv(100) == b'a question'
    say(paid, b'free', OTHER_PORT)
    assert other.recv(100) == b'free', 'what the unpaid one sent came through'
    assert lab.lnsctl('drops')['filter_denied'] == 1

    # The portal's host answers for whatever web server was asked for.
    with inside(lab.host.name):
        web = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with web:
        web.bind((WEB, WEB_PORT))
        web.listen()
        syn = TCP(sport=5001, dport=WEB_PORT, seq=1, flags='S')
        unpaid.send_ip(IP(src=unpaid.address, dst=WEB) / syn)
        answer = unpaid.receive_ip(lambda p: TCP in p)
        assert (answer.src, answer[TCP].flags, answer[TCP].ack) == (WEB, 'SA', 2)
    assert rules(lab, 'garden') == ([1, 1, 1], 1)
    with pytest.raises(LabError, match='the configuration names filter garden'):
        lab.lnsctl('filter', 'remove', 'garden')

    lifted = config.write(lab.directory / 'lifted.yaml', GARDEN | {'rest': 'permit'})
    lab.lnsctl('filter', 'set', lifted)
    wait_until(lambda: rules(lab, 'garden') == ([0, 0, 0], 1), 'the changed filter')
    say(unpaid, b'out at last', OTHER_PORT)
    assert other.recv(100) == b'out at last'

    # A data plane that starts anew gets it as it is by now, and sessions with it.
    lab.dataplane.kill()
    lab.processes.remove(lab.dataplane)
    wait_until(lambda: not lab.connected(), 'the control plane to notice')
    lab.start_dataplane()
    wait_until(lambda: lab.connected() and lab.lnsctl('dataplane')['sessions'] == 2, 'the refill')

    def passes():
        say(unpaid, b'and again', OTHER_PORT)
        other.settimeout(0.2)
        try:
            return other.recv(100) == b'and again'
        except TimeoutError:
            return False

    wait_until(passes, 'a packet to come through')
    assert rules(lab, 'garden')[1] == 1
    assert {s['user_name']: s['key'] for s in lab.sessions()} == before
    for server in (other, dns):
        server.close()


def test_a_filter_of_what_is_sent_to_a_subscriber_and_marks(garden):
    lab, _, paid = garden
    lab.host.run(['ping', '-n', '-c', 1, '-W', 1, paid.address], check=False)
    server = listening(lab, OTHER_PORT)
    server.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    paid.send_ip(IP(src=paid.address, dst=config.HOST_ADDRESS, tos=46 << 2) /
                 UDP(sport=5000, dport=OTHER_PORT) / b'marked')
    text, ancillary, _, source = server.recvmsg(100, 100)
    assert text == b'marked'
    assert [data[0] >> 2 for _, kind, data in ancillary if kind == socket.IP_TOS] == [18]
    server.sendto(b'back', source)
    paid.receive_ip(lambda p: UDP in p)
    assert not [p for p in paid.packets if p.proto == 1], 'the ping came through'
    assert rules(lab, 'quiet')[0][0] == 1
    server.close()


def test_names_that_mean_nothing(make_lab):
    lab = make_lab()
    settings = lab.controlplane_config()
    settings['users'][0] |= {'filters': ['nowhere']}
    process = lab.spawn_controlplane(settings)
    assert process.wait(10) != 0
    assert 'users[0]' in process.output() and 'not there' in process.output(), process.output()
    lab.processes.remove(process)
