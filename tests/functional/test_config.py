# Mistakes in the configuration: --check and a start both say file, line, field and what was
# expected, in one line, and exit.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Configuration mistakes."""

import pytest

from lab import run

DATAPLANE = '''\
run_dir: {run_dir}
cpu:
  main_core: 0
  worker_cores: [1]
ports:
  - name: access
    role: access
    af_xdp:
      interface: acc0
'''
CONTROLPLANE = '''\
run_dir: {run_dir}
lns:
  addresses: [198.51.100.1]
peers:
  - name: lab
    secret: s
users:
  - name: user1
    password: p
pools:
  - name: lab
    prefix: 100.64.0.0/16
'''

# What, program, text to replace, replacement, line, words the complaint must hold.
MISTAKES = [
    ('unknown field', 'lns-dataplane', 'main_core: 0', 'main_cor: 0', 3, ['main_cor']),
    ('word instead of a number', 'lns-dataplane', 'main_core: 0', 'main_core: zero', 3,
     ['main_core']),
    ('negative number', 'lns-dataplane', 'main_core: 0', 'main_core: -1', 3, ['main_core']),
    ('unknown role', 'lns-dataplane', 'role: access', 'role: outside', 7, ['role', 'outside']),
    ('list instead of a value', 'lns-dataplane', 'name: access', 'name: [access]', 6, ['name']),
    ('no YAML', 'lns-dataplane', 'cpu:', 'cpu: {{', None, []),
    ('unknown field in a list', 'lns-controlplane', 'password: p', 'pasword: p', 9, ['pasword']),
    ('bad address', 'lns-controlplane', '198.51.100.1', '198.51.100.300', 3, ['198.51.100.300']),
    ('bad prefix', 'lns-controlplane', '100.64.0.0/16', '100.64.0.0/33', 12, ['100.64.0.0/33']),
    ('host bits in a pool', 'lns-controlplane', '100.64.0.0/16', '100.64.0.1/16', 12,
     ['100.64.0.1/16']),
    ('value instead of a list', 'lns-controlplane', 'addresses: [198.51.100.1]', 'addresses: x', 3,
     ['addresses']),
]


@pytest.mark.parametrize('what,program,old,new,line,words', MISTAKES, ids=[m[0] for m in MISTAKES])
@pytest.mark.parametrize('check', [True, False], ids=['check', 'start'])
def test_mistake_is_named_by_file_line_and_field(lab, check, what, program, old, new, line, words):
    good = DATAPLANE if program == 'lns-dataplane' else CONTROLPLANE
    text = good.format(run_dir=lab.run_dir)
    assert old in text
    path = lab.directory / 'mistake.yaml'
    path.write_text(text.replace(old, new))
    command = [lab.program(program), '--config', path] + (['--check'] if check else [])
    done = run(command, netns=lab.lns.name, check=False, timeout=15)
    output = (done.stdout + done.stderr).strip()
    assert done.returncode != 0, output
    assert f'{path}:{line}' in output if line else str(path) in output, output
    for word in words:
        assert word in output, output
    assert len(output.splitlines()) <= 2, output


@pytest.mark.parametrize('program,text', [('lns-dataplane', DATAPLANE),
                                          ('lns-controlplane', CONTROLPLANE)])
def test_check_of_a_good_file_succeeds_and_starts_nothing(lab, program, text):
    path = lab.directory / 'good.yaml'
    path.write_text(text.format(run_dir=lab.run_dir))
    run([lab.program(program), '--config', path, '--check'], netns=lab.lns.name, timeout=15)
    assert list(lab.run_dir.iterdir()) == []


@pytest.mark.parametrize('program', ['lns-dataplane', 'lns-controlplane'])
def test_missing_file_is_named(lab, program):
    done = run([lab.program(program), '--config', lab.directory / 'nowhere.yaml'], check=False)
    assert done.returncode != 0
    assert 'nowhere.yaml' in done.stdout + done.stderr


def test_interface_that_is_not_there_is_named(lab):
    settings = lab.dataplane_config()
    settings['ports'][0]['af_xdp']['interface'] = 'nosuch0'
    process = lab.spawn_dataplane(settings)
    assert process.wait(20) != 0
    lab.processes.remove(process)
    assert 'nosuch0' in process.output()
