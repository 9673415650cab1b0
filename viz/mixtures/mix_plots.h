// Pictures of studies of mixtures, one file a picture.
#pragma once
#include "search/mixtures/study/mix_record.h"
#include "viz/plot/figure.h"

namespace cambium {
// The best share of each source for each variant, with intervals, and the natural one.
std::string best_shares_plot(const MixRecord& r);
// What each run lost against the share of one source that it read.
std::string share_plot(const MixRecord& r, size_t source);
// What two variants lost on the same mixtures.
std::string ranks_plot(const MixRecord& r, const MixturePair& pair);
// The runs of the check of one variant.
std::string check_plot(const MixRecord& r, const std::string& variant);

// What is to be low, as far as an axis has room for it.
std::string target_label(const MixRecord& r);

// Every picture that has something to show; sections: "Best mixtures", "Runs", "Variants", "Check".
std::vector<Figure> mix_figures(const MixRecord& r);
}  // namespace cambium
