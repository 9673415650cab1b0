// The report of a search: verdict in words, pictures, front, finalists, all trials.
#pragma once
#include "search/records/search_record.h"
#include "viz/plot/figure.h"

namespace cambium {
// One sentence an entry: what was found beside uniform draws and what there is, who may be the best
// of the finalists, what failed.
std::vector<std::string> search_verdict(const SearchRecord& s);

// `figures` as search_figures() gives them. Equal results, equal bytes.
std::string search_page(const SearchRecord& s, const std::vector<Figure>& figures);
}  // namespace cambium
