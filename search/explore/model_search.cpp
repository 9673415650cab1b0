#include "search/explore/model_search.h"

#include <algorithm>
#include <thread>

#include "core/system/files.h"
#include "core/text/json.h"
#include "train/run/run_folder.h"

namespace cambium {
namespace {
int64_t jobs_of(const ModelSearchSettings& settings, const Study& study) {
  if (settings.program.empty()) return 1;
  if (settings.jobs > 0) return settings.jobs;
  if (study.jobs > 0) return study.jobs;
  return std::max<int64_t>(1, std::thread::hardware_concurrency());
}

bool explore(ModelSpace& models, const ModelSearchSettings& settings, TrialStore& store,
             TrialWatch& watch) {
  const int64_t jobs = jobs_of(settings, models.study());
  const auto values = [&](const Trial& t, const std::string& run) {
    return values_of(models, t, run);
  };
  return work_on(store,
                 {.folder = settings.folder,
                  .propose = exploration(models),
                  .threads = kSearchThreads,
                  .values = values},
                 {.program = jobs == 1 ? "" : settings.program,
                  .jobs = jobs,
                  .stop = settings.stop,
                  .metric = models.study().metric},
                 watch);
}

void settle_finalists(ModelSpace& models, const ModelSearchSettings& settings,
                      ModelSearchWatch& watch, ModelSearchResult& r) {
  r.field = choose_finalists(models, r.findings, r.answer);
  if (r.field.all.empty()) return;
  watch.on_finalists(r.field);
  const std::string folder = settings.folder + "/finalists";
  r.finals = compare(finalist_study(models, r.field, folder),
                     {.folder = folder,
                      .command = settings.command,
                      .jobs = jobs_of(settings, models.study()),
                      .stop = settings.stop,
                      .program = jobs_of(settings, models.study()) == 1 ? "" : settings.program},
                     watch.finals());
  r.stopped = r.finals->stopped;
  r.judged = judge(models, r.field, r.finals->results);
  if (!r.stopped) r.times = finalist_times(r.field, r.finals->results);
}

Json finalist_json(const ModelSearchResult& r, size_t f) {
  const Finalist& of = r.field.all[f];
  Json out = {{"name", of.name}, {"key", of.key}};
  if (of.plans.size() == 1) out["file"] = str("finalists/", of.file(0));
  for (size_t t = 0; of.plans.size() > 1 && t < of.plans.size(); ++t)
    out["files"].push_back(str("finalists/", of.file(t)));
  if (!of.also.empty()) out["also"] = of.also;
  out["trial"] = of.trial ? Json(r.findings.trials[*of.trial].number) : Json();
  out["parameters"] = of.parameters();
  out["forward_flops"] = of.forward_flops();
  out["state_bytes"] = of.state_bytes();
  if (!r.times.empty()) put_times(out, r.times[f]);
  const auto place = std::ranges::find(r.judged.judged, f);
  if (place == r.judged.judged.end()) {
    out["not_judged"] = "trainings have not all ended well";
    return out;
  }
  const auto j = size_t(place - r.judged.judged.begin());
  out["mean"] = mean_of(r.judged.values[j]);
  out["trainings"] = r.judged.values[j];
  if (!r.judged.best) return out;
  out["to_best"] = {r.judged.best->to_best[j].low, r.judged.best->to_best[j].high};
  out["may_be_best"] = std::ranges::count(r.judged.best->kept, j) > 0;
  return out;
}

Json finalists_json(const ModelSearchResult& r) {
  Json out = {{"objective", judged_metric(r.finals->results)}, {"finalists", Json::array()}};
  for (size_t f = 0; f < r.field.all.size(); ++f) out["finalists"].push_back(finalist_json(r, f));
  for (const auto& [name, reason] : r.field.left_out)
    out["left_out"].push_back({{"name", name}, {"reason", reason}});
  const bool all = r.judged.judged.size() == r.field.all.size();
  const bool named = r.judged.best && r.judged.best->named;
  const Json name = named ? Json(r.field.all[r.judged.judged[*r.judged.best->named]].name) : Json();
  out["named"] = all ? name : Json();
  if (!all) out["named_of_judged"] = name;
  return out;
}
}  // namespace

ModelSearchResult search_models(ModelSpace& models, const ModelSearchSettings& settings,
                                ModelSearchWatch& watch) {
  const MadeFolder made(settings.folder);
  TrialStore store(settings.folder, record_of(models));
  ModelSearchResult r;
  r.stopped = explore(models, settings, store, watch);
  r.findings = findings_of(models, store.trials());
  r.findings.exhausted =
      !r.stopped && int64_t(r.findings.trials.size()) < models.study().search->settings.trials;
  r.started = int64_t(store.trials().size());
  r.answer = answer_of(models.space(), r.findings);
  if (!r.stopped && models.study().search->finalists_yaml)
    settle_finalists(models, settings, watch, r);
  Json json = model_search_json(models, r);
  json["command"] = settings.command;
  replace_file(settings.folder + "/results.json", to_text(json, 2) + "\n");
  replace_file(settings.folder + "/trials.csv", trials_csv(models.space(), r.findings));
  return r;
}

Json model_search_json(ModelSpace& models, const ModelSearchResult& r) {
  const Study& s = models.study();
  const SearchSettings& settings = s.search->settings;
  Json out = {{"study", s.name},
              {"base", s.base.file},
              {"method", models.method().method->name},
              {"options", models.method().options.text()},
              {"seed", settings.seed},
              {"lag", settings.lag},
              {"trials_wanted", settings.trials},
              {"exhausted", r.findings.exhausted},
              {"failed", r.answer.failed},
              {"refused", r.answer.refused},
              {"passed_over", models.refused()},
              {"objectives", objectives_json(r.findings)}};
  if (!r.findings.tasks.empty()) out["tasks"] = r.findings.tasks;
  if (r.findings.objectives.size() == 1 && !r.answer.front.empty())
    out["best"] =
        r.findings.objectives[0].loss(r.findings.trials[r.answer.front[0]].outcome.losses[0]);
  if (r.answer.volume) out["hypervolume"] = *r.answer.volume;
  if (r.answer.drawn > 0) {
    out["uniform_draws"] = r.answer.drawn;
    if (r.answer.drawn_best)
      out["uniform_draws_best"] = r.findings.objectives[0].loss(*r.answer.drawn_best);
    if (r.answer.drawn_volume) out["uniform_draws_hypervolume"] = *r.answer.drawn_volume;
  }
  out["front"] = Json::array();
  for (const size_t i : r.answer.front)
    out["front"].push_back(trial_json(models.space(), r.findings, i));
  if (!r.answer.rungs.empty()) out["rungs"] = rungs_json(r.answer);
  if (s.search->rungs && out.contains("rungs")) {
    const std::vector<double> shares = s.search->rungs->shares();
    for (size_t i = 0; i < std::min(shares.size(), out["rungs"].size()); ++i)
      out["rungs"][i]["share"] = shares[i];
  }
  out["importance"] = importance_json(r.findings, r.answer);
  if (r.finals) out["finalists"] = finalists_json(r);
  out["identity"] = record_of(models).settings;
  out["trials"] = Json::array();
  for (size_t i = 0; i < r.findings.trials.size(); ++i)
    out["trials"].push_back(trial_json(models.space(), r.findings, i));
  return out;
}
}  // namespace cambium
