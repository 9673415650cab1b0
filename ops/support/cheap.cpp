#include "ops/support/cheap.h"

#include <algorithm>

namespace cambium {
namespace {
constexpr std::string_view kCheap[] = {"add",          "batch_norm", "batch_norm_apply",
                                       "broadcast_to", "cast",       "concat",
                                       "cos",          "div",        "dropout",
                                       "dynamic_tanh", "elu",        "embed",
                                       "exp",          "gelu",       "group_norm",
                                       "hard_sigmoid", "hardswish",  "layer_norm",
                                       "leaky_relu",   "lerp",       "linear_scan",
                                       "log",          "maximum",    "mish",
                                       "mul",          "neg",        "pad",
                                       "prelu",        "relu",       "relu2",
                                       "rms_norm",     "rope",       "scale",
                                       "selu",         "sigmoid",    "silu",
                                       "sin",          "slice",      "softmax",
                                       "softplus",     "sqrt",       "square",
                                       "sub",          "tanh",       "transpose"};
}

std::span<const std::string_view> cheap_ops() {
  return kCheap;
}

bool is_cheap(const Node& n) {
  return n.op && std::ranges::find(kCheap, n.op->name) != std::end(kCheap);
}
}  // namespace cambium
