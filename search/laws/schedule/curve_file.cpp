#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "core/system/files.h"
#include "core/text/csv.h"
#include "core/text/suggest.h"
#include "search/laws/schedule/curve.h"

namespace cambium {
namespace {
constexpr int64_t kMostBytes = 64 << 20, kMostSteps = 20'000'000;
constexpr int kMostRows = 1'000'000;
constexpr double kMostRate = 1e6, kLeastFileRate = 1e-30;

enum { kCurve, kStep, kRate, kLossCell, kCells };

constexpr size_t kNone = SIZE_MAX;

struct CellNames {
  std::string_view role;
  std::vector<std::string_view> names;
};

const std::array<CellNames, kCells>& cell_names() {
  static const std::array<CellNames, kCells> all = {{{"curve", {"curve", "schedule", "group"}},
                                                     {"step", {"step", "steps", "iteration"}},
                                                     {"lr", {"lr", "rate", "learning_rate"}},
                                                     {"loss", {"loss", "val_loss", "train_loss"}}}};
  return all;
}

size_t column_named(const std::vector<CsvCell>& header, std::string_view name) {
  std::vector<std::string> known;
  for (size_t i = 0; i < header.size(); ++i) {
    if (header[i].text == name) return i;
    known.push_back(header[i].text);
  }
  throw UserError(str("there is no column '", name, "'"), suggestion(name, known),
                  header.front().mark);
}

size_t role_named(std::string_view role) {
  std::vector<std::string> known;
  for (size_t r = 0; r < kCells; ++r) {
    if (cell_names()[r].role == role) return r;
    known.emplace_back(cell_names()[r].role);
  }
  throw UserError(str("'--columns': nothing in curves is called '", role, "'"),
                  suggestion(role, known));
}

std::array<size_t, kCells> find_columns(const std::vector<CsvCell>& header,
                                        const CurveChoice& choice) {
  std::array<size_t, kCells> at;
  at.fill(kNone);
  for (std::string_view list : choice.columns)
    while (!list.empty()) {
      const size_t end = std::min(list.find(','), list.size());
      const std::string_view one = list.substr(0, end);
      const size_t equal = one.find('=');
      if (equal == 0 || equal == one.npos)
        throw UserError(str("'--columns' takes NAME=VALUE, got '", one, "'"),
                        "for example --columns step=iteration");
      at[role_named(one.substr(0, equal))] = column_named(header, one.substr(equal + 1));
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  for (size_t r = 0; r < kCells; ++r)
    for (std::string_view name : cell_names()[r].names)
      for (size_t i = 0; i < header.size() && at[r] == kNone; ++i)
        if (header[i].text == name && !std::ranges::count(at, i)) at[r] = i;
  for (size_t r = kStep; r < kCells; ++r)
    if (at[r] == kNone)
      throw UserError(str("there is no column '", cell_names()[r].role, "'"),
                      str("a law of schedules reads curve, step, lr, loss; name it: --columns ",
                          cell_names()[r].role, "=NAME"),
                      header.front().mark);
  return at;
}

double number_of(const CsvCell& cell, std::string_view role) {
  double value = 0;
  const std::string& t = cell.text;
  const auto [end, fault] = std::from_chars(t.data(), t.data() + t.size(), value);
  if (fault != std::errc() || end != t.data() + t.size() || !std::isfinite(value))
    throw UserError(str(role, ": '", t, "' is no finite number"), "write it plainly: 3e-4",
                    cell.mark);
  return value;
}

CurveRow read_row(const std::vector<CsvCell>& cells, const std::array<size_t, kCells>& at) {
  const CsvCell &step = cells[at[kStep]], &rate = cells[at[kRate]], &loss = cells[at[kLossCell]];
  const CurveRow row{number_of(step, "step"), number_of(rate, "lr"),
                     loss.text.empty() ? NAN : number_of(loss, "loss")};
  if (row.step != std::floor(row.step) || row.step < 0 || row.step > double(kMostSteps))
    throw UserError(str("step: ", step.text, " is no step"),
                    str("steps are whole numbers from 0 to ", kMostSteps), step.mark);
  if (row.rate < 0)
    throw UserError(str("lr: ", rate.text, " is below zero"), "rates are never negative",
                    rate.mark);
  if (row.rate > kMostRate || (row.rate > 0 && row.rate < kLeastFileRate))
    throw UserError(str("lr: ", rate.text, " is no learning rate"),
                    "rates are 0 or lie between 1e-30 and 1e6", rate.mark);
  if (row.loss <= 0)
    throw UserError(str("loss: ", loss.text, " is not positive"),
                    "leave the cell empty where no loss was measured", loss.mark);
  return row;
}

std::vector<ScheduleCurve> curves_of(const std::vector<RawCurve>& raw, const CurveChoice& choice) {
  std::vector<ScheduleCurve> out;
  double steps = 0;
  for (const RawCurve& r : raw) {
    steps += r.rows.back().step;
    if (steps > double(kMostSteps))
      throw UserError(str("the curves have more than ", kMostSteps, " steps"), "take fewer curves",
                      r.mark);
    out.push_back(curve_of(r, double(choice.warmup)));
    if (out.back().steps.empty())
      throw UserError(str("curve '", r.name, "' ends within the warm-up of ", choice.warmup,
                          " steps or has no rate above zero"),
                      "the law speaks of what comes after warm-up", r.mark);
  }
  return out;
}
}  // namespace

std::vector<ScheduleCurve> parse_curves(std::string_view text, const std::string& file,
                                        const CurveChoice& choice) {
  CsvReader reader(text, file, CsvSpaces::kDropped);
  std::vector<CsvCell> header, cells;
  if (!reader.row(header))
    throw UserError(str("'", file, "' is empty"), "the first line names columns: step,lr,loss");
  refuse_double_columns(header);
  const std::array<size_t, kCells> at = find_columns(header, choice);
  std::vector<RawCurve> raw;
  std::map<std::string, size_t> places;
  Diagnostics errors;
  for (int rows = 0; reader.row(cells);) try {
      if (++rows > kMostRows)
        throw UserError(str("more than ", kMostRows, " lines"), "log fewer steps",
                        cells.front().mark);
      if (cells.size() != header.size())
        throw UserError(str("the line has ", cells.size(), " cells, the first line names ",
                            header.size(), " columns"),
                        "one step a line, cells separated by commas", cells.front().mark);
      const CurveRow row = read_row(cells, at);
      const std::string name = at[kCurve] == kNone ? "" : cells[at[kCurve]].text;
      const auto [place, fresh] = places.emplace(name, raw.size());
      if (fresh) raw.push_back({name, {}, cells.front().mark});
      std::vector<CurveRow>& to = raw[place->second].rows;
      if (!to.empty() && row.step <= to.back().step)
        throw UserError(str("step ", row.step, " does not come after step ", to.back().step),
                        "a curve's steps rise; several curves need a column 'curve'",
                        cells[at[kStep]].mark);
      to.push_back(row);
    } catch (const UserError& e) {
      errors.add(e);
      if (rows > kMostRows) break;
    }
  errors.throw_if_any();
  if (raw.empty())
    throw UserError(str("'", file, "' holds no steps"), "each line below the first is a step");
  return curves_of(raw, choice);
}

std::vector<ScheduleCurve> read_curves(const std::string& path, const CurveChoice& choice) {
  const auto text = read_file(path, kMostBytes + 1);
  require(int64_t(text.size()) <= kMostBytes, "'", path, "' has more than ", kMostBytes, " bytes");
  return parse_curves(text, path, choice);
}
}  // namespace cambium
