// Answers on standard output, for people or for programs.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdio>
#include <string>
#include <utility>

#include "tools/lnsctl/commands.h"
#include "tools/lnsctl/format.h"
#include "tools/lnsctl/json.h"
#include "tools/lnsctl/table.h"

#include "absl/strings/str_cat.h"

namespace lns::lnsctl {

inline void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

template <typename Message>
void PrintMessage(const Message& message, Output output) {
  Print(output.json ? ToJson(message) + "\n" : FieldLines(message));
}

// Reads a stream to its end. JSON is written element by element, so that a million of them need no
// memory here.
template <typename Item, typename Reader, typename AddRow>
grpc::Status PrintStream(Reader reader, Output output, Table table, AddRow add_row) {
  size_t count = 0;
  if (output.json) Print("[");
  for (Item item; reader->Read(&item); ++count) {
    if (output.json) {
      Print(absl::StrCat(count > 0 ? ",\n " : "", ToJson(item)));
    } else {
      add_row(table, item);
    }
  }
  const grpc::Status status = reader->Finish();
  if (output.json) {
    Print("]\n");
  } else if (status.ok()) {
    Print(table.ToString());
  }
  return status;
}

}  // namespace lns::lnsctl
