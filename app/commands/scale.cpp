// cambium scale: a scaling law through points of finished runs, or along whole trainings.
#include "app/command.h"
#include "app/run.h"
#include "app/scale/scale_view.h"
#include "app/scale/schedule_view.h"
#include "core/system/files.h"
#include "core/text/json.h"

namespace cambium::command_scale {
namespace {
struct Options {
  std::string file, output, objective = "auto", hold_out = "none";
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
  const Json json = schedule_json(answer);
  write_answer(o.output, json, "curves.csv", schedule_csv(answer));
  context.answer(json, schedule_text(answer));
  return kExitOk;
}

int scale(const Options& o, Context& context) {
  const Law* law = o.settings.law.empty() ? nullptr : &law_named(o.settings.law);
  const bool schedules = law && law->of_schedules;
  refuse_others(o, schedules ? law : nullptr);
  if (schedules) return scale_schedules(o, *law, context);
  ScaleSettings settings = o.settings;
  settings.hold_out_largest = o.hold_out == "largest";
  if (o.objective != "auto")
    settings.objective = o.objective == "huber" ? FitObjective::kHuber : FitObjective::kSquares;
  const ScaleAnswer answer = scale_points(read_points(o.file, o.choice), settings);
  const Json json = scale_json(answer);
  write_answer(o.output, json, "residuals.csv", residuals_csv(answer));
  context.answer(json, scale_text(answer));
  return kExitOk;
}
}  // namespace

extern const Command command_scale = {
    .name = "scale",
    .doc = "fit a scaling law to points of finished runs",
    .examples = {"cambium scale points.csv",
                 "cambium scale points.csv --columns params=N,tokens=D --where kept=1 -o law",
                 "cambium scale ladder.csv --hold-out largest --law over_training",
                 "cambium scale curves.csv --law multi_power --warmup 2160 --fit-on cosine "
                 "--fit-on wsd"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word(
          "POINTS", o->file,
          "CSV, a finished run a line: params, tokens, flops (raw counts: 125e6), loss (nats), "
          "and if there are any seed, group, unique_tokens, error");
      line.text("-o,--output", o->output, "FOLDER", "write scale.json and residuals.csv there");
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
      return [o](Context& context) { return scale(*o, context); };
    },
};
}  // namespace cambium::command_scale
