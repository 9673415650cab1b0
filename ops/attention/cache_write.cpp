// cache_write(cache [B,S,...], x [B,1,...], position i32 [1,1]) -> the cache with x at `position`
// of its second axis; of a ring, which holds the last S tokens, at position modulo S. Used one
// token at a time; the cache is written in place. RuntimeError for a position below 0 or, unless
// the cache is a ring, from S on.
#include <cstring>

#include "graph/graph.h"
#include "ops/attention/support/position.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_cache_write {
namespace {
// Where the token goes.
int64_t place_of(bool ring, int64_t S, int64_t position) {
  if (ring && S > 0 && position >= 0) return position % S;
  check_position("cache_write", position, S);
  return position;
}

std::vector<ValueType> shape(const Call& c) {
  const Shape &cache = c.shape(0), &x = c.shape(1);
  require_f32(c, 0);
  require_f32(c, 1);
  bool fits = cache.rank() >= 2 && x.rank() == cache.rank() && x[1] == 1;
  for (int i = 0; fits && i < cache.rank(); ++i) fits = i == 1 || x[i] == cache[i];
  require(fits, "x ", x, " is no token of the cache ", cache);
  require_position(c, 2);
  return {c.in[0].type()};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t B = c.shape(0)[0], S = c.shape(0)[1],
                row = c.shape(0).count() / std::max<int64_t>(1, B * S);
  const int64_t position = place_of(c.as<CacheWrite>().ring, S, int64_t(in[2][0]));
  out[0].data = in[0].data;
  for (int64_t b = 0; b < B; ++b)
    for (int64_t i = 0; i < row; ++i) out[0][(b * S + position) * row + i] = in[1][b * row + i];
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t B = c.shape(0)[0], S = c.shape(0)[1], count = c.shape(0).count();
  const int64_t row = B * S > 0 ? count / (B * S) : 0;
  const bool ring = c.as<CacheWrite>().ring;
  return {.run = [=](const KernelArgs& k) {
    const int64_t position = place_of(ring, S, k.i32(2)[0]);
    if (k.out[0] != k.in[0]) std::memcpy(k.out[0], k.in[0], size_t(count) * sizeof(float));
    for (int64_t b = 0; b < B; ++b)
      std::memcpy(k.out_f32() + (b * S + position) * row, k.f32(1) + b * row,
                  size_t(row) * sizeof(float));
  }};
}

Cost cost(const Call& c) {
  return {.flops = 0, .bytes = 8.0 * double(c.shape(1).count())};
}
}  // namespace

extern const Op op_cache_write;
const Op op_cache_write = {
    .name = "cache_write",
    .doc = "a cache with one token more",
    .min_inputs = 3,
    .max_inputs = 3,
    .attrs = fields_of<CacheWrite>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .in_place = first_in_place,
    .rewinds = [](const Attrs& a) { return !a.as<CacheWrite>().ring; },
    .not_onnx = kOnnxStep,
    .samples = {{{Shape{2, 5, 3, 4}, Shape{2, 1, 3, 4}, SampleInput(DType::kI32, {1, 1}, 0, 5)}},
                {{Shape{1, 1}, Shape{1, 1}, SampleInput(DType::kI32, {1, 1}, 0, 1)}},
                {{Shape{2, 3, 5}, Shape{2, 1, 5}, SampleInput(DType::kI32, {1, 1}, 3, 40)},
                 {{"ring", true}}},
                {{Shape{1, 7, 0}, Shape{1, 1, 0}, SampleInput(DType::kI32, {1, 1}, 0, 7)}}}};
}  // namespace cambium::op_cache_write
