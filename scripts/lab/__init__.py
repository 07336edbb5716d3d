# The lab: Terminus and its peers in private network namespaces on one machine. scripts/demo and the
# functional and interop tests are all built from these parts; there is no second lab.
#
#   commands    run a program, wait for a condition with a deadline
#   process     a program that runs while we do other things
#   network     namespaces, veth pairs, addresses
#   hugepages   reserve, and put back what was
#   config      the configuration files of both processes
#   capture     record a wire, let tshark judge it
#   leaks       what must not be left behind
#   topology    all of it together: class Lab
#   freeradius  a RADIUS server to ask
#   l2tpns      another LNS in the place of ours
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Terminus and its peers in network namespaces on one machine."""

from . import config
from .capture import Capture
from .commands import LabError, run, wait_until
from .process import Process
from .topology import Lab

__all__ = ['Capture', 'Lab', 'LabError', 'Process', 'config', 'run', 'wait_until']
