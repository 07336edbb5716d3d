// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/base/text.h"

namespace lns {
namespace {

std::string Quoted(std::string_view text, size_t limit = kMaxShownBytes) {
  std::string out;
  AppendQuoted(out, AsBytes(text), limit);
  return out;
}

TEST(Text, PrintableTextIsQuotedAsItIs) {
  EXPECT_EQ(Quoted("alice@example 1~"), "\"alice@example 1~\"");
  EXPECT_EQ(Quoted(""), "\"\"");
}

TEST(Text, WhatIsNotPrintableIsEscaped) {
  EXPECT_EQ(Quoted("a\nb"), "\"a\\x0ab\"");
  EXPECT_EQ(Quoted("\x1b[31m\x7f\xff"), "\"\\x1b[31m\\x7f\\xff\"");
  EXPECT_EQ(Quoted("\"\\"), "\"\\x22\\x5c\"");
}

TEST(Text, LongTextIsCut) {
  EXPECT_EQ(Quoted("abcdef", 3), "\"abc...\"");
  EXPECT_EQ(Quoted("abc", 3), "\"abc\"");
}

TEST(Text, HexIsCutToo) {
  std::string out = "0x";
  AppendHex(out, Bytes{0x0a, 0xff, 0x00});
  EXPECT_EQ(out, "0x0aff00");
  out.clear();
  AppendHex(out, Bytes(5, 0xab), 2);
  EXPECT_EQ(out, "abab...");
}

}  // namespace
}  // namespace lns
