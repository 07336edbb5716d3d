// Aligned columns for people: every row is kept, so that each column is as wide as its widest cell.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <string>
#include <vector>

namespace lns::lnsctl {

enum class Align { kLeft, kRight };

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // One cell per column.
  void Add(std::vector<std::string> cells);
  // The titles, then the rows in the order they were added; two blanks between columns, none at
  // the end of a line.
  std::string ToString() const;

 private:
  std::string Line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lns::lnsctl
