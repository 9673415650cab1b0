// Study: which models are compared, at what equal cost, how often, and by what measure.
//   base: ../models/conv_attention.yaml
//   variants: {attention: {model.1.pattern: A}, conv: {model.1.pattern: C}, hybrid: {}}
//   match: {params: 500k, free: vars.dim}
//   budget: {flops: 2e13}
//   seeds: 5                            # or {until: decided, at_most: 12}
//   metric: {val.accuracy: max}
//   least_effect: 0.5                   # the smallest difference that matters, in points of an
//                                       # accuracy, else in the metric's unit: how many seeds?
//   tasks: [{data: {in_context_recall: {}}}, {data: {selective_copying: {}}}]
//   vary: vars.fold                     # takes each run's seed as its value: folds, data seeds
//   published: {attention: 94.1}        # printed beside ours; accuracies in percent, losses in
//   nats
#pragma once
#include <map>
#include <optional>

#include "core/fields.h"
#include "core/yaml/quantity.h"
#include "core/yaml/spec.h"
#include "search/study/keys/search_part.h"
#include "search/study/scale_goal.h"

namespace cambium {
struct Variant {
  std::string name;
  Mark mark;
  std::string file;                  // the model file it starts from
  Mark file_mark;                    // where the study names that
  std::vector<YamlEntry> overrides;  // "model.1.pattern" -> value, on top of the file
};

struct Metric {
  std::string name;  // val.accuracy
  Mark mark;
  bool maximize = false;
};

struct Task {  // search/study/tasks.h
  std::string name;
  Mark mark;
  std::vector<YamlEntry> overrides = {};
  Metric metric;
};

struct MatchGoal {
  enum Kind { kParameters, kFlops } kind = kParameters;  // FLOPs: forward, an example

  std::optional<double> target;                  // none: what the baseline has as it stands
  std::vector<std::string> free = {"vars.dim"};  // the first coarsely, the others finely
  double tolerance = 0.03;
  Mark mark;
};

struct Budget {
  enum Kind { kSteps, kSamples, kFlops, kSeconds } kind = kSteps;

  double value = 0;
  Mark mark = {};
};

std::string_view name_of(Budget::Kind kind);

struct TuneSettings;  // search/study/tune_settings.h
struct MixGoal;       // search/study/mix_goal.h

struct Study {
  std::string name, file;
  std::vector<Variant> variants;  // with tasks each on each task: search/study/cell.h
  std::vector<Task> tasks;
  std::vector<YamlEntry> overrides;  // `set:`, on every variant
  std::string baseline;              // differences are taken to this variant, on the same task
  std::optional<MatchGoal> match;
  std::optional<Budget> budget;        // of a run; with `scale`, of all runs together
  std::optional<ScaleGoal> scale;      // a ladder: what is trained to find scaling laws
  std::shared_ptr<const MixGoal> mix;  // null: it does not look for the best mixture
  std::vector<int64_t> seeds;
  // Numbers of seeds at which a study that is trained until it is decided is looked at, the last
  // that of `seeds`; empty: one look, at all of them.
  std::vector<int64_t> looks;
  std::string metric = "val.loss";  // or val.accuracy of classes, val.mae and val.r2 of values
  Mark metric_mark;
  bool maximize = false;
  double alpha = 0.05;          // the chance of a false claim that all looks together may take
  double least_effect = 0;      // as a difference of the metric: 0.005 for half a point; 0: none
  std::vector<YamlEntry> vary;  // paths that take the run's seed as their value; values are unused
  std::shared_ptr<const TuneSettings> tune;  // null: variants are trained as they are
  std::map<std::string, double> published;   // by variant; only shown
  int64_t jobs = 0, threads = 0, evaluations = 10;
  Variant base;                      // of a search of models: what its points start from
  std::optional<SearchPart> search;  // of a search

  // The keys that hold a plain value; all are in search/study/study_keys.h.
  static constexpr auto fields = std::tuple{
      field("evaluations", &Study::evaluations,
            "of every run with a budget, 10 unless told, of a ladder 1; 0: as the model says")
          .in(0, kNoLimit),
      field("jobs", &Study::jobs, "runs side by side; 0: one a core").in(0, kNoLimit),
      field("threads", &Study::threads,
            "of each run; 0: one where runs go side by side, else all of the machine")
          .in(0, 4096)};
};

// UserErrors with everything that is wrong with the file itself; models are looked at later.
Study load_study(const std::string& path, std::span<const std::string> overrides = {});

// The same of a search: of a table when its base is one, else of models; what is wrong goes to
// `errors`. Names in conditions, objectives and paths are looked at later, by those who know the
// table or the models.
Study read_search(const Spec& spec, Diagnostics& errors);

// Whether a file is a study rather than a model: it has `variants`, or what else no model has.
bool is_study(const Spec& spec);

// Whether a study says what a search varies; and whether it searches a table.
bool is_search(const Spec& spec);
bool is_table_search(const Spec& spec);

// The variant's spec with all overrides applied. UserErrors with marks in the study's file.
Spec variant_spec(const Study& study, const Variant& variant);
}  // namespace cambium
