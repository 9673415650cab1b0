// Layers: the pieces several blocks are made of.
#pragma once
#include "blocks/block.h"

namespace cambium {
inline constexpr std::string_view kActivations =
    "none|relu|gelu|gelu_erf|silu|tanh|sigmoid|elu|leaky_relu";
inline constexpr std::string_view kNorms = "none|layer|rms|batch";

// y = kind(x); "none" answers x itself, "gelu" is the tanh form, "gelu_erf" the exact one.
Value activate(Builder& b, std::string_view kind, Value x);

struct NormOptions {
  double eps = 1e-5;
  bool bias = true;       // beta; rms has none
  double momentum = 0.1;  // batch: running = (1 - momentum) running + momentum batch
  bool relu = false;      // batch: relu fused behind it
};

// Normalises the last axis (layer, rms) or each channel over all the rest (batch); "none" answers
// x. Parameters gamma and beta [C] under the current scope, without weight decay; batch keeps
// running_mean and running_var as states and uses them when the builder is not training.
Value normalise(Builder& b, std::string_view kind, Value x, const NormOptions& options = {});

struct ConvOptions {
  int64_t width = 0, kernel_y = 3, kernel_x = 3, stride = 1, dilation = 1, groups = 1;
  std::string_view padding = "same";
  bool bias = true;
};

// x [B,Y,X,C] -> [B,Y',X',width]; parameters "weight" [KY,KX,C/groups,width], "bias" under the
// current scope. He et al. 2015 (arXiv 1502.01852): W ~ N(0, sqrt(2 / fan in)).
Value convolve(Builder& b, Value x, const ConvOptions& options);

// Convolution, then norm, then activation; with batch norm the bias is left out (the norm takes it
// away) and relu is fused into the norm.
Value conv_norm_act(Builder& b, Value x, ConvOptions conv, std::string_view norm,
                    std::string_view activation);

// A depthwise convolution of a grid, of tokens that remember their rows and columns, or along other
// tokens. `causal` (tokens only): the output at t sees t, t - dilation, ... only.
struct DepthwiseOptions {
  int64_t kernel = 3, stride = 1, dilation = 1;
  bool causal = false, bias = true;
};

Stream depthwise(Builder& b, Stream s, const DepthwiseOptions& options);
}  // namespace cambium
