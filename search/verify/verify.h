// Verify: published results, run again. One file of configs/verify is one cell:
//   title: two layers of graph convolution on Cora
//   published: 81.5
//   source: Kipf and Welling 2017, arXiv 1609.02907, table 2
//   metric: test.accuracy               # in percent; losses in nats
//   spec: ../models/cora_gcn.yaml
//   data: {vars.cora: graphs/planetoid_cora}    # paths under --data DIR, put into the spec
//   set: {train.epochs: 200}                    # overrides
//   settings: [{data.mqar.length: 64}, ...]     # the score is their mean
//   grid: {train.optimizer.adamw.lr: [1e-3, 1e-4]}   # of each setting and seed the run counts
//                                       # that is best on validation data, never on test data
//                                       # train.seed: [0, 1, 2] there: of several starts the best
//   seeds: 3
//   epoch: own                          # or common: one evaluation for all runs (Xu et al. 2019)
//   tolerance: 1
//   bound: within                       # at_least, at_most: better is never a failure
//   differs: 5 seeds of 100              # from the published protocol; stands in the verdict
//   protocol: published                 # or this: nothing differs. One of both, at either size
//   note: what else a reader should know
//   full: {seeds: 100, protocol: published}   # what --full puts in place of the keys above
#pragma once
#include <functional>

#include "core/yaml/spec.h"
#include "search/trials/trial_runs.h"

namespace cambium {
struct VerifyNumbers {
  std::string title, source, metric = "test.accuracy", spec, bound = "within", note;
  std::string differs, protocol = "differs", epoch = "own";
  double published = 0, tolerance = 0;
  int64_t seeds = 1;

  static constexpr auto fields = std::tuple{
      field("title", &VerifyNumbers::title, "what is run, in a few words"),
      field("source", &VerifyNumbers::source, "where the published number stands"),
      field("metric", &VerifyNumbers::metric, "accuracies in percent, losses of classes in nats")
          .one_of("test.accuracy|test.loss|test.mae|test.r2|val.accuracy|val.loss|val.mae|val.r2"),
      field("spec", &VerifyNumbers::spec, "the model, relative to this file"),
      field("bound", &VerifyNumbers::bound,
            "within: published +- tolerance; at_least, at_most: only the worse side is bounded")
          .one_of("within|at_least|at_most"),
      field("differs", &VerifyNumbers::differs, "what differs from the published protocol"),
      field("protocol", &VerifyNumbers::protocol, "published: nothing differs")
          .one_of("published|differs"),
      field("epoch", &VerifyNumbers::epoch,
            "own: each run's best by validation data; common: of all runs together the step whose "
            "mean of a val metric is best")
          .one_of("own|common"),
      field("note", &VerifyNumbers::note, "what else a reader should know"),
      field("published", &VerifyNumbers::published, "the number to come near to"),
      field("tolerance", &VerifyNumbers::tolerance, "in the metric's unit").in(0),
      field("seeds", &VerifyNumbers::seeds, "runs of each setting; the score is their mean")
          .in(1, 1000)};
};

struct VerifyCell {
  std::string name, file;  // cora-gcn
  VerifyNumbers numbers;
  std::vector<YamlEntry> overrides;  // of `set`
  std::vector<YamlEntry> data;       // path in the spec -> path under the data folder
  std::vector<YamlEntry> grid;       // path in the spec -> list of values
  std::vector<Yaml> settings;        // maps of overrides; one empty map when there are none
};

// Whether a file is one: it names what was published, and the spec that is to reach it.
bool is_verify_cell(const Spec& spec);

// The cells of a folder by name. UserError when the folder holds none.
std::vector<std::string> verify_names(const std::string& folder);

// Reads <folder>/<name>.yaml at its default or its full size; UserErrors with every mistake, and
// the nearest names when there is no such cell.
VerifyCell load_verify(const std::string& folder, const std::string& name, bool full);

// One training run of a cell.
struct VerifyRun {
  std::vector<YamlEntry> overrides;
  int64_t group = 0;  // runs of a group differ in the grid only: one of them counts
  std::string text;   // "setting 2, lr 1e-3, seed 0"
};

int64_t plan_size(const VerifyCell& cell);        // how many runs
int64_t runs_of_a_group(const VerifyCell& cell);  // points of the grid

// Every run, with the data found. UserError when the cell needs data and `data_folder` is empty or
// lacks it.
std::vector<VerifyRun> plan_verify(const VerifyCell& cell, const std::string& data_folder);

// The metric that chooses among the runs of a group: the cell's, on validation data.
std::string selection_metric(const VerifyCell& cell);

struct VerifyResult {
  std::vector<double> values;      // one a run
  std::vector<double> selection;   // one a run, by selection_metric(); empty: no run has a rival
  std::vector<double> groups;      // of each group, the value of the run that validation chose
  int64_t common_step = 0;         // `epoch: common`: where the values were taken
  double mean = 0, deviation = 0;  // of the groups; deviation 0 for one
  double seconds = 0;
  bool passed = false;
  bool stopped = false;  // before all runs were done; nothing else is set then
};

struct VerifySettings {
  std::string folder;          // of the cell's runs; what is done there is not trained again
  int64_t jobs = 0;            // runs side by side; 0: one a core
  std::function<bool()> stop;  // true: save and stop every run
  std::string program = "/proc/self/exe";  // as SchedulerSettings::program
};

std::string verify_folder(size_t run);  // below VerifySettings::folder

// Trains every run that has not ended yet. RuntimeError of a run that fails. UserError when runs of
// a group must be chosen from and the data has no validation split, or the folder holds the runs of
// another cell.
VerifyResult run_verify(const VerifyCell& cell, std::span<const VerifyRun> runs,
                        const VerifySettings& settings, TrialWatch& watch);

// Of runs that have all ended.
VerifyResult verify_result(const VerifyCell& cell, std::span<const VerifyRun> runs,
                           const std::string& folder);

// Whether `value` counts as the published number again.
bool within_tolerance(const VerifyNumbers& numbers, double value);
}  // namespace cambium
