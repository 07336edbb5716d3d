// The L2TP header (RFC 2661 3.1), data and control.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once
