# What the LNS does when everybody comes at once, and when the RADIUS servers go away under load.
# scripts/storm runs these at full size and prints what happened; tests/functional/test_storm.py runs
# them small.
#
#   servers   FreeRADIUS for users and FreeRADIUS for records, which can fail
#   books     what became of every accounting record
#   sizes     how much a process holds
#   redial    all subscribers of several LACs at once, round after round
#   outage    the servers away while calls come and sessions are online
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Storms of calls, and RADIUS servers that fail."""
