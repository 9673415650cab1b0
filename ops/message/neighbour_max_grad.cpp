// neighbour_max_grad: the gradient of neighbour_max.
//   adjacency, argmax i32 [N,C], dy [N,C] -> dx [N,C];  dx_jc = sum over edges j -> i with
//   argmax_ic = j of dy_ic. It walks the transposed rows, so no two threads write one node.
#include "ops/message/support/edges.h"
#include "ops/support/reach.h"

namespace cambium::op_neighbour_max_grad {
namespace {
struct NeighbourMaxGrad {
  bool self_loops = false;

  static constexpr auto fields = std::tuple{
      field("self_loops", &NeighbourMaxGrad::self_loops, "every node also hears itself")};
};

std::vector<ValueType> shape(const Call& c) {
  require_nodes(c, 0, 2);
  require(c.dtype(1) == DType::kI32 && c.shape(1) == c.shape(2), "argmax is i32 ", c.shape(2),
          ", got ", c.in[1].type());
  return {c.in[2].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const Adjacency& g = graph_of(*in[0].adjacency, c.as<NeighbourMaxGrad>().self_loops);
  const int64_t channels = c.shape(2)[1];
  for_each_edge(g, [&](int64_t, int64_t j, int64_t i) {
    for (int64_t k = 0; k < channels; ++k)
      if (in[1][i * channels + k] == double(j)) out[0][j * channels + k] += in[2][i * channels + k];
  });
}

CAMBIUM_SIMD void scatter_rows(const Csr& csr, const int32_t* from, const float* dy, float* dx,
                               int64_t first, int64_t last, int64_t channels) {
  for (int64_t j = first; j < last; ++j) {
    float* sum = dx + j * channels;
    for (int64_t k = 0; k < channels; ++k) sum[k] = 0;
    for (int32_t e = csr.begin[size_t(j)]; e < csr.begin[size_t(j) + 1]; ++e) {
      const int64_t row = csr.neighbour[size_t(e)] * channels;
      for (int64_t k = 0; k < channels; ++k)
        sum[k] += from[row + k] == int32_t(j) ? dy[row + k] : 0.0f;
    }
  }
}

Kernel kernel(const Call& c, Engine&) {
  const bool self_loops = c.as<NeighbourMaxGrad>().self_loops;
  const int64_t channels = c.shape(2)[1];
  return {.run = [self_loops, channels](const KernelArgs& args) {
    const Csr& csr = graph_of(args.adjacency(0), self_loops).out;
    for_row_ranges(csr, channels, [&](int64_t first, int64_t last) {
      scatter_rows(csr, args.i32(1), args.f32(2), args.out_f32(), first, last, channels);
    });
  }};
}

Cost cost(const Call& c) {
  const auto channels = double(c.shape(2)[1]), nodes = double(c.shape(2)[0]);
  const auto edges = double(most_edges(c.shape(0), c.as<NeighbourMaxGrad>().self_loops));
  return {edges * channels, 4 * (edges * (2 * channels + 1) + nodes * channels)};
}

const std::vector<Sample> kSamples = {
    {{{DType::kAdjacency, {7, 7, 30}}, {DType::kI32, {7, 5}, 0, 7}, Shape{7, 5}}},
    {{{DType::kAdjacency, {4, 4, 16}}, {DType::kI32, {4, 33}, 0, 4}, Shape{4, 33}},
     {{"self_loops", true}}},
    {{{DType::kAdjacency, {1, 1, 1}}, {DType::kI32, {1, 1}, 0, 1}, Shape{1, 1}},
     {{"self_loops", true}}},
    {{{DType::kAdjacency, {4, 4, 6}}, {DType::kI32, {4, 0}, 0, 4}, Shape{4, 0}}},
    {{{DType::kAdjacency, {3, 3, 0}}, {DType::kI32, {3, 4}, 0, 3}, Shape{3, 4}}},
};
}  // namespace

extern const Op op_neighbour_max_grad = {
    .name = "neighbour_max_grad",
    .doc = "gradient of neighbour_max with respect to the nodes",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<NeighbourMaxGrad>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxGradient,
    .samples = kSamples,
};
}  // namespace cambium::op_neighbour_max_grad
