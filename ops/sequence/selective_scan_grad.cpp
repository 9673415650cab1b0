// selective_scan_grad(x, dt, A, B, C, optional D, dy, states) -> dx, ddt, dA, dB, dC and, with D,
// dD. With e_t = e^(s_t A) and G_t = dLoss/dh_t = C_t dy_t + e_{t+1} G_{t+1}, for each channel:
//   dC_t = sum_c dy_t h_t,  dB_t = sum_c G_t s_t x_t,  dx_t = s_t sum_n G_t B_t + D dy_t
//   ds_t = x_t sum_n G_t B_t + sum_n A e_t h_{t-1} G_t,  dA = sum_t s_t e_t h_{t-1} G_t
// Chunks of 64 steps run from the last to the first: states are computed again from the kept ones,
// then the chunk is walked backwards, a block of 16 channels after another, sums kept in lanes.
#include <cmath>

#include "ops/sequence/support/selective_scan.h"
#include "ops/support/reach.h"

namespace cambium::op_selective_scan_grad {
namespace {
using namespace selective;

std::vector<ValueType> shape(const Call& c) {
  check_selective_scan(c);
  require(c.shape(kDy) == c.shape(kX), "dy is ", c.shape(kDy), ", x is ", c.shape(kX));
  std::vector<ValueType> out;
  for (int i = kX; i <= kD; ++i)
    if (c.has(i)) out.push_back(c.in[size_t(i)].type());
  return out;
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const SelectiveSizes z = selective_sizes(c);
  for (int64_t b = 0; b < z.B; ++b)
    for (int64_t i = 0; i < z.C * z.N; ++i) {
      const int64_t ch = i / z.N, n = i % z.N;
      const double a = in[kA][i];
      const auto place = [&](int64_t t) { return (b * z.T + t) * z.C + ch; };
      const auto step = [&](int64_t t) {
        return z.softplus ? softplus_of(in[kDt][place(t)]) : in[kDt][place(t)];
      };
      std::vector<double> h(size_t(z.T + 1), 0.0);
      if (z.T > 0) h[0] = in[kStates][z.kept(b, 0, ch / kLanes) + n * kLanes + ch % kLanes];
      for (int64_t t = 0; t < z.T; ++t)
        h[size_t(t + 1)] = std::exp(step(t) * a) * h[size_t(t)] +
                           step(t) * in[kB][(b * z.T + t) * z.N + n] * in[kX][place(t)];
      double g = 0;
      for (int64_t t = z.T - 1; t >= 0; --t) {
        const int64_t at = place(t), row = (b * z.T + t) * z.N + n;
        const double s = step(t), e = std::exp(s * a), x = in[kX][at], dy = in[kDy][at];
        g += in[kC][row] * dy;
        out[4][row] += dy * h[size_t(t + 1)];
        out[3][row] += g * s * x;
        out[0][at] += s * g * in[kB][row];
        out[2][i] += s * e * h[size_t(t)] * g;
        const double slope = z.softplus ? 1 / (1 + std::exp(-in[kDt][at])) : 1;
        out[1][at] += slope * (x * g * in[kB][row] + a * e * h[size_t(t)] * g);
        if (n == 0 && z.skip) {
          out[0][at] += in[kD][ch] * dy;
          out[5][ch] += dy * x;
        }
        g *= e;
      }
    }
  if (z.N > 0 || !z.skip) return;
  for (int64_t i = 0; i < z.B * z.T * z.C; ++i) {
    out[0][i] += in[kD][i % z.C] * in[kDy][i];
    out[5][i % z.C] += in[kX][i] * in[kDy][i];
  }
}

// Pieces of one thread's scratch, in floats.
struct Workspace {
  int64_t x, raw, dt, dy, dx, ddt, rates;
  int64_t h, e, sum_b, sum_c, carry;  // h: states before each step, and after the last
  int64_t da, dd, total;              // sums over this thread's sequences

  explicit Workspace(const SelectiveSizes& z) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    const int64_t steps = kStateChunk * kLanes, state = z.N * kLanes;
    x = piece(steps);
    raw = piece(steps);
    dt = piece(steps);
    dy = piece(steps);
    dx = piece(steps);
    ddt = piece(steps);
    rates = piece(state);
    h = piece((kStateChunk + 1) * state);
    e = piece(kStateChunk * state);
    sum_b = piece(kStateChunk * state);
    sum_c = piece(kStateChunk * state);
    carry = piece(z.blocks() * state);
    da = piece(z.blocks() * state);
    dd = piece(z.blocks() * kLanes);
    total = s.bytes / int64_t(sizeof(float));
  }
};

struct Problem {
  SelectiveSizes z;
  const float *x, *dt, *a, *b, *c, *d, *dy, *states;
  float *dx, *ddt, *db, *dc;
  int64_t groups;  // of blocks; each writes its own db and dc, `stride` apart
  int64_t stride;
};

// h[t] and e[t] of the chunk from h[0].
[[gnu::always_inline]] inline void states_again(int64_t steps, int64_t n_states, const float* x,
                                                const float* dt, const float* b, const float* rates,
                                                float* h, float* e) {
  const int64_t state = n_states * kLanes;
  for (int64_t t = 0; t < steps; ++t, h += state, e += state, b += n_states) {
    const Lanes step = load_lanes(dt + t * kLanes), push = step * load_lanes(x + t * kLanes);
    for (int64_t n = 0; n < n_states; ++n) {
      const Lanes decay = exp_lanes(step * load_lanes(rates + n * kLanes));
      store_lanes(e + n * kLanes, decay);
      store_lanes(h + state + n * kLanes, decay * load_lanes(h + n * kLanes) + push * b[n]);
    }
  }
}

// One block of a chunk, backwards.
[[gnu::always_inline]] inline void walk_back(int64_t steps, int64_t n_states, const float* b,
                                             const float* c, const Workspace& w, float* m,
                                             float* carry, float* da, float* dd) {
  const int64_t state = n_states * kLanes;
  for (int64_t t = steps - 1; t >= 0; --t) {
    const float *h = m + w.h + t * state, *e = m + w.e + t * state;
    float *sum_b = m + w.sum_b + t * state, *sum_c = m + w.sum_c + t * state;
    const Lanes x = load_lanes(m + w.x + t * kLanes), s = load_lanes(m + w.dt + t * kLanes);
    const Lanes dy = load_lanes(m + w.dy + t * kLanes), push = s * x;
    Lanes through = {}, rate = {};
    for (int64_t n = 0; n < n_states; ++n) {
      const int64_t at = n * kLanes;
      const Lanes g = load_lanes(carry + at) + c[t * n_states + n] * dy;
      store_lanes(sum_c + at, load_lanes(sum_c + at) + dy * load_lanes(h + state + at));
      store_lanes(sum_b + at, load_lanes(sum_b + at) + g * push);
      through += b[t * n_states + n] * g;
      const Lanes next = load_lanes(e + at) * g, moved = next * load_lanes(h + at);
      rate += load_lanes(m + w.rates + at) * moved;
      store_lanes(da + at, load_lanes(da + at) + s * moved);
      store_lanes(carry + at, next);
    }
    store_lanes(m + w.dx + t * kLanes, load_lanes(m + w.dx + t * kLanes) + s * through);
    store_lanes(m + w.ddt + t * kLanes, x * through + rate);
    store_lanes(dd, load_lanes(dd) + dy * x);
  }
}

[[gnu::always_inline]] inline void block_of_chunk(const Problem& p, int64_t b, int64_t chunk,
                                                  int64_t block, const Workspace& w, float* m) {
  const SelectiveSizes& z = p.z;
  const int64_t first = block * kLanes, count = std::min(kLanes, z.C - first);
  const int64_t t0 = chunk * kStateChunk, steps = std::min(kStateChunk, z.T - t0);
  const int64_t at = (b * z.T + t0) * z.C + first, row = (b * z.T + t0) * z.N;
  const int64_t state = z.N * kLanes;
  pack_rates(z, p.a, block, m + w.rates);
  pack_lanes(p.x + at, z.C, steps, count, m + w.x);
  pack_lanes(p.dt + at, z.C, steps, z.N > 0 ? count : 0, m + w.raw);  // steps of no state
  pack_lanes(p.dy + at, z.C, steps, count, m + w.dy);
  std::copy_n(m + w.raw, steps * kLanes, m + w.dt);
  if (z.softplus) soften(m + w.dt, steps * kLanes);
  for (int64_t i = 0; i < steps * kLanes; ++i)
    m[w.dx + i] = z.skip && i % kLanes < count ? p.d[first + i % kLanes] * m[w.dy + i] : 0;
  pack_lanes(p.states + z.kept(b, chunk, block), kLanes, z.N, count, m + w.h);  // no others
  states_again(steps, z.N, m + w.x, m + w.dt, p.b + row, m + w.rates, m + w.h, m + w.e);
  walk_back(steps, z.N, p.b + row, p.c + row, w, m, m + w.carry + block * state,
            m + w.da + block * state, m + w.dd + block * kLanes);
  for (int64_t i = 0; i < steps * kLanes && z.softplus; ++i)
    m[w.ddt + i] *= simd_sigmoid(m[w.raw + i]);
  unpack_lanes(m + w.dx, steps, count, p.dx + at, z.C);
  unpack_lanes(m + w.ddt, steps, count, p.ddt + at, z.C);
}

// Items [first, last) of (sequence, group of blocks).
CAMBIUM_SIMD void differentiate(const Problem& p, int64_t first, int64_t last, float* m) {
  const SelectiveSizes& z = p.z;
  const Workspace w(z);
  const int64_t state = z.N * kLanes;
  std::fill_n(m + w.da, z.blocks() * state, 0.0f);
  std::fill_n(m + w.dd, z.blocks() * kLanes, 0.0f);
  for (int64_t item = first; item < last; ++item) {
    const int64_t b = item / p.groups, group = item % p.groups;
    std::fill_n(m + w.carry, z.blocks() * state, 0.0f);
    for (int64_t chunk = z.chunks() - 1; chunk >= 0; --chunk) {
      const int64_t t0 = chunk * kStateChunk, steps = std::min(kStateChunk, z.T - t0);
      std::fill_n(m + w.sum_b, steps * state, 0.0f);
      std::fill_n(m + w.sum_c, steps * state, 0.0f);
      const int64_t end = z.blocks() * (group + 1) / p.groups;
      for (int64_t block = z.blocks() * group / p.groups; block < end; ++block)
        block_of_chunk(p, b, chunk, block, w, m);
      const int64_t row = group * p.stride + (b * z.T + t0) * z.N;
      for (int64_t i = 0; i < steps * z.N; ++i) {
        p.db[row + i] = sum_of_lanes(load_lanes(m + w.sum_b + i * kLanes));
        p.dc[row + i] = sum_of_lanes(load_lanes(m + w.sum_c + i * kLanes));
      }
    }
  }
}

// dA and dD, summed over the threads in order.
void sum_parts(const SelectiveSizes& z, const float* scratch, int64_t parts, float* da, float* dd) {
  const Workspace w(z);
  for (int64_t c = 0; c < z.C; ++c) {
    const int64_t block = c / kLanes, lane = c % kLanes;
    for (int64_t n = 0; n < z.N; ++n) {
      float sum = 0;
      for (int64_t part = 0; part < parts; ++part)
        sum += scratch[part * w.total + w.da + (block * z.N + n) * kLanes + lane];
      da[c * z.N + n] = sum;
    }
    if (dd) dd[c] = 0;
    for (int64_t part = 0; dd && part < parts; ++part)
      dd[c] += scratch[part * w.total + w.dd + block * kLanes + lane];
  }
}

Kernel kernel(const Call& c, Engine&) {
  const SelectiveSizes z = selective_sizes(c);
  // Few sequences: the blocks of one are shared out, and their sums over channels added up after.
  const int64_t wanted = (thread_count() + z.B - 1) / std::max<int64_t>(1, z.B);
  const int64_t groups =
      std::clamp<int64_t>(z.states() < 5000 ? 1 : wanted, 1, std::max<int64_t>(1, z.blocks()));
  const int64_t items = z.B * groups, floats = Workspace(z).total, rows = z.B * z.T * z.N;
  const int64_t parts = z.states() < 5000 ? 1 : part_count(items);
  Scratch s;
  const int64_t db = s.add_f32(groups > 1 ? groups * rows : 0);
  const int64_t dc = s.add_f32(groups > 1 ? groups * rows : 0), threads = s.bytes;
  const auto run = [=](const KernelArgs& k) {
    const auto piece = [&](int64_t offset) { return reinterpret_cast<float*>(k.scratch + offset); };
    const Problem p{z,
                    k.f32(kX),
                    k.f32(kDt),
                    k.f32(kA),
                    k.f32(kB),
                    k.f32(kC),
                    z.skip ? k.f32(kD) : nullptr,
                    k.f32(kDy),
                    k.f32(kStates),
                    k.out_f32(0),
                    k.out_f32(1),
                    groups > 1 ? piece(db) : k.out_f32(3),
                    groups > 1 ? piece(dc) : k.out_f32(4),
                    groups,
                    rows};
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      differentiate(p, first, last, piece(threads) + part * floats);
    });
    sum_parts(z, piece(threads), parts, k.out_f32(2), z.skip ? k.out_f32(5) : nullptr);
    for (int64_t i = 0; i < rows && groups > 1; ++i) {
      k.out_f32(3)[i] = k.out_f32(4)[i] = 0;
      for (int64_t g = 0; g < groups; ++g) {
        k.out_f32(3)[i] += p.db[g * rows + i];
        k.out_f32(4)[i] += p.dc[g * rows + i];
      }
    }
  };
  return {.run = run, .scratch_bytes = threads + parts * floats * int64_t(sizeof(float))};
}

Cost cost(const Call& c) {
  const SelectiveSizes z = selective_sizes(c);
  double elements = double(c.shape(kDy).count() + c.shape(kStates).count());
  for (int i = 0; i <= kD; ++i)
    if (c.has(i)) elements += 2 * double(c.shape(i).count());
  const double rest = 45 * double(c.shape(kX).count());  // without the states again: docs/flops.md
  return {16 * z.states() + rest, 4 * elements, 8 * z.states()};
}

// The kept states must be the true ones: only sequences of one chunk have known ones (about zero).
std::vector<Sample> samples() {
  const auto sample = [](Shape x, int64_t n, bool skip, Args args = {}) {
    const Shape by_step{x[0], x[1], n};
    const Shape kept{x[0], (x[1] + 63) / 64, (x[2] + 15) / 16, n, 16};
    return Sample{
        {x, SampleInput(x, -4, 1), SampleInput(Shape{x[2], n}, -3, -0.1), by_step, by_step,
         skip ? SampleInput(Shape{x[2]}) : SampleInput::none(), x, SampleInput(kept, 0, 1e-30)},
        std::move(args)};
  };
  return {sample({2, 5, 3}, 4, true),
          sample({1, 1, 1}, 1, false),
          sample({1, 64, 35}, 16, true),
          sample({3, 33, 32}, 3, true),
          sample({2, 7, 17}, 5, false, {{"softplus", false}}),
          sample({0, 3, 4}, 2, true),
          sample({2, 0, 4}, 2, true),
          sample({2, 3, 0}, 2, true),
          sample({2, 3, 4}, 0, true)};
}
}  // namespace

extern const Op op_selective_scan_grad = {.name = "selective_scan_grad",
                                          .doc = "gradient of selective_scan",
                                          .min_inputs = 8,
                                          .max_inputs = 8,
                                          .attrs = fields_of<SelectiveScan>,
                                          .shape = shape,
                                          .reference = reference,
                                          .kernel = kernel,
                                          .cost = cost,
                                          .reach = reach_all,
                                          .bf16 = stays_f32,
                                          .not_onnx = kOnnxGradient,
                                          .tolerance = 2e-5,
                                          .samples = samples()};
}  // namespace cambium::op_selective_scan_grad
