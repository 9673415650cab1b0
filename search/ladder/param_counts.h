// Parameter counts: what a model's parameters come to under each convention that papers count by.
// Exponents depend on it: for models whose embeddings are not small beside their blocks, N and C
// are in other ratios (Porian et al. 2024, arXiv 2406.19146; Pearce and Song 2024, arXiv
// 2406.12907).
#pragma once
#include <array>
#include <string_view>

#include "graph/graph.h"

namespace cambium {
struct ParamCounts {
  int64_t total = 0;      // as Hoffmann et al. 2022 count
  int64_t with_head = 0;  // without embeddings of tokens and places
  int64_t body = 0;       // nor the product that ends in the logits: as Kaplan et al. 2020 count

  bool operator==(const ParamCounts&) const = default;
};

struct CountConvention {
  std::string_view column;  // in points.csv
  std::string_view name;    // "all", "without embeddings" ...
  int64_t ParamCounts::*count;
};

std::array<CountConvention, 3> count_conventions();

// Of a forward graph. A table of embeddings that also makes the logits (`tie:`) is the head's.
ParamCounts count_parameters(const Graph& g);
}  // namespace cambium
