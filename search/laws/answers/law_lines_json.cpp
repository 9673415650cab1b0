#include <cmath>

#include "core/text/json.h"
#include "search/laws/answers/law_lines.h"

namespace cambium {
namespace {
constexpr std::array<std::string_view, 5> kFixedNames = {"nothing", "tokens", "tokens_per_param",
                                                         "tied", "best_split"};

void add_spans(Json& out, const std::string& name, const std::vector<Spanned>& spans) {
  for (const Spanned& s : spans) {
    out[name].push_back(s.value);
    out[name + "_95"].push_back({s.interval.low, s.interval.high});
  }
}
}  // namespace

Json law_lines_json(const std::vector<LawLine>& lines) {
  Json out = Json::array();
  for (const LawLine& l : lines) {
    Json line = {{"fixed", kFixedNames[size_t(l.fixed)]}};
    if (l.at > 0) line["at"] = l.at;
    for (size_t i = 0; i < l.inputs.size(); ++i) {
      for (Quantity q : {kParams, kTokens, kFlops, kLoss})
        if (!std::isnan(l.inputs[i].x[q]))
          line[std::string(quantity_name(q))].push_back(l.inputs[i].x[q]);
      line["said"].push_back(l.said[i].value);
      line["curve"].push_back({l.said[i].curve.low, l.said[i].curve.high});
      line["run"].push_back({l.said[i].run.low, l.said[i].run.high});
    }
    out.push_back(std::move(line));
  }
  return out;
}

Json allocation_line_json(const AllocationLine& line) {
  Json out = {{"flops", line.flops}};
  add_spans(out, "params", line.params);
  add_spans(out, "tokens", line.tokens);
  return out;
}
}  // namespace cambium
