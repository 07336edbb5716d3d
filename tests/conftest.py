# Fixtures of the pytest tiers: a lab of one's own for each test, empty or with the LNS running, and
# independent LACs that dial it. A test that fails shows the ends of the programs' logs; a lab that
# leaves something behind fails its test.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Labs for tests."""

import contextlib
import os

import pytest

from lab import Lab, config, freeradius
from peer import Lac, udp_socket
from radius_world import World as RadiusWorld

LOG_TAIL_LINES = 40


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    setattr(item, f'report_{call.when}', outcome.get_result())


def _show_logs(lab):
    for log in sorted(lab.directory.glob('*.log')):
        lines = log.read_text(errors='replace').splitlines()[-LOG_TAIL_LINES:]
        print(f'--- {log.name} ---', *lines, sep='\n')


@pytest.fixture
def make_lab(request):
    """Makes a lab with other options than the usual; it ends with the test."""
    if os.geteuid() != 0:
        pytest.skip('needs root: network namespaces and XDP')
    labs = []
    with contextlib.ExitStack() as stack:
        def make(**options):
            labs.append(stack.enter_context(Lab(**options)))
            return labs[-1]

        yield make
        report = getattr(request.node, 'report_call', None)
        if report is None or report.failed:
            for lab in labs:
                _show_logs(lab)


@pytest.fixture
def lab(make_lab):
    """The network, and nothing running yet."""
    return make_lab()


@pytest.fixture
def lns(lab):
    """The same with both processes running."""
    lab.start_lns()
    return lab


@pytest.fixture
def make_lac(make_lab):
    """Makes independent LACs (tests/support/peer) at a lab's first LAC address, which have not
    dialled yet. They say goodbye when the test ends, before its lab goes."""
    with contextlib.ExitStack() as stack:
        def make(lab, secret=config.SECRET, port=0, **options):
            socket = udp_socket(lab.lac.name, lab.lac_addresses[0], port)
            lac = Lac(socket, (config.LNS_ADDRESS, 1701), secret, **options)
            stack.callback(lac.leave)
            return lac

        yield make


@pytest.fixture
def open_lac(make_lac):
    """The same with its tunnel open."""
    def make(lab, **options):
        lac = make_lac(lab, **options)
        lac.open()
        return lac

    return make


@pytest.fixture
def make_radius_world(lab, open_lac):
    """The lab with FreeRADIUS beside it, which knows these users, and one LAC."""
    if freeradius.missing():
        pytest.skip(freeradius.missing())
    with contextlib.ExitStack() as stack:
        def make(users):
            world = RadiusWorld(lab, None, users)
            stack.callback(world.close)
            world.lac = open_lac(lab)
            return world
        yield make
