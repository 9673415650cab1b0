#include "search/results/slice_losses.h"

#include <algorithm>

#include "search/study/cell.h"
#include "train/run/metrics.h"

namespace cambium {
namespace {
constexpr std::string_view kLoss = "loss.";

const RunScores* scores_of(const RunRecord& run) {
  return run.test ? &*run.test : run.best ? &*run.best : nullptr;
}

// Of runs of the variant with a seed of the baseline's too, that one's beside it.
std::vector<std::pair<double, double>> pairs_of(const StudyFolder& s, const std::string& metric,
                                                const std::string& variant) {
  const std::string base = on_task_of(variant, s.study.baseline);
  std::vector<std::pair<double, double>> out;
  for (const RunRecord& run : s.runs) {
    const double* mine = run.variant == variant && run.done() && s.plans(run) && scores_of(run)
                             ? scores_of(run)->find(metric)
                             : nullptr;
    if (!mine) continue;
    for (const RunRecord& other : s.runs)
      if (other.variant == base && other.seed == run.seed && other.done() && scores_of(other))
        if (const double* theirs = scores_of(other)->find(metric)) out.emplace_back(*mine, *theirs);
  }
  return out;
}

SliceLoss cell_of(const StudyFolder& s, const std::string& metric, const std::string& variant) {
  SliceLoss cell{.variant = variant};
  std::vector<double> values;
  for (const RunRecord& run : s.runs)
    if (run.variant == variant && run.done() && s.plans(run) && scores_of(run))
      if (const double* value = scores_of(run)->find(metric)) values.push_back(*value);
  cell.n = int64_t(values.size());
  if (!values.empty()) cell.mean = mean_of(values);
  const std::string base = on_task_of(variant, s.study.baseline);
  if (variant == base) return cell;
  // Slices of what each holds out itself, where that is not the same, say nothing of each other.
  const bool of_a_set = !metric_of(metric).starts_with("loss.source.");
  const auto held_out = [&](const std::string& name) {
    const auto v = std::ranges::find(s.study.variants, name, &DescribedVariant::name);
    return v == s.study.variants.end() ? std::string() : v->held_out;
  };
  cell.own = !of_a_set && held_out(variant) != held_out(base);
  if (cell.own) return cell;
  std::vector<double> mine, theirs;
  for (const auto& [a, b] : pairs_of(s, metric, variant)) {
    mine.push_back(a);
    theirs.push_back(b);
  }
  cell.difference = paired_difference(mine, theirs);
  return cell;
}
}  // namespace

std::string slice_of_metric(std::string_view metric) {
  const std::string_view name = metric_of(metric);
  if (!name.starts_with(kLoss)) return {};
  const std::string_view slice = name.substr(kLoss.size());
  const size_t dot = slice.find('.');
  return dot == slice.npos ? std::string() : str(slice.substr(0, dot), " ", slice.substr(dot + 1));
}

std::vector<SliceRow> slice_losses(const StudyFolder& study) {
  std::vector<SliceRow> rows;
  for (const RunRecord& run : study.runs) {
    if (!run.done() || !study.plans(run) || !scores_of(run)) continue;
    for (const auto& [name, value] : scores_of(run)->metrics)
      if (!slice_of_metric(name).empty() && !std::ranges::count(rows, name, &SliceRow::metric))
        rows.push_back({name, {}});
  }
  for (SliceRow& row : rows)
    for (const DescribedVariant& v : study.study.variants)
      row.cells.push_back(cell_of(study, row.metric, v.name));
  return rows;
}
}  // namespace cambium
