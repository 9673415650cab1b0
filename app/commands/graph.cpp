// cambium graph: a picture of a model.
#include "app/command.h"
#include "app/pass_choice.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/hash.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/graphs/plans.h"
#include "train/profile/profile.h"
#include "viz/model/graphviz.h"
#include "viz/model/model_json.h"

namespace cambium::command_graph {
namespace {
struct Options {
  std::string spec, output, heat;
  std::optional<int64_t> batch;
  int64_t depth = 0;
  bool no_fold = false, no_legend = false;
  PassWords passes;
};

// Times of another model would land on boxes that happen to have the same names.
Profile profile_of(const Experiment& e, const std::string& file) {
  Profile p = load_profile(file);
  if (p.hash != hash_name(spec_hash(e.spec)))
    throw UserError(str("'", file, "' is a profile of '", p.spec, "' with other contents"),
                    str("make one of this spec, with the same --set: cambium profile ", e.spec.file,
                        " -o ", file));
  return p;
}

ModelPicture build(const Experiment& e, const Options& options) {
  const PictureOptions picture{
      .depth = options.depth, .fold = !options.no_fold, .spec = &e.spec.root};
  if (options.heat.empty())
    return model_picture(model_graph(e, options.batch.value_or(1), false), options.spec, picture);
  const Profile profile = profile_of(e, options.heat);
  const int64_t batch = options.batch.value_or(e.train.options.batch);
  return model_picture(model_graph(e, batch, true), options.spec, picture, &profile);
}

// The graph of a training step after a pass, as compiled; the file that -o names is its own.
int draw_step(Experiment e, const Options& options, Context& context) {
  PassWords words = options.passes;
  if (!words.dump_to.empty() && !options.output.empty())
    throw UserError("-o and --dump-to both name the file", "leave one of them out");
  if (!options.heat.empty() || options.batch || options.depth > 0 || options.no_fold ||
      options.no_legend)
    throw UserError(
        "--heat, --batch, --depth, --no-fold and --no-legend are of the picture of blocks",
        "leave them out with --dump-after: it shows operators at the spec's batch");
  if (words.dump_to.empty()) words.dump_to = options.output;
  if (words.dump_to.ends_with(".json"))
    throw UserError("the graph of operators is written as a picture or as text, not as JSON",
                    "end the name with .svg, .png, .dot or .txt");
  choose_passes(e, words, context.terminal);
  std::optional<Graph> shown;
  e.passes.after = [&](std::string_view pass, const Graph& g) {
    if (pass == words.dump_after) shown = g.clone();
  };
  Engine engine;
  compile_plans(e, engine);
  if (!shown)
    throw UserError(str("pass '", words.dump_after, "' found nothing to do in this spec"),
                    "cambium passes says what each is for");
  const std::string text = words.dump_to.empty() ? to_text(*shown) : "";
  if (!words.dump_to.empty()) write_graph(*shown, words.dump_to);
  context.answer({{"after", words.dump_after}, {"file", words.dump_to}, {"graph", text}},
                 words.dump_to.empty() ? text : str(words.dump_to, "\n"));
  return kExitOk;
}

int draw(const Options& options, Context& context) {
  const Experiment e = open_experiment(load_model_spec(options.spec, context.set));
  const PassWords& passes = options.passes;
  if (!passes.dump_after.empty() || !passes.dump_to.empty()) return draw_step(e, options, context);
  if (!passes.off.empty())
    throw UserError(
        "a picture of blocks is made before any pass, so --no-pass changes nothing in it",
        "add --dump-after NAME for the graph of operators after a pass");
  const ModelPicture model = build(e, options);
  if (options.output.empty()) {
    const std::string text = outline(model);
    context.answer({{"boxes", model.boxes.size()}, {"outline", text}, {"model", to_json(model)}},
                   text);
    return kExitOk;
  }
  DotOptions dot;
  dot.legend = !options.no_legend;
  const std::string bytes = render_picture(model, picture_format(options.output), dot);
  replace_file(options.output, bytes);
  context.answer(
      {{"picture", options.output}, {"boxes", model.boxes.size()}, {"bytes", bytes.size()}},
      str(options.output, "\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_graph = {
    .name = "graph",
    .doc = "draw a model: blocks, shapes, parameters and FLOPs",
    .examples = {"cambium graph configs/models/hybrid_fashion.yaml -o hybrid.svg",
                 "cambium graph my.yaml -o my.png --depth 2",
                 "cambium graph my.yaml            # an outline as text",
                 "cambium graph my.yaml -o my.json # for programs: cambium schema --graph",
                 "cambium graph my.yaml --dump-after fuse_post_ops -o step.svg   # operators",
                 "cambium graph my.yaml --heat my.json -o heat.svg   # of: cambium profile my.yaml "
                 "-o my.json"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("SPEC", o->spec, "a model spec, or the folder of a run");
      line.text("-o,--output", o->output, "FILE",
                "a .svg, .png, .dot or .json file; an outline unless told");
      line.text("--heat", o->heat, "FILE",
                "colour by time: a profile of this spec from `cambium profile -o`");
      line.whole("--batch", o->batch, 1,
                 "examples in the shapes and costs; 1 unless told, with --heat the spec's batch");
      line.whole("--depth", o->depth, 0, "levels of the hierarchy to open; 0: as many as fit");
      line.flag("--no-fold", o->no_fold, "draw equal neighbours one by one");
      line.flag("--no-legend", o->no_legend, "leave the legend out");
      declare_passes(line, o->passes);
      return [o](Context& context) { return draw(*o, context); };
    },
};
}  // namespace cambium::command_graph
