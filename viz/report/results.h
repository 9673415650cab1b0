// Results: a study's folder of JSON, as `compare` writes it, read back into plain values.
//   study.json    what was compared, on what machine, by which command
//   summary.json  statistics of each variant
//   runs/<variant>-s<seed>/{run.json,log.jsonl}
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/text/json_forward.h"
#include "search/verdict/decision.h"
#include "train/spec/settings.h"

namespace cambium {
// A number that is not known is NaN, a text that is not known is empty.
struct VariantInfo {
  std::string name, spec_yaml, spec_hash, domains;
  double parameters = 0, flops_per_step = 0, forward_flops_per_example = 0, peak_bytes = 0,
         step_ms = 0;
  double state_bytes = 0;       // kept of a sequence while it goes on symbol by symbol
  std::string picture;          // an svg element, already filtered; empty when there is none
  std::string picture_problem;  // why there is none
};

struct Point {  // one line of a run's log
  double step = 0, epoch = 0, samples = 0, flops = 0, seconds = 0;
  std::map<std::string, double> values;  // "train.loss", "lr", "val.accuracy" ...
};

struct RunRecord {
  std::string variant, status, error;  // status: done, failed, stopped, running, waiting
  int64_t seed = 0;
  double parameters = 0, steps = 0, samples = 0, flops = 0, seconds = 0, step_ms_median = 0,
         peak_rss_bytes = 0, predicted_bytes = 0, best_step = 0;
  std::map<std::string, double> best, final, test;
  std::vector<Point> log;

  bool done() const { return status == "done"; }

  bool failed() const { return status == "failed"; }  // else it is done, or may go on
};

struct SummaryRow {
  std::string variant;
  int64_t n = 0, failed = 0;  // seeds that finished, and that ended in an error
  std::string sees_answers;   // why its numbers are no achievement; mostly empty
  double mean, least, most, ci_low, ci_high, boot_low, boot_high, test_set_half_width, seeds_low,
      seeds_high, effect_low, effect_high, step_ms, peak_bytes, parameters, flops;
  double products;  // of the flops, those of products of matrices: docs/flops.md
  // Of a step's time to the base's, with its interval; NaN where too few runs were measured alike.
  double time_ratio, time_low, time_high;
  Decision decision = {};  // as search/verdict/decision.h made it: nothing is judged here
};

struct AuditRow {  // means over finished runs
  std::string variant;
  double planned, spent, deviation;  // deviation: spent / planned - 1
  double least, most;                // spent by any run
  double steps, samples, flops, products, seconds;
  double evaluation_flops, evaluation_share, evaluation_seconds;  // what no budget counts
  int64_t runs = 0;
};

struct StudyResults {
  std::string folder, name, spec, base, command, version, created;
  std::string metric = "val.accuracy";  // chose the checkpoints
  std::string reported;                 // what the summary's means are of
  bool maximise = true;
  std::vector<int64_t> seeds;
  std::string budget_kind;
  double budget = 0;
  bool common_budget = false;     // every finished run spent it
  bool too_small_budget = false;  // a step of some variant spends far more
  double departure = 0;           // the largest from it
  double overlap = 0;  // of seeds that cut one data set anew: mean_error, search/verdict/stats.h
  int64_t look = 1, comparisons = 1, test_examples = 0;
  double alpha = 0, total_alpha = 0.05, least_effect = 0;  // alpha: of this look
  std::vector<std::string> vary;                           // what the seed changes besides
  std::vector<DifferingSetting> settings;                  // values in the order of `variants`
  std::vector<VariantInfo> variants;
  std::vector<std::pair<std::string, std::string>> machine;  // in the file's order
  std::vector<RunRecord> runs;                               // by variant, then seed
  std::vector<SummaryRow> summary;
  std::vector<AuditRow> audit;
  std::vector<std::string> problems;  // runs that could not be read: reported, never hidden

  const SummaryRow* row(std::string_view variant) const;
  size_t place(std::string_view variant) const;  // in `variants`; its size when unknown
};

// Judges what an older program left unjudged: decisions, the audit and the settings that differ.
void judge_old_results(StudyResults& r);

// UserError when the folder holds no study or its study.json or summary.json is broken, naming file
// and key. A broken run becomes a line of `problems`; a torn last line of a log is left out.
StudyResults read_results(const std::string& folder);
}  // namespace cambium
