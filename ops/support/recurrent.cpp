#include "ops/support/recurrent.h"

#include "graph/graph.h"
#include "ops/support/tile.h"

namespace cambium {
RecurrentSizes recurrent_sizes(const Call& c, int64_t gates, bool reverse) {
  const Shape &x = c.shape(0), &w = c.shape(1);
  for (int i = 0; i < c.inputs(); ++i)
    require(!c.has(i) || c.dtype(i) == DType::kF32, "input ", i, " must be f32, got ",
            c.has(i) ? c.in[size_t(i)].type().text() : "none");
  require(x.rank() == 3 && w.rank() == 2, "x must be [B,T,", gates, "H] and w [H,", gates,
          "H], got ", x, " and ", w);
  require(w[1] == gates * w[0] && x[2] == w[1], "w ", w, " must be [H,", gates, "H] and x ", x,
          " end in ", gates, "H");
  return {.B = x[0],
          .T = x[1],
          .H = w[0],
          .gates = gates,
          .reverse = reverse,
          .width = round_up(w[0], kLanes)};
}

void pack_recurrent(const RecurrentSizes& z, const float* w, float* to) {
  const int64_t ld = z.gates * z.width;
  std::fill_n(to, z.width * ld, 0.0f);
  for (int64_t g = 0; g < z.gates; ++g)
    pack_rows(w + g * z.H, z.gates * z.H, z.H, z.H, 1, to + g * z.width, ld, z.width);
}

void pack_recurrent_transposed(const RecurrentSizes& z, const float* w, float* to) {
  std::fill_n(to, z.gates * z.width * z.width, 0.0f);
  for (int64_t g = 0; g < z.gates; ++g)
    pack_transposed(w + g * z.H, z.gates * z.H, z.H, z.H, 1, to + g * z.width * z.width, z.width);
}

void step_product(const RecurrentSizes& z, int64_t rows, const float* h, const float* w,
                  float* product) {
  const int64_t ld = z.gates * z.width;
  multiply_tile({rows, ld, z.H, h, z.width, 1, w, ld, product, ld, false});
}

void step_product_back(const RecurrentSizes& z, int64_t rows, const float* dproduct, const float* w,
                       float* dh) {
  const int64_t ld = z.gates * z.width;
  multiply_tile({rows, z.width, ld, dproduct, ld, 1, w, z.width, dh, z.width, true});
}

Value recurrent_weights_gradient(const RecurrentSizes& z, Value h, Value dproduct) {
  Graph& g = *h.graph;
  const int64_t first = z.reverse ? std::min<int64_t>(1, z.T) : 0;
  const int64_t last = z.reverse ? z.T : std::max<int64_t>(0, z.T - 1);
  const Value kept = g.emit("slice", {h}, {{"axis", 1}, {"begin", first}, {"end", last}});
  const int64_t missing = z.T - (last - first);
  const Value before = g.emit("pad", {kept},
                              {{"axis", 1},
                               {"before", z.reverse ? int64_t(0) : missing},
                               {"after", z.reverse ? missing : int64_t(0)}});
  return g.emit("linear_grad_weights", {before, dproduct}, {{"bias", false}});
}
}  // namespace cambium
