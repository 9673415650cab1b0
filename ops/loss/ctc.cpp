// ctc: how improbable sequences of symbols are when nobody says at which frames they stand:
// connectionist temporal classification. At each frame a class is drawn from softmax(logits), one
// of them the blank; repeated classes are joined, then blanks dropped. p(y) sums over every such
// path that leaves y.
//   logits: [B,T,V]   target: i32 [B,S], symbols up to the first negative id
//   mask (may be left out): [B,M], 1 at real frames, 0 behind the last of them; M may differ from T
//   (CtcFrames). The frames behind say nothing: they are neither scored nor given a gradient.
//   loss: [], the mean over scored rows of w (-log p(y)), w = 1 / symbols (per: symbol) or 1
//   lse: [B,T], the normalisers of softmax   scored: [], how many rows
// A row is not scored when it has no symbols, holds the blank or an id outside [0, V), or needs
// more frames than it has (one a symbol and a blank between equal neighbours): its p(y) would be 0.
//   alpha_t(s) = p_t(l_s) (alpha_{t-1}(s) + alpha_{t-1}(s-1) + alpha_{t-1}(s-2) where l_s is no
//   blank and differs from l_{s-2}), in logs, shifted at each frame so that the largest is 0
// Graves et al. 2006, Connectionist temporal classification, eq. 6 to 8.
#include "ops/loss/support/ctc.h"

#include "ops/loss/support/log_sum.h"
#include "ops/support/reach.h"

namespace cambium::op_ctc {
namespace {
constexpr int kMask = 2;

std::vector<ValueType> shape(const Call& c) {
  require_ctc(c, c.as<CtcAttrs>().blank, kMask);
  return {{DType::kF32, {}}, {DType::kF32, {c.shape(0)[0], c.shape(0)[1]}}, {DType::kF32, {}}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  std::vector<Value> in = {c.in[0], c.in[1], c.out[1], c.out[2], dy[0]};
  if (c.has(kMask)) in.push_back(c.in[kMask]);
  std::vector<Value> out = {dy[0].graph->emit("ctc_grad", in, c.attrs)};
  out.resize(c.in.size());
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const auto& a = c.as<CtcAttrs>();
  const int64_t B = c.shape(0)[0], T = c.shape(0)[1], V = c.shape(0)[2], S = c.shape(1)[1];
  const CtcFrames frames(c, kMask);
  for (int64_t b = 0; b < B; ++b) {
    const int64_t real = frames.of(frames.masked() ? in[kMask].data.data() : nullptr, b);
    const std::vector<double> log_p = ctc_log_softmax(in[0], b, T, V, &out[1][b * T]);
    const double* target = in[1].data.data() + b * S;
    const int64_t n = symbol_count(target, S);
    if (!can_align(target, n, real, V, a.blank)) continue;
    const std::vector<int64_t> symbols(target, target + n);
    out[0][0] += a.weight(n) * ctc_posterior(log_p, real, V, symbols, a.blank).loss;
    out[2][0] += 1;
  }
  if (out[2][0] > 0) out[0][0] /= out[2][0];
}

CAMBIUM_SIMD void log_sums(const float* x, float* lse, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; ++r, x += n) lse[r] = log_sum_of_row(x, n);
}

Kernel kernel(const Call& c, Engine&) {
  const CtcAttrs a = c.as<CtcAttrs>();
  const int64_t T = c.shape(0)[1], V = c.shape(0)[2], S = c.shape(1)[1];
  const CtcChunks chunks(c.shape(0)[0]);
  const CtcFrames frames(c, kMask);
  const int64_t floats = CtcLattice::floats(T, S, false);
  Scratch scratch;
  const int64_t losses_at = scratch.add(chunks.batch * int64_t(sizeof(double)));
  const int64_t lattices_at = scratch.add_f32(chunks.chunks * floats);
  return {.run =
              [=](const KernelArgs& k) {
                // Of each example: its loss, or below 0 when it is not scored.
                auto* losses = reinterpret_cast<double*>(k.scratch + losses_at);
                auto* lattices = reinterpret_cast<float*>(k.scratch + lattices_at);
                chunks.run([&](int64_t chunk, int64_t b) {
                  const float* x = k.f32(0) + b * T * V;
                  const int32_t* target = k.i32(1) + b * S;
                  float* lse = k.out_f32(1) + b * T;
                  log_sums(x, lse, T, V);
                  const int64_t n = symbol_count(target, S);
                  const int64_t real = frames.of(frames.masked() ? k.f32(kMask) : nullptr, b);
                  losses[b] = -1;
                  if (!can_align(target, n, real, V, a.blank)) return;
                  CtcLattice lattice(lattices + chunk * floats, target, n, a.blank, S);
                  const double likelihood = lattice.forward(x, lse, real, V, false);
                  // A certain sequence may come out a rounding above 0; NaN stays NaN.
                  losses[b] = a.weight(n) * (likelihood > 0 ? 0 : -likelihood);
                });
                double loss = 0;
                int64_t scored = 0;
                for (int64_t b = 0; b < chunks.batch; ++b) {
                  if (losses[b] < 0) continue;
                  loss += losses[b];
                  ++scored;
                }
                k.out_f32(0)[0] = float(scored > 0 ? loss / double(scored) : 0);
                k.out_f32(2)[0] = float(scored);
              },
          .scratch_bytes = scratch.bytes};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  const auto steps = double(c.shape(1)[0] * c.shape(0)[1] * (2 * c.shape(1)[1] + 1));
  cost.flops = 4.0 * double(c.shape(0).count()) + 12 * steps;
  return cost;
}
}  // namespace

extern const Op op_ctc = {
    .name = "ctc",
    .doc = "mean negative log-likelihood of sequences under frames that no one aligned with them",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<CtcAttrs>,
    .shape = shape,
    .vjp = vjp,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxLoss,
    .samples = {{{Shape{3, 9, 5}, {DType::kI32, Shape{3, 4}, 1, 5}}},
                {{{Shape{20, 31, 7}, -5, 5}, {DType::kI32, Shape{20, 9}, -1, 7}}, {{"blank", 6}}},
                {{{Shape{2, 300, 40}, -3, 3}, {DType::kI32, Shape{2, 37}, 1, 40}},
                 {{"per", "example"}}},
                {{Shape{4, 3, 2}, {DType::kI32, Shape{4, 1}, 0, 2}}, {{"blank", 1}}},
                {{{Shape{20, 8, 5}}, {DType::kI32, Shape{20, 2}, -1, 5}, {Shape{20, 8}, -0.3, 1}}},
                {{{Shape{9, 5, 3}}, {DType::kI32, Shape{9, 1}, 1, 3}, {Shape{9, 13}, -0.1, 1}}},
                {{Shape{2, 1, 3}, {DType::kI32, Shape{2, 1}, 1, 3}}},
                {{Shape{2, 4, 3}, {DType::kI32, Shape{2, 0}}}},
                {{Shape{0, 4, 3}, {DType::kI32, Shape{0, 2}, 1, 3}}}},
};
}  // namespace cambium::op_ctc
