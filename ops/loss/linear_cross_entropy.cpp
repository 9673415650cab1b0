// linear_cross_entropy: cross_entropy of the logits x W + b, which are never held at once. A few
// hundred rows at a time are multiplied, scored and, with `gradients`, turned into the gradients of
// the mean loss, so that each logit is computed once and memory does not grow with rows times V.
//   x: [..., K]   w: [K, V], [V, K] with `transpose`   target: i32, one a row   b: [V] or left out
//   loss: []   scored: []   correct: [], of scored rows   with `gradients`: dx, dw and, with b, db
// Chunks of rows and not of the vocabulary: those would need each logit twice, once for the sum of
// exponentials and once for the gradients.
#include <cmath>

#include "graph/graph.h"
#include "ops/loss/support/chunked_head.h"
#include "ops/support/bf16.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_linear_cross_entropy {
namespace {
using namespace chunked_head;

std::vector<ValueType> shape(const Call& c) {
  const auto& a = c.as<LinearCrossEntropy>();
  const Shape &x = c.shape(kX), &w = c.shape(kW);
  require_product(c, kX, kW);
  require(x.rank() >= 1 && w.rank() == 2, "x ", x, " needs an axis and the weights ", w, " two");
  require(x.last() >= 1 && x.last() == w[a.transpose ? 1 : 0], "x ", x, " does not fit weights ",
          w);
  const Sizes z(c);
  require(c.dtype(kTarget) == DType::kI32 && c.shape(kTarget).count() == z.rows,
          "targets must be i32, one for each row of ", x, ", got ", c.in[kTarget].type().text());
  require(z.classes >= 1, "the weights ", w, " have no classes");
  require(!c.has(kBias) || c.in[kBias].type() == ValueType{DType::kF32, Shape{z.classes}},
          "the bias must be f32 [V] with V = ", z.classes);
  require(a.class_weights.empty() || int64_t(a.class_weights.size()) == z.classes,
          a.class_weights.size(), " class weights for ", z.classes, " classes");
  require(a.group_weights.empty(), "rows of groups are scored by cross_entropy");
  std::vector<ValueType> out(3, ValueType{DType::kF32, {}});
  if (!a.gradients) return out;
  out.push_back({DType::kF32, x});
  out.push_back({DType::kF32, w});
  if (c.has(kBias)) out.push_back({DType::kF32, Shape{z.classes}});
  return out;
}

bool is_one(const Graph& g, Value v) {
  const Node& n = g.node(v.node);
  return n.role == Role::kConstant && n.constant && n.outputs[0] == ValueType{DType::kF32, {}} &&
         n.constant->f32()[0] == 1;
}

// The gradients that were computed with the loss; or, where none were asked for, both once more.
std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  Graph& g = *dy[0].graph;
  auto a = c.as<LinearCrossEntropy>();
  Value with = c.out[0];
  if (!a.gradients) {
    a.gradients = true;
    with = g.emit("linear_cross_entropy", {c.in.begin(), c.in.end()}, Attrs(a));
  }
  const auto times_loss = [&](int output) {
    const Value d = with.nth(output);
    return is_one(g, dy[0]) ? d : g.emit("mul", {d, dy[0]});
  };
  std::vector<Value> out = {times_loss(kDx), times_loss(kDw), Value{}};
  if (c.inputs() > kBias) out.push_back(c.has(kBias) ? times_loss(kDb) : Value{});
  return out;
}

// d loss / d logits of one row, and its share of the sums.
void reference_row(const LinearCrossEntropy& a, int64_t target, std::vector<double>& x,
                   std::span<Ref> out) {
  const auto n = double(x.size());
  const double top = *std::ranges::max_element(x), w = a.weight(target);
  double total = 0, sum = 0;
  for (double v : x) {
    total += std::exp(v - top);
    sum += v;
  }
  const double lse = top + std::log(total), s = a.label_smoothing;
  out[kScored][0] += w;
  out[kCorrect][0] += first_largest(x.data(), int64_t(x.size())) == target;
  if (w == 0) {
    std::ranges::fill(x, 0.0);
    return;
  }
  out[kLoss][0] += w * a.of_row(lse, x[size_t(target)], sum, int64_t(x.size()));
  for (double& v : x) v = w * (std::exp(v - lse) * (1 + 2 * a.z_loss * lse) - s / n);
  x[size_t(target)] -= w * (1 - s);
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Sizes z(c);
  const auto& a = c.as<LinearCrossEntropy>();
  const auto at = [&](int64_t k, int64_t v) {
    return a.transpose ? v * z.depth + k : k * z.classes + v;
  };
  std::vector<double> row;
  for (int64_t r = 0; r < z.rows; ++r) {
    const auto target = int64_t(in[kTarget][r]);
    if (!is_scored(target, z.classes)) continue;
    row.assign(size_t(z.classes), 0);
    for (int64_t v = 0; v < z.classes; ++v) {
      double& y = row[size_t(v)];
      y = c.has(kBias) ? in[kBias][v] : 0;
      for (int64_t k = 0; k < z.depth; ++k) y += in[kX][r * z.depth + k] * in[kW][at(k, v)];
    }
    reference_row(a, target, row, out);
    for (int64_t v = 0; a.gradients && a.counts(target, z.classes) && v < z.classes; ++v) {
      const double d = row[size_t(v)];
      for (int64_t k = 0; k < z.depth; ++k) {
        out[kDx][r * z.depth + k] += d * in[kW][at(k, v)];
        out[kDw][at(k, v)] += d * in[kX][r * z.depth + k];
      }
      if (c.has(kBias)) out[kDb][v] += d;
    }
  }
  const double scored = out[kScored][0];
  for (size_t i = 0; i < out.size(); ++i)
    if (i != kScored && i != kCorrect && scored > 0)
      for (double& v : out[i].data) v /= scored;
}

Kernel kernel(const Call& c, Engine& e) {
  if (c.shape(kX).rows() > 0) return chunked_head_kernel(c, e);
  return {.run = [types = shape(c)](const KernelArgs& k) {
    for (size_t i = 0; i < types.size(); ++i)
      std::fill_n(k.out_f32(int(i)), types[i].shape.count(), 0.0f);
  }};
}

Cost cost(const Call& c) {
  const Sizes z(c);
  const bool gradients = c.as<LinearCrossEntropy>().gradients;
  Cost cost = operand_cost(c, 0);
  const double logits = double(z.rows) * double(z.classes);
  cost.products = logits * (gradients ? 6 : 2) * double(z.depth);
  cost.flops = cost.products + logits * (gradients ? 29 : 14);
  return cost;
}

std::vector<Sample> samples() {
  const SampleInput target(DType::kI32, {7}, -1, 5), narrow(DType::kBf16, {7, 6}, -1, 1);
  const Args gradients = {{"gradients", true}, {"chunk", int64_t{3}}};
  const Args all = {{"gradients", true}, {"chunk", int64_t{4}},
                    {"transpose", true}, {"label_smoothing", 0.1},
                    {"z_loss", 0.01},    {"class_weights", std::vector<double>{1, 2, 0, 1, 1}}};
  return {{{Shape{7, 6}, Shape{6, 5}, target}},
          {{Shape{7, 6}, Shape{6, 5}, target, Shape{5}}, gradients},
          {{Shape{7, 6}, Shape{5, 6}, target}, all},
          {{narrow, SampleInput(DType::kBf16, {5, 6}, -1, 1), target, Shape{5}},
           {{"transpose", true}, {"chunk", int64_t{2}}}},
          {{Shape{2, 3, 1}, Shape{1, 1}, SampleInput(DType::kI32, {2, 3}, -1, 1)}, gradients},
          {{Shape{0, 3}, Shape{3, 2}, SampleInput(DType::kI32, {0}, 0, 2)}, gradients}};
}
}  // namespace

extern const Op op_linear_cross_entropy = {
    .name = "linear_cross_entropy",
    .doc = "cross_entropy of a linear layer, some rows at a time, with its gradients",
    .min_inputs = 3,
    .max_inputs = 4,
    .attrs = fields_of<LinearCrossEntropy>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = rounds_operands,
    .not_onnx = kOnnxLoss,
    .samples = samples()};
}  // namespace cambium::op_linear_cross_entropy
