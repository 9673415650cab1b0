#include "app/tables/study/slices_table.h"

#include "app/tables/table.h"
#include "core/text/utf8.h"
#include "viz/plot/text.h"

namespace cambium {
std::string slices_table(const StudyFolder& study) {
  const std::vector<SliceRow> rows = slice_losses(study);
  if (rows.empty()) return {};
  Table table;
  std::vector<std::string> head = {"loss of"};
  for (const DescribedVariant& v : study.study.variants) head.push_back(printable(v.name));
  table.row(std::move(head));
  bool own = false;
  for (const SliceRow& row : rows) {
    std::vector<std::string> cells = {printable(slice_of_metric(row.metric))};
    for (const SliceLoss& c : row.cells) own |= c.own && c.n > 0;
    for (const SliceLoss& c : row.cells)
      cells.push_back(c.n == 0
                          ? "-"
                          : str(fixed(c.mean, 4),
                                c.own          ? " (of its own)"
                                : c.difference ? str(" (", signed_fixed(c.difference->mean, 4), ")")
                                               : ""));
    table.row(std::move(cells));
  }
  return str("\n", table.text(), "in brackets: the difference to ", printable(study.study.baseline),
             ", paired by seed", own ? "; of its own: other held-out text, or other symbols" : "",
             "\n");
}

Json slices_json(const StudyFolder& study) {
  Json out = Json::object();
  for (const SliceRow& row : slice_losses(study))
    for (const SliceLoss& c : row.cells) {
      if (c.n == 0) continue;
      Json& cell = out[row.metric][c.variant];
      cell = {{"mean", c.mean}, {"n", c.n}};
      if (c.difference) cell["difference"] = c.difference->mean;
      if (c.difference && c.difference->n >= kIntervalSeeds)
        cell["interval"] = {c.difference->interval.low, c.difference->interval.high};
    }
  return out;
}
}  // namespace cambium
