# A household behind a subscriber: its packets are on a TUN device in the lab's subscriber namespace,
# where Linux makes its address up from our Router Advertisement and a real DHCPv6 client asks for a
# prefix for the network behind.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Linux as the subscriber's router."""

import ipaddress
import json
import shutil

from lab import wait_until
from lab.network import connect

DEVICE = 'sub0'
LAN = 'lan0'
HAS_CLIENT = shutil.which('dhcp6c') is not None


def dial(lab, network, *words, **options):
    """One subscriber online until the test ends, its packets on a device of its namespace."""
    return lab.start_lacsim('--sessions', 1, '--network', network, '--hold', -1,
                            '--tun', DEVICE, '--tun-netns', lab.subscriber.name, *words, **options)


def the_session(lab):
    sessions = lab.sessions()
    return sessions[0] if len(sessions) == 1 else None


def online(lab):
    def look():
        session = the_session(lab)
        return session if session and session['state'] == 'online' else None
    return wait_until(look, lambda: f'a session online; there are: {lab.sessions()}')


def global_addresses(lab, device=DEVICE):
    shown = lab.subscriber.run(['ip', '-json', '-6', 'address', 'show', 'dev', device,
                                'scope', 'global'], check=False)
    links = json.loads(shown.stdout) if shown.returncode == 0 and shown.stdout.strip() else []
    return [ipaddress.ip_address(info['local']) for link in links
            for info in link.get('addr_info', []) if 'local' in info and not info.get('tentative')]


def made_up_address(lab):
    return wait_until(lambda: next(iter(global_addresses(lab)), None),
                      'the host to make an address up from the Router Advertisement')


def add_lan(lab):
    """A network behind the subscriber, with nobody else in it."""
    connect(lab.subscriber, LAN, lab.subscriber, f'{LAN}-peer')


def lan_address(lab):
    return wait_until(lambda: next(iter(global_addresses(lab, LAN)), None),
                      'the client to number its LAN')


def pings(namespace, address, *words):
    command = ['ping', '-6', '-c', 3, '-i', 0.2, '-W', 2, *words, address]
    return namespace.run(command, check=False).returncode == 0


class Dhcp6c:
    """Debian's wide-dhcpv6-client in a mount namespace of its own, for its files' fixed places."""

    def __init__(self, lab):
        self._lab = lab
        directory = lab.directory / 'dhcp6c'
        state = directory / 'state'
        state.mkdir(parents=True)
        (state / 'dhcp6c_duid').write_bytes(b'\x0a\x00' + bytes.fromhex('00030001020000000001'))
        (directory / 'dhcp6c.conf').write_text(
            f'interface {DEVICE} {{ send ia-pd 1; request domain-name-servers; }};\n'
            f'id-assoc pd 1 {{ prefix-interface {LAN} {{ sla-id 1; sla-len 8; }}; }};\n')
        add_lan(lab)
        script = (f'mount --bind {state} /var/lib/dhcpv6 && '
                  f'exec dhcp6c -f -D -c {directory}/dhcp6c.conf -p {directory}/pid {DEVICE}')
        self.process = lab.start('dhcp6c', ['unshare', '--mount', 'sh', '-c', script],
                                 lab.subscriber)

    def prefix(self):
        """What it was delegated."""
        [prefix] = wait_until(lambda: the_session(self._lab)['delegated_prefixes'],
                              lambda: f'a delegated prefix; the client said:\n'
                                      f'{self.process.output()}')
        return prefix

    def release(self):
        """It gives the prefix back and ends."""
        self.process.stop()
        wait_until(lambda: the_session(self._lab)['delegated_prefixes'] == [],
                   lambda: f'the prefix to be released; the client said:\n{self.process.output()}')
