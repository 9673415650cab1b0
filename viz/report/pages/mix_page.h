// Mix page: what came out of a study of mixtures, as sentences and as one HTML page.
#pragma once
#include "search/mixtures/study/mix_record.h"
#include "viz/plot/figure.h"

namespace cambium {
std::vector<std::string> mix_verdict(const MixRecord& r);

std::string mix_page(const MixRecord& r, const std::vector<Figure>& figures);
}  // namespace cambium
