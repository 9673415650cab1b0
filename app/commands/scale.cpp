// cambium scale: a scaling law through points of finished runs.
#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/scale/coordinates_view.h"
#include "app/scale/scale_view.h"
#include "core/system/files.h"
#include "core/text/json.h"

namespace cambium::command_scale {
namespace {
struct Options {
  bool coordinates = false;
  std::string widths = "32,64,128,256";
  CoordinateSettings check;
  std::string file, output, objective = "auto", hold_out = "none";
  PointChoice choice;
  ScaleSettings settings;
};

// Exits with an error where the check does not pass, so that scripts see it.
int check_widths(const Options& o, Context& context) {
  CoordinateSettings settings = o.check;
  settings.sizes = parse_sizes(o.widths);
  const CoordinateCheck check =
      check_coordinates(load_model_spec(o.file, context.set), settings,
                        [&](const std::string& what) { context.terminal.note(what); });
  const Json json = coordinates_json(check);
  if (!o.output.empty()) {
    make_folders(o.output);
    replace_file(o.output + "/coordinates.json", to_text(json, 2) + "\n");
    replace_file(o.output + "/coordinates.svg", coordinates_svg(check));
  }
  context.answer(json, coordinates_text(check));
  return check.verdict == SlopeVerdict::kPasses ? kExitOk : kExitUser;
}

int scale(const Options& o, Context& context) {
  if (o.coordinates) return check_widths(o, context);
  ScaleSettings settings = o.settings;
  settings.hold_out_largest = o.hold_out == "largest";
  if (o.objective != "auto")
    settings.objective = o.objective == "huber" ? FitObjective::kHuber : FitObjective::kSquares;
  const ScaleAnswer answer = scale_points(read_points(o.file, o.choice), settings);
  const Json json = scale_json(answer);
  if (!o.output.empty()) {
    make_folders(o.output);
    replace_file(o.output + "/scale.json", to_text(json, 2) + "\n");
    replace_file(o.output + "/residuals.csv", residuals_csv(answer));
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
                 "cambium scale ladder.csv --hold-out largest --law over_training",
                 "cambium scale --coordinate-check my.yaml --widths 32,64,128,256 -o widths"},
    .takes_set = true,
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
      line.list("--where", o->choice.where, "COLUMN=VALUE", "only lines with that cell");
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
