#include "ops/loss/support/ctc.h"

#include <cmath>

#include "ops/support/nan.h"
#include "ops/support/reduce.h"

namespace cambium {
namespace {
constexpr int64_t kEdge = 2;  // columns before the states that no path reaches

double log_add(double a, double b) {
  const double top = larger(a, b);
  return top == -HUGE_VAL ? top : top + std::log(std::exp(a - top) + std::exp(b - top));
}

// to[s] = log(exp(from[s]) + exp(from[s + one]) + exp(from[s + two] + skip[s + into])) + plus[s].
CAMBIUM_SIMD void advance(const float* from, const float* skip, const float* plus, float* to,
                          int64_t states, int64_t one, int64_t two, int64_t into) {
#pragma GCC ivdep
  for (int64_t s = 0; s < states; ++s) {
    const float a = from[s], b = from[s + one], c = from[s + two] + skip[s + into];
    const float ab = a > b ? a : b, top = ab > c ? ab : c;
    const float sum = simd_exp(a - top) + simd_exp(b - top) + simd_exp(c - top);
    to[s] = top + simd_log(sum) + plus[s];
  }
}

// Shifts x so that its largest number is 0; answers what that was. What is all -inf stays.
CAMBIUM_SIMD float shift_to_zero(float* x, int64_t n) {
  const float top = fold_row<TopFold>(x, n);
  if (top == -HUGE_VALF) return 0;
  for (int64_t i = 0; i < n; ++i) x[i] -= top;
  return top;
}

// g = softmax of a + b.
CAMBIUM_SIMD void posterior(const float* a, const float* b, float* g, int64_t n) {
  for (int64_t i = 0; i < n; ++i) g[i] = a[i] + b[i];
  const float top = fold_row<TopFold>(g, n);
  for (int64_t i = 0; i < n; ++i) g[i] = simd_exp(g[i] - top);
  const float share = 1 / fold_row<SumFold>(g, n);
  for (int64_t i = 0; i < n; ++i) g[i] *= share;
}
}  // namespace

void require_ctc(const Call& c, int64_t blank, int mask) {
  require_f32(c, 0);
  const Shape &x = c.shape(0), &target = c.shape(1);
  require(x.rank() == 3, "logits are ", x, ", not [B,T,V]");
  require(c.dtype(1) == DType::kI32, "targets are ", name_of(c.dtype(1)), ", not i32");
  require(target.rank() == 2 && target[0] == x[0], "targets are ", target, ", logits ", x,
          " need [", x[0], ",S]");
  require(blank < x[2], "blank = ", blank, " is none of ", x[2], " classes");
  if (!c.has(mask)) return;
  require_f32(c, mask);
  const Shape& m = c.shape(mask);
  require(m.rank() == 2 && m[0] == x[0] && m[1] > 0, "the mask is ", m, ", logits ", x, " need [",
          x[0], ",M] with M > 0");
}

std::vector<double> ctc_log_softmax(const Ref& logits, int64_t row, int64_t frames, int64_t classes,
                                    double* norms) {
  std::vector<double> out(size_t(frames * classes));
  for (int64_t t = 0; t < frames; ++t) {
    const double* x = logits.data.data() + (row * frames + t) * classes;
    double lse = -HUGE_VAL;
    for (int64_t v = 0; v < classes; ++v) lse = log_add(lse, x[v]);
    for (int64_t v = 0; v < classes; ++v) out[size_t(t * classes + v)] = x[v] - lse;
    norms[t] = lse;
  }
  return out;
}

CtcPosterior ctc_posterior(std::span<const double> log_p, int64_t frames, int64_t classes,
                           std::span<const int64_t> symbols, int64_t blank) {
  const int64_t states = 2 * int64_t(symbols.size()) + 1, last = frames - 1;
  const auto id = [&](int64_t s) { return s % 2 ? symbols[size_t(s / 2)] : blank; };
  const auto p = [&](int64_t t, int64_t s) { return log_p[size_t(t * classes + id(s))]; };
  const auto skips_to = [&](int64_t s) { return s % 2 && s > 1 && id(s) != id(s - 2); };
  std::vector<double> alpha(size_t(frames * states), -HUGE_VAL), beta = alpha;
  const auto at = [&](int64_t t, int64_t s) { return size_t(t * states + s); };
  for (int64_t s = 0; s < 2; ++s) alpha[at(0, s)] = p(0, s);
  for (int64_t t = 1; t < frames; ++t)
    for (int64_t s = 0; s < states; ++s) {
      double sum = alpha[at(t - 1, s)];
      if (s > 0) sum = log_add(sum, alpha[at(t - 1, s - 1)]);
      if (skips_to(s)) sum = log_add(sum, alpha[at(t - 1, s - 2)]);
      alpha[at(t, s)] = sum + p(t, s);
    }
  for (int64_t s = states - 2; s < states; ++s) beta[at(last, s)] = 0;
  for (int64_t t = last - 1; t >= 0; --t)
    for (int64_t s = 0; s < states; ++s) {
      const auto next = [&](int64_t to) { return beta[at(t + 1, to)] + p(t + 1, to); };
      double sum = next(s);
      if (s + 1 < states) sum = log_add(sum, next(s + 1));
      if (s + 2 < states && skips_to(s + 2)) sum = log_add(sum, next(s + 2));
      beta[at(t, s)] = sum;
    }
  const double total = log_add(alpha[at(last, states - 1)], alpha[at(last, states - 2)]);
  CtcPosterior out{-total, std::vector<double>(size_t(frames * classes), 0.0)};
  for (int64_t t = 0; t < frames; ++t)
    for (int64_t s = 0; s < states; ++s)
      out.occupancy[size_t(t * classes + id(s))] +=
          std::exp(alpha[at(t, s)] + beta[at(t, s)] - total);
  return out;
}

CtcLattice::CtcLattice(float* memory, const int32_t* target, int64_t symbols, int64_t blank,
                       int64_t most_symbols)
    : states_(2 * symbols + 1),
      stride_(columns(most_symbols)),
      id_(reinterpret_cast<int32_t*>(memory)),
      skip_(memory + stride_ + kEdge),
      emission_(skip_ + stride_),
      beta_(emission_ + stride_),
      alpha_(beta_ + stride_) {
  for (int64_t s = 0; s < states_; ++s) id_[s] = s % 2 ? target[s / 2] : int32_t(blank);
  std::fill(memory + stride_, alpha_ - kEdge, kLogZero);
  for (int64_t s = 3; s < states_; s += 2)
    if (id_[s] != id_[s - 2]) skip_[s] = 0;
}

float CtcLattice::emissions(const float* x, float* to) const {
  for (int64_t s = 0; s < states_; ++s) to[s] = x[id_[s]];
  return shift_to_zero(to, states_);
}

double CtcLattice::forward(const float* x, const float* lse, int64_t frames, int64_t classes,
                           bool keep) {
  double total = 0;
  for (int64_t t = 0; t < frames; ++t) {
    float* to = row(keep ? t : t % 2);
    std::fill_n(to - kEdge, stride_, kLogZero);
    total += double(emissions(x + t * classes, emission_)) - double(lse[t]);
    if (t == 0)
      std::copy_n(emission_, 2, to);
    else
      advance(row(keep ? t - 1 : (t - 1) % 2), skip_, emission_, to, states_, -1, -2, 0);
    total += double(shift_to_zero(to, states_));
  }
  const float* end = row(keep ? frames - 1 : (frames - 1) % 2) + states_ - 2;
  return total + log_add(end[0], end[1]);
}

void CtcLattice::subtract_occupancy(const float* x, float factor, float* dx, int64_t frames,
                                    int64_t classes) {
  float* occupied = emission_;
  for (int64_t t = frames - 1; t >= 0; --t) {
    // beta_ holds beta of frame t here; emission_ is free until the end of the turn.
    if (t == frames - 1) std::fill_n(beta_ + states_ - 2, 2, 0.0f);
    posterior(row(t), beta_, occupied, states_);
    for (int64_t s = 0; s < states_; ++s) dx[t * classes + id_[s]] -= factor * occupied[s];
    if (t == 0) return;
    // alpha of frame t is not asked for again: its row takes beta + emission of frame t.
    float* said = row(t);
    emissions(x + t * classes, emission_);
    for (int64_t s = 0; s < states_; ++s) said[s] = beta_[s] + emission_[s];
    std::fill_n(said + states_, kEdge, kLogZero);
    std::fill_n(emission_, states_, 0.0f);
    advance(said, skip_, emission_, beta_, states_, 1, 2, 2);
    shift_to_zero(beta_, states_);
  }
}
}  // namespace cambium
