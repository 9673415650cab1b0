// Growth: the weights of a model start a larger one that computes the same function. Wider: Chen et
// al. 2016, arXiv 1511.05641, and bert2BERT, Chen et al. 2022, arXiv 2110.07143. Deeper:
// train/growth/layers.h.
#pragma once
#include "core/yaml/spec.h"
#include "train/growth/layers.h"
#include "train/weights/warm_start.h"

namespace cambium {
struct GrownRow {
  std::string name, from;  // of the larger and of the smaller model
  Shape was, is;
  bool added = false;   // of a new layer
  bool silent = false;  // zero, so that the layer adds nothing yet
};

struct GrownWeights {
  Tensors tensors;
  std::vector<GrownRow> rows;
};

// The tensors of `large`, a model's evaluation graph, made of those of `small`. UserErrors, all of
// them: a weight that the smaller model has not, an axis that is no whole number of times what it
// was, a new layer whose branch no parameters end. Whether the function stayed is for the caller
// to measure: positions that follow from the number of heads do not keep it, for one.
GrownWeights grow_weights(const Graph& small, const Graph& large, const Tensors& weights,
                          LayerGrowth layers);

// Writes larger sizes into a spec: times `width` for channels and heads (options width, dim,
// hidden, heads, kv_heads and groups; not of the last block, which makes the answer), times
// `depth` for the counts of repeats. A number that a variable of `vars:` gives is changed there.
// UserErrors: nothing to change, and sizes that no number in the file gives.
void enlarge(Spec& spec, int64_t width, int64_t depth);
}  // namespace cambium
