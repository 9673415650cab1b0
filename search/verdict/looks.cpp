#include "search/verdict/looks.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/system/files.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/record/run_record.h"

namespace cambium {
namespace {
// A run whose end is known.
struct KnownRun {
  std::string variant;
  int64_t seed;
};

std::vector<KnownRun> known_runs(const std::string& folder) {
  std::vector<KnownRun> out;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/runs", none)) {
    const auto run = find_run_record(entry.path().string());
    if (run && !run->variant.empty() && (run->done() || run->failed()))
      out.push_back({run->variant, run->seed});
  }
  return out;
}

// "3 finished seeds (1, 4 and 6)"
std::string counted(std::string_view what, const std::vector<std::string>& names) {
  return str(names.size(), " finished ", what, names.size() == 1 ? "" : "s", " (",
             join_names(names), ")");
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (!std::ranges::count(names, name)) names.push_back(name);
}

void refuse_what_is_left_out(const Study& study, const std::string& folder,
                             std::vector<KnownRun> known) {
  std::vector<std::string> seeds, variants;
  std::ranges::sort(known, {}, &KnownRun::seed);
  for (const KnownRun& run : known) {
    if (!std::ranges::count(study.variants, run.variant, &Variant::name))
      add_once(variants, run.variant);
    else if (!std::ranges::count(study.seeds, run.seed))
      add_once(seeds, str(run.seed));
  }
  constexpr std::string_view why =
      "what is left out once its outcome is known bends the comparison; keep it, or choose another "
      "folder for another study";
  if (!seeds.empty())
    throw UserError(
        str("'", folder, "' holds ", counted("seed", seeds), " that the study now leaves out"),
        std::string(why));
  if (!variants.empty())
    throw UserError(str("'", folder, "' holds ", counted("variant", variants),
                        " that the study now leaves out"),
                    std::string(why));
}

void refuse_changes(const Frozen& before, const Frozen& now, const std::string& folder) {
  const auto same = [&](std::string_view what, const auto& old, const auto& asked) {
    if (old == asked) return;
    throw UserError(str("'", folder, "' was begun with ", what, " ", old, ", the study now says ",
                        asked, "; its outcomes are known"),
                    "choose another folder for another question");
  };
  same("metric", before.metric, now.metric);
  same("baseline", before.baseline, now.baseline);
  same("alpha", before.alpha, now.alpha);
  // Naming one later is no second try: what lies within any bound is told by the same interval.
  if (before.least_effect > 0) same("least_effect", before.least_effect, now.least_effect);
  same("vary", join_names(before.vary), join_names(now.vary));
  same("tasks", join_names(before.tasks), join_names(now.tasks));
}
}  // namespace

double alpha_of_look(double alpha, int64_t look) {
  constexpr double kShare = 0.75;
  return alpha * kShare * std::pow(1 - kShare, double(look - 1));
}

Frozen frozen_of(const Study& study) {
  Frozen out{study.metric, study.baseline, study.alpha, study.least_effect, {}, {study.seeds}};
  for (const YamlEntry& e : study.vary) out.vary.push_back(e.key);
  out.planned = study.looks;
  for (const Task& t : study.tasks) out.tasks.push_back(str(t.name, " by ", t.metric.name));
  return out;
}

Frozen carried_on(const Study& study, const std::string& folder) {
  Frozen now = frozen_of(study);
  const std::string path = folder + "/study.json";
  if (!file_exists(path)) return now;
  const std::vector<KnownRun> known = known_runs(folder);
  if (known.empty()) return now;
  const Frozen before = frozen_from(load_json(path));
  refuse_changes(before, now, folder);
  refuse_what_is_left_out(study, folder, known);
  const auto sorted = [](std::vector<int64_t> seeds) {
    std::ranges::sort(seeds);
    return seeds;
  };
  now.looks = before.looks;
  if (now.looks.empty() || sorted(now.looks.back()) != sorted(study.seeds) ||
      before.planned != now.planned)
    now.looks.push_back(study.seeds);
  return now;
}

Json to_json(const Frozen& f) {
  return {{"metric", f.metric},   {"baseline", f.baseline},
          {"alpha", f.alpha},     {"least_effect", f.least_effect},
          {"vary", f.vary},       {"looks", f.looks},
          {"planned", f.planned}, {"tasks", f.tasks}};
}

Frozen frozen_from(const Json& study) {
  Frozen out;
  const Json* frozen = study.contains("frozen") ? &study.at("frozen") : nullptr;
  try {
    if (frozen) {
      out.metric = frozen->at("metric");
      out.baseline = frozen->at("baseline");
      out.alpha = frozen->at("alpha");
      out.least_effect = frozen->at("least_effect");
      out.vary = frozen->at("vary").get<std::vector<std::string>>();
      out.looks = frozen->at("looks").get<std::vector<std::vector<int64_t>>>();
      // Older programs planned no looks and had no tasks.
      out.planned = frozen->value("planned", std::vector<int64_t>());
      out.tasks = frozen->value("tasks", std::vector<std::string>());
      return out;
    }
    out.metric = study.at("metric").at("selection");
    out.baseline = study.at("base");
    out.looks = {study.at("seeds").get<std::vector<int64_t>>()};
  } catch (const Json::exception& e) {
    throw UserError(str("study.json does not say what the study settled on: ", e.what()),
                    "choose another folder");
  }
  return out;
}
}  // namespace cambium
