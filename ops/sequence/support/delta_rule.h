// What delta_rule and its gradient share: attributes, sizes, and packed chunks of a sequence.
#pragma once
#include "graph/op.h"
#include "ops/support/partition.h"
#include "ops/support/scratch.h"
#include "ops/support/tile.h"

namespace cambium {
struct DeltaRule {
  double scale = 1;
  static constexpr auto fields =
      std::tuple{field("scale", &DeltaRule::scale, "factor on the queries")};
};

struct DeltaSizes {
  int64_t B, T, H, D, E;  // batch, steps, heads, widths of k and v
  bool gated;
  float scale;

  int64_t key(int64_t b, int64_t t, int64_t h) const { return ((b * T + t) * H + h) * D; }

  int64_t value(int64_t b, int64_t t, int64_t h) const { return ((b * T + t) * H + h) * E; }

  int64_t head(int64_t b, int64_t t, int64_t h) const { return (b * T + t) * H + h; }

  int64_t key_stride() const { return round_up(D, kLanes); }

  int64_t value_stride() const { return round_up(E, kLanes); }

  double states() const { return double(B * T * H) * double(D) * double(E); }
};

DeltaSizes delta_sizes(const Call& c);

// UserError unless q, k are f32 [B,T,H,D], v [B,T,H,E], beta and g, if there, [B,T,H].
void check_delta_rule(const Call& c);

namespace delta {
enum GradInput { kQ, kK, kV, kBeta, kG, kDo, kU };
}

// delta_rule_grad in double, with all states stored.
void delta_rule_grad_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out);

// Steps that are packed, scanned and unpacked at a time.
constexpr int64_t kDeltaChunk = 64;

// Calls f.run<V>(column, state block) for blocks of up to 64 columns; a block of the state is
// [rows, 16 V].
template <class F>
[[gnu::always_inline]] inline void by_columns(int64_t columns, int64_t rows, float* state,
                                              const F& f) {
  const int64_t padded = round_up(columns, kLanes);
  for (int64_t c = 0; c < padded; c += 4 * kLanes) switch ((padded - c) / kLanes) {
      case 1:
        f.template run<1>(c, state + c * rows);
        break;
      case 2:
        f.template run<2>(c, state + c * rows);
        break;
      case 3:
        f.template run<3>(c, state + c * rows);
        break;
      default:
        f.template run<4>(c, state + c * rows);
    }
}

template <int V> [[gnu::always_inline]] inline void load_columns(const float* from, Lanes* to) {
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) to[v] = load_lanes(from + v * kLanes);
}

template <int V> [[gnu::always_inline]] inline void store_columns(float* to, const Lanes* from) {
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) store_lanes(to + v * kLanes, from[v]);
}
}  // namespace cambium
