#include "search/mixtures/mixture_table.h"

#include <charconv>
#include <cmath>
#include <map>

#include "core/diagnostics.h"
#include "core/system/files.h"
#include "core/text/csv.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
constexpr double kSumOff = 0.02;

Mark line_of(const Csv& csv, size_t row) {
  return {csv.file, csv.lines[row], 1, 1};
}

double number_in(const Csv& csv, size_t row, size_t column) {
  const std::string& cell = csv.rows[row][column];
  double value = NAN;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value))
    throw UserError(str("'", cell, "' in column '", csv.header[column], "' is no number"),
                    "write a plain number such as 0.25", line_of(csv, row));
  return value;
}

std::map<std::string, size_t> rows_by_name(const Csv& csv) {
  std::map<std::string, size_t> out;
  for (size_t i = 0; i < csv.rows.size(); ++i)
    if (!out.emplace(csv.rows[i][0], i).second)
      throw UserError(str("run '", csv.rows[i][0], "' stands twice"),
                      "the first column names each run once", line_of(csv, i));
  return out;
}

size_t column_of(const Csv& csv, const std::string& target) {
  const std::vector<std::string> names(csv.header.begin() + 1, csv.header.end());
  if (target.empty() && names.size() == 1) return 1;
  for (size_t k = 0; k < names.size(); ++k)
    if (names[k] == target) return k + 1;
  throw UserError(target.empty() ? str("'", csv.file, "' has several columns of losses")
                                 : str("'", csv.file, "' has no column '", target, "'"),
                  target.empty() ? "name one with --target" : suggestion(target, names),
                  {csv.file, 1, 1, 1});
}

std::vector<double> shares_of(const Csv& csv, size_t row) {
  std::vector<double> shares;
  double sum = 0;
  for (size_t k = 1; k < csv.header.size(); ++k) {
    const double share = number_in(csv, row, k);
    if (share < 0 || share > 1)
      throw UserError(str("the share of '", csv.header[k], "' is ", share),
                      "shares are from 0 to 1", line_of(csv, row));
    shares.push_back(share);
    sum += share;
  }
  if (std::abs(sum - 1) > kSumOff)
    throw UserError(str("the shares of run '", csv.rows[row][0], "' add up to ", sum),
                    "they are to add up to 1", line_of(csv, row));
  return shares;
}
}  // namespace

MixturePoints parse_mixtures(std::string_view shares, const std::string& shares_file,
                             std::string_view losses, const std::string& losses_file,
                             const std::string& target) {
  const Csv mixtures = parse_csv(shares, shares_file), measured = parse_csv(losses, losses_file);
  for (const Csv* csv : {&mixtures, &measured})
    if (csv->header.size() < 2)
      throw UserError(str("'", csv->file, "' has one column"),
                      "the first names the run, the others are its numbers", {csv->file, 1, 1, 1});
  const size_t column = column_of(measured, target);
  const std::map<std::string, size_t> known = rows_by_name(mixtures), of = rows_by_name(measured);
  MixturePoints out{
      .sources = {mixtures.header.begin() + 1, mixtures.header.end()}, .shares = {}, .losses = {}};
  Diagnostics errors;
  for (size_t i = 0; i < mixtures.rows.size(); ++i) try {
      const auto found = of.find(mixtures.rows[i][0]);
      if (found == of.end())
        throw UserError(str("run '", mixtures.rows[i][0], "' has no losses in '", losses_file, "'"),
                        "leave it out of both files", line_of(mixtures, i));
      out.shares.push_back(shares_of(mixtures, i));
      out.losses.push_back(number_in(measured, found->second, column));
    } catch (const UserError& e) {
      errors.add(e);
    }
  for (const auto& [name, row] : of)
    if (!known.contains(name))
      errors.add(UserError(str("run '", name, "' has no mixture in '", shares_file, "'"),
                           "leave it out of both files", line_of(measured, row)));
  errors.throw_if_any();
  return out;
}

MixturePoints read_mixtures(const std::string& shares, const std::string& losses,
                            const std::string& target) {
  return parse_mixtures(read_file(shares), shares, read_file(losses), losses, target);
}
}  // namespace cambium
