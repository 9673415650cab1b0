// What linear_attention and its gradient share: attributes, sizes, and the scan of a matrix state.
#pragma once
#include "ops/support/bf16.h"
#include "ops/support/partition.h"
#include "ops/support/reach.h"
#include "ops/support/scratch.h"
#include "ops/support/tile.h"

namespace cambium {
struct LinearAttention {
  bool normalise = false;
  double scale = 1, eps = 1e-6;
  static constexpr auto fields = std::tuple{
      field("normalise", &LinearAttention::normalise, "divide by the sum of the weights, plus eps"),
      field("scale", &LinearAttention::scale, "factor on q . k"),
      field("eps", &LinearAttention::eps, "added to the sum of the weights").in(0)};
};

// What the logarithm of the decay, the optional input g, is given for.
enum class Decay { kNone, kHead, kStep, kChannel };  // -, [H], [B,T,H], [B,T,H,D]

struct LinearAttentionSizes {
  int64_t B, T, H, G, D, E;  // batch, steps, heads, heads of q and k, widths of k and v
  Decay decay;
  bool normalise;
  float scale, eps;

  int64_t values() const { return E + (normalise ? 1 : 0); }  // columns of the state

  int64_t heads_per_group() const { return H / std::max<int64_t>(1, G); }

  int64_t key(int64_t b, int64_t t, int64_t g) const { return ((b * T + t) * G + g) * D; }

  int64_t value(int64_t b, int64_t t, int64_t h) const { return ((b * T + t) * H + h) * E; }

  int64_t head(int64_t b, int64_t t, int64_t h) const { return (b * T + t) * H + h; }

  // Where the decay of a step stands in g; with kChannel that of its channel 0.
  int64_t gate(int64_t b, int64_t t, int64_t h) const {
    if (decay == Decay::kHead) return h;
    return decay == Decay::kChannel ? head(b, t, h) * D : head(b, t, h);
  }

  double states() const { return double(B * T * H) * double(D) * double(values()); }
};

LinearAttentionSizes linear_attention_sizes(const Call& c);

// UserError unless q, k are f32 [B,T,G,D], v is [B,T,H,E] with H a multiple of G, and g, if there,
// has one of the shapes above (kChannel: H = G).
void check_linear_attention(const Call& c);

// For references: the decay of state row d at a step.
double decay_of(const LinearAttentionSizes& z, const Ref* g, int64_t b, int64_t t, int64_t h,
                int64_t d);

enum LinearAttentionGradInput { kQ, kK, kV, kG, kDo, kO, kN };

// linear_attention_grad in double, with all states stored.
void linear_attention_grad_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out);

// Steps that are packed, scanned and unpacked at a time.
constexpr int64_t kScanChunk = 64;
// Columns of the state that are held in registers.
constexpr int64_t kScanColumns = 4 * kLanes;

// One pass over a chunk of a sequence with a state M [rows, columns] (rounded up to 16 columns):
//   M = decay * M + x_t y_t^T;   out_t = w_t^T M
// Every pass of the operator and of its gradient is one of these, forwards or backwards in time.
// Lanes run along the columns. Rows and steps are packed with stride ld (columns: zero padded).
struct ScanChunk {
  int64_t steps, rows, columns;
  const float *x, *w;  // [steps, rows], stride ld_rows
  const float* y;      // [steps, columns], stride ld_columns
  float* out;          // [steps, columns], stride ld_columns
  int64_t ld_rows, ld_columns;
  const float* decay;  // of each step, in the layout `Kind` says; null with kOne
  int64_t ld_decay;
  float* state;  // blocks of up to 64 columns, each [rows, block]
  bool reverse;
};

enum class ScanDecay { kOne, kStep, kRow, kColumn };

template <int V, ScanDecay Kind>
[[gnu::always_inline]] inline void scan_columns(const ScanChunk& s, int64_t column, float* state) {
  for (int64_t i = 0; i < s.steps; ++i) {
    const int64_t t = s.reverse ? s.steps - 1 - i : i;
    const float *x = s.x + t * s.ld_rows, *w = s.w + t * s.ld_rows;
    const float* y = s.y + t * s.ld_columns + column;
    const float* decay = s.decay + t * s.ld_decay;
    Lanes yv[V], sum[V], dv[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      yv[v] = load_lanes(y + v * kLanes);
      sum[v] = Lanes{};
      if (Kind == ScanDecay::kColumn) dv[v] = load_lanes(decay + column + v * kLanes);
      if (Kind == ScanDecay::kStep) dv[v] = Lanes{} + decay[0];
    }
    float* m = state;
    for (int64_t r = 0; r < s.rows; ++r, m += V * kLanes) {
      const float xr = x[r], wr = w[r];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        Lanes now = load_lanes(m + v * kLanes);
        if (Kind == ScanDecay::kRow) now *= decay[r];
        if (Kind == ScanDecay::kColumn || Kind == ScanDecay::kStep) now *= dv[v];
        now += xr * yv[v];
        store_lanes(m + v * kLanes, now);
        sum[v] += wr * now;
      }
    }
    float* out = s.out + t * s.ld_columns + column;
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) store_lanes(out + v * kLanes, sum[v]);
  }
}

template <ScanDecay Kind> [[gnu::always_inline]] inline void scan_kind(const ScanChunk& s) {
  const int64_t columns = round_up(s.columns, kLanes);
  for (int64_t c = 0; c < columns; c += kScanColumns) {
    float* state = s.state + c * s.rows;
    switch (std::min(columns - c, kScanColumns) / kLanes) {
      case 4:
        scan_columns<4, Kind>(s, c, state);
        break;
      case 3:
        scan_columns<3, Kind>(s, c, state);
        break;
      case 2:
        scan_columns<2, Kind>(s, c, state);
        break;
      default:
        scan_columns<1, Kind>(s, c, state);
    }
  }
}

[[gnu::always_inline]] inline void scan(const ScanChunk& s, ScanDecay kind) {
  if (kind == ScanDecay::kOne) scan_kind<ScanDecay::kOne>(s);
  if (kind == ScanDecay::kStep) scan_kind<ScanDecay::kStep>(s);
  if (kind == ScanDecay::kRow) scan_kind<ScanDecay::kRow>(s);
  if (kind == ScanDecay::kColumn) scan_kind<ScanDecay::kColumn>(s);
}

// to[i] = e^(g of step t0 + i) for i in [0, steps); past the last step 1. One number a step, or D
// with stride ld.
[[gnu::always_inline]] inline void pack_decay(const LinearAttentionSizes& z, const float* g,
                                              int64_t b, int64_t h, int64_t t0, int64_t steps,
                                              float* to, int64_t ld) {
  if (z.decay == Decay::kNone) return;
  const int64_t width = z.decay == Decay::kChannel ? z.D : 1;
  for (int64_t i = 0; i < steps; ++i, to += ld) {
    const bool inside = t0 + i < z.T;
    const float* from = g + (inside ? z.gate(b, t0 + i, h) : 0);
    for (int64_t d = 0; d < width; ++d) to[d] = inside ? simd_exp(from[d]) : 1;
    for (int64_t d = width; d < ld; ++d) to[d] = 1;
  }
}
}  // namespace cambium
