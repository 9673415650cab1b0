// cambium scale: a scaling law through points of finished runs.
#include "app/command.h"
#include "app/result_pages.h"
#include "app/run.h"
#include "app/scale/scale_view.h"
#include "core/system/files.h"
#include "core/text/json.h"

namespace cambium::command_scale {
namespace {
struct Options {
  std::string file, output, objective = "auto", hold_out = "none";
  PointChoice choice;
  ScaleSettings settings;
};

int scale(const Options& o, Context& context) {
  ScaleSettings settings = o.settings;
  settings.hold_out_largest = o.hold_out == "largest";
  if (o.objective != "auto")
    settings.objective = o.objective == "huber" ? FitObjective::kHuber : FitObjective::kSquares;
  const ScaleAnswer answer = scale_points(read_points(o.file, o.choice), settings);
  Json json = scale_json(answer);
  json["command"] = context.command;
  if (!o.output.empty()) {
    make_folders(o.output);
    replace_file(o.output + "/scale.json", to_text(json, 2) + "\n");
    replace_file(o.output + "/residuals.csv", residuals_csv(answer));
    write_scale_page(o.output);
  }
  context.answer(json, scale_text(answer));
  return kExitOk;
}
}  // namespace

extern const Command command_scale = {
    .name = "scale",
    .doc = "fit a scaling law to points of finished runs",
    .examples = {"cambium scale points.csv",
                 "cambium scale points.csv --columns params=N,tokens=D --where kept=1 -o law",
                 "cambium scale ladder.csv --hold-out largest --law over_training"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word(
          "POINTS", o->file,
          "CSV, a finished run a line: params, tokens, flops (raw counts: 125e6), loss (nats), "
          "and if there are any seed, group, unique_tokens, error");
      line.text("-o,--output", o->output, "FOLDER",
                "write scale.json, residuals.csv and report.html there");
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
      line.list("--where", o->choice.where, "COLUMN=VALUE", "only lines with that cell");
      return [o](Context& context) { return scale(*o, context); };
    },
};
}  // namespace cambium::command_scale
