#include "search/replay/result_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
// A decimal without exponent as a whole number over a power of ten.
struct Decimal {
  int64_t digits = 0;
  int places = 0;
};

std::optional<Decimal> decimal(std::string_view text) {
  Decimal d;
  std::string plain;
  const size_t dot = text.find('.');
  plain = text.substr(0, dot);
  if (dot != text.npos) {
    plain += text.substr(dot + 1);
    d.places = int(text.size() - dot - 1);
  }
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), d.digits);
  if (error != std::errc{} || end != plain.data() + plain.size() || d.places > 15 ||
      std::abs(d.digits) > int64_t(1) << 50)
    return std::nullopt;
  return d;
}

// One name or a list of them.
std::vector<std::string> names_in(const Yaml& yaml, std::string_view what) {
  std::vector<std::string> out;
  for (const Yaml& item : yaml.is_list() ? yaml.items : std::vector<Yaml>{yaml}) {
    if (!item.is_scalar())
      throw UserError(str(what, " is a column or a list of columns"), "", item.mark);
    out.push_back(item.text);
  }
  if (out.empty()) throw UserError(str(what, " names no column"), "", yaml.mark);
  return out;
}

Csv table_of(const Yaml& base) {
  const std::vector<std::string> known = {"table", "key", "columns", "seconds"};
  if (!base.is_map())
    throw UserError("base: of a table is a map", "write {table: file.csv, key: name}", base.mark);
  for (const YamlEntry& e : base.entries)
    if (!std::ranges::count(known, e.key))
      throw UserError(str("unknown key '", e.key, "' of a table"), suggestion(e.key, known),
                      e.key_mark);
  const Yaml *table = base.find("table"), *key = base.find("key");
  if (!table || !table->is_scalar() || !key)
    throw UserError("base: names a table and its key", "write {table: file.csv, key: name}",
                    base.mark);
  std::filesystem::path path(table->text);
  if (path.is_relative())
    path = (std::filesystem::path(table->mark.file).parent_path() / path).lexically_normal();
  if (!file_exists(path.string()))
    throw UserError(str("there is no table '", path.string(), "'"),
                    "paths are relative to the study's file", table->mark);
  return load_csv(path.string());
}

constexpr char kBetween = '|';  // the parts of a key of several columns
}  // namespace

ResultTable::ResultTable(const Yaml& base, Diagnostics* errors) : csv_(table_of(base)) {
  Diagnostics own;
  const auto part = [&](const auto& f) {
    try {
      f();
    } catch (const UserErrors& e) {
      (errors ? *errors : own).add_all(e);
    } catch (const UserError& e) {
      (errors ? *errors : own).add(e);
    }
  };
  part([&] { read_keys(*base.find("key")); });
  if (const Yaml* c = base.find("columns")) part([&] { read_columns(*c); });
  if (own.errors().size() == 1) throw own.errors().front();
  own.throw_if_any();
}

void ResultTable::read_keys(const Yaml& key) {
  key_columns_ = names_in(key, "key:");
  std::vector<size_t> columns;
  for (const std::string& name : key_columns_) columns.push_back(column(name, key.mark));
  int64_t again = 0;
  std::optional<UserError> first;
  for (int64_t row = 0; row < size(); ++row) {
    std::string text;
    for (size_t i = 0; i < columns.size(); ++i)
      text += str(i ? std::string(1, kBetween) : "", csv_.rows[size_t(row)][columns[i]]);
    const auto [before, fresh] = rows_.emplace(text, row);
    again += !fresh;
    if (!fresh && !first)
      first = UserError(str("the key '", text, "' stands in line ",
                            csv_.lines[size_t(before->second)], " already"),
                        "key: [a, b] takes several columns",
                        {csv_.file, csv_.lines[size_t(row)], 1, 1});
    keys_.push_back(std::move(text));
  }
  if (!first) return;
  if (again == 1) throw *first;
  throw UserError(str(first->what(), ", one of ", again, " rows whose keys do"), first->help,
                  first->mark);
}

size_t ResultTable::column(const std::string& name, const Mark& mark) const {
  const auto found = std::ranges::find(csv_.header, name);
  if (found == csv_.header.end())
    throw UserError(str("'", csv_.file, "' has no column '", name, "'"),
                    suggestion(name, csv_.header), mark);
  return size_t(found - csv_.header.begin());
}

void ResultTable::read_columns(const Yaml& columns) {
  if (!columns.is_map())
    throw UserError("columns: is a map of names to columns", "write {accuracy: test_acc}",
                    columns.mark);
  Diagnostics errors;
  for (const YamlEntry& e : columns.entries) {
    try {
      results_.push_back({e.key, names_in(e.value, e.key)});
      for (const std::string& name : results_.back().columns) column(name, e.value.mark);
    } catch (const UserError& error) {
      errors.add(error);
    }
  }
  errors.throw_if_any();
}

std::vector<Dimension> ResultTable::dimensions(const Mark& mark) const {
  std::vector<Dimension> out;
  for (const std::string& name : key_columns_) {
    const size_t c = column(name, mark);
    Dimension d{.name = name, .mark = mark};
    std::unordered_map<std::string, bool> seen;
    for (const std::vector<std::string>& row : csv_.rows) {
      if (!seen.emplace(row[c], true).second) continue;
      Yaml value;
      value.kind = Yaml::kScalar;
      value.mark = mark;
      value.text = row[c];
      value.quoted = true;
      d.choices.push_back(std::move(value));
      d.labels.push_back(row[c]);
    }
    out.push_back(std::move(d));
  }
  return out;
}

void ResultTable::check_space(const std::vector<Dimension>& dimensions, const Mark& mark) const {
  std::vector<std::string> known;
  for (const Dimension& d : dimensions) known.push_back(d.name);
  if (key_columns_.size() == 1 && !std::ranges::count(known, key_columns_[0])) return;
  for (const std::string& name : key_columns_)
    if (!std::ranges::count(known, name))
      throw UserError(str("the key's column '", name, "' is nothing that the space varies"),
                      suggestion(name, known), mark);
  for (const Dimension& d : dimensions)
    if (!std::ranges::count(key_columns_, d.name))
      throw UserError(str("'", d.name, "' is no column of the key"),
                      suggestion(d.name, key_columns_), d.mark);
}

std::string ResultTable::key_of(const std::vector<Dimension>& dimensions,
                                const SpacePoint& p) const {
  std::string all;
  const auto text = [&](size_t i) {
    return p.genes[i].active ? text_of(dimensions[i], p.genes[i]) : std::string();
  };
  for (size_t k = 0; k < key_columns_.size(); ++k) {
    const auto d = std::ranges::find(dimensions, key_columns_[k], &Dimension::name);
    if (d == dimensions.end()) {
      for (size_t i = 0; i < dimensions.size(); ++i) all += text(i);
      return all;
    }
    all += str(k ? std::string(1, kBetween) : "", text(size_t(d - dimensions.begin())));
  }
  return all;
}

std::optional<int64_t> ResultTable::row_of(const std::string& key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? std::nullopt : std::optional(found->second);
}

Mark ResultTable::line_of(int64_t row) const {
  return {csv_.file, csv_.lines[size_t(row)], 1, 1};
}

uint64_t ResultTable::content_hash() const {
  std::vector<uint64_t> cells;
  for (const std::string& name : csv_.header) cells.push_back(hash_text(name));
  for (const std::vector<std::string>& row : csv_.rows)
    for (const std::string& cell : row) cells.push_back(hash_text(cell));
  return joined_hash({hash_of(cells), csv_.header.size()});
}

std::vector<std::string> ResultTable::names() const {
  std::vector<std::string> out;
  for (const Result& r : results_) out.push_back(r.name);
  for (const std::string& c : csv_.header)
    if (!c.empty() && !std::ranges::count(key_columns_, c) && !std::ranges::count(out, c))
      out.push_back(c);
  return out;
}

double ResultTable::mean_of_cells(int64_t row, const std::vector<size_t>& columns) const {
  const double count = double(columns.size());
  std::vector<Decimal> exact;
  double sum = 0;
  int places = 0;
  for (const size_t c : columns) {
    const std::string& cell = csv_.rows[size_t(row)][c];
    if (cell.empty()) return std::numeric_limits<double>::quiet_NaN();
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc{} || end != cell.data() + cell.size())
      throw UserError(str("column '", csv_.header[c], "' holds '", cell, "', which is no number"),
                      "leave a cell empty where nothing was measured",
                      {csv_.file, csv_.lines[size_t(row)], 1, 1});
    if (std::isinf(value))
      throw UserError(str("column '", csv_.header[c], "' holds '", cell,
                          "', which would be better or worse than every number"),
                      "write what was measured, or leave the cell empty: its trial has failed",
                      {csv_.file, csv_.lines[size_t(row)], 1, 1});
    if (std::isnan(value)) return value;
    sum += value;
    if (const std::optional<Decimal> d = decimal(cell)) {
      exact.push_back(*d);
      places = std::max(places, d->places);
    }
  }
  if (exact.size() != columns.size() || columns.size() == 1) return sum / count;
  __extension__ __int128 whole = 0;
  for (const Decimal& d : exact) {
    __extension__ __int128 scaled = d.digits;
    for (int i = d.places; i < places; ++i) scaled *= 10;
    whole += scaled;
  }
  return double(whole) / (count * std::pow(10.0, places));
}

std::vector<std::string> ResultTable::columns_of(const std::string& name, const Mark& mark) const {
  const auto result = std::ranges::find(results_, name, &Result::name);
  if (result != results_.end()) return result->columns;
  if (!std::ranges::count(csv_.header, name))
    throw UserError(str("the table has no result '", name, "'"), suggestion(name, names()), mark);
  return {name};
}

std::vector<double> ResultTable::values(const std::string& name, const Mark& mark) const {
  std::vector<size_t> places;
  for (const std::string& c : columns_of(name, mark)) places.push_back(column(c, mark));
  std::vector<double> out;
  for (int64_t row = 0; row < size(); ++row) out.push_back(mean_of_cells(row, places));
  return out;
}
}  // namespace cambium
