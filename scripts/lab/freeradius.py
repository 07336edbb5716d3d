# FreeRADIUS, Debian's, with a configuration of our own in a directory of its own: PAP, CHAP and
# MS-CHAP against a users file, Status-Server. Replies carry Message-Authenticator, which
# versions before 3.2.5 add only where they are told to.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""A FreeRADIUS to ask."""

import shutil
from pathlib import Path

SECRET = 'radius-secret'
AUTHENTICATION_PORT = 1812

# How both kinds of server begin.
HEAD = """\
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {directory}
logdir = {directory}
run_dir = {directory}
db_dir = {directory}
pidfile = {directory}/radiusd.pid
hostname_lookups = no
max_requests = 65536
"""

RADIUSD = HEAD + """\
max_request_time = 30
cleanup_delay = 2
security {{
  reject_delay = 0
  status_server = yes
}}
thread pool {{
  start_servers = 4
  max_servers = 4
  max_queue_size = 65536
}}
client lns {{
  ipaddr = 0.0.0.0/0
  secret = {secret}
  require_message_authenticator = no
}}
client lns6 {{
  ipaddr = ::/0
  secret = {secret}
}}
modules {{
  files {{
    usersfile = {directory}/users
  }}
  pap {{
  }}
  chap {{
  }}
  mschap {{
    use_mppe = no
  }}
}}
server default {{
  listen {{
    type = auth
    ipaddr = {address}
    port = {port}
  }}
  authorize {{
    chap
    mschap
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
    Auth-Type MS-CHAP {{
      mschap
    }}
  }}
  post-auth {{
    update reply {{
      Message-Authenticator := 0x00
    }}
    Post-Auth-Type REJECT {{
      update reply {{
        Message-Authenticator := 0x00
      }}
    }}
  }}
}}
"""

# Records go into one file, one after the other.
ACCOUNTING = HEAD + """\
security {{
  status_server = yes
}}
thread pool {{
  start_servers = 1
  max_servers = 1
  max_queue_size = 65536
}}
client lns {{
  ipaddr = 0.0.0.0/0
  secret = {secret}
}}
modules {{
  detail {{
    filename = {directory}/detail
    header = "%t"
    permissions = 0600
  }}
}}
server default {{
  listen {{
    type = acct
    ipaddr = {address}
    port = {port}
  }}
  accounting {{
    detail
  }}
}}
"""
ACCOUNTING_PORT = 1813


def missing():
    """Why it cannot run here; None if it can."""
    if shutil.which('freeradius') is None and not Path('/usr/sbin/freeradius').exists():
        return 'freeradius is not installed'
    return None


def user(name, password, *replies):
    """An entry of the users file; replies as its syntax has them: 'Framed-MTU = 1400'."""
    lines = [f'{name} Cleartext-Password := "{password}"']
    return '\n'.join([*lines, ',\n'.join(f'\t{reply}' for reply in replies)]).rstrip() + '\n'


def prepare(directory, users, *, secret=SECRET, address='127.0.0.1', port=AUTHENTICATION_PORT,
            debug=False):
    """Writes the configuration into a new directory; the command that runs it in the foreground,
    with debug so that it prints every packet."""
    directory.mkdir()
    (directory / 'radiusd.conf').write_text(
        RADIUSD.format(directory=directory, secret=secret, address=address, port=port))
    (directory / 'users').write_text(''.join(users))
    (directory / 'dictionary').write_text('$INCLUDE /usr/share/freeradius/dictionary\n')
    return command(directory, debug=debug)


def prepare_accounting(directory, *, secret=SECRET, address='127.0.0.1', port=ACCOUNTING_PORT):
    """The same for a server that writes down accounting records."""
    directory.mkdir()
    (directory / 'radiusd.conf').write_text(
        ACCOUNTING.format(directory=directory, secret=secret, address=address, port=port))
    (directory / 'dictionary').write_text('$INCLUDE /usr/share/freeradius/dictionary\n')
    return command(directory)


def records(directory):
    """What it wrote down, in order: dictionaries of attributes; of one that came several times the
    values are joined by spaces."""
    return list(each_record(directory))


def each_record(directory):
    """The same one by one, for many."""
    detail = directory / 'detail'
    if not detail.exists():
        return
    with detail.open() as lines:
        record = {}
        for line in lines:
            if line.startswith('\t'):
                name, _, value = line.strip().partition(' = ')
                value = value.strip('"') if name not in record else f'{record[name]} {value}'
                record[name] = value
            elif line == '\n':
                if 'Acct-Status-Type' in record:
                    yield record
                record = {}
        if 'Acct-Status-Type' in record:
            yield record


def command(directory, debug=False):
    """Runs what has been prepared."""
    return ['freeradius', *(['-X'] if debug else ['-f', '-l', 'stdout']), '-d', directory]


READY = 'Ready to process requests'
