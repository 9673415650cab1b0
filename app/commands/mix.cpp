// cambium mix: the best mixture of a corpus's sources, by small trainings on many mixtures; or from
// a table of such runs.
#include <cmath>
#include <filesystem>

#include "app/command.h"
#include "app/mixtures/mix_view.h"
#include "app/result_pages.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/mixtures/fit/best.h"
#include "search/mixtures/fit/ranks.h"
#include "search/mixtures/mixture_table.h"
#include "search/store/folder_content.h"

namespace cambium::command_mix {
namespace {
struct Options {
  std::string file, folder, progress = "auto", losses, target, test_shares, test_losses;
  int64_t jobs = 0;
};

bool is_study_file(const std::string& file) {
  return file.ends_with(".yaml") || file.ends_with(".yml");
}

// Mixtures are looked for around the mean of those that were tried.
MixtureDraws draws_of(const MixturePoints& points) {
  MixtureDraws draws;
  draws.around.assign(points.sources.size(), 0);
  for (const std::vector<double>& w : points.shares)
    for (size_t s = 0; s < w.size(); ++s) draws.around[s] += w[s] / double(points.size());
  draws.temperature = 1;
  return draws;
}

int fit_table(const Options& o, Context& context) {
  if (o.losses.empty())
    throw UsageError(str("'", o.file, "' is taken for a table of mixtures, and nothing says what ",
                         "was lost on them"),
                     "name the table of losses with --losses; a study's name ends in .yaml");
  if (o.test_shares.empty() != o.test_losses.empty())
    throw UsageError("--test-shares and --test-losses belong together", "give both, or neither");
  const MixturePoints points = read_mixtures(o.file, o.losses, o.target);
  MixTableAnswer answer{.choice = choose_form(points, builtin_mixture_forms(), 0),
                        .test_spearman = {},
                        .sources = points.sources,
                        .best = {},
                        .best_interval = {}};
  if (!o.test_shares.empty()) {
    const MixturePoints test = read_mixtures(o.test_shares, o.test_losses, o.target);
    require(test.sources == points.sources, "'", o.test_shares,
            "' has other sources than the runs, or in another order");
    for (const FormScore& s : answer.choice.scores) {
      std::vector<double> foretold;
      if (s.why_not.empty()) {
        const auto fitted = s.form->fit(points);
        for (const std::vector<double>& w : test.shares) foretold.push_back(fitted->at(w));
      }
      answer.test_spearman.push_back(
          foretold.empty() ? NAN : spearman(foretold, test.losses).value_or(NAN));
    }
  }
  const BestMixture best = best_mixture(points, *answer.choice.chosen().form,
                                        mixture_candidates(draws_of(points), 0), {}, 0, 100);
  answer.best = best.shares;
  answer.best_interval = best.interval;
  answer.foretold = best.foretold;
  context.answer(mix_table_json(answer), mix_table_text(answer));
  return kExitOk;
}

Study load_mixtures(const Options& o, const Context& context) {
  refuse_folder_as_study(o.file);
  if (!o.losses.empty() || !o.target.empty() || !o.test_shares.empty() || !o.test_losses.empty())
    throw UsageError(
        str("'", o.file, "' is a study, and --losses, --target and the tests are of ", "tables"),
        "say it in the study: mix: {target: val.loss}");
  Study study = load_study(o.file, context.set);
  if (!study.mix)
    throw UserError(str("'", o.file, "' has no mix:, and this tries mixtures"),
                    str("compare its variants with `cambium compare ", o.file, "`"),
                    {o.file, 1, 1, 1});
  return study;
}

void answer_for(const MixPlan& plan, const std::string& folder, Context& context) {
  MixRecord record = answer_mixtures(plan, folder);
  record.command = context.command;
  Json json = to_json(record);
  replace_file(str(folder, "/", kMixFile), to_text(json, 1) + "\n");
  replace_file(folder + "/runs.csv", mix_csv(record));
  json["folder"] = folder;
  json["report"] = write_mix_page(folder).path;
  context.answer(json, str("\n", mix_answer_text(record), "\nresults  ", folder, "/", kMixFile,
                           ", runs.csv and report.html\n"));
}

int mix_study(const Options& o, Context& context) {
  const std::string folder =
      o.folder.empty() ? str("studies/", std::filesystem::path(o.file).stem().string()) : o.folder;
  require_folder_for(FolderContent::kMixtures, folder);
  const MixPlan plan = plan_mixtures(load_mixtures(o, context));
  const MixSettings settings{
      .folder = folder, .command = context.command, .jobs = o.jobs, .stop = cancel_requested};
  MixView view(context.terminal, progress_mode(o.progress, context.terminal));
  std::vector<MixRun> runs = drawn_runs(plan);
  view.on_plan(plan, mix_jobs(plan, settings, runs.size()));
  const MixWatch watch = [&](const MixProgress& p) { view.on_progress(p); };
  bool stopped = train_mixtures(plan, runs, "mixtures", settings, watch);
  if (!stopped) {
    const std::vector<MixRun> checks = check_runs(plan, answer_mixtures(plan, folder));
    if (!checks.empty()) stopped = train_mixtures(plan, checks, "check", settings, watch);
  }
  view.finish();
  answer_for(plan, folder, context);
  if (!stopped) return kExitOk;
  context.terminal.note("stopped; the same command goes on where this one ended");
  return kExitInterrupted;
}
}  // namespace

extern const Command command_mix = {
    .name = "mix",
    .doc = "find the best mixture of a corpus's sources by small trainings on many mixtures",
    .examples = {"cambium mix configs/studies/mixture_of_texts.yaml",
                 "cambium mix my_study.yaml -o studies/mix --jobs 2 --set mix.runs=48",
                 "cambium mix shares.csv --losses losses.csv --target pile_cc_val_loss"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("FILE", o->file,
                "a study with mix:; or a table of mixtures as CSV, a run a line: its name, then "
                "the share of each source");
      line.text("-o,--output", o->folder, "DIR", "where results go; studies/<study> unless told");
      line.whole("--jobs", o->jobs, 1,
                 "runs side by side, one thread each; one a core unless told");
      line.text("--losses", o->losses, "FILE", "of a table: the runs' names and losses");
      line.text("--target", o->target, "COLUMN", "of --losses: what is to be low");
      line.text("--test-shares", o->test_shares, "FILE",
                "of a table: mixtures to foretell, with --test-losses");
      line.text("--test-losses", o->test_losses, "FILE", "what was lost on them");
      declare_progress(line, o->progress);
      return [o](Context& context) {
        return is_study_file(o->file) ? mix_study(*o, context) : fit_table(*o, context);
      };
    },
};
}  // namespace cambium::command_mix
