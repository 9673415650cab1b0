#include "app/scale/exponents_view.h"

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string size_text(const std::optional<Located>& l) {
  if (!l) return "-";
  return str(compact(l->value), " [", compact(l->interval.low), ", ", compact(l->interval.high),
             "]");
}

std::string exponent_text(const std::optional<Located>& l) {
  if (!l) return "-";
  return fmt::format("{:.4g} [{:.4g}, {:.4g}]", l->value, l->interval.low, l->interval.high);
}

std::string counted_name(const CountedExponents& e, const PointTable& t) {
  if (!e.counted.empty()) return e.counted;
  return t.has(PointRole::kParams) ? t.columns[size_t(PointRole::kParams)] : "params";
}

std::string isoflop_table(const IsoFlop& iso) {
  if (iso.curves.empty()) return "";
  Table table({0, 1, 2, 3, 4});
  table.row({"FLOPs", "sizes", "parameters N*", "tokens D*", "loss", ""});
  for (const IsoFlopCurve& c : iso.curves)
    table.row({fmt::format("{:.2e}", c.flops), str(c.sizes), size_text(c.params),
               size_text(c.tokens), c.params ? fmt::format("{:.4g}", c.loss) : "-", c.none});
  return "\nisoFLOP: where a parabola of the log loss is least among runs of one compute (within "
         "10 %)\n" +
         table.text();
}

std::string exponents_table(const GroupAnswer& g, const PointTable& t) {
  if (g.exponents.empty()) return "";
  Table table({2, 3, 4, 5, 6});
  table.row({"parameters", "way", "N* ~ C^", "D* ~ C^", "a", "b", "FLOPs of a token", ""});
  for (const CountedExponents& e : g.exponents)
    table.row({visible(counted_name(e, t)), e.way, exponent_text(e.params), exponent_text(e.tokens),
               exponent_text(e.of_params), exponent_text(e.of_tokens),
               e.power > 0 ? fmt::format("~ N^{:.3f}", e.power) : "-", e.none});
  return "\nexponents of the best division of compute, side by side; a law's are along C ~ D N^p "
         "with the p of the runs\n" +
         table.text();
}

Json located_json(const std::optional<Located>& l) {
  if (!l) return {};
  return {{"value", l->value}, {"interval", {l->interval.low, l->interval.high}}};
}
}  // namespace

std::string exponents_text(const GroupAnswer& g, const PointTable& t) {
  return isoflop_table(g.isoflop) + exponents_table(g, t);
}

void add_exponents(const GroupAnswer& g, const PointTable& t, Json& json) {
  json["isoflop"] = Json::array();
  for (const IsoFlopCurve& c : g.isoflop.curves)
    json["isoflop"].push_back({{"flops", c.flops},
                               {"runs", c.runs},
                               {"sizes", c.sizes},
                               {"params", located_json(c.params)},
                               {"tokens", located_json(c.tokens)},
                               {"loss", c.params ? Json(c.loss) : Json()},
                               {"none", c.none}});
  json["exponents"] = Json::array();
  for (const CountedExponents& e : g.exponents)
    json["exponents"].push_back({{"counted", counted_name(e, t)},
                                 {"way", e.way},
                                 {"params", located_json(e.params)},
                                 {"tokens", located_json(e.tokens)},
                                 {"a", located_json(e.of_params)},
                                 {"b", located_json(e.of_tokens)},
                                 {"flops_power", e.power > 0 ? Json(e.power) : Json()},
                                 {"none", e.none}});
}
}  // namespace cambium
