// Layers: the pieces several blocks are made of.
#pragma once
#include "blocks/block.h"

namespace cambium {
#define CAMBIUM_ACTIVATIONS                                                            \
  "none|relu|gelu|gelu_erf|silu|tanh|sigmoid|elu|leaky_relu|relu2|mish|selu|softplus|" \
  "hardswish|hard_sigmoid|prelu"
inline constexpr std::string_view kActivations = CAMBIUM_ACTIVATIONS;
// The same, and gates: act(x Wg) * (x W) with sigmoid, gelu, silu and relu. Shazeer 2020, arXiv
// 2002.05202.
inline constexpr std::string_view kGatedActivations = CAMBIUM_ACTIVATIONS "|glu|geglu|swiglu|reglu";
#undef CAMBIUM_ACTIVATIONS
inline constexpr std::string_view kNorms =
    "none|layer|rms|batch|group|instance|scale|dynamic_tanh|l2";

// y = kind(x); "none" answers x itself, "gelu" is the tanh form, "gelu_erf" the exact one. "prelu"
// has a parameter "<name>.slope" [C] under the current scope, so that two activations of one block
// need different names.
Value activate(Builder& b, std::string_view kind, Value x, std::string_view name = "prelu");

// The activation of a gated kind's gate ("swiglu": "silu"); empty when the kind is not gated.
std::string_view gate_of(std::string_view kind);

struct NormOptions {
  double eps = 1e-5;
  bool bias = true;       // beta; rms, scale and l2 have none
  double momentum = 0.1;  // batch: running = (1 - momentum) running + momentum batch
  bool relu = false;      // batch: relu fused behind it
  int64_t groups = 0;     // group: how many; 0: 32, or the largest divisor of C below
  int64_t examples = 0;   // group, instance: into how many equal parts rows fall; 0: x's first axis
};

// Normalises the last axis (layer, rms, scale, l2), each channel over all the rest (batch), or the
// places of each example by channel (instance) or group of channels (group); dynamic_tanh stands in
// for a norm; "none" answers x. Parameters gamma and beta [C] under the current scope (scale: one
// number, l2: none), without weight decay; batch keeps running_mean and running_var as states and
// uses them when the builder is not training.
Value normalise(Builder& b, std::string_view kind, Value x, const NormOptions& options = {});

// UserError when `causal` and the norm looks at other positions than its own.
void require_causal_norm(bool causal, std::string_view norm);

// y = x gamma with gamma [C] = `start` at first: parameter "layer_scale". Touvron et al. 2021,
// arXiv 2103.17239. x itself when start is 0.
Value layer_scale(Builder& b, Value x, double start);

// Stochastic depth: in training, the whole x of an example is zeroed with probability p, else
// scaled by 1 / (1 - p). Huang et al. 2016, arXiv 1603.09382. The rows of x are those of s.
Value drop_path(Builder& b, const Stream& s, Value x, double p);

struct ConvOptions {
  int64_t width = 0, kernel_y = 3, kernel_x = 3, stride = 1, dilation = 1, groups = 1;
  std::string_view padding = "same";
  bool bias = true;
};

// x [B,Y,X,C] -> [B,Y',X',width]; parameters "weight" [KY,KX,C/groups,width], "bias" under the
// current scope. He et al. 2015 (arXiv 1502.01852): W ~ N(0, sqrt(2 / fan in)).
Value convolve(Builder& b, Value x, const ConvOptions& options);

// Convolution of a grid, then norm, then activation; with batch norm the bias is left out (the norm
// takes it away) and relu is fused into the norm.
Stream conv_norm_act(Builder& b, Stream s, ConvOptions conv, std::string_view norm,
                     std::string_view activation);

// A depthwise convolution of a grid, of tokens that remember their rows and columns, or along other
// tokens. `causal` (tokens only): the output at t sees t, t - dilation, ... only.
struct DepthwiseOptions {
  int64_t kernel = 3, stride = 1, dilation = 1;
  bool causal = false, bias = true;
};

Stream depthwise(Builder& b, Stream s, const DepthwiseOptions& options);

Value reshaped(Builder& b, Value x, std::vector<int64_t> shape);
}  // namespace cambium
