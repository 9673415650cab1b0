#include "bench/kernel_cases.h"

#include <algorithm>
#include <string_view>

#include "ops/ops.h"

namespace cambium {
namespace {
struct Row {
  std::string_view op;
  std::vector<SampleInput> inputs;
  Args args = {};
};

using In = SampleInput;
using Shapes = std::vector<int64_t>;

const Shape kMillion{1 << 20};
const Shape kScalar{};
const Shape kRows{16384, 128}, kPerRow{16384}, kChannel{128};
const Shape kGrid{64, 32, 32, 64}, kGridChannel{64};
const Shape kSequence{16, 512, 256}, kWidth{256};
const Shape kHeads{8, 512, 6, 64}, kByHead{8, 6, 512}, kEachHead{8, 512, 6};

In ids(Shape shape, double below, double from = 0) {
  return {DType::kI32, shape, from, below};
}

In key() {  // of a generator
  return {DType::kI64, {2}, 0, 1000};
}

In between(Shape shape, double lo, double hi) {
  return {shape, lo, hi};
}

In graph() {
  return {DType::kAdjacency, {20000, 20000, 200000}};
}

constexpr int64_t kEdges = 200000, kEdgesAndLoops = 220000, kNodes = 20000;

std::vector<Row> product_rows() {
  const auto wide = [](int64_t k, int64_t n) { return In(Shape{k, n}); };
  return {{"linear", {kRows, wide(128, 512), Shape{512}}},
          {"linear", {Shape{2048, 384}, wide(384, 1536)}},
          {"linear_grad_weights", {kRows, Shape{16384, 512}}},
          {"linear_grad_weights", {Shape{6272, 64}, Shape{6272, 64}}},
          {"matmul", {Shape{16, 512, 64}, Shape{16, 64, 512}}},
          {"grouped_linear", {kRows, Shape{8, 128, 256}, ids({8}, 2049, 2048)}},
          {"grouped_linear_grad_weights", {kRows, Shape{16384, 256}, ids({8}, 2049, 2048)}},
          {"sparse_linear", {Shape{2708, 1433}, Shape{1433, 16}}},
          {"sparse_linear_grad_weights",
           {Shape{2708, 1433}, Shape{2708, 16}, ids({2708, 45}, 1 << 20)}},
          {"linear_cross_entropy",
           {between({2048, 384}, -1, 1), between({384, 16384}, -0.1, 0.1), ids({2048}, 16384)},
           {{"gradients", true}}},
          {"embed", {Shape{50257, 384}, ids({8, 512}, 50257)}},
          {"embed_grad", {ids({8, 512}, 50257), Shape{8, 512, 384}}, {{"rows", int64_t{50257}}}}};
}

std::vector<Row> attention_rows() {
  const Args causal = {{"causal", true}}, keep = {{"keep", int64_t{32}}, {"causal", true}};
  const In kept = ids({8, 6, 512, 32}, 512);
  const In narrow = Shape{32, 128, 8, 16}, narrow_lse = between({32, 8, 128}, 5, 6);
  return {
      {"attention", {kHeads, kHeads, kHeads}, causal},
      {"attention", {narrow, narrow, narrow}},
      {"attention", {Shape{8, 512, 6, 96}, Shape{8, 512, 6, 96}, kHeads}, causal},
      {"attention",
       {narrow, narrow, narrow, In::none(), In::none(), In::none(), In::none(), In::none(),
        Shape{1, 8, 128, 128}}},
      {"attention", {narrow, narrow, narrow}, causal},
      {"attention_grad", {kHeads, kHeads, kHeads, kHeads, between(kByHead, 5, 6), kHeads}, causal},
      {"attention_grad", {narrow, narrow, narrow, narrow, narrow_lse, narrow}, causal},
      {"attention_step",
       {Shape{1, 1, 12, 64}, Shape{1, 1024, 12, 64}, Shape{1, 1024, 12, 64},
        ids({1, 1}, 1000, 999)}},
      {"top_k_attention", {kHeads, kHeads, kHeads}, keep},
      {"top_k_attention_grad",
       {kHeads, kHeads, kHeads, kHeads, between(kByHead, 5, 6), kept, kHeads},
       keep},
      {"cache_write", {Shape{1, 1024, 12, 64}, Shape{1, 1, 12, 64}, ids({1, 1}, 1000)}},
      {"rope", {kHeads}},
      {"softmax", {kRows}},
      {"softmax_grad", {between(kRows, 0, 0.01), kRows}}};
}

std::vector<Row> convolution_rows() {
  const Args depthwise = {{"groups", int64_t{64}}};
  const Args kernel = {{"kernel", Shapes{3, 3}}, {"bias", false}};
  Args depthwise_kernel = {{"kernel", Shapes{7, 7}}, {"bias", false}, {"groups", int64_t{64}}};
  const Shape blocked{64, 4, 32, 32, 16};  // kGrid in blocks of 16 channels
  return {{"block_channels", {kGrid}},
          {"unblock_channels", {blocked}},
          {"conv2d", {blocked, Shape{3, 3, 64, 64}}},
          {"conv2d", {Shape{128, 32, 32, 16}, Shape{3, 3, 16, 16}}},
          {"conv2d", {kGrid, Shape{3, 3, 64, 64}}},
          {"conv2d", {Shape{64, 8, 8, 256}, Shape{3, 3, 256, 256}}},
          {"conv2d", {kGrid, Shape{7, 7, 1, 64}}, depthwise},
          {"conv2d_grad_input", {kGrid, Shape{3, 3, 64, 64}}, {{"input", Shapes{32, 32}}}},
          {"conv2d_grad_input",
           {kGrid, Shape{7, 7, 1, 64}},
           {{"input", Shapes{32, 32}}, {"groups", int64_t{64}}}},
          {"conv2d_grad_weights", {kGrid, kGrid}, kernel},
          {"conv2d_grad_weights", {kGrid, kGrid}, depthwise_kernel},
          {"pool2d", {kGrid}},
          {"pool2d_grad", {kGrid, Shape{64, 16, 16, 64}}},
          {"upsample", {Shape{64, 16, 16, 64}}, {{"kind", "bilinear"}}},
          {"upsample_grad", {kGrid}, {{"kind", "bilinear"}}},
          {"pad", {kGrid}, {{"axis", int64_t{1}}, {"before", int64_t{1}}, {"after", int64_t{1}}}}};
}

std::vector<Row> norm_rows() {
  const In positive = between(kGridChannel, 0.5, 2), per_group = Shape{64, 8};
  const Args groups = {{"groups", int64_t{8}}};
  return {
      {"layer_norm", {kRows, kChannel, kChannel}},
      {"layer_norm_grad", {kRows, kRows, kPerRow, between(kPerRow, 0.5, 2), kChannel}},
      {"rms_norm", {kRows, kChannel}},
      {"rms_norm_grad", {kRows, kRows, between(kPerRow, 0.5, 2), kChannel}},
      {"batch_norm", {kGrid, kGridChannel, kGridChannel}, {{"activation", "relu"}}},
      {"batch_norm_apply", {kGrid, kGridChannel, kGridChannel, kGridChannel, positive}},
      {"batch_norm_grad", {kGrid, kGrid, kGridChannel, kGridChannel, positive}},
      {"group_norm", {kGrid, kGridChannel, kGridChannel}, groups},
      {"group_norm_grad", {kGrid, kGrid, per_group, between(Shape{64, 8}, 0.5, 2), kGridChannel}},
      {"dynamic_tanh", {kRows, Shape{1}, kChannel, kChannel}},
      {"dynamic_tanh_grad", {kRows, kRows, Shape{1}, kChannel}},
      {"prelu", {kRows, kChannel}},
      {"stop_gradient", {kRows}},
      {"prelu_grad", {kRows, kRows, kChannel}}};
}

std::vector<Row> recurrence_rows() {
  const int64_t H = 128;
  const auto gates = [](int64_t n) { return Shape{32, 128, n}; };
  const auto weights = [](int64_t n) { return between({128, n}, -0.1, 0.1); };
  const In step = between(kSequence, -4, 1), rates = between({256, 16}, -3, -0.1);
  const In by_step = Shape{16, 512, 16}, forget = between(kEachHead, -1, 0);
  const In small_keys = between(kHeads, -0.125, 0.125), beta = between(kEachHead, 0.1, 1);
  return {{"lstm", {gates(4 * H), weights(4 * H)}},
          {"lstm_grad", {between(gates(4 * H), 0.1, 0.9), weights(4 * H), gates(H), gates(H)}},
          {"gru", {gates(3 * H), weights(3 * H), Shape{3 * H}}},
          {"gru_grad", {between(gates(4 * H), 0.1, 0.9), weights(3 * H), gates(H), gates(H)}},
          {"rnn", {gates(H), weights(H)}},
          {"rnn_grad", {between(gates(H), -0.9, 0.9), weights(H), gates(H)}},
          {"linear_scan", {between(kSequence, 0, 1), kSequence}},
          {"linear_scan_grad", {between(kSequence, 0, 1), kSequence, kSequence}},
          {"selective_scan", {kSequence, step, rates, by_step, by_step, kWidth}},
          {"selective_scan_grad",
           {kSequence, step, rates, by_step, by_step, kWidth, kSequence,
            between({16, 8, 16, 16, 16}, 0, 1e-30)}},
          {"linear_attention", {kHeads, kHeads, kHeads}},
          {"linear_attention", {kHeads, kHeads, kHeads, forget}},
          {"linear_attention_grad", {kHeads, kHeads, kHeads, In::none(), kHeads}},
          {"delta_rule", {kHeads, small_keys, kHeads, beta}},
          {"delta_rule_grad", {kHeads, small_keys, kHeads, beta, In::none(), kHeads, kHeads}},
          {"wkv", {kSequence, kSequence, between(kWidth, -2, 0), kWidth}},
          {"wkv_grad", {kSequence, kSequence, between(kWidth, -2, 0), kWidth, kSequence}}};
}

std::vector<Row> long_filter_rows() {
  const Shape filter{512, 256}, by_state{256, 32};
  const In dt = between(kWidth, -4, -1), re = between(by_state, -1.5, 0);
  const In im = between(by_state, -6, 6), states = Shape{1, 256, 32};
  return {{"long_conv", {kSequence, filter}},
          {"long_conv_grad", {kSequence, kSequence}},
          {"long_conv_step", {Shape{1, 1024, 256}, Shape{1, 1024, 256}, ids({1, 1}, 1000, 999)}},
          {"s4d_kernel", {dt, re, im, by_state, by_state}, {{"length", int64_t{512}}}},
          {"s4d_kernel_grad", {dt, re, im, by_state, by_state, between(filter, -0.1, 0.1)}},
          {"s4d_step", {dt, re, im, by_state, by_state, Shape{1, 1, 256}, states, states}}};
}

std::vector<Row> graph_rows() {
  const Shape nodes{kNodes, 64}, by_head{kNodes, 8, 8}, heads{8, 8}, each{kNodes, 8};
  const auto edges = [](int64_t n) { return Shape{kEdges, n}; };
  const In small = {DType::kAdjacency, {200, 200, 1000}};
  const In weights = between({kEdgesAndLoops, 8}, 0, 1);
  return {{"spmm", {graph(), nodes}},
          {"edge_spmm", {graph(), edges(8), by_head}},
          {"edge_dot", {graph(), by_head, by_head}},
          {"edge_gather", {graph(), nodes, nodes}},
          {"edge_loops", {graph(), edges(64)}},
          {"edge_softmax", {graph(), edges(8)}},
          {"edge_sum", {graph(), edges(64)}},
          {"gat_attention", {graph(), by_head, heads, heads}},
          {"gat_attention_grad",
           {graph(), by_head, heads, heads, by_head, weights, each, each, by_head}},
          {"neighbour_max", {graph(), nodes}},
          {"neighbour_max_grad", {graph(), ids(nodes, kNodes), nodes}},
          {"induced_subgraph", {graph(), between({kNodes}, 0, 2)}},
          {"laplacian_vectors", {small}, {{"count", int64_t{8}}}},
          {"walk_returns", {small}, {{"steps", int64_t{8}}}},
          {"graph_distances", {small}, {{"most", int64_t{16}}}},
          {"node_degrees", {graph()}}};
}

std::vector<Row> movement_rows() {
  const Args last = {{"axes", Shapes{-1}}}, first = {{"axes", Shapes{0}}};
  return {{"broadcast_to", {Shape{16384, 1}}, {{"shape", Shapes{16384, 128}}}},
          {"concat", {kRows, kRows}},
          {"reverse_sequence", {Shape{32, 128, 128}, between({32, 128}, 0, 2)}},
          {"relative_shift", {Shape{8, 6, 256, 511}}},
          {"slice", {kRows}, {{"begin", int64_t{32}}, {"end", int64_t{96}}}},
          {"transpose", {kHeads}, {{"perm", Shapes{0, 2, 1, 3}}}},
          {"reduce_sum", {kRows}, last},
          {"reduce_sum", {kRows}, first},
          {"reduce_mean", {kRows}, last},
          {"reduce_max", {kRows}, last},
          {"reduce_max_grad", {kRows, kPerRow, kPerRow}, last},
          {"reduce_to", {kRows}, {{"shape", Shapes{128}}}},
          {"lerp", {kMillion, kMillion}, {{"t", 0.3}}},
          {"dropout", {kRows, key()}, {{"p", 0.1}}},
          {"dropout_grad", {kRows, key()}, {{"p", 0.1}}},
          {"route", {Shape{16384, 8}}},
          {"route_grad", {ids({16384, 2}, 8), Shape{16384, 2}}, {{"experts", int64_t{8}}}},
          {"weighted_rows", {kRows, Shape{16384, 2}, ids({16384, 2}, 16384)}},
          {"weighted_rows_grad", {kRows, Shape{16384, 2}, ids({16384, 2}, 16384), kRows}}};
}

std::vector<Row> loss_rows() {
  const In target = ids({4096}, 1024), scored = between(kScalar, 4095, 4096);
  const Shape logits{4096, 1024}, frames{32, 200, 30};
  const In symbols = ids({32, 40}, 30, 1);
  return {{"cross_entropy", {logits, target}},
          {"cross_entropy_grad", {logits, target, between({4096}, 7, 8), scored, kScalar}},
          {"accuracy", {logits, target}},
          {"class_counts", {logits, target}},
          {"sample_classes", {logits, target, key()}},
          {"scored_rows", {ids({32768}, 1, -15)}, {{"most", int64_t{4096}}}},
          {"value_loss", {kRows, kRows}},
          {"value_loss_grad", {kRows, kRows, scored, kScalar}},
          {"ctc", {frames, symbols}},
          {"ctc_grad", {frames, symbols, between({32, 200}, 3, 4), scored, kScalar}},
          {"ctc_errors", {frames, symbols}}};
}

std::vector<Row> update_rows() {
  const In lr = between(kScalar, 0.01, 0.1), unclipped = between(kScalar, 0.5, 1);
  const In step = {DType::kI64, {}, 2, 50}, p = kMillion, square = between(kMillion, 0.1, 2);
  const Shape matrix{1024, 1024};
  const In line = between({1024}, 0.1, 2), weight = between(kScalar, 0.1, 0.9);
  return {{"sgd_update", {lr, unclipped, p, p, p}, {{"momentum", 0.9}}},
          {"adam_update", {lr, unclipped, step, p, p, p, square}},
          {"nadam_update", {lr, unclipped, step, p, p, p, square}},
          {"radam_update", {lr, unclipped, step, p, p, p, square}},
          {"lamb_update", {lr, unclipped, step, p, p, p, square}},
          {"rmsprop_update", {lr, unclipped, p, p, square}},
          {"adagrad_update", {lr, unclipped, step, p, p, square}},
          {"adafactor_update", {lr, unclipped, step, matrix, matrix, line, line}},
          {"lion_update", {lr, unclipped, p, p, p}},
          {"sophia_update", {lr, unclipped, p, p, p, square}},
          {"schedule_free_update", {lr, unclipped, step, weight, p, p, square, square}},
          {"schedule_free_weight", {lr, step, weight}},
          {"ema_update", {step, p, p}},
          {"global_norm", {p}},
          {"clip_scale", {p}}};
}

// Pointwise operators all take as many equal operands as they need.
std::vector<Row> pointwise_rows() {
  std::vector<Row> out;
  for (const Op* op : builtin_ops())
    if (op->range && op->name != "cast")
      out.push_back({op->name, std::vector<In>(size_t(op->min_inputs), between(kMillion, 0.1, 2))});
  out.push_back({"cast", {kMillion}, {{"to", "bf16"}}});
  return out;
}
}  // namespace

std::vector<KernelCase> kernel_cases() {
  std::vector<KernelCase> out;
  for (const auto& rows : {product_rows(), attention_rows(), convolution_rows(), norm_rows(),
                           recurrence_rows(), long_filter_rows(), graph_rows(), movement_rows(),
                           loss_rows(), update_rows(), pointwise_rows()})
    for (const Row& row : rows) {
      const auto op = std::ranges::find(builtin_ops(), row.op, &Op::name);
      ensure(op != builtin_ops().end(), "there is no operator ", row.op);
      out.push_back({*op, {row.inputs, row.args}});
    }
  for (const Op* op : builtin_ops())
    ensure(op->view || std::ranges::find(out, op, &KernelCase::op) != out.end(),
           "bench/kernel_cases.cpp has no case of ", op->name);
  return out;
}
}  // namespace cambium
