// cambium generate: continues a text with a trained language model, or turns one into another with
// an encoder and a decoder.
#include "train/generate/generate.h"

#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "core/system/cancel.h"
#include "core/text/json.h"
#include "core/text/utf8.h"

namespace cambium::command_generate {
namespace {
struct Options {
  std::string run;
  std::optional<std::string> prompt;
  int64_t count = 200;
  int64_t beams = 0;
  bool last = false, no_cache = false, other_data = false;
  SamplingOptions sampling;
};

// A search draws nothing, so what steers drawing would be ignored.
void check_beams(const Options& o) {
  const SamplingOptions plain;
  const SamplingOptions& s = o.sampling;
  if (o.beams > 0 && (s.temperature != plain.temperature || s.top_k != plain.top_k ||
                      s.top_p != plain.top_p || s.seed != plain.seed))
    throw UserError("--beams looks for the likeliest text and draws nothing",
                    "leave out --temperature, --top-k, --top-p and --seed, or --beams");
}

// A new line, or, for a model that knows none, the first symbol of its training data.
std::string default_prompt(const Experiment& e) {
  const std::string line = "\n";
  try {
    if (!e.data->encode(line).empty()) return line;
  } catch (const UserError&) {
    Batch batch = allocate_batch(e.data->shape(1));
    const int64_t first = 0;
    e.data->read(Split::kTrain, {&first, 1}, 0, batch);
    return e.data->decode(std::span<const int32_t>(batch.x.i32()).first(1));
  }
  return {};
}

// What is generated is text, of a model that was trained to go on with it.
void check_text(const Experiment& e, const std::string& run) {
  constexpr std::string_view help =
      "train a model on a text, such as data: {text_chars: {path: my.txt}}; `cambium eval` "
      "measures "
      "any run";
  const DataShape shape = e.data->shape(1);
  const std::string data = str("'", run, "' learned from ", e.data->describe());
  if (!shape.decoder && !shape.causal)
    throw UserError(str(data, ": only a model of the next token can generate"), std::string(help));
  std::string text;
  try {
    for (int32_t id = 0; id < std::min<int64_t>(8, shape.classes); ++id)
      text += e.data->decode(std::span(&id, 1));
  } catch (const UserError&) {
    return;  // a symbol that is no text among others that are
  }
  if (text.empty()) throw UserError(str(data, ": its tokens stand for no text"), std::string(help));
}

int generate(const Options& options, Context& context) {
  check_beams(options);
  const OpenedRun run =
      open_run(options.run, context.terminal, {.other_data = options.other_data, .set = {}});
  const Experiment& e = run.experiment;
  check_text(e, options.run);
  const std::string prompt = options.prompt ? *options.prompt : default_prompt(e);
  const bool best = !options.last;
  const LoadedWeights weights = weights_of_run(options.run, best, context.terminal);
  Generator generator(e, weights.tensors, options.run, !options.no_cache);
  if (weights.fell_back) context.terminal.note("note    " + weights_text(weights, best));
  Json json = {{"run", options.run}, {"other_data", run.other_data}};
  add_weights(json, weights, best);
  json["prompt"] = prompt;
  const CancelScope stops;
  std::string text;
  const std::string before = prompt + (generator.has_encoder() ? " -> " : "");
  const bool stream = !context.terminal.json;
  if (options.beams > 0) {
    text = generator.beam(prompt, options.count, options.beams, [] { return !cancel_requested(); });
    json["text"] = text;
    context.answer(json, before + text + "\n");
    return cancel_requested() ? kExitInterrupted : kExitOk;
  }
  size_t shown = 0;  // of the text
  // A terminal must not obey what a model makes up; a file gets it as it is.
  const auto show = [&](size_t end) {
    Terminal& t = context.terminal;
    const std::string piece = text.substr(shown, end - shown);
    t.traits().shows_output ? t.print(piece) : t.print_raw(piece);
    shown = end;
  };
  generator.run(prompt, options.count, options.sampling, [&](std::string_view piece) {
    if (stream && text.empty()) context.terminal.print(before);
    text += piece;
    if (stream) show(whole_bytes(text));
    return !cancel_requested();
  });
  if (stream) show(text.size());
  if (stream) context.terminal.print("\n");
  json["text"] = text;
  if (!stream) context.answer(json, "");
  return cancel_requested() ? kExitInterrupted : kExitOk;
}
}  // namespace

extern const Command command_generate = {
    .name = "generate",
    .doc = "continue a text with a trained language model, or turn it into another",
    .examples =
        {"cambium generate runs/shakespeare_nano-s0 --prompt 'ROMEO:'",
         "cambium generate runs/shakespeare_nano-s0 --temperature 0.8 --top-k 40 --count 500"},
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run, "the folder of a run");
      line.text("--prompt", o->prompt, "TEXT",
                "what to continue, or to read; a new line unless told, or the training data's "
                "first symbol");
      line.whole("--count", o->count, 1, "symbols to make; 200 unless told");
      line.number("--temperature", o->sampling.temperature, 0, 1e3,
                  "divides the logits; 0: always the likeliest; 1 unless told");
      line.whole("--top-k", o->sampling.top_k, 0, "sample among the k likeliest; 0: among all");
      line.number("--top-p", o->sampling.top_p, 1e-6, 1,
                  "sample among the fewest symbols with this probability together; 1 unless told");
      line.whole("--beams", o->beams, 0,
                 "search for the likeliest text with so many candidates instead of sampling");
      line.flag("--no-cache", o->no_cache, "compute the whole context for every symbol");
      line.whole("--seed", o->sampling.seed, 0, "of the drawn symbols");
      line.flag("--last", o->last, "the last weights instead of the best");
      line.flag("--other-data", o->other_data,
                "the data may be other than the run's, with the same vocabulary");
      return [o](Context& context) { return generate(*o, context); };
    },
};
}  // namespace cambium::command_generate
