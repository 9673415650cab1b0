// Activations that matrix products and convolutions apply to their result: what oneDNN does well
// (none, relu) goes into the primitive, the others run as a pass of our own right after it.
#pragma once
#include <string>

#include "graph/graph.h"
#include "ops/support/dnnl.h"

namespace cambium {
constexpr std::string_view kFusedActivations = "none|relu|gelu|silu|tanh|sigmoid";

// True when the primitive itself applies it.
inline bool is_post_op(std::string_view activation) {
  return activation == "none" || activation == "relu";
}

// Whether a product can apply the op `reader` itself: one of the fused activations, with the tanh
// form of gelu.
bool can_fuse(std::string_view reader, const Attrs& reader_attrs);

// Appends relu, when that is what it is.
void append_activation(dnnl::post_ops& post, std::string_view activation);

// y[i] = activation(y[i]) + residual[i]; residual may be null. Parallel.
void apply_activation(std::string_view activation, float* y, const float* residual, int64_t n);

double activate(std::string_view activation, double x);

// dLoss/dz for y = activation(z), from whichever of z and y the activation needs. `z` is only
// called when z is needed.
Value activation_gradient(std::string_view activation, Value y, const std::function<Value()>& z,
                          Value dy);
}  // namespace cambium
