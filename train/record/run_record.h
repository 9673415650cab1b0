// Run record: what <run>/run.json says of a run. Written by who trains it (train/run/run_folder.h);
// read here by all others.
#pragma once
#include <optional>

#include "core/text/json_item.h"
#include "train/run/checkpoint.h"

namespace cambium {
// An evaluation. -1: not known.
struct RunScores {
  int64_t step = -1, scored = -1;  // after which update; targets that count
  NamedNumbers metrics;            // "val.loss", "test.accuracy", "test.loss.books" ...
  std::vector<std::pair<std::string, int64_t>> scored_of = {};  // the same by evaluation set

  const double* find(std::string_view metric) const;  // nullptr: it was not measured
  int64_t scored_by(std::string_view metric) const;   // targets behind it

  bool operator==(const RunScores&) const = default;
};

// Whole numbers that are not known are -1, others kUnknown, texts empty.
struct RunRecord {
  std::string variant;  // of the study it belongs to; empty outside of one
  int64_t seed = 0;
  std::string status, error;  // status: waiting, running, stopped, done, failed
  std::string cause;          // "disk" of a failure that is no result of what was trained
  std::string sees_answers, other_length;
  std::vector<std::string> no_pass;
  int64_t parameters = -1, steps = -1, planned_steps = -1, samples = -1;
  double flops = kUnknown, flops_per_step = kUnknown;
  double seconds = kUnknown, train_seconds = kUnknown;  // train_seconds: of the steps alone
  double step_ms = kUnknown, step_ms_low = kUnknown, step_ms_high = kUnknown;
  int64_t peak_bytes = -1, predicted_bytes = -1;
  std::string machine;
  NamedNumbers passes;  // how often the training read each source of a mixture
  Identity data;        // empty in runs of versions that kept it to themselves
  std::optional<RunScores> best, final, test;  // final: the last one of validation data

  bool done() const { return status == "done"; }

  bool failed() const { return status == "failed"; }  // else it is done, or may go on

  bool operator==(const RunRecord&) const = default;
};

// Without what is not known.
Json to_json(const RunRecord& r);

// UserError at `where` for values of another type. Keys that are missing are not known.
RunRecord run_record_from(const Json& json, const std::string& where);

// None where the folder has no run.json. UserError when that is damaged.
std::optional<RunRecord> read_run_record(const std::string& folder);

// The same for who has no use for a damaged one: none then.
std::optional<RunRecord> find_run_record(const std::string& folder);

// All that the evaluations of a run measured, as text: equal text, equal numbers.
std::string numbers_text(const RunRecord& r);
}  // namespace cambium
