// Search record: what a search wrote into its folder, read back for reports. Later programs write
// more and earlier ones less: what a file does not hold is unknown here.
//   results.json  what was found, and the trials
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/text/json_forward.h"
#include "core/text/json_item.h"
#include "search/answer/importance.h"

namespace cambium {
struct RecordedObjective {
  std::string name;
  bool maximize = false;
  double reference = kUnknown;  // where nothing is gained
  bool reference_is_worst = false;

  bool better(double a, double b) const { return maximize ? a > b : a < b; }
};

struct RecordedTrial {
  int64_t number = 0;
  std::string key;
  std::vector<std::pair<std::string, std::string>> values;  // of the space
  std::vector<double> results;                              // one an objective; unknown: failed
  double violation = 0;
  std::string state = {}, reason = {};  // empty: done; "not continued" from a rung, "failed" ...
  std::vector<double> at_rungs = {};    // the first objective at the end of each rung
  std::vector<int64_t> parents = {};    // trials that it was made from

  bool whole() const { return state.empty() || state == "done"; }

  // Whether it was trained whole and has a result that fulfils all conditions.
  bool qualifies() const;
};

struct RecordedProgress {
  int64_t trials = 0;
  double found = kUnknown;
  double random = kUnknown;  // of as many uniform draws: the mean, and the middle 95 %
  Interval random_range = {kUnknown, kUnknown};
};

struct RecordedFinalist {
  std::string name;  // what it is called: its key where it has no other name
  std::string key;
  int64_t trial = -1;      // -1: none, as the base that was varied
  double seen = kUnknown;  // what the search saw
  double mean = kUnknown;
  std::vector<double> trainings;  // that judge it
  Interval to_best = {kUnknown, kUnknown};
  bool may_be_best = false;
  double step_ms = kUnknown, token_ms = kUnknown;  // of models
  std::string not_judged;                          // why; empty: it was
};

struct RecordedTime {
  int64_t workers = 0;
  double seconds = 0, busy = 0;
};

struct SearchRung {
  double share = kUnknown;  // of a whole training
  int64_t trials = 0;       // that reached its end
  double tau = kUnknown;    // Kendall's, of what trials gave here and at their ends
  Interval interval = {kUnknown, kUnknown};
};

struct SearchRecord {
  // source: the table, or the model that is varied.
  std::string folder, study, source, method, options, command;
  bool of_models = false;  // else of a table
  int64_t refused = 0;     // trials that no model could be built of
  int64_t rows = 0, space_size = 0, seed = 0, lag = 0, wanted = 0, failed = 0;
  bool exhausted = false;
  std::vector<RecordedObjective> objectives;
  std::vector<RecordedTrial> trials;
  std::vector<size_t> front;                        // places in trials
  std::vector<std::vector<double>> front_of_table;  // in the objectives' own units
  std::vector<RecordedProgress> progress;  // worked out from the trials where no file has it
  std::vector<SearchRung> rungs;
  // Of one objective its best, of two and three hypervolumes: found, of all rows, of uniform draws.
  double found = kUnknown, of_table = kUnknown, of_random = kUnknown;
  // So many of the first trials were uniform draws, and what they found.
  int64_t drawn = 0;
  double drawn_found = kUnknown;
  std::vector<std::vector<Importance>> importance;  // one list an objective
  std::vector<RecordedFinalist> finalists;
  std::vector<std::string> judged_by;  // columns of a table
  std::string judged_in;               // the metric that judges
  size_t trainings = 0;                // of each finalist, at most
  std::string named, named_of_judged;  // the best of all, or of those judged; empty: not known
  std::vector<RecordedTime> times;

  // What people know a trial by: a table's key, or what was chosen for a model.
  std::string name_of(const RecordedTrial& t) const;
};

// Whether the folder holds what a search wrote.
bool is_search_folder(const std::string& folder);

// UserError when there is none or it is damaged, naming file and key.
SearchRecord read_search_folder(const std::string& folder);
SearchRecord search_record(const Json& json, const std::string& path);
}  // namespace cambium
