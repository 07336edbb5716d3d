# The parts of scripts/demo: what it does (run), what must hold (verdict), what it prints (table),
# what --keep leaves and --clean ends (kept).
#
# SPDX-License-Identifier: Apache-2.0
# Copyright The Terminus Authors
"""Parts of scripts/demo."""
