# Debian's xl2tpd as the LAC, with and without a tunnel secret. Its L2TP half is the real thing; the
# pppd it would start needs PPP in the kernel, so the subscriber behind it is tty_subscriber.py,
# mounted over /usr/sbin/pppd in xl2tpd's own mount namespace.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""xl2tpd dials us."""

import ipaddress
import json
import shutil
from pathlib import Path

import pytest

from lab import config, wait_until
from peer import Lac, TunnelRefused, udp_socket

SUBSCRIBER = Path(__file__).with_name('tty_subscriber.py')
PPPD = Path('/usr/sbin/pppd')

pytestmark = pytest.mark.skipif(shutil.which('xl2tpd') is None or not PPPD.exists(),
                                reason='xl2tpd is not installed')


def start_xl2tpd(lab, secret):
    """xl2tpd in the LAC's namespace, dialling at once; (process, the subscriber's result file)."""
    folder = lab.directory / 'xl2tpd'
    folder.mkdir()
    result = folder / 'result.json'
    (folder / 'secrets').write_text(f'* * {secret}\n' if secret else '')
    (folder / 'secrets').chmod(0o600)
    (folder / 'xl2tpd.conf').write_text(f'''\
[global]
port = 1701
listen-addr = {lab.lac_addresses[0]}
auth file = {folder}/secrets
[lac terminus]
lns = {config.LNS_ADDRESS}
autodial = yes
redial = no
challenge = {'yes' if secret else 'no'}
''')
    pppd = folder / 'pppd'
    pppd.write_text(f'#!/bin/sh\nexec /usr/bin/python3 {SUBSCRIBER} {result} user1 '
                    f'{config.PASSWORD} {config.HOST_ADDRESS}\n')
    pppd.chmod(0o755)
    process = lab.start('xl2tpd', [
        'sh', '-c', f'mount --bind {pppd} {PPPD} && exec xl2tpd -D -c {folder}/xl2tpd.conf '
                    f'-s {folder}/secrets -p {folder}/pid -C {folder}/control'], lab.lac)
    return process, result


@pytest.mark.parametrize('secret', [config.SECRET, None], ids=['secret', 'no-secret'])
def test_tunnel_session_and_a_ping(lab, secret):
    lab.start_lns(controlplane=lab.controlplane_config(secret=secret))
    xl2tpd, result = start_xl2tpd(lab, secret)
    wait_until(lambda: [t for t in lab.tunnels() if t['state'] == 'established'],
               lambda: f'xl2tpd\'s tunnel; it said:\n{xl2tpd.output()}')
    [tunnel] = lab.tunnels()
    assert 'xelerance' in tunnel['peer_vendor_name']
    assert tunnel['peer_endpoint'] == f'{lab.lac_addresses[0]}:1701'

    wait_until(result.is_file, lambda: f'the subscriber; xl2tpd said:\n{xl2tpd.output()}', 40)
    got = json.loads(result.read_text())
    assert 'error' not in got, got
    assert got['ping']
    assert ipaddress.ip_address(got['address']) in ipaddress.ip_network(config.POOL)
    [session] = lab.sessions()
    assert (session['user_name'], session['ipv4_address'], session['state']) == \
        ('user1', got['address'], 'online')

    # Told to hang up, xl2tpd sends StopCCN. Everything is free again.
    (lab.directory / 'xl2tpd' / 'control').write_text('d terminus')
    wait_until(lambda: lab.lnsctl('status')['sessions'] == 0, 'the session to go')
    assert lab.lnsctl('dataplane')['sessions'] == 0


def test_wrong_secret_is_refused(lns):
    xl2tpd, result = start_xl2tpd(lns, 'another secret')
    xl2tpd.wait_for_output(r'(?i)closed|invalid|denied|refus')
    assert not [t for t in lns.tunnels() if t['state'] == 'established']
    assert not result.exists()


def test_independent_lac_agrees_with_xl2tpd_as_lns(lab):
    """The judge judged: our independent LAC authenticates with an LNS that is not ours either."""
    folder = lab.directory
    (folder / 'secrets').write_text(f'* * {config.SECRET}\n')
    (folder / 'lns.conf').write_text(f'''\
[global]
port = 1701
auth file = {folder}/secrets
[lns default]
ip range = 100.64.0.10-100.64.0.20
local ip = 100.64.0.1
challenge = yes
''')
    (folder / 'pppd').write_text('#!/bin/sh\nexec cat\n')  # until the terminal is gone
    (folder / 'pppd').chmod(0o755)
    server = lab.start('xl2tpd', [
        'sh', '-c', f'mount --bind {folder}/pppd {PPPD} && exec xl2tpd -D -c {folder}/lns.conf '
                    f'-s {folder}/secrets -p {folder}/pid -C {folder}/control'], lab.lns)
    server.wait_for_output('Listening on')
    lns = (config.LNS_ADDRESS, 1701)
    lac = Lac(udp_socket(lab.lac.name, lab.lac_addresses[0]), lns, config.SECRET)
    lac.open()
    lac.call().clear()
    lac.close()
    with pytest.raises(TunnelRefused):
        Lac(udp_socket(lab.lac.name, lab.lac_addresses[0]), lns, 'wrong', challenge=False).open()
