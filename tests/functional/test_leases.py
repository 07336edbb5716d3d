# Addresses, link prefixes and delegated prefixes stay with their users when the control plane starts
# anew, whether it was told to stop or killed, though others come first in the new run.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Leases over a restart."""

import pytest

from lab import config, wait_until

USERS, STRANGERS = 6, 4


def has(lab, count):
    """By user: the address and prefixes, once so many users have all of them."""
    def look():
        sessions = lab.sessions()
        complete = [s for s in sessions if s['state'] == 'online' and s['ipv6_prefixes']
                    and s['delegated_prefixes']]
        return sessions if len(complete) == len(sessions) == count else None
    sessions = wait_until(look, lambda: f'{count} users with everything; there are {lab.sessions()}')
    return {s['user_name']: (s['ipv4_address'], *s['ipv6_prefixes'], *s['delegated_prefixes'])
            for s in sessions}


def dial(lab, users, count, lac=0):
    return lab.start_lacsim('--sessions', count, '--user', users, '--network', 'both', '--delegate',
                            '--echo', 0, '--hold', -1, lac_address=lab.lac_addresses[lac])


@pytest.mark.parametrize('end', ['stopped', 'killed'])
def test_users_have_what_they_had_before(make_lab, end):
    lab = make_lab(lacs=2)
    settings = config.with_ipv6(lab.controlplane_config(subscribers=USERS))
    settings['users'] += [{'name': f'stranger{i}', 'password': config.PASSWORD}
                          for i in range(1, STRANGERS + 1)]
    lab.start_lns(controlplane=settings)
    first = dial(lab, 'user%d', USERS)
    before = has(lab, USERS)
    # One is gone when it ends, the others are there.
    lab.lnsctl('session', 'clear', '--user', 'user1')
    wait_until(lambda: lab.lnsctl('counters')['leases_unsaved'] == 0, 'the leases to be kept')
    if end == 'killed':
        lab.controlplane.kill()
    else:
        assert lab.controlplane.stop() == 0
    lab.processes.remove(lab.controlplane)
    first.kill()
    lab.processes.remove(first)

    lab.start_controlplane(settings)
    lab.controlplane.wait_for_output(f'leases: {3 * USERS} of earlier runs are known')
    dial(lab, 'stranger%d', STRANGERS)
    strangers = has(lab, STRANGERS)
    taken = {lease for leases in before.values() for lease in leases}
    assert not taken & {lease for leases in strangers.values() for lease in leases}
    dial(lab, 'user%d', USERS, lac=1)
    after = has(lab, USERS + STRANGERS)
    assert {user: after[user] for user in before} == before
    assert lab.lnsctl('counters')['leases_errors'] == 0
