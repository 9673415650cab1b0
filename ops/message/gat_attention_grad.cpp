// gat_attention_grad: the gradient of gat_attention; s, t, alpha and y are what it returned.
//   adjacency, z [N,H,D], a_src [H,D], a_dst [H,D], y [N,H,D], alpha [E,H], s [N,H], t [N,H],
//   dy [N,H,D], optional rng -> dz [N,H,D], da_src [H,D], da_dst [H,D]. With m the dropout mask:
//   dalpha_ij = m_ij <dy_i, z_j>; de_ij = alpha_ij (dalpha_ij - <dy_i, y_i>), because
//   sum_k alpha_ik dalpha_ik = <dy_i, y_i>; du_ij = leaky_relu'(s_j + t_i) de_ij
//   ds_j = sum_i du_ij, dt_i = sum_j du_ij
//   dz_j = sum_i m_ij alpha_ij dy_i + ds_j a_src + dt_j a_dst
//   da_src = sum_j ds_j z_j, da_dst = sum_i dt_i z_i
// Pass 1 walks the rows, pass 2 the transposed rows, and the sums over nodes run in fixed blocks:
// no atomics, the same bits for any number of threads.
#include <algorithm>

#include "ops/message/support/gat_grad.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"

namespace cambium::op_gat_attention_grad {
namespace {
enum In { kGraph, kZ, kASrc, kADst, kY, kAlpha, kS, kT, kDy, kRng };

std::vector<ValueType> shape(const Call& c) {
  require_gat(c, kZ);
  require_rng_to_drop(c, kRng);
  const Shape& z = c.shape(kZ);
  require(c.shape(kY) == z && c.shape(kDy) == z, "y and dy are ", z, ", got ", c.shape(kY), " and ",
          c.shape(kDy));
  const Shape alpha{most_edges(c.shape(kGraph), c.as<GatAttention>().self_loops), z[1]};
  require(c.shape(kAlpha) == alpha, "alpha is ", alpha, ", got ", c.shape(kAlpha));
  const Shape score{z[0], z[1]};
  require(c.shape(kS) == score && c.shape(kT) == score, "s and t are ", score, ", got ",
          c.shape(kS), " and ", c.shape(kT));
  return {c.in[kZ].type(), c.in[kASrc].type(), c.in[kADst].type()};
}

// du_ij of edge e for head h, and m_ij alpha_ij through `weight`.
struct EdgeGradient {
  double du, weight;
};

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<GatAttention>();
  const Adjacency& g = graph_of(*in[kGraph].adjacency, a.self_loops);
  const int64_t heads = c.shape(kZ)[1], width = c.shape(kZ)[2], channels = heads * width;
  std::vector<double> mask(size_t(g.edges * heads), 1.0);
  if (a.dropout > 0)
    for (size_t k = 0; k < mask.size(); ++k)
      mask[k] = mask_of(in[kRng], a.stream, a.dropout).factor(int64_t(k));
  const auto dot = [&](const Ref& x, int64_t n, const Ref& y, int64_t m, int64_t h) {
    double sum = 0;
    for (int64_t k = h * width; k < (h + 1) * width; ++k)
      sum += x[n * channels + k] * y[m * channels + k];
    return sum;
  };
  const auto gradient = [&](int64_t e, int64_t j, int64_t i, int64_t h) -> EdgeGradient {
    const double alpha = in[kAlpha][e * heads + h], m = mask[size_t(e * heads + h)];
    const double de = alpha * (m * dot(in[kDy], i, in[kZ], j, h) - dot(in[kDy], i, in[kY], i, h));
    const bool up = in[kS][j * heads + h] + in[kT][i * heads + h] > 0;
    return {up ? de : a.slope * de, m * alpha};
  };
  for_each_edge(g, [&](int64_t e, int64_t j, int64_t i) {
    for (int64_t h = 0; h < heads; ++h) {
      const auto [du, weight] = gradient(e, j, i, h);
      for (int64_t k = h * width; k < (h + 1) * width; ++k) {
        out[0][j * channels + k] += weight * in[kDy][i * channels + k] + du * in[kASrc][k];
        out[0][i * channels + k] += du * in[kADst][k];
        out[1][k] += du * in[kZ][j * channels + k];
        out[2][k] += du * in[kZ][i * channels + k];
      }
    }
  });
}

GatGradBuffers buffers_of(const KernelArgs& args, const GatAttention& a, const Shape& z,
                          int64_t edges) {
  GatGradBuffers b{.g = &graph_of(args.adjacency(kGraph), a.self_loops),
                   .z = args.f32(kZ),
                   .a_src = args.f32(kASrc),
                   .a_dst = args.f32(kADst),
                   .y = args.f32(kY),
                   .alpha = args.f32(kAlpha),
                   .s = args.f32(kS),
                   .t = args.f32(kT),
                   .dy = args.f32(kDy)};
  b.dz = args.out_f32(0);
  b.da_src = args.out_f32(1);
  b.da_dst = args.out_f32(2);
  b.heads = z[1];
  b.width = z[2];
  b.slope = float(a.slope);
  b.du = reinterpret_cast<float*>(args.scratch);
  b.weight = b.du + edges * z[1];
  b.ds = b.weight + edges * z[1];
  b.dt = b.ds + z[0] * z[1];
  b.partial = b.dt + z[0] * z[1];
  return b;
}

Kernel kernel(const Call& c, Engine&) {
  const auto a = c.as<GatAttention>();
  const Shape z = c.shape(kZ);
  const int64_t edges = c.shape(kAlpha)[0];
  const auto run = [a, z, edges](const KernelArgs& args) {
    const GatGradBuffers b = buffers_of(args, a, z, edges);
    with_heads(z[1], z[2], [&](auto heads) {
      for_row_ranges(b.g->in, z[1] * (z[2] + 8), [&](int64_t first, int64_t last) {
        const int64_t begin = b.g->in.begin[size_t(first)] * z[1];
        const int64_t count = b.g->in.begin[size_t(last)] * z[1] - begin;
        if (a.dropout > 0)
          fill_factors({args.i64(kRng)[0], args.i64(kRng)[1], a.stream, a.dropout}, begin, count,
                       b.weight + begin);
        score_gat_rows<heads()>(b, a.dropout > 0, first, last);
      });
      for_row_ranges(b.g->out, z[1] * (z[2] + 2), [&](int64_t first, int64_t last) {
        gather_gat_rows<heads()>(b, first, last);
      });
      sum_gat_nodes<heads()>(b);
    });
  };
  const int64_t floats = 2 * (edges + z[0]) * z[1] + 2 * gat_blocks(z[0]) * z.count_between(1, 3);
  return {.run = run, .scratch_bytes = 4 * floats};
}

Cost cost(const Call& c) {
  const Shape& z = c.shape(kZ);
  const auto edges = double(c.shape(kAlpha)[0]), channels = double(z[1] * z[2]);
  const auto count = double(z.count()), heads = double(z[1]);
  const double products = 4 * edges * channels + 8 * count;
  return {.flops = products + 6 * edges * heads + 2 * count,
          .bytes = 4 * (edges * (2 * channels + 6 * heads + 3) + 6 * count),
          .products = products};
}

std::vector<SampleInput> sample(int64_t nodes, int64_t most, int64_t loops, int64_t heads,
                                int64_t width) {
  const Shape z{nodes, heads, width}, a{heads, width}, score{nodes, heads};
  return {{DType::kAdjacency, {nodes, nodes, most}},
          z,
          a,
          a,
          z,
          {{most + loops, heads}, 0, 1},
          score,
          score,
          z};
}

std::vector<SampleInput> with_rng(std::vector<SampleInput> inputs) {
  inputs.push_back({DType::kI64, {2}, 1, 9});
  return inputs;
}

const std::vector<Sample> kSamples = {
    {sample(7, 30, 7, 3, 5)},
    {sample(9, 30, 0, 8, 8), {{"self_loops", false}, {"slope", 0.1}}},
    {with_rng(sample(6, 20, 6, 19, 2)), {{"dropout", 0.5}, {"stream", 7}}},
    {with_rng(sample(9, 40, 9, 8, 8)), {{"dropout", 0.5}, {"stream", 3}}},
    {sample(1, 1, 1, 1, 1)},
    {sample(3, 0, 0, 2, 4), {{"self_loops", false}}},
    {sample(0, 0, 0, 2, 3)},
};
}  // namespace

extern const Op op_gat_attention_grad = {
    .name = "gat_attention_grad",
    .doc = "gradient of gat_attention",
    .min_inputs = 9,
    .max_inputs = 10,
    .attrs = fields_of<GatAttention>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .bf16 = stays_f32,
    .not_onnx = kOnnxGradient,
    .tolerance = 1e-5,
    .samples = kSamples,
};
}  // namespace cambium::op_gat_attention_grad
