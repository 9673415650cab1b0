#include "ops/sequence/support/delta_rule.h"

#include <cmath>

namespace cambium {
DeltaSizes delta_sizes(const Call& c) {
  const Shape &k = c.shape(1), &v = c.shape(2);
  return {.B = v[0],
          .T = v[1],
          .H = v[2],
          .D = k[3],
          .E = v[3],
          .gated = c.has(4),
          .scale = float(c.as<DeltaRule>().scale)};
}

void check_delta_rule(const Call& c) {
  for (int i = 0; i < 3; ++i)
    require(c.has(i) && c.dtype(i) == DType::kF32 && c.shape(i).rank() == 4,
            "q, k and v must be f32 of rank 4, got ",
            c.has(i) ? c.in[size_t(i)].type().text() : "none");
  const Shape &q = c.shape(0), &k = c.shape(1), &v = c.shape(2);
  require(q == k, "q ", q, " and k ", k, " must have the same shape");
  require(k[0] == v[0] && k[1] == v[1] && k[2] == v[2], "k ", k, " and v ", v,
          " differ in more than the last extent");
  for (int i = 3; i < 5; ++i)
    require((i == 4 && !c.has(i)) ||
                (c.has(i) && c.in[size_t(i)].type() == ValueType{DType::kF32, {v[0], v[1], v[2]}}),
            i == 3 ? "beta" : "the decay", " must be f32 [B,T,H] = ", Shape{v[0], v[1], v[2]});
}

namespace {
using namespace delta;

// One head in double, with all states stored.
void head_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out, int64_t b,
                    int64_t h) {
  const DeltaSizes z = delta_sizes(c);
  const int64_t size = z.D * z.E;
  const double scale = c.as<DeltaRule>().scale;
  std::vector<double> s(size_t((z.T + 1) * size), 0.0), r(size_t(size), 0.0);
  const auto decay_at = [&](int64_t t) { return z.gated ? std::exp(in[kG][z.head(b, t, h)]) : 1; };
  for (int64_t t = 0; t < z.T; ++t)
    for (int64_t i = 0; i < size; ++i)
      s[size_t((t + 1) * size + i)] =
          decay_at(t) * s[size_t(t * size + i)] + in[kBeta][z.head(b, t, h)] *
                                                      in[kK][z.key(b, t, h) + i / z.E] *
                                                      in[kU][z.value(b, t, h) + i % z.E];
  for (int64_t t = z.T - 1; t >= 0; --t) {
    const int64_t key = z.key(b, t, h), value = z.value(b, t, h), head = z.head(b, t, h);
    const double *before = s.data() + t * size, *after = before + size;
    const double decay = decay_at(t), beta = in[kBeta][head];
    for (int64_t i = 0; i < size; ++i) {
      const int64_t d = i / z.E, e = i % z.E;
      r[size_t(i)] += scale * in[kQ][key + d] * in[kDo][value + e];
      out[0][key + d] += scale * after[i] * in[kDo][value + e];
      out[2][value + e] += beta * in[kK][key + d] * r[size_t(i)];
      out[3][head] += in[kK][key + d] * r[size_t(i)] * in[kU][value + e];
      out[1][key + d] += beta * r[size_t(i)] * in[kU][value + e];
    }
    for (int64_t i = 0; i < size; ++i) {
      const int64_t d = i / z.E, e = i % z.E;
      const double du = out[2][value + e];
      out[1][key + d] -= decay * before[i] * du;
      if (z.gated) out[4][head] += decay * before[i] * (r[size_t(i)] - in[kK][key + d] * du);
      r[size_t(i)] = decay * (r[size_t(i)] - in[kK][key + d] * du);
    }
  }
}

}  // namespace

void delta_rule_grad_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const DeltaSizes z = delta_sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h) head_reference(c, in, out, b, h);
}
}  // namespace cambium
