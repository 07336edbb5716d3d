# The examples in deploy/ are what the routing daemons take: FRR reads its file, and BIRD runs with its
# own beside the LNS and tells a BIRD in the core where subscribers are, of both families.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Examples of routing daemons' configurations."""

import json
import shutil

import pytest

from lab import config, wait_until
from lab.commands import run
from lab.topology import ROOT

DEPLOY = ROOT / 'deploy'
# Addresses in the examples.
LNS6, CORE6 = '2001:db8:2::1', '2001:db8:2::10'
LNS_AS, CORE_AS = 64512, 64513

CORE_BIRD = f'''
router id {config.HOST_ADDRESS};
protocol device {{}}
protocol kernel {{ ipv4 {{ export all; }}; }}
protocol kernel {{ ipv6 {{ export all; }}; }}
protocol bgp lns {{
  local {config.HOST_ADDRESS} as {CORE_AS};
  neighbor {config.CORE_ADDRESS} as {LNS_AS};
  connect delay time 1;
  ipv4 {{ import all; export none; }};
}}
protocol bgp lns6 {{
  local {CORE6} as {CORE_AS};
  neighbor {LNS6} as {LNS_AS};
  connect delay time 1;
  ipv6 {{ import all; export none; }};
}}
'''


@pytest.mark.skipif(not shutil.which('vtysh'), reason='needs FRR (package frr)')
def test_frr_takes_its_example(tmp_path):
    example = DEPLOY / 'frr' / 'frr.conf'
    assert run(['vtysh', '-C', '-f', example], check=False).returncode == 0
    wrong = tmp_path / 'frr.conf'
    wrong.write_text(example.read_text().replace('redistribute kernel', 'redistribute kernels'))
    assert run(['vtysh', '-C', '-f', wrong], check=False).returncode != 0


def start_bird(lab, namespace, example):
    name = f'bird-{namespace}'
    return lab.start(name, ['bird', '-f', '-c', example, '-s', lab.directory / f'{name}.ctl'],
                     namespace)


def via_bgp(lab, prefix, gateway):
    """Whether the core's Linux has a route to exactly this prefix through the LNS."""
    family = '-6' if ':' in prefix else '-4'
    shown = lab.host.run(['ip', family, '-json', 'route', 'show', 'exact', prefix]).stdout
    return any(route.get('gateway') == gateway for route in json.loads(shown or '[]'))


@pytest.mark.skipif(not shutil.which('bird'), reason='needs BIRD (package bird2)')
def test_bird_tells_the_core_where_subscribers_are(lab):
    lab.lns.add_address(config.CORE_INTERFACE, f'{LNS6}/64')
    lab.host.add_address('host0', f'{CORE6}/64')
    for word, prefix in (('-4', config.POOLS), ('-6', config.POOLS6)):
        lab.host.run(['ip', word, 'route', 'del', prefix])
    core_config = lab.directory / 'core-bird.conf'
    core_config.write_text(CORE_BIRD)
    lab.start_lns(controlplane=config.with_ipv6(lab.controlplane_config()))
    start_bird(lab, lab.lns, DEPLOY / 'bird' / 'bird.conf')
    start_bird(lab, lab.host, core_config)
    pools = ((config.POOL, config.CORE_ADDRESS), (config.LINK_POOL, LNS6))
    assert not any(via_bgp(lab, *pool) for pool in pools)
    lacsim = lab.start_lacsim('--sessions', 1, '--network', 'both', '--hold', -1)
    wait_until(lambda: all(via_bgp(lab, *pool) for pool in pools),
               lambda: lab.host.run(['ip', 'route']).stdout, 30)
    [session] = lab.sessions()
    lab.host.run(['ping', '-c', 1, '-W', 2, session['ipv4_address']], check=False)
    assert lab.lnsctl('traffic')['downlink_packets'] > 0
    lacsim.stop()
    lab.processes.remove(lacsim)
    wait_until(lambda: not any(via_bgp(lab, *pool) for pool in pools), 'the pools to be withdrawn')
