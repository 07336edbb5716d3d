# FRR in a namespace: zebra and bgpd with configuration, sockets and pid files of their own, no
# service of the system involved.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A routing daemon beside the LNS or in the core."""

import json
from pathlib import Path

from .commands import run, wait_until

DAEMONS = Path('/usr/lib/frr')


def installed():
    return (DAEMONS / 'bgpd').is_file() and (DAEMONS / 'zebra').is_file()


class Frr:
    def __init__(self, lab, namespace, name, asn, router_id, neighbours, *, networks=(),
                 redistribute=()):
        """Starts zebra and bgpd. neighbours: {address: AS number}; IPv6 routes go by the neighbours
        with IPv6 addresses, IPv4 routes by the others."""
        self.name = name
        self.directory = lab.directory / f'frr-{name}'
        self.directory.mkdir()
        self.asn = asn
        self.neighbours = neighbours
        self._write('zebra', [f'hostname {name}'])
        self._write('bgpd', [
            f'hostname {name}',
            f'router bgp {asn}',
            f' bgp router-id {router_id}',
            ' no bgp ebgp-requires-policy',
            ' no bgp network import-check',
            ' no bgp default ipv4-unicast',
            *(line for address, peer_as in neighbours.items() for line in (
                f' neighbor {address} remote-as {peer_as}',
                f' neighbor {address} timers connect 1',
                f' neighbor {address} advertisement-interval 0')),
            *self._family('ipv4', networks, redistribute),
            *self._family('ipv6', networks, redistribute)])
        for daemon in ('zebra', 'bgpd'):
            lab.start(f'{daemon}-{name}', self._command(daemon), namespace)
            wait_until((self.directory / f'{daemon}.vty').exists, f'{daemon} of {name} to start')

    def _of(self, family, addresses):
        return [address for address in addresses if (':' in address) == (family == 'ipv6')]

    def _family(self, family, networks, redistribute):
        return [
            f' address-family {family} unicast',
            '  maximum-paths 4',
            *(f'  neighbor {address} activate' for address in self._of(family, self.neighbours)),
            *(f'  network {prefix}' for prefix in self._of(family, networks)),
            *(f'  redistribute {source}' for source in redistribute),
            ' exit-address-family']

    def _write(self, daemon, lines):
        (self.directory / f'{daemon}.conf').write_text('\n'.join(lines) + '\n')

    def _command(self, daemon):
        at = self.directory
        # The group must be the one of vty sockets, or FRR refuses to run as root.
        return [DAEMONS / daemon, '-u', 'root', '-g', 'frrvty', '-f', at / f'{daemon}.conf',
                '-i', at / f'{daemon}.pid', '-z', at / 'zserv.api', '--vty_socket', at, '-P', 0]

    def vtysh(self, *commands):
        words = [word for command in commands for word in ('-c', command)]
        return run(['vtysh', '--vty_socket', self.directory, *words]).stdout

    def wait_established(self):
        def established():
            found = []
            for family in ('ipv4', 'ipv6'):
                shown = json.loads(self.vtysh(f'show bgp {family} unicast summary json'))
                found += [address for address, peer in shown.get('peers', {}).items()
                          if peer['state'] == 'Established']
            return found
        wait_until(lambda: len(established()) == len(self.neighbours),
                   lambda: f'{self.name} to reach its neighbours; it has {established()}')

    def shut(self, neighbour, down=True):
        """Closes the session with a neighbour, or opens it again."""
        self.vtysh('configure terminal', f'router bgp {self.asn}',
                   f'{"" if down else "no "}neighbor {neighbour} shutdown')
