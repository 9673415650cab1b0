#include "search/tune/tuning.h"

#include <algorithm>
#include <cmath>

#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json_item.h"

namespace cambium {
namespace {
std::string path_in(const std::string& folder) {
  return folder + "/tuning.json";
}

Json trial_json(const TunedTrial& t) {
  Json values = Json::array();
  for (const double v : t.values) values.push_back(std::isfinite(v) ? Json(v) : Json(nullptr));
  return {{"number", t.number},
          {"point", t.point},
          {"state", t.state},
          {"reason", t.reason},
          {"values", values}};
}

TunedTrial trial_from(const JsonItem& item) {
  TunedTrial t{.number = item.whole("number", -1),
               .point = Json::object(),
               .state = item.text("state"),
               .reason = item.text("reason")};
  if (const Json* point = item.find("point"); point && point->is_object()) t.point = *point;
  if (const Json* values = item.find("values"); values && values->is_array())
    for (const Json& v : *values) t.values.push_back(v.is_number() ? v.get<double>() : NAN);
  return t;
}

Json variant_json(const TunedVariant& v) {
  Json chosen = Json::array(), trials = Json::array();
  for (const TunedValue& c : v.chosen)
    chosen.push_back({{"path", c.path}, {"value", c.text}, {"edge", c.edge}});
  for (const TunedTrial& t : v.trials) trials.push_back(trial_json(t));
  return {{"name", v.name}, {"finished", v.finished}, {"failed", v.failed}, {"flops", v.flops},
          {"best", v.best}, {"chosen", chosen},       {"trials", trials}};
}

TunedVariant variant_from(const JsonItem& item) {
  TunedVariant v{.name = item.needed_text("name"),
                 .finished = item.whole("finished"),
                 .failed = item.whole("failed"),
                 .flops = item.number("flops", 0),
                 .best = item.whole("best", -1)};
  for (const JsonItem& c : item.items("chosen"))
    v.chosen.push_back({c.needed_text("path"), c.text("value"), c.text("edge")});
  for (const JsonItem& t : item.items("trials")) v.trials.push_back(trial_from(t));
  if (v.best >= int64_t(v.trials.size())) v.best = -1;
  return v;
}
}  // namespace

const TunedVariant* Tuning::find(const std::string& variant) const {
  const auto found = std::ranges::find(variants, variant, &TunedVariant::name);
  return found == variants.end() ? nullptr : &*found;
}

namespace {
// Fewer than were asked for where a space has no more points.
std::string trials_text(const Tuning& t) {
  int64_t least = t.trials, most = 0;
  for (const TunedVariant& v : t.variants) {
    least = std::min(least, int64_t(v.trials.size()));
    most = std::max(most, int64_t(v.trials.size()));
  }
  if (least >= t.trials) return str(t.trials, " trials");
  return str(least < most ? str(least, " to ", most) : str(least), " trials (", t.trials,
             " were asked for, the space has no more)");
}
}  // namespace

std::string effort_text(const Tuning& t) {
  std::string rungs;
  for (size_t r = 0; r + 1 < t.rungs.size(); ++r)
    rungs += fmt::format("{}{:.3g}", r ? ", " : "", t.rungs[r]);
  return str("every variant was tuned by ", trials_text(t), " of ", t.method,
             rungs.empty() ? "" : str(" (compared at ", rungs, " and 1 of a training)"), ", by ",
             t.metric, " of seed ", t.seed, ", which judges nothing");
}

std::vector<std::string> edge_advice(const Tuning& t) {
  std::vector<std::string> out;
  for (const TunedVariant& v : t.variants)
    for (const TunedValue& c : v.chosen)
      if (!c.edge.empty())
        out.push_back(str(v.name, " is best at the ", c.edge, " values of ", c.path, " (", c.text,
                          "): widen its range in tune.space, or it may be judged below what it "
                          "can do"));
  return out;
}

void write_tuning(const std::string& folder, const Tuning& t) {
  Json variants = Json::array();
  for (const TunedVariant& v : t.variants) variants.push_back(variant_json(v));
  Json ranges = Json::array();
  for (const TunedRange& r : t.ranges)
    ranges.push_back({{"path", r.path}, {"low", r.low}, {"high", r.high}});
  const Json json = {
      {"method", t.method}, {"metric", t.metric}, {"goal", t.maximize ? "max" : "min"},
      {"trials", t.trials}, {"seed", t.seed},     {"rungs", t.rungs},
      {"log", t.log},       {"ranges", ranges},   {"variants", variants}};
  replace_file(path_in(folder), to_text(json, 2) + "\n");
}

std::optional<Tuning> read_tuning(const std::string& folder) {
  if (!file_exists(path_in(folder))) return std::nullopt;
  const Json json = load_json(path_in(folder));
  const JsonItem item(json, path_in(folder));
  Tuning t{.method = item.text("method"),
           .metric = item.text("metric"),
           .maximize = item.text("goal") == "max",
           .trials = item.whole("trials"),
           .seed = item.whole("seed")};
  for (const char* name : {"rungs", "log"}) {
    const Json* list = item.find(name);
    if (!list || !list->is_array()) continue;
    for (const Json& v : *list) {
      if (v.is_number() && std::string_view(name) == "rungs") t.rungs.push_back(v.get<double>());
      if (v.is_string() && std::string_view(name) == "log") t.log.push_back(v.get<std::string>());
    }
  }
  for (const JsonItem& r : item.items("ranges"))
    t.ranges.push_back({r.needed_text("path"), r.number("low"), r.number("high")});
  for (const JsonItem& v : item.items("variants")) t.variants.push_back(variant_from(v));
  return t;
}
}  // namespace cambium
