#include "search/laws/points/points.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <tuple>

#include "core/system/files.h"
#include "core/text/csv.h"
#include "core/text/suggest.h"
#include "search/verdict/stats.h"

namespace cambium {
namespace {
constexpr int64_t kMostBytes = 64 << 20;
constexpr int kMostRows = 1'000'000;

struct RoleNames {
  std::string_view name;
  std::vector<std::string_view> others;  // that files use, in small letters
};

const std::array<RoleNames, kRoles>& roles() {
  static const std::array<RoleNames, kRoles> all = {
      {{"params", {"parameters", "n", "model size", "model_size", "n_params", "num_params"}},
       {"tokens", {"d", "n_tokens", "num_tokens", "training tokens", "seen_examples"}},
       {"flops", {"c", "flop", "compute", "training flop", "training flops"}},
       {"loss", {"l", "val_loss", "val.loss", "final_loss", "log_perplexity"}},
       {"error", {"task_error"}},
       {"unique_tokens", {"unique"}},
       {"seed", {"run"}},
       {"group", {"architecture", "arch", "variant", "model"}}}};
  return all;
}

std::string small(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  return out;
}

std::pair<std::string, std::string> assignment(const std::string& text, std::string_view option,
                                               std::string_view example) {
  const size_t at = text.find('=');
  if (at == 0 || at == text.npos)
    throw UserError(str("'", option, "' takes NAME=VALUE, got '", text, "'"),
                    str("for example ", option, " ", example));
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string names_of(const std::vector<CsvCell>& header) {
  std::vector<std::string> names;
  for (const CsvCell& c : header) names.push_back(str("'", c.text, "'"));
  return join_names(names);
}

size_t column_named(const std::vector<CsvCell>& header, const std::string& name) {
  std::vector<std::string> known;
  for (size_t i = 0; i < header.size(); ++i) {
    if (header[i].text == name) return i;
    known.push_back(header[i].text);
  }
  throw UserError(str("there is no column '", name, "'"), suggestion(name, known),
                  header.front().mark);
}

size_t role_named(const std::string& name) {
  std::vector<std::string> known;
  for (size_t r = 0; r < kRoles; ++r) {
    if (roles()[r].name == name) return r;
    known.emplace_back(roles()[r].name);
  }
  throw UserError(str("'--columns': nothing here is called '", name, "'"), suggestion(name, known));
}

constexpr size_t kNone = SIZE_MAX;

// The column of each role: as told, else by its name or one that files use.
std::array<size_t, kRoles> find_columns(const std::vector<CsvCell>& header,
                                        const PointChoice& choice) {
  std::array<size_t, kRoles> at;
  at.fill(kNone);
  for (std::string_view list : choice.columns)
    while (!list.empty()) {
      const size_t end = std::min(list.find(','), list.size());
      const auto [role, name] =
          assignment(std::string(list.substr(0, end)), "--columns", "params=N");
      at[role_named(role)] = column_named(header, name);
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  for (size_t r = 0; r < kRoles; ++r) {
    std::vector<std::string_view> names = roles()[r].others;
    names.insert(names.begin(), roles()[r].name);
    for (std::string_view name : names)
      for (size_t i = 0; i < header.size() && at[r] == kNone; ++i)
        if (small(header[i].text) == name && !std::ranges::count(at, i)) at[r] = i;
  }
  return at;
}

void check_columns(const std::array<size_t, kRoles>& at, const std::vector<CsvCell>& header) {
  const auto has = [&](PointRole r) { return at[size_t(r)] != kNone; };
  const auto missing = [&](std::string_view what, std::string_view role) {
    throw UserError(str("there is no column of ", what, ", only ", names_of(header)),
                    str("name it: --columns ", role, "=NAME"), header.front().mark);
  };
  if (!has(PointRole::kLoss)) missing("losses", "loss");
  if (!has(PointRole::kParams) && !has(PointRole::kTokens) && !has(PointRole::kFlops) &&
      !has(PointRole::kError))
    missing("parameters, tokens or FLOPs", "params");
}

double positive_number(const CsvCell& cell, std::string_view role) {
  const std::string& t = cell.text;
  double value = 0;
  const auto [end, fault] = std::from_chars(t.data(), t.data() + t.size(), value);
  if (t.empty())
    throw UserError(str(role, ": the cell is empty"), "fill it, or leave the line out with --where",
                    cell.mark);
  if (fault != std::errc() || end != t.data() + t.size())
    throw UserError(str(role, ": '", t, "' is no number"),
                    "counts are raw and have no unit: 125e6, not 125M", cell.mark);
  if (!std::isfinite(value))
    throw UserError(str(role, ": ", t, " is not finite"),
                    "a run that failed has no place in a law: leave its line out", cell.mark);
  if (!(value > 0))
    throw UserError(str(role, ": ", t, " is not positive"),
                    "laws speak of logarithms: counts and losses must be above zero", cell.mark);
  return value;
}

// Columns that count parameters otherwise.
std::vector<size_t> count_columns(const std::vector<CsvCell>& header,
                                  const std::array<size_t, kRoles>& at) {
  std::vector<size_t> out;
  for (size_t i = 0; i < header.size(); ++i)
    if (small(header[i].text).starts_with("params_") && !std::ranges::count(at, i))
      out.push_back(i);
  return out;
}

ScalingPoint read_point(const std::vector<CsvCell>& cells, const std::array<size_t, kRoles>& at,
                        const std::vector<size_t>& counts, Diagnostics& errors) {
  ScalingPoint point;
  point.mark = cells.front().mark;
  std::array<double, kRoles> value;
  value.fill(NAN);
  for (size_t r = 0; r <= size_t(PointRole::kUniqueTokens); ++r)
    if (at[r] != kNone) try {
        value[r] = positive_number(cells[at[r]], roles()[r].name);
      } catch (const UserError& e) {
        errors.add(e);
      }
  for (size_t i : counts) try {
      const bool none = cells[i].text == "0";  // a model of nothing but embeddings
      point.counts.push_back(none ? NAN : positive_number(cells[i], "params"));
    } catch (const UserError& e) {
      errors.add(e);
    }
  for (Quantity q : {kParams, kTokens, kFlops, kLoss}) point.at.set(q, value[q]);
  point.error = value[size_t(PointRole::kError)];
  point.unique = value[size_t(PointRole::kUniqueTokens)];
  if (const size_t i = at[size_t(PointRole::kSeed)]; i != kNone) point.seed = cells[i].text;
  if (const size_t i = at[size_t(PointRole::kGroup)]; i != kNone) point.group = cells[i].text;
  return point;
}

void work_out_flops(PointTable& t) {
  const bool n = t.has(PointRole::kParams), d = t.has(PointRole::kTokens),
             c = t.has(PointRole::kFlops);
  t.tokens_follow = n && c && !d;
  std::vector<double> ratios;
  std::map<std::string, Interval> of_group;
  for (ScalingPoint& p : t.points) {
    if (t.tokens_follow) p.at.set(kTokens, p.at.x[kFlops] / (6 * p.at.x[kParams]));
    if (n && d && !c) p.at.set(kFlops, 6 * p.at.x[kParams] * p.at.x[kTokens]);
    ratios.push_back(p.at.x[kFlops] / p.at.x[kParams] / p.at.x[kTokens]);
    Interval& ends =
        of_group.emplace(p.group, Interval{ratios.back(), ratios.back()}).first->second;
    ends = {std::min(ends.low, ratios.back()), std::max(ends.high, ratios.back())};
  }
  t.flops = c ? FlopsFrom::kFile : n && d ? FlopsFrom::kSixNd : FlopsFrom::kNothing;
  if (n && d && c && !ratios.empty()) {
    std::ranges::sort(ratios);
    t.flops_per_nd = ratios[ratios.size() / 2];
    const Interval worst = std::ranges::max_element(of_group, {}, [](const auto& g) {
                             return g.second.high / g.second.low;
                           })->second;
    t.least_per_nd = worst.low;
    t.most_per_nd = worst.high;
  }
}

// A line given twice would pass for a repeat without noise.
void refuse_doubles(const PointTable& t, Diagnostics& errors) {
  using Key = std::tuple<std::string, std::string, std::vector<double>>;
  std::map<Key, int> seen;
  const bool seeds = t.has(PointRole::kSeed);
  for (const ScalingPoint& p : t.points) {
    std::vector<double> numbers;
    for (Quantity q : {kParams, kTokens, kFlops, kLoss})
      if (q != kLoss || !seeds) numbers.push_back(std::isnan(p.at.x[q]) ? -1 : p.at.x[q]);
    if (t.has(PointRole::kError)) numbers.push_back(p.error);
    const auto [at, fresh] = seen.emplace(Key{p.group, p.seed, numbers}, p.mark.line);
    if (fresh) continue;
    errors.add(UserError(str("this run stands twice: line ", at->second,
                             seeds ? " has the same seed and inputs" : " holds the same numbers"),
                         seeds ? "repeats of a configuration need seeds of their own"
                               : "leave one out, or add a column 'seed' if they are two runs",
                         p.mark));
  }
}

struct Filter {
  size_t column;
  std::string value;
};

std::vector<Filter> filters_of(const std::vector<CsvCell>& header, const PointChoice& choice) {
  std::vector<Filter> out;
  for (const std::string& text : choice.where) {
    const auto [name, value] = assignment(text, "--where", "kept=1");
    out.push_back({column_named(header, name), value});
  }
  return out;
}

}  // namespace

std::string_view role_name(PointRole r) {
  return roles()[size_t(r)].name;
}

PointTable parse_points(std::string_view text, const std::string& file, const PointChoice& choice) {
  PointTable table{.file = file, .points = {}, .columns = {}, .marks = {}, .counts = {}};
  CsvReader reader(text, file, CsvSpaces::kDropped);
  std::vector<CsvCell> header, cells;
  std::array<size_t, kRoles> at;
  std::vector<size_t> counts;
  std::vector<Filter> filters;
  Diagnostics errors;
  if (reader.row(header)) {
    refuse_double_columns(header);
    at = find_columns(header, choice);
    check_columns(at, header);
    counts = count_columns(header, at);
    for (size_t i : counts) table.counts.push_back(header[i].text);
    filters = filters_of(header, choice);
    for (size_t r = 0; r < kRoles; ++r)
      if (at[r] != kNone)
        table.columns[r] = header[at[r]].text, table.marks[r] = header[at[r]].mark;
  }
  for (int rows = 0; reader.row(cells);) {
    if (++rows > kMostRows)
      throw UserError(str("more than ", kMostRows, " lines"), "fit the ends of runs, not all steps",
                      cells.front().mark);
    if (cells.size() != header.size()) {
      errors.add(UserError(str("the line has ", cells.size(), " cells, the first line names ",
                               header.size(), " columns"),
                           "one run a line, cells separated by commas", cells.front().mark));
      continue;
    }
    if (std::ranges::all_of(filters,
                            [&](const Filter& f) { return cells[f.column].text == f.value; }))
      table.points.push_back(read_point(cells, at, counts, errors));
  }
  if (header.empty())
    throw UserError(str("'", file, "' is empty"),
                    "the first line names columns: params,tokens,loss");
  errors.throw_if_any();
  work_out_flops(table);
  refuse_doubles(table, errors);
  errors.throw_if_any();
  if (table.points.empty())
    throw UserError(str("'", file, "' holds no runs", filters.empty() ? "" : " that --where keeps"),
                    "each line below the first is a run");
  return table;
}

PointTable read_points(const std::string& path, const PointChoice& choice) {
  const auto text = read_file(path, kMostBytes + 1);
  require(int64_t(text.size()) <= kMostBytes, "'", path, "' has more than ", kMostBytes, " bytes");
  return parse_points(text, path, choice);
}
}  // namespace cambium
