#include <numeric>

#include "ops/support/onnx/parts.h"

namespace cambium {
namespace {
// (x - mean) / sqrt(variance + eps) gamma + beta; gamma and beta are inputs 1 and 2.
std::string normalised(OnnxUse& u, const std::string& centred, const std::string& variance) {
  const std::string sigma = u.op("Sqrt", {u.op("Add", {variance, u.f32(u.number("eps"))})});
  return u.op("Div", {centred, sigma});
}

std::string scaled(OnnxUse& u, const std::string& x) {
  return u.op("Add", {u.op("Mul", {x, u.in(1)}), u.in(2)});
}

void finish_batch_norm(OnnxUse& u, const std::string& x, int residual) {
  std::string y = scaled(u, x);
  if (u.has(residual)) y = u.op("Add", {y, u.in(residual)});
  u.out(0, onnx_activated(u, u.word("activation"), y));
}
}  // namespace

// By the statistics of the batch itself: where a model keeps none.
void onnx_batch_norm(OnnxUse& u) {
  if (u.flag("blocked")) u.refuse("its images lie in blocks");
  std::vector<int64_t> rows(static_cast<size_t>(u.rank(0) - 1));
  std::iota(rows.begin(), rows.end(), 0);
  std::string mean, variance, centred;
  if (u.has(4)) {
    std::string real = u.to_f32(u.op("GreaterOrEqual", {u.in(4), u.f32(0.5)}));
    std::vector<OnnxSize> to;
    for (int i = 0; i + 1 < u.rank(0); ++i) to.push_back(u.dim(0, i));
    to.push_back(u.constant_size(1));
    real = u.reshape(real, to);
    const std::string n =
        u.op("Max", {u.f32(1), u.op("ReduceSum", {real}, {{"keepdims", int64_t{0}}})});
    const auto mean_of = [&](const std::string& x) {
      return u.op("Div", {u.sum(u.op("Mul", {x, real}), rows, false), n});
    };
    mean = mean_of(u.in(0));
    centred = u.op("Sub", {u.in(0), mean});
    variance = mean_of(u.op("Mul", {centred, centred}));
  } else {
    mean = u.mean(u.in(0), rows, false);
    centred = u.op("Sub", {u.in(0), mean});
    variance = u.mean(u.op("Mul", {centred, centred}), rows, false);
  }
  finish_batch_norm(u, normalised(u, centred, variance), 3);
}

void onnx_batch_norm_apply(OnnxUse& u) {
  if (u.flag("blocked")) u.refuse("its images lie in blocks");
  finish_batch_norm(u, normalised(u, u.op("Sub", {u.in(0), u.in(3)}), u.in(4)), 5);
}

void onnx_group_norm(OnnxUse& u) {
  const int64_t groups = u.whole("groups"), width = u.shape(0).last() / groups;
  const std::string x = u.op("Reshape", {u.in(0), u.i64s({0, -1, groups, width})});
  const std::string centred = u.op("Sub", {x, u.mean(x, {1, 3}, true)});
  const std::string variance = u.mean(u.op("Mul", {centred, centred}), {1, 3}, true);
  const std::string y = normalised(u, centred, variance);
  u.out(0, scaled(u, u.op("Reshape", {y, u.op("Shape", {u.in(0)})})));
}

void onnx_layer_norm(OnnxUse& u) {
  u.out(0, u.op("LayerNormalization", {u.in(0), u.in(1), u.in(2)},
                {{"axis", int64_t{-1}}, {"epsilon", float(u.number("eps"))}}));
}

void onnx_rms_norm(OnnxUse& u) {
  const std::string square = u.mean(u.op("Mul", {u.in(0), u.in(0)}), {u.rank(0) - 1}, true);
  u.out(0, u.op("Mul", {normalised(u, u.in(0), square), u.in(1)}));
}
}  // namespace cambium
