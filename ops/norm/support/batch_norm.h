// What batch_norm, batch_norm_grad and batch_norm_apply share: x seen as runs of rows [rows, n],
// and a row pass whose parameters are repeated so that few channels still fill the vectors.
// Operands of a row's size may be in bf16; sums, statistics and parameters are f32.
#pragma once
#include <array>

#include "ops/attention/support/row_mask.h"
#include "ops/conv/support/blocked.h"
#include "ops/norm/support/norm.h"
#include "ops/support/bf16.h"
#include "ops/support/lanes.h"

namespace cambium {
struct BatchNormAttrs {
  double eps = 1e-5;
  std::string activation = "none";
  std::string to = "f32";
  bool blocked = false;
  static constexpr auto fields = std::tuple{
      field("eps", &BatchNormAttrs::eps, "added to the variance").in(0),
      field("activation", &BatchNormAttrs::activation, "applied to the result").one_of("none|relu"),
      field("to", &BatchNormAttrs::to, "type of y, or of dx").one_of("f32|bf16"),
      field("blocked", &BatchNormAttrs::blocked, "x is an image in blocks of 16 channels")};

  DType dtype() const { return precision_of(to); }
};

// Checks x [..., C] or, as the attributes say, an image in blocks, in f32 or bf16, and parameters
// [C] at these inputs.
void require_batch_norm_inputs(const Call& c, int x, std::span<const int> parameters);

// Runs a reference that takes channels last; images in blocks are copied.
void normalise_in_plain_layout(const Call& c, std::span<const Ref> in, std::span<Ref> out,
                               void (*reference)(const Call&, std::span<const Ref>,
                                                 std::span<Ref>));

// Calls f with the elements at `p` from `begin` on, as what they are: float or uint16_t (bf16).
template <class F> void with_elements(DType type, const void* p, int64_t begin, const F& f) {
  if (type == DType::kBf16)
    f(static_cast<const uint16_t*>(p) + begin);
  else
    f(static_cast<const float*>(p) + begin);
}

template <class F> void with_elements(DType type, void* p, int64_t begin, const F& f) {
  if (type == DType::kBf16)
    f(static_cast<uint16_t*>(p) + begin);
  else
    f(static_cast<float*>(p) + begin);
}

// Stretches of rows whose elements have one set of channels: run i * groups + k holds `rows` rows
// of the n channels from k * n on. Channels last make one run; an image in blocks of 16 channels
// makes one for each block of each picture.
struct ChannelRuns {
  int64_t pictures = 1, groups = 1, rows = 0, n = 0;

  // Of input `x` of a call with BatchNormAttrs.
  ChannelRuns(const Call& c, int x) : rows(c.shape(x).rows()), n(c.shape(x).last()) {
    if (!c.as<BatchNormAttrs>().blocked) return;
    const Shape& s = c.shape(x);
    pictures = s[0];
    groups = s[1];
    rows = s[2] * s[3];
  }

  int64_t channels() const { return groups * n; }

  int64_t size() const { return rows * n; }  // elements of a run
};

// Calls f(first element, elements, group) for every run in pieces of whole periods, in parallel.
template <class F> void for_each_period(const ChannelRuns& v, int64_t period, const F& f) {
  const int64_t each = (v.size() + period - 1) / std::max<int64_t>(period, 1);
  const int64_t grain = kPointwiseGrain / (period + 1) + 1;
  parallel_for(v.pictures * v.groups * each, grain, [&](int64_t first, int64_t last) {
    while (first < last) {
      const int64_t run = first / each, end = std::min(last, (run + 1) * each);
      const int64_t at = (first - run * each) * period;
      f(run * v.size() + at, std::min(v.size(), (end - run * each) * period) - at, run % v.groups);
      first = end;
    }
  });
}

// Runs cut into blocks of rows, each about 64 KB: a function of the shape alone. The blocks of a
// group are counted through, picture by picture.
struct RowBlocks {
  ChannelRuns runs;
  int64_t block, each;  // rows of a block, blocks of a run

  explicit RowBlocks(const ChannelRuns& v)
      : runs(v),
        block(std::max<int64_t>(16, 16384 / std::max<int64_t>(v.n, 1))),
        each((v.rows + block - 1) / block) {}

  int64_t of_a_group() const { return runs.pictures * each; }

  int64_t count() const { return runs.groups * of_a_group(); }

  int64_t group(int64_t b) const { return b / of_a_group(); }

  int64_t first_row(int64_t b) const { return b % each * block; }  // in its run

  int64_t rows(int64_t b) const { return std::min(block, runs.rows - first_row(b)); }

  int64_t first_element(int64_t b) const {
    const int64_t run = b % of_a_group() / each * runs.groups + group(b);
    return run * runs.size() + first_row(b) * runs.n;
  }
};

// How often a row of parameters is repeated to make at least 256 numbers.
inline int64_t parameter_repeats(int64_t channels) {
  return channels == 0 || channels >= 256 ? 1 : (255 + channels) / channels;
}

// Writes, group by group, `repeats` copies of f(c) for each of its channels to `to`.
template <class F>
void repeat_parameter(float* to, const ChannelRuns& v, int64_t repeats, const F& f) {
  for (int64_t k = 0; k < v.groups; ++k, to += repeats * v.n) {
    for (int64_t c = 0; c < v.n; ++c) to[c] = f(k * v.n + c);
    for (int64_t i = v.n; i < repeats * v.n; ++i) to[i] = to[i - v.n];
  }
}

// y = (x - mean) * scale + beta, plus the residual when there is one, then relu when asked for, of
// input 0 to output 0. Parameters repeat every `period`; each group has a period of its own.
struct NormTransform {
  DType from, to;
  bool relu;
  ChannelRuns runs;
  int64_t period;
  int residual;  // its input, -1: none
  DType residual_type = DType::kF32;

  // The call may have a residual as its input `residual`.
  NormTransform(const Call& c, int64_t period, int residual);
  void operator()(const KernelArgs& k, const float* mean, const float* scale,
                  const float* beta) const;
};

// UserError unless input `i` is left out or of x's shape, in f32 or bf16.
void require_residual(const Call& c, int i);

// UserError unless input `i` is left out or a mask [rows of x], f32; x is input `x`.
void require_row_mask(const Call& c, int x, int i);

// A sum with something of y's shape becomes the residual, input `residual`; relu the activation.
std::optional<Absorbed> absorb_into_norm(const Call& c, int residual, std::string_view reader,
                                         Value operand);

// Op::bf16 of the three operators: inputs kImages may be bf16, and so may output 0.
template <int... kImages> Bf16Use norm_in_bf16(const Call& c) {
  return {.reads = {kImages...}, .writes = writing_bf16<BatchNormAttrs>(c)};
}

// Op::blocked of the three operators, without the mask of rows that input kMask may be.
template <int kMask, int... kImages> std::optional<BlockedUse> norm_in_blocks(const Call& c) {
  const Shape& s = c.out_shape();
  if (s.rank() != 4 || s[3] % kBlockChannels != 0 || (kMask >= 0 && c.has(kMask)))
    return std::nullopt;
  BatchNormAttrs a = c.as<BatchNormAttrs>();
  a.blocked = true;
  return BlockedUse{present(c, {kImages...}), true, a};
}

// In place where both are of one type.
std::vector<InPlace> norm_in_place(const Call& c);
}  // namespace cambium
