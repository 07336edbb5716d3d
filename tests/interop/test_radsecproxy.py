# RADIUS over TLS as docs/radius.md describes it: Debian's radsecproxy beside the LNS with the very
# configuration of that page, another one before FreeRADIUS that takes nobody without a certificate. Both
# ends are on the loopback of the LNS's namespace, so only names of files and addresses are put in.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Users are asked of a server over TLS."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab import freeradius, wait_until
from peer import AuthenticationFailed, Subscriber

PAGE = Path(__file__).parents[2] / 'docs/radius.md'
USERS_PORT, TLS_PORT = 11812, 2083
BESIDE_THE_SERVER = '''\
listenTLS 127.0.0.1:{port}
listenUDP 127.0.0.1:11814
tls default {{
  CACertificateFile {directory}/radsec-ca.pem
  CertificateFile {directory}/aaa1.pem
  CertificateKeyFile {directory}/aaa1.key
}}
client 127.0.0.1 {{
  type tls
  secret radsec
  CertificateNameCheck off
}}
server users {{
  host 127.0.0.1
  type udp
  port {users_port}
  secret {secret}
}}
realm * {{
  server users
}}
'''

pytestmark = pytest.mark.skipif(
    shutil.which('radsecproxy') is None or freeradius.missing() is not None,
    reason='radsecproxy or freeradius is not installed')


def make_certificates(directory):
    """An authority, and what it says of the LNS and of the server."""
    def make(name, subject, *options):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', f'/CN={subject}', '-keyout', directory / f'{name}.key',
                        '-out', directory / f'{name}.pem', *options],
                       check=True, capture_output=True)
    authority = ['-CA', directory / 'radsec-ca.pem', '-CAkey', directory / 'radsec-ca.key']
    make('radsec-ca', 'authority')
    make('lns', 'lns.example', *authority)
    make('aaa1', 'aaa1.example.net', *authority,
         '-addext', 'subjectAltName=DNS:aaa1.example.net,IP:127.0.0.1')


def page():
    """(the proxy's configuration, its secret) of the page."""
    [text] = re.findall(r'^```\n(listenUDP.*?)^```', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    [secret] = re.findall(r'type udp\n\s*secret (\S+)', text)
    assert f'secret: {secret}}}' in PAGE.read_text(), 'what is said under radius.servers'
    return text, secret


def start_proxy(lab, name, text):
    path = lab.directory / f'{name}.conf'
    path.write_text(text)
    return lab.start(name, ['radsecproxy', '-f', '-d', '2', '-c', path, '-i',
                            lab.directory / f'{name}.pid'], lab.lns)


def test_users_are_asked_over_tls_as_the_page_says(lab, open_lac):
    directory = lab.directory
    make_certificates(directory)
    lab.start('freeradius', freeradius.prepare(directory / 'raddb', [
        freeradius.user('alice', 'over TLS', 'Framed-IP-Address = 100.66.1.2')], port=USERS_PORT),
        lab.lns).wait_for_output(freeradius.READY)
    start_proxy(lab, 'radsecproxy-server', BESIDE_THE_SERVER.format(
        directory=directory, port=TLS_PORT, users_port=USERS_PORT, secret=freeradius.SECRET))
    text, secret = page()
    text = text.replace('/etc/ssl', str(directory)).replace(
        'type tls\n', f'type tls\n  host 127.0.0.1\n  port {TLS_PORT}\n')
    start_proxy(lab, 'radsecproxy-lns', text)
    settings = lab.controlplane_config(subscribers=0)
    settings['radius'] = {'servers': [{'name': 'aaa1', 'address': '127.0.0.1', 'secret': secret}],
                          'framed_prefixes': ['100.66.0.0/16']}
    lab.start_lns(controlplane=settings)
    lac = open_lac(lab)

    def connect(password):
        subscriber = Subscriber(lac.call(), 'alice', password)
        return subscriber.connect()

    assert connect('over TLS') == '100.66.1.2'
    with pytest.raises(AuthenticationFailed):
        connect('in the clear')
    counters = lab.lnsctl('counters')
    assert counters['aaa.radius.accepted'] == 1
    assert counters['aaa.radius.refused'] == 1
    # The server's proxy closes the door: nobody without a certificate of its authority.
    refused = subprocess.run(
        ['ip', 'netns', 'exec', lab.lns.name, 'openssl', 's_client', '-connect',
         f'127.0.0.1:{TLS_PORT}', '-CAfile', directory / 'radsec-ca.pem', '-tls1_2'],
        input=b'', capture_output=True, timeout=10)
    assert refused.returncode != 0
    wait_until(lambda: all(s['alive'] for s in lab.lnsctl('radius')['servers']), 'probes')
