// Stages: shares of sources over the course of a training, and how a mixture is written.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace cambium {
// Where a stage ends: after so many examples, or after this share of the training's.
struct StageEnd {
  double value = std::numeric_limits<double>::infinity();
  bool is_share = false;

  double examples(double of) const { return is_share ? value * of : value; }
};

struct MixtureStage {
  StageEnd until;              // of the last one: never
  std::vector<double> shares;  // of the training windows, by source; their sum is 1
};

// From the entries of `mixture:` as options hold them: "docs=0.6", or of a curriculum one entry a
// stage, "until=50% docs=0.8 books=0.2". OptionErrors for `mixture`: an unknown source, a share
// that is no number, stages out of order, a last one that ends. `sizes`: symbols of each source.
std::vector<MixtureStage> parse_stages(const std::vector<std::string>& entries,
                                       const std::vector<std::string>& sources,
                                       const std::vector<int64_t>& sizes);

// One stage of shares as the sizes to the power of 1 / temperature.
std::vector<MixtureStage> stages_by_size(const std::vector<int64_t>& sizes, double temperature);

// Shares of the first `examples` of a training of `of`, by source.
std::vector<double> mean_shares(const std::vector<MixtureStage>& stages, double examples,
                                double of);

// Numbers by source from entries such as "docs=2"; those that are not named are `otherwise`.
// OptionErrors for `option`.
std::vector<double> numbers_by_source(const std::string& option,
                                      const std::vector<std::string>& entries,
                                      const std::vector<std::string>& sources, double otherwise);

// "docs 60%, code 40%", of stages with "until 50%: " in front.
std::string stages_text(const std::vector<MixtureStage>& stages,
                        const std::vector<std::string>& sources);
}  // namespace cambium
