// cambium scale: a scaling law through points of finished runs, along whole trainings, or through a
// ladder that it trains.
#include <filesystem>

#include "app/command.h"
#include "app/result_pages.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/scale/coordinates_view.h"
#include "app/scale/ladder_progress.h"
#include "app/scale/ladder_view.h"
#include "app/scale/scale_view.h"
#include "app/scale/schedule_view.h"
#include "app/tables/train_view.h"
#include "core/system/cancel.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "search/ladder/ladder_runs.h"
#include "search/store/folder_content.h"

namespace cambium::command_scale {
namespace {
struct Options {
  std::string file, output, objective = "auto", hold_out = "none", progress = "auto";
  int64_t jobs = 0;
  bool coordinates = false;
  std::string widths = "32,64,128,256";
  CoordinateSettings check;
  PointChoice choice;
  ScaleSettings settings;
  std::vector<std::string> fit_on;
  int64_t warmup = 0;
};

void write_answer(const std::string& folder, const Json& json, const std::string& table_name,
                  const std::string& table) {
  if (folder.empty()) return;
  make_folders(folder);
  replace_file(folder + "/scale.json", to_text(json, 2) + "\n");
  replace_file(folder + "/" + table_name, table);
}

// An option that the kind of law would ignore is an error.
void refuse_others(const Options& o, const Law* schedules) {
  const auto refuse = [&](bool given, std::string_view option, std::string_view cure) {
    if (given)
      throw UserError(str("'", option, "' is not for ",
                          schedules ? "laws of whole trainings" : "points of finished runs"),
                      std::string(cure));
  };
  refuse(schedules && o.hold_out != "none", "--hold-out", "name the curves to fit to: --fit-on");
  refuse(schedules && !o.choice.where.empty(), "--where", "name the curves to fit to: --fit-on");
  refuse(schedules && o.objective == "squares", "--objective",
         "steps of a curve are fitted by Huber's sum alone");
  refuse(!schedules && !o.fit_on.empty(), "--fit-on", "leave runs out: --hold-out or --where");
  refuse(!schedules && o.warmup != 0, "--warmup", "it belongs to --law multi_power");
}

int scale_schedules(const Options& o, const Law& law, Context& context) {
  const ScheduleAnswer answer = fit_schedules(
      law, read_curves(o.file, {.columns = o.choice.columns, .warmup = o.warmup}), o.fit_on);
  Json json = schedule_json(answer);
  json["command"] = context.command;
  write_answer(o.output, json, "curves.csv", schedule_csv(answer));
  if (!o.output.empty()) write_scale_page(o.output);
  context.answer(json, schedule_text(answer));
  return kExitOk;
}

// Exits with an error where the check does not pass, so that scripts see it.
int check_widths(const Options& o, Context& context) {
  CoordinateSettings settings = o.check;
  settings.sizes = parse_sizes(o.widths);
  const Spec spec = load_model_spec(o.file, context.set);
  if (is_study(spec))
    throw UserError(str("'", o.file, "' is a study, and a coordinate check trains one model"),
                    "give the model's file, as the study's base: names it", {o.file, 1, 1, 1});
  const CoordinateCheck check = check_coordinates(
      spec, settings, [&](const std::string& what) { context.terminal.note(what); });
  const Json json = coordinates_json(check);
  if (!o.output.empty()) {
    make_folders(o.output);
    replace_file(o.output + "/coordinates.json", to_text(json, 2) + "\n");
    replace_file(o.output + "/coordinates.svg", coordinates_svg(check));
  }
  context.answer(json, coordinates_text(check));
  return check.verdict == SlopeVerdict::kPasses ? kExitOk : kExitUser;
}

bool is_study_file(const std::string& file) {
  return file.ends_with(".yaml") || file.ends_with(".yml");
}

int scale_points_file(const Options& o, Context& context) {
  if (!context.set.empty() || o.jobs > 0)
    throw UsageError(str(context.set.empty() ? "--jobs" : "--set", " is of studies that are ",
                         "trained, and '", o.file, "' is taken for a file of points"),
                     "a study's name ends in .yaml");
  const Law* law = o.settings.law.empty() ? nullptr : &law_named(o.settings.law);
  const bool schedules = law && law->of_schedules;
  refuse_others(o, schedules ? law : nullptr);
  if (schedules) return scale_schedules(o, *law, context);
  ScaleSettings settings = o.settings;
  settings.hold_out_largest = o.hold_out == "largest";
  if (o.objective != "auto")
    settings.objective = o.objective == "huber" ? FitObjective::kHuber : FitObjective::kSquares;
  const ScaleAnswer answer = scale_points(read_points(o.file, o.choice), settings);
  Json json = scale_json(answer);
  json["command"] = context.command;
  write_answer(o.output, json, "residuals.csv", residuals_csv(answer));
  if (!o.output.empty()) write_scale_page(o.output);
  context.answer(json, scale_text(answer));
  return kExitOk;
}

// Options that read points, of which a ladder's study says its own.
void refuse_point_options(const Options& o) {
  const char* given = !o.settings.law.empty()     ? "--law"
                      : o.hold_out != "none"      ? "--hold-out"
                      : o.objective != "auto"     ? "--objective"
                      : !o.choice.columns.empty() ? "--columns"
                      : !o.choice.where.empty()   ? "--where"
                      : !o.fit_on.empty()         ? "--fit-on"
                      : o.warmup != 0             ? "--warmup"
                                                  : nullptr;
  if (given)
    throw UsageError(str(given, " is of files of points, and '", o.file, "' is a study"),
                     "say it there, as --set scale.law=over_training or --set "
                     "scale.hold_out=largest; or fit the points.csv that the study writes");
}

Study load_ladder(const Options& o, const Context& context) {
  refuse_folder_as_study(o.file);
  Study study = load_study(o.file, context.set);
  if (!study.scale)
    throw UserError(str("'", o.file, "' has no scale:, and this trains ladders"),
                    str("compare its variants with `cambium compare ", o.file, "`"),
                    {o.file, 1, 1, 1});
  return study;
}

// What the runs came to, in files and on the terminal.
void answer_for(const LadderPlan& plan, const std::string& folder, Context& context) {
  const LadderAnswer answer = answer_ladder(plan, folder);
  Json json = ladder_answer_json(plan, answer);
  json["command"] = context.command;
  replace_file(folder + "/scale.json", to_text(json, 2) + "\n");
  replace_file(folder + "/points.csv", answer.points);
  if (answer.laws)
    replace_file(folder + "/residuals.csv", residuals_csv(*answer.laws));
  else
    std::filesystem::remove(folder + "/residuals.csv");  // of an earlier session's law
  json["folder"] = folder;
  json["report"] = write_scale_page(folder).path;
  context.answer(json, str("\n", ladder_answer_text(plan, answer), "\nresults  ", folder,
                           "/scale.json, points.csv", answer.laws ? ", residuals.csv" : "",
                           " and report.html\n"));
}

int scale_ladder(const Options& o, Context& context) {
  refuse_point_options(o);
  const std::string folder =
      o.output.empty() ? str("studies/", std::filesystem::path(o.file).stem().string()) : o.output;
  require_folder_for(FolderContent::kLadder, folder);
  const LadderPlan plan = plan_ladder(load_ladder(o, context));
  const LadderSettings settings{
      .folder = folder, .command = context.command, .jobs = o.jobs, .stop = cancel_requested};
  LadderView view(context.terminal, progress_mode(o.progress, context.terminal));
  view.on_plan(plan, ladder_jobs(plan, settings));
  const bool stopped =
      train_ladder(plan, settings, [&](const ListProgress& p) { view.on_progress(p); });
  view.finish();
  answer_for(plan, folder, context);
  if (!stopped) return kExitOk;
  context.terminal.note("stopped; the same command goes on where this one ended");
  return kExitInterrupted;
}

int scale(const Options& o, Context& context) {
  if (o.coordinates) return check_widths(o, context);
  return is_study_file(o.file) ? scale_ladder(o, context) : scale_points_file(o, context);
}
}  // namespace

extern const Command command_scale = {
    .name = "scale",
    .doc = "fit a scaling law to points of finished runs, or to a ladder of sizes that it trains",
    .examples = {"cambium scale points.csv",
                 "cambium scale points.csv --columns params=N,tokens=D --where kept=1 -o law",
                 "cambium scale ladder.csv --hold-out largest --law over_training",
                 "cambium scale curves.csv --law multi_power --warmup 2160 --fit-on cosine "
                 "--fit-on wsd",
                 "cambium scale configs/studies/ladder_text.yaml --jobs 2",
                 "cambium scale --coordinate-check my.yaml --widths 32,64,128,256 -o widths"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word(
          "FILE", o->file,
          "points as CSV, a finished run a line: params, tokens, flops (raw counts: 125e6), loss "
          "(nats), and if there are any seed, group, unique_tokens, error; or a study with scale:");
      line.text("-o,--output", o->output, "FOLDER",
                "write scale.json, residuals.csv and report.html there; a study's runs go to "
                "studies/<study> "
                "unless told");
      std::vector<std::string> laws;
      for (const Law* law : builtin_laws()) laws.emplace_back(law->name);
      line.choice("--law", o->settings.law, laws, "chosen by the columns unless told");
      line.choice("--hold-out", o->hold_out, {"none", "largest"},
                  "leave the largest size out, and judge what the rest foretells of it");
      line.choice("--objective", o->objective, {"auto", "squares", "huber"},
                  "auto: squares of the log loss where configurations have several seeds, else "
                  "Huber's sum");
      line.list("--columns", o->choice.columns, "ROLE=NAME,...",
                "what columns of the file are called: params=N,loss=final");
      line.list("--fit-on", o->fit_on, "CURVE",
                "of --law multi_power, whose file has columns curve, step, lr, loss (empty: only "
                "the rate is known): the curves to fit to; the others are foretold");
      line.whole("--warmup", o->warmup, 0, "of its curves: steps in which the rate rises from 0");
      line.list("--where", o->choice.where, "COLUMN=VALUE", "only lines with that cell");
      line.whole("--jobs", o->jobs, 1,
                 "runs of a study side by side, one thread each; one a core unless told");
      declare_progress(line, o->progress);
      line.flag("--coordinate-check", o->coordinates,
                "instead: train the model of a SPEC for a few steps at several widths, and say "
                "whether the changes of its activations grow with width");
      line.text("--widths", o->widths, "N,N,...",
                "of a coordinate check; 32,64,128,256 unless told");
      line.text(
          "--vary", o->check.vary, "PATH",
          "what takes these widths; unless told the first path of the parameterisation's base");
      line.whole("--check-steps", o->check.steps, 1, "steps of a coordinate check; 10 unless told");
      line.whole("--check-seeds", o->check.seeds, 1, "seeds of a coordinate check; 3 unless told");
      return [o](Context& context) { return scale(*o, context); };
    },
};
}  // namespace cambium::command_scale
