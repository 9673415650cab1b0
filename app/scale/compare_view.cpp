#include "app/scale/compare_view.h"

#include "core/text/json.h"
#include "viz/plot/text.h"

namespace cambium {
Json interval_json(Interval i) {
  return Json::array({i.low, i.high});
}

namespace {
Json better_json(const GroupComparison& c, BetterLaw better) {
  if (better == BetterLaw::kNeither) return {};
  return better == BetterLaw::kFirst ? c.first : c.second;
}
}  // namespace

std::string comparisons_text(const ScaleAnswer& answer) {
  if (answer.comparisons.empty()) return "";
  std::string out = "\nwhere laws cross";
  if (answer.comparisons.size() > 1)
    out += str(" (", answer.comparisons.size(), " comparisons, together at 95 %)");
  out += "\n";
  for (const GroupComparison& c : answer.comparisons)
    out += str("  ", visible(comparison_text(c)), "\n");
  if (answer.table.flops == FlopsFrom::kSixNd && answer.comparisons.front().x == kFlops)
    out +=
        "  compute is 6 N D for all: that a token costs one group more than another is not in it\n";
  return out;
}

Json comparisons_json(const ScaleAnswer& answer) {
  Json out = Json::array();
  for (const GroupComparison& c : answer.comparisons) {
    Json json = {{"first", c.first},
                 {"second", c.second},
                 {"text", comparison_text(c)},
                 {"along", c.along},
                 {"quantity", quantity_name(c.x)},
                 {"range", interval_json(c.range)},
                 {"measured", c.measured},
                 {"cannot", c.cannot}};
    json["crossings"] = Json::array();
    for (const LawCrossing& k : c.answer.crossings)
      json["crossings"].push_back({{"x", k.x},
                                   {"interval", interval_json(k.interval)},
                                   {"better_below", better_json(c, k.below)}});
    json["stretches"] = Json::array();
    for (const ComparedStretch& s : c.answer.stretches)
      json["stretches"].push_back(
          {{"x", interval_json(s.x)}, {"better", better_json(c, s.better)}});
    out.push_back(std::move(json));
  }
  return out;
}
}  // namespace cambium
