// Study folder: all files of a study, read back: finished, running, interrupted, and of older
// programs.
//   study.json    what is compared (search/results/description.h)
//   summary.json  what came out (search/results/summary.h); written when `compare` ends
//   tuning.json   how settings were chosen (search/tune/tuning.h)
//   runs/<variant>-s<seed>/{run.json,log.jsonl}   (train/record/run_record.h)
#pragma once
#include "search/results/description.h"
#include "search/tune/tuning.h"
#include "train/record/run_record.h"

namespace cambium {
struct LogPoint {  // one line of a run's log
  double step = 0, epoch = kUnknown, flops = kUnknown;
  NamedNumbers values;  // "train.loss", "lr", "val.accuracy" ...

  const double* find(std::string_view name) const;  // nullptr: the line does not hold it
};

struct RunOfStudy : RunRecord {
  std::vector<LogPoint> log;
};

struct StudyFolder {
  std::string folder;
  Description study;
  Summary summary;                    // without rows where nothing can be said of them
  std::vector<RunOfStudy> runs;       // by variant, then seed
  std::optional<Tuning> tuning;       // none: nothing was tuned, or not all yet
  std::vector<std::string> problems;  // runs that could not be read: reported, never hidden
  std::string trouble;                // why nothing can be said of runs that could; mostly empty

  // Whether the study as it is described plans the run: folders may hold those of earlier variants
  // and seeds, which count nowhere.
  bool plans(const RunRecord& run) const;

  // Runs that the study plans: all, of which some may never have been prepared; those that are
  // done; those that failed or cannot be read.
  int64_t planned_runs() const;
  int64_t finished_runs() const;
  int64_t failed_runs() const;
};

// How the runs of a study that has not ended stand: "not finished: 4 of 9 runs are done, 2 were
// training, 3 wait"; empty when all are done.
std::string unfinished_text(const StudyFolder& s);

void write_description(const std::string& folder, const Description& d);
void write_summary(const std::string& folder, const Summary& s);

// The rows of a study without a summary, or with one of fewer finished runs, are worked out from
// the runs that are. UserError when the folder holds no study, its study.json or summary.json is
// damaged, or a log lies, naming file and key. A damaged run becomes a line of `problems`; the torn
// last line of a log is left out.
StudyFolder read_study_folder(const std::string& folder);

// Judges what an older program left unjudged: decisions, the audit and the settings that differ.
void judge_old_results(StudyFolder& s);
}  // namespace cambium
