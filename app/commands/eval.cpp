// cambium eval: the metrics of a trained run on a split.
#include "app/comma_list.h"
#include "app/command.h"
#include "app/run.h"
#include "app/saved_run.h"
#include "app/tables/data/slice_scores_table.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/graphs/answers_graph.h"

namespace cambium::command_eval {
namespace {
struct Options {
  std::string run, split = "test", by, output;
  bool last = false, other_data = false;
};

Split split_of(const std::string& name) {
  return name == "train" ? Split::kTrain : name == "val" ? Split::kValidation : Split::kTest;
}

// What is lost on slices of the split, added to the answer and written where it is to be.
std::string evaluate_slices(const Options& options, const Experiment& e, Split split,
                            const LoadedWeights& weights, Json& json) {
  if (e.data->count(split) == 0)
    throw UserError("--by parts what the data itself holds out, and it holds out nothing",
                    "leave --by out: the sets of evaluate: are told one by one");
  const std::vector<AuditSlicing> slicings = slicings_of(*e.data, split, comma_list(options.by));
  const int64_t batch = answers_batch(e);
  SavedModel model(e, weights, options.run, answers_graph(e, batch));
  const std::vector<SliceScores> scores =
      slice_scores(score_documents(model.executor(), *e.data, split, batch), slicings);
  json["slices"] = to_json(scores);
  if (options.output.empty()) return scores_table(scores);
  replace_file(options.output,
               options.output.ends_with(".csv") ? to_csv(scores) : to_text(json, 1) + "\n");
  return str(scores_table(scores), options.output, "\n");
}

void check_output(const Options& o) {
  if (o.output.empty()) return;
  if (o.by.empty())
    throw UserError("-o writes what slices lose, and there are none without --by",
                    "add --by source,language,length");
  require(o.output.ends_with(".csv") || o.output.ends_with(".json"), "'", o.output,
          "' must end in .csv or .json");
}

int evaluate_run(const Options& options, Context& context) {
  check_output(options);
  const OpenedRun run = open_run(options.run, context.terminal,
                                 {.other_data = options.other_data, .set = context.set});
  const Experiment& e = run.experiment;
  const Split split = split_of(options.split);
  if (split == Split::kTrain ? e.data->count(split) == 0 : e.evaluated_examples(split) == 0)
    throw UserError(str("the data has no ", options.split, " split"),
                    "choose another with --split test, val or train");
  // Some data answers a test with its validation part.
  const bool stands_in = split == Split::kTest && !has_test_part(e);
  const std::string part = stands_in ? "val" : options.split;
  const bool best = !options.last;
  const LoadedWeights weights = weights_of_run(options.run, best, context.terminal);
  SavedModel model(e, weights, options.run, e.train.options.batch);
  const Metrics m = evaluate(model.executor(), e, split);
  Json json = {{"run", options.run}, {"split", part}, {"other_data", run.other_data}};
  add_weights(json, weights, best);
  json["metrics"] = to_json(m);
  const std::string slices =
      options.by.empty() ? "" : evaluate_slices(options, e, split, weights, json);
  context.answer(json,
                 str(part, "  ", to_text(m), " (", scored_in_all(m), " scored, ",
                     weights_text(weights, best), stands_in ? "; the data has no test part" : "",
                     run.other_data ? "; other data than it was trained on" : "", ")\n", slices));
  return kExitOk;
}
}  // namespace

extern const Command command_eval = {
    .name = "eval",
    .doc = "measure a trained run on a split of its data",
    .examples = {"cambium eval runs/hybrid_fashion-s0",
                 "cambium eval runs/hybrid_fashion-s0 --split val --last",
                 "cambium eval runs/nano-s0 --set data.path=other.txt --other-data",
                 "cambium eval runs/text-s0 --by source,language,length -o slices.csv"},
    .takes_set = true,
    .declare = [](CommandLine& line) -> Action {
      auto o = std::make_shared<Options>();
      line.word("RUN", o->run, "the folder of a run");
      line.choice("--split", o->split, {"test", "val", "train"},
                  "which examples; test unless told");
      line.text("--by", o->by, "KEYS",
                "of a corpus also by source, language, length or keys of the documents' meta, with "
                "commas; of data with a class for each example by label");
      line.text("-o,--output", o->output, "FILE", "what slices lose, as .csv or .json");
      line.flag("--last", o->last, "the last weights instead of the best");
      line.flag("--other-data", o->other_data,
                "the data may be other than the run's, with the same vocabulary and classes");
      return [o](Context& context) { return evaluate_run(*o, context); };
    },
};
}  // namespace cambium::command_eval
