# A lab that outlives the program: --keep writes down what it left running, --clean ends exactly
# that.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""What scripts/demo --keep leaves, and its end."""

import json
import os
import shutil
import signal
from pathlib import Path

from lab.commands import run, wait_until
from lab.hugepages import COUNT

STATE = Path('/run/terminus-demo.json')


def _is_ours(process):
    """The process id may be somebody else's by now."""
    try:
        return Path(f'/proc/{process["pid"]}/comm').read_text().strip() == process['comm']
    except OSError:
        return False


def remember(lab):
    processes = [{'pid': p.pid, 'comm': Path(f'/proc/{p.pid}/comm').read_text().strip()}
                 for p in lab.processes if p.running()]
    STATE.write_text(json.dumps({
        'processes': processes,
        'namespaces': [namespace.name for namespace in lab.namespaces],
        'directory': str(lab.directory),
        'hugepages_before': lab.hugepages_before,
    }))


def exists():
    return STATE.is_file()


def explain(lab):
    lnsctl = f'{lab.program("lnsctl")} --run-dir {lab.run_dir}'
    print(f'''
The lab is left running. Look around:

  {lnsctl} session list
  {lnsctl} drops
  {lnsctl} workers
  ip netns exec {lab.subscriber} ping 203.0.113.10     as subscriber 1
  ip netns exec {lab.host} tcpdump -ni host0          the wire behind the core port
  ip netns exec {lab.lac} tcpdump -ni lac0           the wire to the LAC
  ls {lab.directory}                   logs and configuration

End it:  scripts/demo --clean''')


def clean():
    if not exists():
        print('demo: no lab was left running')
        return 0
    state = json.loads(STATE.read_text())
    # The peers first, so that they say goodbye to a living LNS.
    for process in reversed(state['processes']):
        if _is_ours(process):
            os.kill(process['pid'], signal.SIGTERM)
            wait_until(lambda: not _is_ours(process), f'process {process["pid"]} to end')
    for namespace in state['namespaces']:
        run(['ip', 'netns', 'delete', namespace], check=False)
    if state['hugepages_before'] is not None:
        COUNT.write_text(str(state['hugepages_before']))
    shutil.rmtree(state['directory'], ignore_errors=True)
    STATE.unlink()
    print('demo: the lab is gone')
    return 0
