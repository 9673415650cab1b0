// Schedule record: what `cambium scale --law multi_power` wrote into its folder, read back for
// reports.
//   scale.json   the law, its parameters, and how far from each curve it is
//   curves.csv   a line for every step of every curve: rate, loss measured, loss of the law
#pragma once
#include <string>
#include <vector>

#include "core/text/json_item.h"

namespace cambium {
struct RecordedCurve {
  std::string name;
  bool fitted = false;
  std::vector<double> steps, rates, losses, law;                                  // equally long
  int64_t points = 0;                                                             // measured
  double mean_error = kUnknown, largest_error = kUnknown, largest_at = kUnknown;  // relative
};

struct ScheduleRecord {
  std::string law, formula, paper, command;
  bool converged = true;
  NamedNumbers parameters;
  double mean_error = kUnknown, largest_error = kUnknown;  // mean over the curves foretold
  std::vector<RecordedCurve> curves;
};

// Whether the folder holds a law of whole trainings, not one of finished runs.
bool is_schedule_folder(const std::string& folder);

// UserError when there is none or a file is damaged, naming it and the key or the line.
ScheduleRecord read_schedule_folder(const std::string& folder);
}  // namespace cambium
