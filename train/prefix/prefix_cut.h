// Prefix cut: what a step computes from its batch and from what is frozen alone, before anything
// random, and the one value at which the rest takes it over.
#pragma once
#include "graph/graph.h"

namespace cambium {
struct PrefixCut {
  Graph prefix;  // output "features"
  Graph rest;    // the step, with the features as its input "x"
  ValueType features;
  double flops = 0;  // of the prefix, a batch
};

// Of a step after its passes, on `batch` examples. The value is the last one all of the data goes
// through that has rows of examples, so the rest reads nothing else of "x". None where no frozen
// parameter comes before anything that learns or draws or takes means over a batch.
std::optional<PrefixCut> find_prefix(const Graph& step, int64_t batch);

// The named parameters and states that a graph reads.
std::vector<std::string> names_read(const Graph& g);
}  // namespace cambium
