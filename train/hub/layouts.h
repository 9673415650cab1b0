// Layouts: how a tensor of ours stands in a file of another program, both ways.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor/tensor.h"

namespace cambium {
// Theirs is ours with its axes in another order, then with axes of one element added or taken away.
struct Layout {
  std::vector<int> axes;                // of ours, in their order; empty: as they stand
  int ones_before = 0, ones_after = 0;  // added; ones_after < 0: so many are taken away
  int fused_along = 0;                  // their axis along which several of ours are joined
};

// A tensor of a layer: what it is called in either, behind the layer's name, and how it stands.
struct LayerPart {
  std::string_view ours, theirs;
  Layout layout;
};

// A kind of layer, as a mapping file names it: "linear", "norm" ...
struct LayerKind {
  std::string_view name, doc;
  std::vector<LayerPart> parts;
  bool counts_batches = false;  // PyTorch's batch norm holds an i64 scalar "num_batches_tracked"
};

std::span<const LayerKind> layer_kinds();

// Of f32 tensors. What several of ours of these shapes are in their file.
Shape their_shape(const Layout& layout, std::span<const Shape> ours);
Tensor to_theirs(const Layout& layout, std::span<const Tensor* const> ours);
std::vector<Tensor> to_ours(const Layout& layout, const Tensor& theirs,
                            std::span<const Shape> ours);
}  // namespace cambium
