// The one suite of tests/unit/dataplane/tables over our table and over rte_hash, side by side.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "dataplane/tables/rte_hash_session_table.h"
#include "tests/unit/dataplane/tables/session_table_suite.h"

namespace lns::dataplane {
namespace {

using BothTables = testing::Types<SessionTable, RteHashSessionTable>;
INSTANTIATE_TYPED_TEST_SUITE_P(Both, SessionTableSuite, BothTables);

}  // namespace
}  // namespace lns::dataplane
