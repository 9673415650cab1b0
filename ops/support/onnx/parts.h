// What rules of several operators share.
#pragma once
#include "graph/onnx/use.h"
#include "ops/support/onnx/rules.h"

namespace cambium {
// What products and norms apply to their result: none, relu, gelu (its tanh form), silu, tanh or
// sigmoid.
std::string onnx_activated(OnnxUse& u, const std::string& activation, const std::string& x);
std::string onnx_gelu_tanh(OnnxUse& u, const std::string& x);

// Heads [..., G, D] on axis `axis` of a value with G of them, repeated to H: head h is h / (H / G).
std::string onnx_repeated_heads(OnnxUse& u, const std::string& x, int64_t G, int64_t H,
                                int64_t axis);

// Axis 1, time, comes first, and back.
std::string onnx_time_first(OnnxUse& u, const std::string& x, int rank);

// 1 where both numbers are equal, as f32.
std::string onnx_equal(OnnxUse& u, const std::string& a, const std::string& b);

// y [N,...] = the sum of rows of x [E,...] by `index` i64 [E]; `like` are the extents of y behind
// N.
std::string onnx_sum_by(OnnxUse& u, const std::string& x, const std::string& index,
                        const std::string& nodes, const std::vector<int64_t>& like,
                        bool largest = false);
}  // namespace cambium
