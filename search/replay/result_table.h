// ResultTable: results that others measured, served in place of training.
//   base: {table: runs.csv, key: architecture, columns: {accuracy: [accuracy_0, accuracy_1]}}
// Keys are texts (leading zeros count). A result of several columns is their mean, from the sum of
// their decimals as whole numbers: results that are equal on paper are equal here.
#pragma once
#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "core/text/csv.h"
#include "core/yaml/yaml.h"
#include "search/space/space.h"

namespace cambium {
class ResultTable {
 public:
  // `base`: the section; the file's path is relative to the one that names it. UserErrors with
  // places: no such file or column, a key twice. With `errors` those of its keys and columns land
  // there, and results can be asked for all the same.
  explicit ResultTable(const Yaml& base, Diagnostics* errors = nullptr);

  const std::string& file() const { return csv_.file; }

  int64_t size() const { return int64_t(csv_.rows.size()); }

  const std::vector<std::string>& key_columns() const { return key_columns_; }

  const std::string& key(int64_t row) const { return keys_[size_t(row)]; }

  // One dimension a key column: its values, in the order of the rows.
  std::vector<Dimension> dimensions(const Mark& mark) const;

  // Key columns that are dimensions take their values; a single one that is none takes all values
  // joined, in the order of the space. UserError when that cannot be.
  std::string key_of(const std::vector<Dimension>& dimensions, const SpacePoint& p) const;
  void check_space(const std::vector<Dimension>& dimensions, const Mark& mark) const;

  std::optional<int64_t> row_of(const std::string& key) const;

  Mark line_of(int64_t row) const;

  uint64_t content_hash() const;  // of its cells, header included

  // Of the rows, the key that is the same in numbers (1e-1 for 0.1), else the most similar text.
  const std::string& nearest_key(const std::string& key) const;

  // The names of results: those of `columns:`, then of all other columns.
  std::vector<std::string> names() const;

  // The columns whose mean a result is. UserError at `mark` for an unknown name.
  std::vector<std::string> columns_of(const std::string& name, const Mark& mark) const;

  // A result of every row; NaN where a cell is empty or nan. UserError at `mark` for an unknown
  // name, in the table's file for a cell that is no number or infinite.
  std::vector<double> values(const std::string& name, const Mark& mark) const;

 private:
  struct Result {
    std::string name;
    std::vector<std::string> columns;
  };

  void read_keys(const Yaml& key);

  Csv csv_;
  std::vector<std::string> key_columns_, keys_;
  std::vector<Result> results_;
  std::unordered_map<std::string, int64_t> rows_;

  size_t column(const std::string& name, const Mark& mark) const;
  void read_columns(const Yaml& columns);
  double mean_of_cells(int64_t row, const std::vector<size_t>& columns) const;
};
}  // namespace cambium
