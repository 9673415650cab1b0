// global_norm(g1..gn) -> [] = sqrt(sum of all squares), in double over fixed chunks of 16384
// elements, whose sums are added in order: the same bits for any number of threads.
// Used for clipping, so it needs no gradient. Pascanu et al. 2013, arXiv 1211.5063.
#include <cmath>

#include "ops/support/reach.h"
#include "ops/update/support/update.h"

namespace cambium::op_global_norm {
namespace {
std::vector<ValueType> shape(const Call& c) {
  for (int i = 0; i < c.inputs(); ++i)
    require(c.dtype(i) == DType::kF32, "tensor ", i, " must be f32, got ", c.in[size_t(i)].type());
  return {{DType::kF32, Shape{}}};
}

void reference(const Call&, std::span<const Ref> in, std::span<Ref> out) {
  double sum = 0;
  for (const Ref& g : in)
    for (double x : g.data) sum += x * x;
  out[0][0] = std::sqrt(sum);
}

// 32 chains side by side, added in a fixed order.
CAMBIUM_SIMD double sum_of_squares(const float* x, int64_t n) {
  constexpr int64_t kChains = 32;
  double chain[kChains] = {};
  int64_t i = 0;
  for (; i + kChains <= n; i += kChains)
    for (int64_t l = 0; l < kChains; ++l) chain[l] += double(x[i + l]) * double(x[i + l]);
  for (int64_t l = 0; i + l < n; ++l) chain[l] += double(x[i + l]) * double(x[i + l]);
  for (int64_t width = kChains / 2; width > 0; width /= 2)
    for (int64_t l = 0; l < width; ++l) chain[l] += chain[l + width];
  return chain[0];
}

Kernel kernel(const Call& c, Engine&) {
  const UpdateChunks chunks(c, 0, c.inputs());
  const int64_t bytes = chunks.chunks() * int64_t(sizeof(double));
  const auto run = [chunks](const KernelArgs& args) {
    double* sums = reinterpret_cast<double*>(args.scratch);
    chunks.each_chunk([&](int64_t chunk, std::span<const UpdatePiece> pieces) {
      sums[chunk] = 0;
      for (const UpdatePiece& p : pieces)
        sums[chunk] += sum_of_squares(args.f32(p.tensor) + p.begin, p.end - p.begin);
    });
    double sum = 0;
    for (int64_t i = 0; i < chunks.chunks(); ++i) sum += sums[i];
    args.out_f32()[0] = float(std::sqrt(sum));
  };
  return {.run = run, .scratch_bytes = bytes};
}

Cost cost(const Call& c) {
  double n = 0;
  for (int i = 0; i < c.inputs(); ++i) n += double(c.shape(i).count());
  return {.flops = 2 * n + 1, .bytes = 4 * n + 4};
}
}  // namespace

extern const Op op_global_norm;
const Op op_global_norm = {.name = "global_norm",
                           .doc = "Euclidean norm of all tensors together",
                           .min_inputs = 1,
                           .max_inputs = -1,
                           .shape = shape,
                           .reference = reference,
                           .kernel = kernel,
                           .cost = cost,
                           .reach = reach_all,
                           .not_onnx = kOnnxUpdate,
                           .samples = {{{Shape{3, 5}}},
                                       {{Shape{1}, Shape{0, 3}, Shape{7}}},
                                       {{Shape{0}}},
                                       {{Shape{33, 1000}, Shape{}, Shape{257}}}}};
}  // namespace cambium::op_global_norm
