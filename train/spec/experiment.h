// Experiment: a spec made ready to build and train: its data opened, its options parsed.
#pragma once
#include <memory>

#include "blocks/block.h"
#include "core/yaml/spec.h"
#include "data/dataset.h"
#include "graph/passes/passes.h"
#include "train/parameterisation/support/parameterisation.h"
#include "train/spec/evaluation_sets.h"
#include "train/spec/options.h"

namespace cambium {
struct AdapterReport;  // train/adapters/adapt.h
struct Model;
struct Step;      // train/graphs/step_graph.h
struct StepCost;  // the same

// What was built of an experiment: its base, models by batch and training, steps by batch. A copy
// starts with none: its spec may be changed.
struct Built {
  std::map<std::pair<int64_t, bool>, std::shared_ptr<const Model>> models;
  std::map<int64_t, std::shared_ptr<const Step>> steps;
  std::shared_ptr<const BaseModel> base;
  std::map<std::vector<int>, std::shared_ptr<const StepCost>> costs;  // by Experiment::thawed

  Built() = default;
  Built(Built&&) = default;
  Built& operator=(Built&&) = default;

  Built(const Built&) {}

  Built& operator=(const Built&) { return *this = Built(); }
};

struct Experiment {
  Spec spec;
  Vars vars;  // the spec's and, where the spec is silent, the data's
  std::shared_ptr<const Dataset> data;
  std::vector<EvaluationSet> sets = {};  // that models are judged by apart from it
  TrainSpec train;
  // Of the operands of products, and of what convolutions and batch norm hand each other: kF32 or,
  // with `precision: bf16`, kBf16. Parameters and their gradients, statistics, logits and the
  // optimizer are f32 in both.
  DType precision = DType::kF32;
  ParameterisationChoice parameterisation;
  std::vector<RecomputeMark> recompute;  // of the model's blocks
  std::string leak;  // what the model hears against the rules (train/graphs/leaks.h), where it may
  // What is legal and cannot do what it says, with its place and a cure.
  std::vector<UserError> notes = {};
  std::vector<int> thawed = {};  // rules of `unfreeze:` that have happened (train/thaw/unfreeze.h)
  PassChoice passes = {};  // of the pipeline (train/graphs/pipeline.h); all of them, and unwatched
  mutable Built built = {};  // of model_of and step_of

  // An epoch is whole updates: examples that fill no update any more are left out of it.
  int64_t updates_per_epoch() const;
  int64_t examples_per_update() const;
  int64_t batches_per_epoch() const;  // of which `accumulate` make an update
  int64_t total_steps() const;        // updates

  int64_t training_examples() const { return total_steps() * examples_per_update(); }

  // Of all that an evaluation runs over: the data's part and the evaluation sets.
  int64_t evaluated_examples(Split split) const;

  bool predicts_values() const;  // the targets are numbers, not classes
};

// Opens the data, parses `train:` and builds the model once; UserErrors with every mistake of the
// file. RuntimeError when data cannot be read. A batch and an accumulate beyond the training
// examples shrink to what there is, which a note says. With `data`, the section is not opened
// again: for a caller who knows that it describes this very dataset; nor is `evaluate:`, where
// `sets` are those.
Experiment open_experiment(Spec spec, std::shared_ptr<const Dataset> data = nullptr,
                           std::vector<EvaluationSet> sets = {});

// The same for who asks only what many models cost: whether the model can be trained so, and sees
// its answers, is not looked at.
Experiment open_to_measure(Spec spec, std::shared_ptr<const Dataset> data = nullptr,
                           std::vector<EvaluationSet> sets = {});

// What it is trained on, and judged by.
Identity identity_of(const Experiment& e);

// The same experiment at another length: of a spec that differs from e.spec in train.steps, epochs
// and eval_every alone. Its data and models stay, its notes are those of the new length. UserErrors
// of the section `train`.
void change_length(Experiment& e, Spec spec);

// The forward graph of one token a sequence, for generation: inputs "x" [batch,1] and "position"
// i32 [1,1], output "logits" [batch,1,classes], caches as states. UserErrors when a block of the
// model cannot work that way.
Graph step_model_graph(const Experiment& e, int64_t batch);

// The same of an encoder and a decoder. `first` takes "x", the whole source, and as "decoder"
// [batch,1] the token that begins; it keeps what the decoder needs of the encoder in states, from
// which `next` goes on with one token after the other.
struct DecoderGraphs {
  Graph first, next;
};

DecoderGraphs decoder_graphs(const Experiment& e, int64_t batch);

// A model's forward graph, what its blocks say of `recompute`, and which block stands at each path.
struct Model {
  Graph graph;
  std::vector<RecomputeMark> recompute;
  std::map<std::string, const Block*> blocks;
  // Of each weight, by path, where the parameterisation scales.
  std::map<std::string, WeightGrowth> growth;
  std::map<std::string, double> numbers;  // what its blocks hold at their base sizes
  std::shared_ptr<const AdapterReport> adapters = nullptr;  // null without `adapt:`
};

// The forward graph on `batch` examples with the inputs "x" (and "adjacency", "mask", "decoder",
// "pairs", "edges", "rng") and one output, output_name(), of DataShape::output(). UserErrors when
// the model is wrong or ends in another shape.
Model build_model_graph(const Experiment& e, int64_t batch, bool training);
Model build_model_graph(const Experiment& e, const DataShape& shape, bool training);

// The same, built when it is first asked for and kept; not for two threads at once.
const Model& model_of(const Experiment& e, int64_t batch, bool training);
Graph model_graph(const Experiment& e, int64_t batch, bool training);  // a copy of its graph

// What the parameterisation counts from; none where it does not scale. Built when it is first asked
// for and kept. UserErrors when the model is wrong at those sizes.
std::optional<Scaling> scaling_of(const Experiment& e);

// What the parameterisation says of each parameter's steps, on top of what its group says.
void scale_steps(const Experiment& e, std::span<const Value> parameters,
                 std::vector<ParameterGroup>& groups);

// Gives back the memory of the models and steps that are kept, before training begins.
void forget_models(const Experiment& e);

// "logits" of class targets, "prediction" of values.
std::string_view output_name(const DataShape& shape);

// Whether the spec asks for recompute anywhere.
bool recomputes(const Experiment& e);

// A stable name of everything that shapes a run except how often it reports and saves, and what
// `train.recompute` says, which changes no number.
uint64_t spec_hash(const Spec& spec);
}  // namespace cambium
