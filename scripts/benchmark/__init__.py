# The benchmarks: what is run (measurements), how (programs), where (machine), and what must hold
# (Bound). scripts/bench starts it.
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Side-by-side measurements of the packet path."""
