// Tuning: what was chosen for each variant, by which trials; <study>/tuning.json, written and read
// here.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/text/json.h"
#include "core/yaml/yaml.h"

namespace cambium {
struct TunedTrial {
  int64_t number = -1;  // in the store
  Json point;           // {path: value}
  std::string state, reason;
  // The metric on validation data at the end of each rung that it reached; of a trial without
  // rungs, one.
  std::vector<double> values;
};

struct TunedValue {
  std::string path, text;
  // Empty, or where the best value lies at an end of what it may be: "lowest" or "highest".
  std::string edge;
};

struct TunedVariant {
  std::string name;
  int64_t finished = 0, failed = 0;  // trials trained to the end; that gave nothing
  double flops = 0;                  // planned of all its trials, pieces that were trained
  int64_t best = -1;                 // place in `trials`
  std::vector<TunedValue> chosen;
  std::vector<TunedTrial> trials;
};

struct TunedRange {  // of numbers
  std::string path;
  double low = 0, high = 0;
};

struct Tuning {
  std::string method, metric;
  bool maximize = false;
  int64_t trials = 0, seed = 0;  // of each variant
  std::vector<double> rungs;     // shares of a whole training; one: none
  std::vector<std::string> log;  // paths whose range is logarithmic
  std::vector<TunedRange> ranges;
  std::vector<TunedVariant> variants;

  const TunedVariant* find(const std::string& variant) const;  // null: it was not tuned
};

// Sentences for whoever reads the study: the same effort for all, and which variants want a wider
// range.
std::string effort_text(const Tuning& t);
std::vector<std::string> edge_advice(const Tuning& t);

void write_tuning(const std::string& folder, const Tuning& t);
// None where the study was not tuned, or not yet; UserError for a damaged file.
std::optional<Tuning> read_tuning(const std::string& folder);
}  // namespace cambium
