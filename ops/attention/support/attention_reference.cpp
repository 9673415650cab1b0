#include "graph/graph.h"
#include "ops/attention/support/attention.h"
#include "ops/attention/support/rope.h"
#include "ops/pointwise/support/dropout.h"

namespace cambium {
namespace {
constexpr int kForwardExtra = 3;

enum Input { kQ, kK, kV, kO, kLse, kDo, kRng, kBias, kSinks, kBlocks, kMask };

// x [B,T,H,D] turned by its positions, with `sign` -1 back; as it is for base 0.
std::vector<double> turned(std::vector<double> x, double base, int64_t T, int64_t H, int64_t D,
                           double sign) {
  if (base == 0) return x;
  const int64_t half = D / 2;
  for (size_t row = 0; row * size_t(D) < x.size(); ++row)
    for (int64_t i = 0; i < half; ++i) {
      const double turn = sign * rope_angle(int64_t(row) / H % T, i, D, base);
      double &low = x[row * size_t(D) + size_t(i)], &high = x[row * size_t(D) + size_t(half + i)];
      const double a = low, b = high;
      low = a * std::cos(turn) - b * std::sin(turn);
      high = b * std::cos(turn) + a * std::sin(turn);
    }
  return x;
}
}  // namespace

void attention_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AttentionSizes z = attention_sizes(c, kForwardExtra);
  const auto& a = c.as<Attention>();
  const double scale = a.scale > 0 ? a.scale : 1 / std::sqrt(double(z.D));
  const double* blocks = z.block > 0 ? in[kForwardExtra + kBlocksExtra].data.data() : nullptr;
  if (blocks) check_blocks("attention", z, blocks);
  const std::vector<double> q = turned(in[0].data, a.rope, z.T, z.H, z.D, 1);
  const std::vector<double> k = turned(in[1].data, a.rope, z.S, z.G, z.D, 1);
  std::vector<double> p;
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h)
      for (int64_t t = 0; t < z.T && z.S > 0; ++t) {
        const int64_t at = z.query(b, t, h), g = h / z.heads_per_group();
        double highest = -HUGE_VAL, sum = 0;
        p.clear();
        const double* mask = c.has(kForwardExtra + kMaskExtra)
                                 ? in[kForwardExtra + kMaskExtra].data.data() + b * z.S
                                 : nullptr;
        each_seen_key(z, blocks, mask, t, [&](int64_t s) {
          double dot = 0;
          for (int64_t d = 0; d < z.D; ++d)
            dot += q[size_t(at + d)] * k[size_t(z.key(b, s, g) + d)];
          p.push_back(attention_score(z, scale * dot, h, t, s));
          if (c.has(kForwardExtra + kBiasExtra))
            p.back() += in[kForwardExtra + kBiasExtra][z.bias(h, t, s)];
          highest = std::max(highest, p.back());
        });
        const double sink =
            c.has(kForwardExtra + kSinksExtra) ? in[kForwardExtra + kSinksExtra][h] : -HUGE_VAL;
        p.push_back(sink);
        // A key with the score -inf is not seen either, and nothing is 0.
        if (std::ranges::all_of(p, [](double x) { return x == -HUGE_VAL; })) continue;
        highest = std::max(highest, sink);
        for (double x : p) sum += std::exp(x - highest);
        const double lse = highest + std::log(sum);
        out[1][(b * z.H + h) * z.T + t] = lse;
        size_t i = 0;
        each_seen_key(z, blocks, mask, t, [&](int64_t s) {
          double weight = std::exp(p[i++] - highest) / sum;  // lse has no digits for sum at 1e30
          if (a.dropout > 0) {
            const DropoutMask dropped = mask_of(in[kForwardExtra], a.stream, a.dropout);
            weight *= dropped.drops(z.mask_row(b, h, t) + s) ? 0 : 1 / (1 - a.dropout);
          }
          for (int64_t d = 0; d < z.D; ++d) out[0][at + d] += weight * in[2][z.key(b, s, g) + d];
        });
      }
}

void attention_grad_reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const AttentionSizes z = attention_sizes(c, kRng);
  const auto& a = c.as<Attention>();
  const double scale = a.scale > 0 ? a.scale : 1 / std::sqrt(double(z.D));
  const bool bias = c.has(kBias), sinks = c.has(kSinks);
  const double* blocks = z.block > 0 ? in[kBlocks].data.data() : nullptr;
  if (blocks) check_blocks("attention_grad", z, blocks);
  const std::vector<double> q = turned(in[kQ].data, a.rope, z.T, z.H, z.D, 1);
  const std::vector<double> k = turned(in[kK].data, a.rope, z.S, z.G, z.D, 1);
  const auto dot = [&](const std::vector<double>& x, int64_t i, const std::vector<double>& y,
                       int64_t j) {
    double sum = 0;
    for (int64_t d = 0; d < z.D; ++d) sum += x[size_t(i + d)] * y[size_t(j + d)];
    return sum;
  };
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h)
      for (int64_t t = 0; t < z.T && z.S > 0; ++t) {
        const int64_t at = z.query(b, t, h), row = (b * z.H + h) * z.T + t;
        const double delta = dot(in[kDo].data, at, in[kO].data, at);
        if (sinks) out[3 + bias][b * z.H + h] -= std::exp(in[kSinks][h] - in[kLse][row]) * delta;
        const double* mask = c.has(kMask) ? in[kMask].data.data() + b * z.S : nullptr;
        each_seen_key(z, blocks, mask, t, [&](int64_t s) {
          const int64_t key = z.key(b, s, h / z.heads_per_group());
          const double product = scale * dot(q, at, k, key);
          const double added = bias ? in[kBias][z.bias(h, t, s)] : 0;
          const double p = std::exp(attention_score(z, product, h, t, s) + added - in[kLse][row]);
          const bool dropped =
              a.dropout > 0 &&
              mask_of(in[kRng], a.stream, a.dropout).drops(z.mask_row(b, h, t) + s);
          const double m = dropped ? 0 : 1 / (1 - a.dropout);
          double ds = p * (m * dot(in[kDo].data, at, in[kV].data, key) - delta);
          if (bias) out[3][b * z.H * z.distances() + z.bias(h, t, s)] += ds;
          ds *= scale;
          if (a.soft_cap > 0) ds *= 1 - std::pow(std::tanh(product / a.soft_cap), 2);
          for (int64_t d = 0; d < z.D; ++d) {
            out[0][at + d] += ds * k[size_t(key + d)];
            out[1][key + d] += ds * q[size_t(at + d)];
            out[2][key + d] += m * p * in[kDo][at + d];
          }
        });
      }
  out[0].data = turned(std::move(out[0].data), a.rope, z.T, z.H, z.D, -1);
  out[1].data = turned(std::move(out[1].data), a.rope, z.S, z.G, z.D, -1);
}
}  // namespace cambium
