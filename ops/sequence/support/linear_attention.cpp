#include "ops/sequence/support/linear_attention.h"

#include <cmath>

namespace cambium {
LinearAttentionSizes linear_attention_sizes(const Call& c) {
  const auto& a = c.as<LinearAttention>();
  const Shape &k = c.shape(1), &v = c.shape(2);
  Decay decay = Decay::kNone;
  if (c.has(3)) {
    const int rank = c.shape(3).rank();
    decay = rank == 1 ? Decay::kHead : rank == 3 ? Decay::kStep : Decay::kChannel;
  }
  return {.B = v[0],
          .T = v[1],
          .H = v[2],
          .G = k[2],
          .D = k[3],
          .E = v[3],
          .decay = decay,
          .normalise = a.normalise,
          .scale = float(a.scale),
          .eps = float(a.eps)};
}

void check_linear_attention(const Call& c) {
  for (int i = 0; i < 3; ++i)
    require(c.has(i) && c.dtype(i) == DType::kF32 && c.shape(i).rank() == 4,
            "q, k and v must be f32 of rank 4, got ",
            c.has(i) ? c.in[size_t(i)].type().text() : "none");
  const Shape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  require(q == k, "q ", q, " and k ", k, " must have the same shape");
  require(k[0] == v[0] && k[1] == v[1], "k ", k, " and v ", v, " differ in batch or length");
  require(k[2] > 0 && v[2] % k[2] == 0, "heads = ", v[2], " is not a multiple of the ", k[2],
          " heads of q and k");
  if (!c.has(3)) return;
  const Shape& g = c.shape(3);
  const bool channel = g == Shape{v[0], v[1], v[2], k[3]};
  require(
      c.dtype(3) == DType::kF32 && (g == Shape{v[2]} || g == Shape{v[0], v[1], v[2]} || channel),
      "the decay must be f32 [H], [B,T,H] or [B,T,H,D], got ", c.in[3].type());
  require(!channel || v[2] == k[2], "a decay for each channel needs as many heads of q and k (",
          k[2], ") as of v (", v[2], ")");
}

double decay_of(const LinearAttentionSizes& z, const Ref* g, int64_t b, int64_t t, int64_t h,
                int64_t d) {
  if (z.decay == Decay::kNone) return 1;
  return std::exp((*g)[z.gate(b, t, h) + (z.decay == Decay::kChannel ? d : 0)]);
}

namespace {
// The gradient of column e of the state's product: of the output, or of the normaliser.
double column_grad(const LinearAttentionSizes& z, const LinearAttention& a, std::span<const Ref> in,
                   int64_t value, int64_t head, int64_t e) {
  if (!z.normalise) return in[kDo][value + e];
  const double total = in[kN][head] + a.eps;
  if (e < z.E) return in[kDo][value + e] / total;
  double dot = 0;
  for (int64_t i = 0; i < z.E; ++i) dot += in[kDo][value + i] * in[kO][value + i];
  return -dot / total;
}

// One head in double, with all states stored.
void head_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out, int64_t b,
                    int64_t h) {
  const LinearAttentionSizes z = linear_attention_sizes(c);
  const auto& a = c.as<LinearAttention>();
  const Ref* g = c.has(kG) ? &in[kG] : nullptr;
  const int64_t columns = z.values(), size = z.D * columns, group = h / z.heads_per_group();
  std::vector<double> s(size_t((z.T + 1) * size), 0.0), r(size_t(size), 0.0);
  const auto value_of = [&](int64_t t, int64_t e) {
    return e < z.E ? in[kV][z.value(b, t, h) + e] : 1;
  };
  for (int64_t t = 0; t < z.T; ++t)
    for (int64_t i = 0; i < size; ++i)
      s[size_t((t + 1) * size + i)] =
          decay_of(z, g, b, t, h, i / columns) * s[size_t(t * size + i)] +
          in[kK][z.key(b, t, group) + i / columns] * value_of(t, i % columns);
  for (int64_t t = z.T - 1; t >= 0; --t)
    for (int64_t i = 0; i < size; ++i) {
      const int64_t d = i / columns, e = i % columns, key = z.key(b, t, group) + d;
      const double dy = column_grad(z, a, in, z.value(b, t, h), z.head(b, t, h), e);
      double& state = r[size_t(i)];
      state += a.scale * in[kQ][key] * dy;
      out[0][key] += a.scale * s[size_t((t + 1) * size + i)] * dy;
      out[1][key] += state * value_of(t, e);
      if (e < z.E) out[2][z.value(b, t, h) + e] += state * in[kK][key];
      const double decay = decay_of(z, g, b, t, h, d);
      if (g)
        out[3][z.gate(b, t, h) + (z.decay == Decay::kChannel ? d : 0)] +=
            state * decay * s[size_t(t * size + i)];
      state *= decay;
    }
}

}  // namespace

void linear_attention_grad_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const LinearAttentionSizes z = linear_attention_sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h) head_reference(c, in, out, b, h);
}
}  // namespace cambium
