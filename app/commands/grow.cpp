// cambium grow: a trained model as the start of a larger one.
#include <algorithm>
#include <cmath>

#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "train/graphs/answers_graph.h"
#include "train/growth/growth.h"
#include "train/run/evaluate.h"
#include "train/weights/import.h"

namespace cambium::command_grow {
namespace {
constexpr double kSame = 1e-5;  // of the largest answer, or of 1

struct Options {
  std::string run, output, layers = "identity", to;
  std::string width = "1x", depth = "1x";
  bool last = false;
};

// "2x" is 2.
int64_t factor_of(const std::string& option, const std::string& text) {
  size_t digits = 0;
  while (digits < text.size() && std::isdigit(uint8_t(text[digits]))) ++digits;
  const bool good = digits > 0 && digits < 4 &&
                    (digits == text.size() || (text[digits] == 'x' && digits + 1 == text.size()));
  const int64_t factor = good ? std::stoll(text.substr(0, digits)) : 0;
  if (factor < 1 || factor > 64)
    throw UserError(str("--", option, " takes a whole number of times up to 64, got '", text, "'"),
                    str("write --", option, " 2x"));
  return factor;
}

LayerGrowth layers_of(const std::string& text) {
  return text == "stack"    ? LayerGrowth::kStack
         : text == "repeat" ? LayerGrowth::kRepeat
                            : LayerGrowth::kIdentity;
}

Spec larger_spec(const Options& o, const Context& context) {
  if (!o.to.empty()) {
    if (o.width != "1x" || o.depth != "1x")
      throw UserError("--to names the larger model, and --width and --depth would make another",
                      "leave out one or the other");
    return load_spec(o.to, context.set);
  }
  Spec spec = load_model_spec(o.run, {});
  std::erase_if(spec.root.entries, [](const YamlEntry& e) { return e.key == "init"; });
  const int64_t width = factor_of("width", o.width), depth = factor_of("depth", o.depth);
  if (width == 1 && depth == 1 && context.set.empty())
    throw UserError("nothing says how the model is to grow",
                    "say --width 2x, --depth 2x, --set PATH=VALUE or --to SPEC");
  enlarge(spec, width, depth);
  for (const std::string& text : context.set) {
    const size_t equals = text.find('=');
    require(equals != text.npos, "--set takes PATH=VALUE, got '", text, "'");
    apply_override(spec.root, text.substr(0, equals), parse_yaml(text.substr(equals + 1), "--set"),
                   {});
  }
  return spec;
}

std::vector<float> answers(const Experiment& e, const Tensors& tensors, const std::string& origin,
                           int64_t batch, const Batch& examples) {
  SavedModel model(e,
                   {.tensors =
                        [&] {
                          Tensors copies;
                          for (const auto& [name, t] : tensors) copies.emplace(name, t.clone());
                          return copies;
                        }()},
                   origin, answers_graph(e, batch));
  feed(model.executor(), examples);
  model.executor().run();
  const std::span<const std::byte> bytes =
      model.executor().output(output_name(e.data->shape(batch)));
  const auto* first = reinterpret_cast<const float*>(bytes.data());
  return {first, first + bytes.size() / sizeof(float)};
}

struct Difference {
  double largest = 0, scale = 0;  // of answers, and the largest answer

  bool same() const { return largest <= kSame * std::max(1.0, scale); }
};

// On the first examples of the data.
Difference compare_answers(const Experiment& small, const Tensors& was, const Experiment& large,
                           const Tensors& is, const std::string& run) {
  const int64_t batch = answers_batch(small);
  const Split split =
      small.data->count(Split::kValidation) >= batch ? Split::kValidation : Split::kTrain;
  Batch examples = allocate_batch(small.data->shape(batch));
  std::vector<int64_t> indices(static_cast<size_t>(batch));
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = int64_t(i) % small.data->count(split);
  small.data->read(split, indices, 0, examples);
  const std::vector<float> a = answers(small, was, run, batch, examples),
                           b = answers(large, is, run, batch, examples);
  if (a.size() != b.size())
    throw UserError("the larger model answers in another shape", "leave the last block as it is");
  Difference d;
  for (size_t i = 0; i < a.size(); ++i) {
    d.largest = std::max(d.largest, std::abs(double(a[i]) - double(b[i])));
    d.scale = std::max(d.scale, std::abs(double(a[i])));
  }
  return d;
}

int64_t numbers_in(const Tensors& tensors) {
  int64_t n = 0;
  for (const auto& [name, t] : tensors) n += t.shape().count();
  return n;
}

std::string table_of(const GrownWeights& grown) {
  std::string out;
  for (const GrownRow& r : grown.rows)
    out += str(r.name, "  ", r.was, " -> ", r.is, r.from == r.name ? "" : "  from " + r.from,
               r.silent ? "  zero" : "", "\n");
  return out;
}

int grow(const Options& o, Context& context) {
  if (o.output.empty()) throw UserError("-o is missing", "name the folder of the run to make");
  if (file_exists(o.output + "/spec.yaml"))
    throw UserError(str("'", o.output, "' holds a run already"), "name another folder with -o");
  const OpenedRun run = open_run(o.run, context.terminal);
  const Experiment& small = run.experiment;
  const LoadedWeights weights = weights_of_run(o.run, !o.last, context.terminal);
  const Spec spec = larger_spec(o, context);
  const Experiment large = open_experiment(spec, small.data);
  const LayerGrowth layers = layers_of(o.layers);
  GrownWeights grown = grow_weights(model_graph(small, 1, false), model_graph(large, 1, false),
                                    weights.tensors, layers);
  const Difference d = compare_answers(small, weights.tensors, large, grown.tensors, o.run);
  if (layers == LayerGrowth::kIdentity && !d.same())
    throw UserError(
        fmt::format("the larger model would answer otherwise: by {:.3g} where answers go to {:.3g}",
                    d.largest, d.scale),
        "something in it follows from its sizes (slopes of alibi, decays of retention, gates that "
        "a recurrence joins) or stands behind a shortcut's sum (a norm in post place); "
        "docs/growth.md says which blocks keep their answers, wider and deeper");
  const std::string table = table_of(grown);
  const int64_t was = numbers_in(weights.tensors), is = numbers_in(grown.tensors);
  const std::string summary = str("'", o.run, "' grown from ", was, " to ", is, " numbers");
  write_imported(
      {.spec = to_yaml(spec.root), .tensors = std::move(grown.tensors), .summary = summary},
      o.output);
  context.answer(
      {{"run", o.output},
       {"from", o.run},
       {"numbers", {was, is}},
       {"difference", d.largest},
       {"same", d.same()}},
      str(table, "\nnumbers   ", was, " -> ", is, "\nanswers   differ by at most ",
          fmt::format("{:.3g} (the largest is {:.3g})", d.largest, d.scale), "\nrun       ",
          o.output, "; cambium train --resume ", o.output, " goes on\n"));
  return kExitOk;
}
}  // namespace

extern const Command command_grow = {
    .name = "grow",
    .doc = "start a larger model as a trained one, with the same answers",
    .examples = {"cambium grow runs/small --width 2x -o runs/wide",
                 "cambium grow runs/small --depth 2x --layers stack -o runs/deep",
                 "cambium grow runs/small --set vars.dim=192 --set vars.heads=6 -o runs/wide",
                 "cambium train --resume runs/wide"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run, "the folder of a run");
      line.text("--width", o->width, "N", "times as many channels and heads of the same width: 2x");
      line.text("--depth", o->depth, "N", "times as many copies in each repeat: 2x");
      line.choice("--layers", o->layers, {"identity", "stack", "repeat"},
                  "new layers add nothing yet, or are the old ones over again, or each old one "
                  "several times; the last two change the function; identity unless told");
      line.text("--to", o->to, "SPEC", "the larger model's spec, instead of sizes");
      line.flag("--last", o->last, "the last weights instead of the best");
      line.text("-o,--output", o->output, "DIR", "the folder of the run to make");
      return [o](Context& context) { return grow(*o, context); };
    },
};
}  // namespace cambium::command_grow
