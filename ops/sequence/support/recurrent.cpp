#include "ops/sequence/support/recurrent.h"

#include "graph/graph.h"
#include "ops/support/tile.h"

namespace cambium {
namespace {
constexpr int64_t kPanel = 4 * kLanes;  // columns that stand together, in registers

// C [rows, columns] (+)= A [rows, depth] B, B in panels. Few rows at a time see the weights, and
// panels keep a row of them in one cache line after the other, whatever the width.
struct PanelProduct {
  int64_t rows, columns, depth;
  const float* a;
  int64_t lda;
  const float* b;
  float* c;
  int64_t ldc;
  bool accumulate;
};

template <int R, int V>
[[gnu::always_inline]] inline void panel_block(const PanelProduct& p, int64_t i, int64_t column) {
  const float *a = p.a + i * p.lda, *b = p.b + column * p.depth;
  float* c = p.c + i * p.ldc + column;
  Lanes sum[R][V];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v)
      sum[r][v] = p.accumulate ? load_lanes(c + r * p.ldc + v * kLanes) : Lanes{};
  for (int64_t k = 0; k < p.depth; ++k, b += V * kLanes) {
    Lanes bk[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) bk[v] = load_lanes(b + v * kLanes);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const float x = a[r * p.lda + k];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sum[r][v] += x * bk[v];
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store_lanes(c + r * p.ldc + v * kLanes, sum[r][v]);
}

template <int V> [[gnu::always_inline]] inline void panel(const PanelProduct& p, int64_t column) {
  int64_t i = 0;
  for (; i + 4 <= p.rows; i += 4) panel_block<4, V>(p, i, column);
  if (i + 2 <= p.rows) {
    panel_block<2, V>(p, i, column);
    i += 2;
  }
  if (i < p.rows) panel_block<1, V>(p, i, column);
}

CAMBIUM_SIMD void multiply_panels(const PanelProduct& p) {
  for (int64_t column = 0; column < p.columns; column += kPanel)
    switch (std::min(kPanel, p.columns - column) / kLanes) {
      case 1:
        panel<1>(p, column);
        break;
      case 2:
        panel<2>(p, column);
        break;
      case 3:
        panel<3>(p, column);
        break;
      default:
        panel<4>(p, column);
    }
}

// Where the 16 columns from `column` on stand in row k of panels [depth, columns].
float* in_panels(float* to, int64_t depth, int64_t columns, int64_t k, int64_t column) {
  const int64_t first = column / kPanel * kPanel, width = std::min(kPanel, columns - first);
  return to + first * depth + k * width + column - first;
}
}  // namespace

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
  const int64_t columns = z.gates * z.width;
  for (int64_t k = 0; k < z.H; ++k)
    for (int64_t column = 0; column < columns; column += kLanes) {
      const int64_t gate = column / z.width, j = column % z.width,
                    count = std::min(kLanes, z.H - j);
      float* row = in_panels(to, z.H, columns, k, column);
      std::copy_n(w + (k * z.gates + gate) * z.H + j, count, row);
      std::fill_n(row + count, kLanes - count, 0.0f);
    }
}

void pack_recurrent_transposed(const RecurrentSizes& z, const float* w, float* to) {
  const int64_t depth = z.gates * z.width;
  std::fill_n(to, depth * z.width, 0.0f);
  for (int64_t i = 0; i < z.H; ++i) {
    float* lane = in_panels(to, depth, z.width, 0, i / kLanes * kLanes) + i % kLanes;
    const int64_t first = i / kPanel * kPanel, stride = std::min(kPanel, z.width - first);
    for (int64_t j = 0; j < z.gates * z.H; ++j)
      lane[(j / z.H * z.width + j % z.H) * stride] = w[i * z.gates * z.H + j];
  }
}

void step_product(const RecurrentSizes& z, int64_t i, int64_t rows, const float* h, const float* w,
                  float* product) {
  const int64_t columns = z.gates * z.width;
  if (i == 0) {
    std::fill_n(product, rows * columns, 0.0f);
    return;
  }
  multiply_panels({rows, columns, z.H, h, z.width, w, product, columns, false});
}

void step_product_back(const RecurrentSizes& z, int64_t rows, const float* dproduct, const float* w,
                       float* dh) {
  const int64_t depth = z.gates * z.width;
  multiply_panels({rows, z.width, depth, dproduct, depth, w, dh, z.width, true});
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
