#include "app/tables/data/slice_scores_table.h"

#include <cmath>

#include "app/tables/table.h"
#include "viz/audit/audit_parts.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string in_brackets(const ScoreInterval& i, double times, int digits) {
  return interval_text(times * i.mean, times * i.low, times * i.high, digits);
}
}  // namespace

std::string scores_table(const std::vector<SliceScores>& scores) {
  std::string out;
  for (const SliceScores& k : scores) {
    const bool bytes = std::isfinite(k.all.bits.mean);
    Table table({1, 2, 3, 4, 5});
    std::vector<std::string> header = {k.key, "documents", "targets", "loss, nats", "accuracy, %"};
    if (bytes) header.push_back("bits/byte");
    table.row(std::move(header));
    const auto add = [&](const SliceScore& s) {
      std::vector<std::string> row = {fitted(visible(s.value), 200), grouped(s.documents),
                                      grouped(s.targets), in_brackets(s.loss, 1, 4),
                                      in_brackets(s.accuracy, 100, 2)};
      if (bytes) row.push_back(in_brackets(s.bits, 1, 4));
      table.row(std::move(row));
    };
    for (const SliceScore& s : k.slices) add(s);
    if (k.slices.size() != 1) add(k.all);
    out += "\n" + table.text();
  }
  return out;
}

std::string differences_table(const std::vector<SliceDifferences>& differences) {
  std::string out;
  for (const SliceDifferences& k : differences) {
    Table table({1, 2});
    table.row({k.key, "documents", k.of_bytes ? "more bits/byte" : "more nats a target"});
    const auto add = [&](const SliceDifference& d) {
      table.row(
          {fitted(visible(d.value), 200), grouped(d.documents), in_brackets(d.difference, 1, 4)});
    };
    for (const SliceDifference& d : k.slices) add(d);
    if (k.slices.size() != 1) add(k.all);
    out += "\n" + table.text();
  }
  return out;
}
}  // namespace cambium
