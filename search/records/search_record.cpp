#include "search/records/search_record.h"

#include <algorithm>
#include <cmath>

#include "core/system/files.h"
#include "search/records/record_items.h"
#include "search/replay/progress.h"

namespace cambium {
namespace {
constexpr const char* kFile = "results.json";

RecordedTrial trial_of(const JsonItem& item, const std::vector<RecordedObjective>& objectives) {
  RecordedTrial t{.number = item.whole("trial"),
                  .key = item.needed_text("key"),
                  .violation = item.number("violation", 0),
                  .state = item.text("state"),
                  .reason = item.text("reason"),
                  .at_rungs = numbers_of(item, "at_rungs")};
  for (const double parent : numbers_of(item, "parents"))
    if (parent >= 0 && parent < 1e15) t.parents.push_back(int64_t(parent));
  const JsonItem values = item.item("values"), results = item.item("results");
  for (const auto& [name, value] : values.json().items())
    t.values.emplace_back(name, values.text(name.c_str()));
  for (const RecordedObjective& o : objectives) t.results.push_back(results.number(o.name.c_str()));
  return t;
}

void read_trials(SearchRecord& s, const JsonItem& json) {
  for (const JsonItem& o : json.items("objectives"))
    s.objectives.push_back({o.needed_text("name"), o.needed_text("goal") == "max",
                            o.number("reference"), o.text("reference_from").starts_with("worst")});
  for (const JsonItem& t : json.items("trials")) s.trials.push_back(trial_of(t, s.objectives));
  for (const JsonItem& t : json.items("front")) {
    const int64_t number = t.whole("trial");
    const auto at = std::ranges::find(s.trials, number, &RecordedTrial::number);
    require(at != s.trials.end(), t.where(), ": there is no trial ", number);
    s.front.push_back(size_t(at - s.trials.begin()));
  }
}

void read_importance(SearchRecord& s, const JsonItem& all) {
  for (const RecordedObjective& o : s.objectives) {
    s.importance.emplace_back();
    for (const JsonItem& i : all.items(o.name.c_str()))
      s.importance.back().push_back(
          {i.needed_text("of"), i.number("share"), interval_of(i, "interval")});
  }
}

void read_finalists(SearchRecord& s, const JsonItem& json) {
  s.judged_by = json.texts("judged_by");
  s.named = json.text("named");
  s.named_of_judged = json.text("named_of_judged");
  s.judged_in = json.find("objective") ? json.text("objective") : s.objectives[0].name;
  for (const JsonItem& f : json.items("finalists")) {
    RecordedFinalist out{.name = f.text(f.find("name") ? "name" : "key"),
                         .key = f.needed_text("key"),
                         .trial = f.whole("trial", -1),
                         .mean = f.number("mean"),
                         .trainings = numbers_of(f, "trainings"),
                         .to_best = interval_of(f, "to_best"),
                         .may_be_best = f.yes("may_be_best"),
                         .step_ms = f.number("step_ms"),
                         .token_ms = f.number("token_ms"),
                         .not_judged = f.text("not_judged")};
    const auto at = std::ranges::find(s.trials, out.trial, &RecordedTrial::number);
    if (at != s.trials.end()) out.seen = at->results[0];
    s.trainings = std::max(s.trainings, out.trainings.size());
    s.finalists.push_back(std::move(out));
  }
}

void read_findings(SearchRecord& s, const JsonItem& json) {
  const bool one = s.objectives.size() == 1;
  s.found = json.number(one ? "best" : "hypervolume");
  s.of_table = json.number(one ? "best_of_table" : "hypervolume_of_table");
  s.of_random = json.number(one ? "random_expected_best" : "random_mean_hypervolume");
  s.drawn = json.whole("uniform_draws");
  s.drawn_found = json.number(one ? "uniform_draws_best" : "uniform_draws_hypervolume");
  for (const JsonItem& r : json.items("rungs"))
    s.rungs.push_back(
        {r.number("share"), r.whole("trials"), r.number("tau_to_end"), interval_of(r, "interval")});
  for (const JsonItem& p : json.items("progress"))
    s.progress.push_back(
        {p.whole("trials"), p.number("found"), p.number("random"), interval_of(p, "random_95")});
  for (const JsonItem& t : json.items("simulated"))
    s.times.push_back({t.whole("workers"), t.number("seconds"), t.number("busy")});
  const Json* front = json.find("front_of_table");
  if (!front) return;
  require(front->is_array(), json.where(), ": 'front_of_table' is not a list");
  for (const Json& point : *front) {
    require(point.is_array() && point.size() == s.objectives.size(), json.where(),
            ": 'front_of_table' holds no list of one number an objective");
    s.front_of_table.emplace_back();
    for (const Json& v : point)
      s.front_of_table.back().push_back(v.is_number() ? v.get<double>() : kUnknown);
  }
}

// What had been found after so many trials; nothing is known of uniform draws.
void follow_trials(SearchRecord& s) {
  const bool one = s.objectives.size() == 1;
  if (s.objectives.size() > 3) return;
  const auto loss = [&](size_t m, double v) { return s.objectives[m].maximize ? -v : v; };
  std::vector<std::vector<double>> found;
  std::vector<double> reference;
  for (size_t m = 0; !one && m < s.objectives.size(); ++m)
    reference.push_back(loss(m, s.objectives[m].reference));
  for (const RecordedTrial& t : s.trials) {
    found.emplace_back();
    for (size_t m = 0; t.qualifies() && m < t.results.size(); ++m)
      found.back().push_back(loss(m, t.results[m]));
  }
  for (const ProgressPoint& p : progress_of(found, {}, reference))
    s.progress.push_back({p.trials, one ? loss(0, p.found) : p.found});
}
}  // namespace

bool RecordedTrial::qualifies() const {
  return whole() && violation == 0 && !results.empty() &&
         std::ranges::none_of(results, [](double v) { return std::isnan(v); });
}

std::string SearchRecord::name_of(const RecordedTrial& t) const {
  if (!of_models || t.values.empty()) return t.key;
  std::string out;
  for (const auto& [name, value] : t.values)
    out += str(out.empty() ? "" : ", ", name.substr(name.rfind('.') + 1), "=", value);
  return out;
}

bool is_search_folder(const std::string& folder) {
  return file_exists(folder + "/" + kFile);
}

SearchRecord search_record(const Json& json, const std::string& path) {
  const JsonItem top(json, path);
  SearchRecord s{.study = top.text("study"),
                 .source = top.text(top.find("table") ? "table" : "base"),
                 .method = top.text("method"),
                 .options = top.text("options"),
                 .command = top.text("command"),
                 .of_models = !top.find("table"),
                 .refused = top.whole("refused"),
                 .rows = top.whole("rows"),
                 .space_size = top.whole("space_size"),
                 .seed = top.whole("seed"),
                 .lag = top.whole("lag"),
                 .wanted = top.whole("trials_wanted"),
                 .failed = top.whole("failed"),
                 .exhausted = top.yes("exhausted")};
  require(top.find("objectives") && top.find("trials"), path,
          " is not of a search: it has no objectives or no trials");
  read_trials(s, top);
  require(!s.objectives.empty(), path, ": 'objectives' is empty");
  read_findings(s, top);
  read_importance(s, top.item("importance"));
  read_finalists(s, top.item("finalists"));
  if (s.progress.empty()) follow_trials(s);
  return s;
}

SearchRecord read_search_folder(const std::string& folder) {
  const std::string path = folder + "/" + kFile;
  if (!file_exists(path))
    throw UserError(str("'", folder, "' holds no search: there is no ", kFile),
                    "give the folder that `cambium search` wrote");
  SearchRecord s = search_record(load_json(path), path);
  s.folder = folder;
  return s;
}
}  // namespace cambium
