// The report of scaling laws: what they say in words, pictures, parameters, allocation, held out.
#pragma once
#include "search/records/scale_record.h"
#include "viz/plot/figure.h"

namespace cambium {
// One sentence an entry, those of a group after its name.
std::vector<std::string> scale_verdict(const ScaleRecord& s);

// `figures` as scale_figures() gives them. Equal results, equal bytes.
std::string scale_page(const ScaleRecord& s, const std::vector<Figure>& figures);
}  // namespace cambium
