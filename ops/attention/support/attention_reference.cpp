#include "graph/graph.h"
#include "ops/attention/support/attention.h"
#include "ops/attention/support/rope.h"
#include "ops/pointwise/support/dropout.h"

namespace cambium {
namespace {
constexpr int kForwardExtra = 3;

enum Input { kQ, kK, kV, kO, kLse, kDo, kRng, kBias, kSinks, kBlocks, kMask, kPairs };

// What the pairs, if there are any, add to the score of a pair.
double added_pair(const Call& c, const AttentionSizes& z, std::span<const Ref> in, int place,
                  int64_t b, int64_t h, int64_t t, int64_t s) {
  if (!c.has(place)) return 0;
  return in[size_t(place)][z.pairs_of(c.shape(place)[0], b, h) + s * z.T + t];
}

// x [B,T,H,D] turned by its positions, with `sign` -1 back; as it is without rope.
std::vector<double> turned(std::vector<double> x, const Attention& o, int64_t T, int64_t H,
                           int64_t D, double sign) {
  if (o.rope == 0) return x;
  const int64_t width = turned_channels(o, D), half = width / 2;
  for (size_t row = 0; row * size_t(D) < x.size(); ++row)
    for (int64_t i = 0; i < half; ++i) {
      const double turn = sign * rope_angle(int64_t(row) / H % T, i, width, o.rope);
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
  const std::vector<double> q = turned(in[0].data, a, z.T, z.H, z.D, 1);
  const std::vector<double> k = turned(in[1].data, a, z.S, z.G, z.D, 1);
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
          p.back() += added_pair(c, z, in, kForwardExtra + kPairsExtra, b, h, t, s);
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
          for (int64_t d = 0; d < z.E; ++d)
            out[0][z.result(b, t, h) + d] += weight * in[2][z.value(b, s, g) + d];
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
  const std::vector<double> q = turned(in[kQ].data, a, z.T, z.H, z.D, 1);
  const std::vector<double> k = turned(in[kK].data, a, z.S, z.G, z.D, 1);
  const auto dot = [](int64_t n, const std::vector<double>& x, int64_t i,
                      const std::vector<double>& y, int64_t j) {
    double sum = 0;
    for (int64_t d = 0; d < n; ++d) sum += x[size_t(i + d)] * y[size_t(j + d)];
    return sum;
  };
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t h = 0; h < z.H; ++h)
      for (int64_t t = 0; t < z.T && z.S > 0; ++t) {
        const int64_t at = z.query(b, t, h), to = z.result(b, t, h), row = (b * z.H + h) * z.T + t;
        const double delta = dot(z.E, in[kDo].data, to, in[kO].data, to);
        if (sinks) out[3 + bias][b * z.H + h] -= std::exp(in[kSinks][h] - in[kLse][row]) * delta;
        const double* mask = c.has(kMask) ? in[kMask].data.data() + b * z.S : nullptr;
        each_seen_key(z, blocks, mask, t, [&](int64_t s) {
          const int64_t g = h / z.heads_per_group(), key = z.key(b, s, g), v = z.value(b, s, g);
          const double product = scale * dot(z.D, q, at, k, key);
          const double added =
              (bias ? in[kBias][z.bias(h, t, s)] : 0) + added_pair(c, z, in, kPairs, b, h, t, s);
          const double p = std::exp(attention_score(z, product, h, t, s) + added - in[kLse][row]);
          const bool dropped =
              a.dropout > 0 &&
              mask_of(in[kRng], a.stream, a.dropout).drops(z.mask_row(b, h, t) + s);
          const double m = dropped ? 0 : 1 / (1 - a.dropout);
          double ds = p * (m * dot(z.E, in[kDo].data, to, in[kV].data, v) - delta);
          if (bias) out[3][b * z.H * z.distances() + z.bias(h, t, s)] += ds;
          if (c.has(kPairs))
            out[size_t(3 + bias + sinks)][z.pairs_of(z.B, b, h) + s * z.T + t] += ds;
          ds *= scale;
          if (a.soft_cap > 0) ds *= 1 - std::pow(std::tanh(product / a.soft_cap), 2);
          for (int64_t d = 0; d < z.D; ++d) {
            out[0][at + d] += ds * k[size_t(key + d)];
            out[1][key + d] += ds * q[size_t(at + d)];
          }
          for (int64_t d = 0; d < z.E; ++d) out[2][v + d] += m * p * in[kDo][to + d];
        });
      }
  out[0].data = turned(std::move(out[0].data), a, z.T, z.H, z.D, -1);
  out[1].data = turned(std::move(out[1].data), a, z.S, z.G, z.D, -1);
}
}  // namespace cambium
