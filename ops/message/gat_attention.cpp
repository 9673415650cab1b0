// gat_attention: attention over the neighbours of every node (Velickovic et al. 2018, arXiv
// 1710.10903, eq. 1 to 6), in one pass over the CSR rows.
//   adjacency of N nodes and E edges, z [N,H,D], a_src [H,D], a_dst [H,D], optional rng i64 [2]
//   -> y [N,H,D], alpha [E,H] (E the most edges, rows past the real ones are 0), s [N,H], t [N,H]
//   s_jh = <a_src_h, z_jh>, t_ih = <a_dst_h, z_ih>, e_ij = leaky_relu(s_j + t_i)
//   alpha_ij = softmax of e_ij over the edges j -> i;  y_i = sum_j mask_ij alpha_ij z_j
// alpha is kept before dropout; alpha, s and t are there for gat_attention_grad and pass no
// gradient of their own. A node that hears nobody gets y = 0.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/message/support/edge_reach.h"
#include "ops/message/support/gat.h"
#include "ops/support/bf16.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/simd_math.h"

namespace cambium::op_gat_attention {
namespace {
std::vector<ValueType> shape(const Call& c) {
  require_gat(c, 1);
  require_rng_to_drop(c, 4);
  const Shape& z = c.shape(1);
  const int64_t edges = most_edges(c.shape(0), c.as<GatAttention>().self_loops);
  const Shape score{z[0], z[1]};
  return {
      {DType::kF32, z}, {DType::kF32, {edges, z[1]}}, {DType::kF32, score}, {DType::kF32, score}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  if (!dy[0]) return std::vector<Value>(size_t(c.inputs()));
  std::vector<Value> in = {c.in[0],  c.in[1],  c.in[2],  c.in[3], c.out[0],
                           c.out[1], c.out[2], c.out[3], dy[0]};
  if (c.has(4)) in.push_back(c.in[4]);
  const Value dz = dy[0].graph->emit("gat_attention_grad", in, c.attrs);
  std::vector<Value> out = {{}, dz, dz.nth(1), dz.nth(2)};
  out.resize(size_t(c.inputs()));
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<GatAttention>();
  const Adjacency& g = graph_of(*in[0].adjacency, a.self_loops);
  const int64_t heads = c.shape(1)[1], width = c.shape(1)[2];
  std::vector<double> mask(size_t(g.edges * heads), 1.0);
  if (a.dropout > 0)
    for (size_t k = 0; k < mask.size(); ++k)
      mask[k] = mask_of(in[4], a.stream, a.dropout).factor(int64_t(k));
  for (int64_t n = 0; n < g.nodes; ++n)
    for (int64_t k = 0; k < heads * width; ++k) {
      out[2][n * heads + k / width] += in[2][k] * in[1][n * heads * width + k];
      out[3][n * heads + k / width] += in[3][k] * in[1][n * heads * width + k];
    }
  std::vector<double> total(size_t(g.nodes * heads), 0.0), top(total.size(), -HUGE_VAL);
  for_each_edge(g, [&](int64_t e, int64_t j, int64_t i) {
    for (int64_t h = 0; h < heads; ++h) {
      const double u = out[2][j * heads + h] + out[3][i * heads + h];
      double &score = out[1][e * heads + h], &highest = top[size_t(i * heads + h)];
      score = u > 0 ? u : a.slope * u;
      highest = std::max(highest, score);
    }
  });
  for_each_edge(g, [&](int64_t e, int64_t, int64_t i) {
    for (int64_t h = 0; h < heads; ++h) {
      double& weight = out[1][e * heads + h];
      weight = std::exp(weight - top[size_t(i * heads + h)]);
      total[size_t(i * heads + h)] += weight;
    }
  });
  for_each_edge(g, [&](int64_t e, int64_t j, int64_t i) {
    for (int64_t k = 0; k < heads * width; ++k) {
      const int64_t edge = e * heads + k / width;
      if (k % width == 0) out[1][edge] /= total[size_t(i * heads + k / width)];
      out[0][i * heads * width + k] +=
          mask[size_t(edge)] * out[1][edge] * in[1][j * heads * width + k];
    }
  });
}

struct Buffers {
  const Csr* in;
  const float *z, *a_src, *a_dst;
  float *y, *alpha, *s, *t;
  float* kept;  // alpha after dropout, or alpha itself
  int64_t heads, width;
  float slope;
};

template <int64_t kHeads>
CAMBIUM_SIMD void score_nodes(const Buffers& b, int64_t first, int64_t last) {
  const int64_t channels = b.heads * b.width;
  for (int64_t n = first; n < last; ++n) {
    const float* z = b.z + n * channels;
    if constexpr (kHeads == 8) {
      const EightByEight row(z);
      store_heads<8>(b.s + n * 8, 8, row.dots(b.a_src));
      store_heads<8>(b.t + n * 8, 8, row.dots(b.a_dst));
      continue;
    }
    for (int64_t h = 0; h < b.heads; ++h) {
      float s = 0, t = 0;
      for (int64_t d = h * b.width; d < (h + 1) * b.width; ++d) {
        s += b.a_src[d] * z[d];
        t += b.a_dst[d] * z[d];
      }
      b.s[n * b.heads + h] = s;
      b.t[n * b.heads + h] = t;
    }
  }
}

// alpha of the edges of row i, for heads [from, from + n), n <= 16.
template <int64_t kHeads>
[[gnu::always_inline]] inline void softmax_row(const Buffers& b, int64_t i, int64_t from,
                                               int64_t n) {
  const int32_t begin = b.in->begin[size_t(i)], end = b.in->begin[size_t(i) + 1];
  const Lanes t = load_heads<kHeads>(b.t + i * b.heads + from, n);
  Lanes top = Lanes{} - std::numeric_limits<float>::infinity(), total = {};
  for (int32_t e = begin; e < end; ++e) {
    Lanes u = load_heads<kHeads>(b.s + b.in->neighbour[size_t(e)] * b.heads + from, n) + t;
    const Lanes down = u * b.slope;  // the slope is at most 1
    u = u > down ? u : down;
    top = u > top ? u : top;
    store_heads<kHeads>(b.alpha + e * b.heads + from, n, u);
  }
  for (int32_t e = begin; e < end; ++e) {
    float* alpha = b.alpha + e * b.heads + from;
    const Lanes x = exp_below(load_heads<kHeads>(alpha, n) - top);
    total += x;
    store_heads<kHeads>(alpha, n, x);
  }
  const Lanes inverse = 1.0f / total;
  for (int32_t e = begin; e < end; ++e) {
    float* alpha = b.alpha + e * b.heads + from;
    store_heads<kHeads>(alpha, n, load_heads<kHeads>(alpha, n) * inverse);
  }
}

template <int64_t kHeads>
CAMBIUM_SIMD void softmax_rows(const Buffers& b, int64_t first, int64_t last) {
  for (int64_t i = first; i < last; ++i)
    for (int64_t h = 0; h < b.heads; h += kLanes)
      softmax_row<kHeads>(b, i, h, std::min(kLanes, b.heads - h));
}

template <int64_t kHeads>
CAMBIUM_SIMD void gather_rows(const Buffers& b, int64_t first, int64_t last) {
  const int64_t channels = b.heads * b.width;
  for (int64_t i = first; i < last; ++i) {
    float* y = b.y + i * channels;
    std::fill_n(y, channels, 0.0f);
    const int32_t begin = b.in->begin[size_t(i)], end = b.in->begin[size_t(i) + 1];
    if constexpr (kHeads == 8) {
      EightByEight sum(y);
      for (int32_t e = begin; e < end; ++e)
        sum.add(load_heads<8>(b.kept + e * 8, 8), b.z + b.in->neighbour[size_t(e)] * channels);
      sum.store(y);
      continue;
    }
    for (int32_t e = begin; e < end; ++e) {
      const float* z = b.z + b.in->neighbour[size_t(e)] * channels;
      for (int64_t h = 0; h < b.heads; ++h) {
        const float w = b.kept[e * b.heads + h];
        for (int64_t d = h * b.width; d < (h + 1) * b.width; ++d) y[d] += w * z[d];
      }
    }
  }
}

// kept = mask * alpha for the edges of rows [first, last).
void drop_edges(const DropoutMask& mask, const Buffers& b, int64_t first, int64_t last) {
  const int64_t begin = b.in->begin[size_t(first)] * b.heads;
  const int64_t count = b.in->begin[size_t(last)] * b.heads - begin;
  fill_factors(mask, begin, count, b.kept + begin);
  for (int64_t k = begin; k < begin + count; ++k) b.kept[k] *= b.alpha[k];
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<GatAttention>();
  const Shape z = c.shape(1);
  const int64_t edges = c.out_shape(1)[0];
  const auto run = [a, z, edges](const KernelArgs& args) {
    const Adjacency& g = graph_of(args.adjacency(0), a.self_loops);
    Buffers b{&g.in, args.f32(1), args.f32(2), args.f32(3), args.out_f32(0), args.out_f32(1)};
    b.s = args.out_f32(2);
    b.t = args.out_f32(3);
    b.kept = a.dropout > 0 ? reinterpret_cast<float*>(args.scratch) : b.alpha;
    b.heads = z[1];
    b.width = z[2];
    b.slope = float(a.slope);
    with_heads(z[1], z[2], [&](auto heads) {
      parallel_for(z[0], 100'000 / (z[1] * z[2] + 1) + 1,
                   [&](int64_t first, int64_t last) { score_nodes<heads()>(b, first, last); });
      for_row_ranges(g.in, z[1] * (z[2] + 8), [&](int64_t first, int64_t last) {
        softmax_rows<heads()>(b, first, last);
        if (a.dropout > 0)
          drop_edges({args.i64(4)[0], args.i64(4)[1], a.stream, a.dropout}, b, first, last);
        gather_rows<heads()>(b, first, last);
      });
    });
    std::fill(b.alpha + g.edges * z[1], b.alpha + edges * z[1], 0.0f);
  };
  return {.run = run, .scratch_bytes = a.dropout > 0 ? 4 * edges * z[1] : 0};
}

Cost cost(const Call& c) {
  const Shape& z = c.shape(1);
  const auto edges = double(most_edges(c.shape(0), c.as<GatAttention>().self_loops));
  const auto heads = double(z[1]), count = double(z.count());
  const double products = 4 * count + 2 * edges * double(z[1] * z[2]);
  return {.flops = products + 8 * edges * heads,
          .bytes = 4 * (edges * double(z[1] * z[2] + 3 * z[1] + 1) + 3 * count),
          .products = products};
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, Shape{7, 3, 5}, Shape{3, 5}, Shape{3, 5}}},
    {{{DType::kAdjacency, {9, 9, 30}}, Shape{9, 8, 8}, Shape{8, 8}, Shape{8, 8}},
     {{"self_loops", false}, {"slope", 0.1}}},
    {{{DType::kAdjacency, {6, 6, 20}},
      Shape{6, 19, 2},
      Shape{19, 2},
      Shape{19, 2},
      {DType::kI64, {2}, 1, 9}},
     {{"dropout", 0.5}, {"stream", 7}}},
    {{{DType::kAdjacency, {9, 9, 40}},
      Shape{9, 8, 8},
      Shape{8, 8},
      Shape{8, 8},
      {DType::kI64, {2}, 1, 9}},
     {{"dropout", 0.5}, {"stream", 3}}},
    {{{DType::kAdjacency, {1, 1, 1}}, Shape{1, 1, 1}, Shape{1, 1}, Shape{1, 1}}},
    {{{DType::kAdjacency, {3, 3, 0}}, Shape{3, 2, 4}, Shape{2, 4}, Shape{2, 4}},
     {{"self_loops", false}}},
    {{{DType::kAdjacency, {0, 0, 0}}, Shape{0, 2, 3}, Shape{2, 3}, Shape{2, 3}}},
};

void reach(const Call& c, std::span<const Reach> in, std::span<Reach> out) {
  const EdgeReach edges(c, in[0], c.as<GatAttention>().self_loops);
  Reach z = without_channels(in[1]);
  join_whole(z, whole_from(in, 2));
  const Reach ends = edges.nodes_of(edges.edges_of(z, true, true));
  out[0] = with_channels(ends, out[0].shape);
  out[1] = with_channels(edges.edges_of(ends, false, true), out[1].shape);
  out[2] = with_channels(z, out[2].shape);
  out[3] = out[2];
}
}  // namespace

extern const Op op_gat_attention = {
    .name = "gat_attention",
    .doc = "attention of every node over its neighbours in the graph",
    .min_inputs = 4,
    .max_inputs = 5,
    .attrs = fields_of<GatAttention>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach,
    .bf16 = stays_f32,
    .places = Places::kNodes,
    .onnx = onnx_gat_attention,
    .tolerance = 1e-5,
    .samples = kSamples,
};
}  // namespace cambium::op_gat_attention
