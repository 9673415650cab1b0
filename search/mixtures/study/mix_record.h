// Mix record: what came out of a study of mixtures, as its mixtures.json holds it; written and read
// here.
#pragma once
#include "core/text/json_item.h"
#include "search/verdict/stats.h"

namespace cambium {
using Shares = std::vector<double>;  // of MixRecord::sources

struct RecordedSource {
  std::string name;
  int64_t symbols = 0;
  double natural = 0;
};

struct RecordedMixRun {
  std::string variant, folder;
  int64_t seed = 0;
  Shares shares;
  double target = kUnknown;
};

struct RecordedForm {
  std::string name, why_not;
  double error = kUnknown, spearman = kUnknown;  // of runs whose mixture it did not see
};

// What the runs of one variant say.
struct VariantMixture {
  std::string variant, trouble;  // trouble: why nothing is said
  int64_t runs = 0;
  std::vector<RecordedForm> forms;
  std::string form;  // the one that foretells best
  double constant_error = kUnknown;
  double noise = kUnknown;  // deviation among seeds of a mixture; unknown with one
  Shares best;
  std::vector<Interval> best_interval;  // of each share
  double foretold = kUnknown;           // of the best
  // Of the natural and the equal mixture: what is foretold of it less that of the best.
  double natural_above = kUnknown, uniform_above = kUnknown;
  Interval natural_interval = {kUnknown, kUnknown}, uniform_interval = {kUnknown, kUnknown};
};

// Whether two variants rank mixtures alike, and want the same.
struct MixturePair {
  std::string a, b;
  int64_t mixtures = 0;  // that both finished
  double spearman = kUnknown;
  Interval interval = {kUnknown, kUnknown};
  // With several seeds: of one run of each, and of two seeds of one variant, the means over all
  // such. Where both are alike, seeds are all that ranks differ by.
  double single = kUnknown, repeat = kUnknown;
  Shares difference;                  // a's best less b's
  std::vector<Interval> differences;  // simultaneous 95 %, over resamples of the same mixtures
  bool differ = false;                // one of them leaves out 0
};

struct CheckedMixture {
  std::string variant, mixture;  // "best of mamba", "natural", "equal"
  Shares shares;
  std::vector<std::pair<int64_t, double>> losses;  // seed, target
};

// `a` less `b` of one variant, paired by seed.
struct CheckedPair {
  std::string variant, a, b;
  int64_t n = 0;
  double mean = kUnknown;
  Interval interval = {kUnknown, kUnknown};
};

struct MixRecord {
  std::string name, spec, command, machine, target;
  int64_t drawn = 0;  // mixtures
  std::vector<RecordedSource> sources;
  std::vector<RecordedMixRun> runs;  // that are done
  std::vector<std::string> failed;   // "runs/a-3f1c09aa-s0: the loss is not finite ..."
  int64_t waiting = 0;               // runs that have not ended
  std::vector<VariantMixture> variants;
  std::vector<MixturePair> pairs;
  std::vector<CheckedMixture> checks;
  std::vector<CheckedPair> check_pairs;
};

inline constexpr std::string_view kMixFile = "mixtures.json";

Json to_json(const MixRecord& r);

// UserError naming file and key.
MixRecord mix_record_from(const Json& json, const std::string& where);

bool is_mix_folder(const std::string& folder);
MixRecord read_mix_folder(const std::string& folder);  // UserError: it holds none

// A run a line: variant, seed, a column a source, the target, the folder.
std::string mix_csv(const MixRecord& r);
}  // namespace cambium
