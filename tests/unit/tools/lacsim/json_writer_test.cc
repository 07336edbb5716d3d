// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include <cmath>

#include "tools/lacsim/json_writer.h"

namespace lns::lacsim {
namespace {

TEST(JsonWriter, NestsAndSeparates) {
  JsonWriter json;
  json.BeginObject();
  json.Integer("a", 1);
  json.BeginArray("b");
  json.Text("", "x");
  json.BeginObject();
  json.EndObject();
  json.EndArray();
  json.BeginArray("c");
  json.EndArray();
  json.Bool("d", false);
  json.EndObject();
  std::string squeezed;
  for (const char c : json.text()) {
    if (c != ' ' && c != '\n') squeezed += c;
  }
  EXPECT_EQ(squeezed, R"({"a":1,"b":["x",{}],"c":[],"d":false})");
}

TEST(JsonWriter, WhateverAPeerSaysIsEscaped) {
  JsonWriter json;
  json.Text("", std::string_view("\"\\\n\xff\0z", 6));
  EXPECT_EQ(json.text(), R"("\"\\\u000a\u00ff\u0000z")");
}

TEST(JsonWriter, NumbersAreAlwaysJson) {
  JsonWriter json;
  json.BeginArray("");
  json.Number("", std::nan(""));
  json.Number("", 0.25);
  json.Number("", 1e300);
  json.EndArray();
  EXPECT_EQ(json.text(), "[\n  0,\n  0.25,\n  1e+300\n]\n");
}

}  // namespace
}  // namespace lns::lacsim
