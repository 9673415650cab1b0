// cambium search: looks for the best points of a space, in trained models or a table of results.
#include <algorithm>
#include <filesystem>

#include "app/command.h"
#include "app/result_pages.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/tables/exploration/model_search_view.h"
#include "app/tables/exploration/proxy_table.h"
#include "app/tables/search/search_table.h"
#include "app/tables/train_view.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/explore/proxies_found.h"
#include "search/replay/search_folder.h"
#include "search/store/folder_content.h"

namespace cambium::command_search {
namespace {
struct Options {
  std::string study, folder, progress = "auto";
  int64_t jobs = 0;
  bool proxies = false;
};

TableSearch searched(const TableStudy& study, const Options& options, Context& context) {
  Terminal& terminal = context.terminal;
  const ProgressMode mode = progress_mode(options.progress, terminal);
  const CancelScope stops;
  Stopwatch since_line;
  TableSearch search = search_table(study, [&](int64_t done) {
    const int64_t all = study.settings.trials;
    if (mode == ProgressMode::kBar)
      terminal.status(str(study.name, "  ", bar_text(double(done) / double(all), 20), " ", done,
                          "/", all, " trials"));
    if (mode == ProgressMode::kPlain && since_line.seconds() > 5) {
      terminal.note(str(study.name, "  ", done, "/", all, " trials"));
      since_line.restart();
    }
    return cancel_requested();
  });
  terminal.end_status();
  return search;
}

// Nothing was found: scripts see it.
int end_without_result(const std::string& why, Context& context) {
  context.terminal.note(str("no trial has a result that fulfils what was asked for", why));
  return kExitRuntime;
}

int search_trained(const Spec& spec, const std::string& folder, const Options& options,
                   Context& context) {
  require_folder_for(FolderContent::kModelSearch, folder);
  ModelSpace models(spec);
  ModelSearchView view(context.terminal, progress_mode(options.progress, context.terminal), models);
  const ModelSearchResult result = search_models(models,
                                                 {.folder = folder,
                                                  .command = context.command,
                                                  .jobs = options.jobs,
                                                  .stop = cancel_requested},
                                                 view);
  view.finish();
  write_search_page(folder);
  Json json = model_search_json(models, result);
  json["folder"] = folder;
  std::string text = model_search_text(models, result);
  if (options.proxies && !result.stopped) {
    const std::vector<ProxyAgreement> proxies = proxies_found(models, result.findings);
    json["proxies"] = proxies_json(proxies);
    text += proxy_table(proxies, result.findings.objectives[0].name);
  }
  context.answer(json,
                 str("\n", text, "\nresults  ", folder, "/results.json, trials.csv, report.html",
                     result.finals ? " and finalists/*.yaml\n" : "\n"));
  if (result.stopped) {
    context.terminal.note("stopped; the same command goes on where this one ended");
    return kExitInterrupted;
  }
  if (!result.answer.front.empty()) return kExitOk;
  const auto reason = std::ranges::find_if(result.findings.trials,
                                           [](const FoundTrial& t) { return !t.reason.empty(); });
  return end_without_result(
      reason == result.findings.trials.end() ? "" : "; the first: " + reason->reason, context);
}

int search_study(const Options& options, Context& context) {
  refuse_folder_as_study(options.study);
  const std::string folder =
      options.folder.empty() ? str("studies/", std::filesystem::path(options.study).stem().string())
                             : options.folder;
  const Spec spec = load_spec(options.study, context.set);
  if (!is_table_search(spec)) return search_trained(spec, folder, options, context);
  if (options.proxies)
    throw UserError("--proxies looks at models, and a table has none", "leave --proxies out");
  const TableStudy study = load_table_study(options.study, context.set);
  const SearchFolder held(folder, study);
  const TableSearch search = searched(study, options, context);
  const TableAnswer answer = answer_of(study, search);
  Json json = answer_json(study, search, answer);
  json["command"] = context.command;
  const bool fewer = int64_t(search.trials.size()) < held.trials_before();
  if (!fewer) {
    replace_file(folder + "/results.json", to_text(json, 2) + "\n");
    replace_file(folder + "/trials.csv", trials_csv(*study.space, findings_of(study, search)));
    write_search_page(folder);
  }
  json["folder"] = folder;
  context.answer(
      json,
      str(search_text(study, search, answer), "\nresults  ", folder,
          "/results.json, trials.csv and report.html",
          fewer ? str(" stay as they were, of ", held.trials_before(), " trials") : "", "\n"));
  const bool stopped = int64_t(search.trials.size()) < study.settings.trials && !search.exhausted;
  if (stopped) {
    context.terminal.note("stopped; the same command begins again");
    return kExitInterrupted;
  }
  return answer.front.empty() ? end_without_result("", context) : kExitOk;
}
}  // namespace

extern const Command command_search = {
    .name = "search",
    .doc = "look for the best points of a space: of models, by training them, or of a table",
    .examples =
        {"cambium search configs/searches/hybrid_recall.yaml -o studies/hybrids",
         "cambium search configs/searches/nas_bench_macro.yaml --set base.table=table.csv",
         "cambium search my_search.yaml -o studies/tpe --set search.method=tpe",
         "cambium search my_search.yaml --set search.trials=200 --set search.seed=1 --json"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("STUDY", o->study,
                "a search: base (a model or a table), space, objectives, search");
      line.text("-o,--output", o->folder, "DIR", "where results go; studies/<study> unless told");
      line.whole("--jobs", o->jobs, 1,
                 "trainings side by side, one thread each; one a core unless told");
      line.flag("--proxies", o->proxies,
                "also how far what untrained models say ranks them as training does");
      declare_progress(line, o->progress);
      return [o](Context& context) { return search_study(*o, context); };
    },
};
}  // namespace cambium::command_search
