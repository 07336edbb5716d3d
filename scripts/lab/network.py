# Network namespaces and the veth pairs between them. Every name carries the lab's prefix, so that
# labs run side by side and a lab removes only what it made.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Namespaces, links, addresses."""

import json

from .commands import run, wait_until


class Namespace:
    def __init__(self, name):
        self.name = name
        run(['ip', 'netns', 'add', name])
        run(['ip', 'link', 'set', 'lo', 'up'], netns=name)

    def __str__(self):
        return self.name

    def run(self, command, **options):
        return run(command, netns=self.name, **options)

    def pids(self):
        """Processes inside."""
        return [int(pid) for pid in run(['ip', 'netns', 'pids', self.name]).stdout.split()]

    def add_address(self, interface, address):
        # No duplicate address detection: the address is usable at once.
        self.run(['ip', 'address', 'add', address, 'dev', interface, 'nodad'])

    def add_route(self, prefix, gateway):
        self.run(['ip', 'route', 'add', prefix, 'via', gateway])

    def wait_while_probing(self, interface):
        """Until Linux no longer looks for others with an IPv6 address of the interface, its
        link-local one for instance: before, it asks for nobody's MAC address there by itself."""
        tentative = ['ip', '-6', 'address', 'show', 'dev', interface, 'tentative']
        wait_until(lambda: not self.run(tentative).stdout.strip(),
                   f'the IPv6 addresses of {interface} in {self.name}')

    def links(self):
        """`ip -json -details link` of the namespace."""
        return json.loads(self.run(['ip', '-json', '-details', 'link', 'show']).stdout)

    def xdp_programs(self):
        """Names of interfaces with an XDP program attached."""
        return [link['ifname'] for link in self.links() if 'xdp' in link]

    def remove(self):
        run(['ip', 'netns', 'delete', self.name], check=False)


def connect(left, left_name, right, right_name, mtu=1500):
    """A veth pair between two namespaces: one queue, and checksums really computed.

    With tx checksum offload on, packets between the two ends would carry partial checksums that a
    packet path outside the kernel cannot know of.
    """
    run(['ip', 'link', 'add', left_name, 'netns', left.name, 'mtu', mtu,
         'numtxqueues', 1, 'numrxqueues', 1, 'type', 'veth',
         'peer', 'name', right_name, 'netns', right.name, 'mtu', mtu,
         'numtxqueues', 1, 'numrxqueues', 1])
    for side, name in ((left, left_name), (right, right_name)):
        side.run(['ethtool', '-K', name, 'tx', 'off'])
        side.run(['ip', 'link', 'set', name, 'up'])
