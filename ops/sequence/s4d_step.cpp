// s4d_step(log_dt [C], log_a, imaginary, c_re, c_im [C,N], x [B,1,C], h_re, h_im [B,C,N]) ->
// y [B,1,C], the next h_re and h_im: one token of the convolution with s4d_kernel as the recurrence
// it stands for. With p = dt A as there:
//   h_n = e^p_n h_n + x,  y = 2 Re sum_n c_n (e^p_n - 1) / A_n h_n
// For generation, without gradient. Gu et al. 2022, arXiv 2206.11893, section 3. The coefficients
// and products are in double: an error of e^p would grow over all that the state remembers.
#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/sequence/support/s4d_kernel.h"
#include "ops/support/bf16.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_s4d_step {
namespace {
enum Input { kX = 5, kRe, kIm };

std::vector<ValueType> shape(const Call& c) {
  check_s4d(c);
  const Shape &x = c.shape(kX), &a = c.shape(1);
  for (int i : {kX, kRe, kIm}) require_f32(c, i);
  require(x.rank() == 3 && x[1] == 1 && x[2] == a[0], "x must be [B,1,", a[0], "], got ", x);
  const Shape state = {x[0], a[0], a[1]};
  for (int i : {kRe, kIm})
    require(c.shape(i) == state, "the state must be ", state, ", got ", c.shape(i));
  return {c.in[kX].type(), c.in[kRe].type(), c.in[kIm].type()};
}

// One channel of one sequence, whose first state is `at`; y is returned. In and out may be one.
template <class Number, class Parameter>
double step_channel(int64_t ch, int64_t N, const Parameter& parameter, double x, const Number* re,
                    const Number* im, Number* next_re, Number* next_im) {
  double y = 0;
  for (int64_t n = 0; n < N; ++n) {
    const int64_t i = ch * N + n;
    const S4dState s(parameter(0, ch), parameter(1, i), parameter(2, i), parameter(3, i),
                     parameter(4, i));
    const S4dState::Complex h = std::exp(s.pole) * S4dState::Complex(re[n], im[n]) + x;
    y += 2 * (s.weight * h).real();
    next_re[n] = Number(h.real());
    next_im[n] = Number(h.imag());
  }
  return y;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t C = c.shape(1)[0], N = c.shape(1)[1];
  const auto parameter = [&](int input, int64_t i) { return in[size_t(input)][i]; };
  for (int64_t r = 0; r < c.shape(kX).count(); ++r)
    out[0][r] = step_channel(r % C, N, parameter, in[kX][r], in[kRe].data.data() + r * N,
                             in[kIm].data.data() + r * N, out[1].data.data() + r * N,
                             out[2].data.data() + r * N);
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t C = c.shape(1)[0], N = c.shape(1)[1], rows = c.shape(kX).count();
  return {.run = [=](const KernelArgs& k) {
    const auto parameter = [&](int input, int64_t i) { return double(k.f32(input)[i]); };
    parallel_for(rows, 256 / (N + 1) + 1, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r)
        k.out_f32(0)[r] =
            float(step_channel(r % C, N, parameter, k.f32(kX)[r], k.f32(kRe) + r * N,
                               k.f32(kIm) + r * N, k.out_f32(1) + r * N, k.out_f32(2) + r * N));
    });
  }};
}

Cost cost(const Call& c) {
  const auto states = double(c.shape(kRe).count()), a = double(c.shape(1).count());
  return {.flops = 30 * states,
          .bytes = 4 * (4 * states + 4 * a + 2 * double(c.shape(kX).count())),
          .products = 4 * states};
}

std::vector<InPlace> in_place(const Call&) {
  return {{1, kRe}, {2, kIm}};
}

Sample sample(int64_t b, int64_t c, int64_t n) {
  const Shape a = {c, n};
  return {{SampleInput(Shape{c}, -5, -1), SampleInput(a, -2, 1), SampleInput(a, -30, 30), a, a,
           Shape{b, 1, c}, Shape{b, c, n}, Shape{b, c, n}}};
}
}  // namespace

extern const Op op_s4d_step;
const Op op_s4d_step = {.name = "s4d_step",
                        .doc = "one token of a diagonal state space: its result and the next state",
                        .min_inputs = 8,
                        .max_inputs = 8,
                        .shape = shape,
                        .reference = reference,
                        .kernel = kernel,
                        .cost = cost,
                        .reach = reach_all,
                        .bf16 = stays_f32,
                        .in_place = in_place,
                        .not_onnx = kOnnxStep,
                        .tolerance = 1e-5,
                        .samples = {sample(2, 3, 4), sample(1, 1, 1), sample(1, 40, 32),
                                    sample(3, 0, 2), sample(2, 3, 0), sample(0, 2, 3)}};
}  // namespace cambium::op_s4d_step
