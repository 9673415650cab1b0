// Ladder folder: the files of a ladder, written and read back.
//   ladder.json    what is trained: sizes, lengths, costs, runs (LadderRecord)
//   points.csv     a finished run a line: `cambium scale points.csv` takes it
//   scale.json     the laws, as `cambium scale` writes them
//   residuals.csv  a fitted run a line
//   runs/<variant>-n<parameters>-d<tokens per parameter>-s<seed>/   ordinary runs
#pragma once
#include "core/text/json_item.h"
#include "search/ladder/ladder_plan.h"

namespace cambium {
struct RecordedRung {
  std::string variant, chosen;
  int64_t size = 0;
  double target = 0;
  ParamCounts params;

  bool operator==(const RecordedRung&) const = default;
};

struct RecordedPoint {
  size_t rung = 0;
  double length = 0, tokens = 0, flops = 0;  // flops: of a run
  int64_t steps = 0;
  std::string spec_hash;

  bool operator==(const RecordedPoint&) const = default;
};

struct RecordedRun {
  size_t point = 0;
  int64_t seed = 0;
  std::string folder;  // below the ladder's

  bool operator==(const RecordedRun&) const = default;
};

// What ladder.json says, for who did not plan it.
struct LadderRecord {
  std::string name, spec, command, machine;  // spec: the study's file
  std::string length;                        // "tokens_per_param", "tokens", "flops"
  bool hold_out_largest = false;
  int64_t unique_tokens = 0;
  double flops = 0, evaluation_flops = 0;  // of all runs
  std::vector<RecordedRung> rungs;
  std::vector<RecordedPoint> points;
  std::vector<RecordedRun> runs;

  bool operator==(const LadderRecord&) const = default;
};

LadderRecord record_of(const LadderPlan& plan, const std::string& command);

void write_ladder(const std::string& folder, const LadderRecord& record);

// None where the folder has no ladder.json. UserError naming file and key for a damaged one.
std::optional<LadderRecord> read_ladder(const std::string& folder);

// UserError when the folder holds another ladder: a run of the same name from another spec. Sizes,
// lengths and seeds may be added.
void check_same_ladder(const std::string& folder, const LadderRecord& now);
}  // namespace cambium
