#include "app/scale/scaling_table.h"

#include <algorithm>

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/json.h"

namespace cambium {
std::vector<ScalingRow> scaling_rows(const Experiment& e) {
  std::vector<ScalingRow> rows;
  if (!e.parameterisation.scales()) return rows;
  const Parameterisation& p = *e.parameterisation.record;
  const Model& model = model_of(e, e.train.options.batch, true);
  for (const Node& n : model.graph.nodes()) {
    if (n.role != Role::kParameter) continue;
    const std::string name = without_copies(n.scope.path);
    if (std::ranges::count(rows, name, &ScalingRow::weight)) continue;
    const WeightGrowth& g = model.growth.at(n.scope.path);
    rows.push_back({name, width_kind(g), p.weight(g), p.steps(e.train.optimizer.record->steps, g)});
  }
  return rows;
}

std::string to_text(const std::vector<ScalingRow>& rows, std::string_view parameterisation) {
  Table table({2, 3, 4, 5, 6});
  table.row({"weight", "kind", "start", "counts as", "rate", "decay", "eps"});
  const auto factor = [](double v) { return fmt::format("{:.4g}", v); };
  for (const ScalingRow& r : rows)
    table.row({r.weight, std::string(name_of(r.kind)), factor(r.weights.start),
               factor(r.weights.forward), factor(r.steps.rate), factor(r.steps.decay),
               factor(r.steps.eps)});
  return str(parameterisation, ", over what it is at the base sizes\n", table.text());
}

Json to_json(const std::vector<ScalingRow>& rows) {
  Json out = Json::array();
  for (const ScalingRow& r : rows)
    out.push_back({{"weight", r.weight},
                   {"kind", name_of(r.kind)},
                   {"start", r.weights.start},
                   {"counts_as", r.weights.forward},
                   {"rate", r.steps.rate},
                   {"decay", r.steps.decay},
                   {"eps", r.steps.eps}});
  return out;
}
}  // namespace cambium
