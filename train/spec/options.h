// Options: what the `train:` section of a spec says.
#pragma once
#include <array>

#include "core/yaml/choice.h"
#include "train/run/metrics.h"
#include "train/spec/groups.h"
#include "train/spec/loss.h"
#include "train/spec/optim.h"
#include "train/spec/schedule.h"

namespace cambium {
struct TrainOptions {
  int64_t batch = 32, epochs = 0, steps = 0, accumulate = 1;
  int64_t eval_every = 0, eval_batches = 0, log_every = 10, checkpoint_every = 0, patience = 0;
  int64_t seed = 0, data_seed = 0, loss_rows = 0;
  double clip = 0, clip_value = 0, ema = 0, label_smoothing = 0, z_loss = 0, stop_at = 0;
  double layer_decay = 1, cache_gib = 4;
  std::vector<double> class_weights;
  bool allow_leaks = false;
  std::string best = "val.loss", accuracy = "micro", recompute = "none", cache = "auto";

  static constexpr auto fields = std::tuple{
      field("batch", &TrainOptions::batch,
            "examples a gradient is taken over at a time; at most those there are")
          .in(1, 1 << 24),
      field("epochs", &TrainOptions::epochs, "passes over the training data").in(1, 1e9),
      field("steps", &TrainOptions::steps, "updates; instead of epochs").in(1, 1e12),
      field("accumulate", &TrainOptions::accumulate,
            "batches that make one update, of the mean over all they score: 8 of 16 examples are "
            "one of 128; an epoch is whole updates")
          .in(1, 1 << 20),
      field("eval_every", &TrainOptions::eval_every,
            "steps between evaluations on validation data; 0: once an epoch")
          .in(0),
      field("eval_batches", &TrainOptions::eval_batches,
            "batches of an evaluation while training; 0: the whole split")
          .in(0),
      field("log_every", &TrainOptions::log_every, "steps between lines of the log").in(1, 1e12),
      field("checkpoint_every", &TrainOptions::checkpoint_every,
            "steps between checkpoints; 0: about every half minute")
          .in(0),
      field("patience", &TrainOptions::patience,
            "stop after this many evaluations without a new best; 0: never")
          .in(0),
      field("seed", &TrainOptions::seed, "of weights, data order and dropout").in(0, 0x1p53),
      field("data_seed", &TrainOptions::data_seed,
            "of generated data and of random splits; apart from `seed`, so that runs share data")
          .in(0, 0x1p53),
      field("clip", &TrainOptions::clip, "largest norm of the whole gradient; 0: no limit").in(0),
      field("clip_value", &TrainOptions::clip_value,
            "largest size of each number of the gradient; 0: no limit")
          .in(0),
      field(
          "ema", &TrainOptions::ema,
          "evaluate moving averages of the weights, of which a step keeps this share (from 2 / 11 "
          "rising to it); 0: the weights themselves")
          .in(0, 1),
      field("layer_decay", &TrainOptions::layer_decay,
            "factor on the learning rate for each layer behind a parameter's own, on top of its "
            "group's lr_scale: the last layer has the whole rate. `cambium show` lists them")
          .in(1e-6, 1),
      field("label_smoothing", &TrainOptions::label_smoothing,
            "share of the target spread over all classes (Szegedy et al. 2016); class_weights "
            "weigh a row by its target as a whole, where PyTorch weighs each class of the spread "
            "by its own weight")
          .in(0, 0.999),
      field("z_loss", &TrainOptions::z_loss,
            "factor of the squared log of softmax's sum in the training loss, 1e-4 is usual "
            "(Chowdhery et al. 2022, arXiv 2204.02311)")
          .in(0, 1),
      field("class_weights", &TrainOptions::class_weights,
            "how many targets one of each class counts as in the training loss, which is divided "
            "by the weights of all it scores; empty: all 1")
          .in(0),
      field("loss_rows", &TrainOptions::loss_rows,
            "tokens whose logits are held at a time: a model that ends in `linear` is scored in "
            "such chunks, with the same result; 0: all, and some hundred where all would take over "
            "64 MiB")
          .in(0, 1 << 30),
      field("best", &TrainOptions::best,
            "what makes a checkpoint the best one: val.loss, val.accuracy, val.mae, val.r2, "
            "val.label_error_rate or val.bits_per_byte; of an evaluation set, val.loss.NAME"),
      field("accuracy", &TrainOptions::accuracy,
            "of evaluations; micro: the share of targets; macro: the mean over classes of their "
            "shares, without classes that are neither asked for nor answered (torchmetrics)")
          .one_of("micro|macro"),
      field("stop_at", &TrainOptions::stop_at,
            "validation accuracy, or R2 of values, from 0 to 1, that ends the run; 0: none does")
          .in(0, 1),
      field("allow_leaks", &TrainOptions::allow_leaks,
            "train a model whose answers hear what they are asked for, other examples of the batch "
            "or padding, which is refused otherwise; its results say so and win nothing"),
      field("recompute", &TrainOptions::recompute,
            "what the backward pass computes again instead of keeping; pointwise: activations, "
            "norms, casts, dropout and copies, where that saves memory. The same numbers; beside a "
            "block, recompute: true covers everything in it")
          .one_of("none|pointwise"),
      field("cache", &TrainOptions::cache,
            "where what a frozen prefix answers to each example is kept, so that it is computed "
            "once; the same bits. auto: in the folder of the run or study; off: nowhere; or a "
            "folder"),
      field("cache_gib", &TrainOptions::cache_gib,
            "GiB of disk that the files in this folder may take; where they would take more, the "
            "prefix is computed in every step, and a note says so")
          .in(0)};
};

struct TrainSpec {
  TrainOptions options;
  std::vector<GroupRule> groups;
  Choice<Optimizer> optimizer;  // adamw unless told
  Choice<Schedule> schedule;    // constant unless told
  Choice<Loss> loss;            // that of the data's targets unless told; settled with the data

  // lr of update `step` (1 .. total)
  double lr(int64_t step, int64_t total, const ScheduleState& state = {}) const;
  // Shows the schedule an evaluation, of which it sees what `best` names.
  void observe(const Metrics& m, ScheduleState& state) const;
};

// A key of `train:` that is no field of TrainOptions but names a record, with options of its own.
struct ChoiceKey {
  std::string_view name, fallback;             // where a spec is silent; empty: the data decides
  std::array<std::string_view, 2> usual = {};  // whose options help is given of first
  bool lengths = false;                        // its options may be shares of the run, such as 5%
};

// The list of them: `f(key, records, where in TrainSpec the choice stands)`.
template <class F> void for_each_choice(const F& f) {
  f(ChoiceKey{"optimizer", "adamw", {"adamw", "sgd"}}, builtin_optimizers(), &TrainSpec::optimizer);
  f(ChoiceKey{"schedule", "constant", {"cosine"}, true}, builtin_schedules(), &TrainSpec::schedule);
  f(ChoiceKey{"loss", "", {"huber"}}, builtin_losses(), &TrainSpec::loss);
}

inline constexpr std::string_view kGroups = "groups";  // the last key: TrainSpec::groups

// Keys that change no number of a run.
inline constexpr std::string_view kFreeTrainKeys[] = {"log_every", "checkpoint_every", "recompute",
                                                      "cache", "cache_gib"};

// `--set train.steps=500` takes the place of a spec's `epochs`, and the other way round.
void keep_later_length(std::vector<YamlEntry>& train);

// Where in `train:` a key belongs that stands elsewhere: "write train: {batch: 64}", "the optimizer
// takes it: optimizer: {adamw: {lr: 0.001}}"; empty for a key that nothing there is called.
std::string train_key_help(std::string_view key);

// Parses the section (null: all defaults) and adds every mistake to `errors`.
TrainSpec parse_train(const Yaml* train, const Vars& vars, Diagnostics& errors);
}  // namespace cambium
