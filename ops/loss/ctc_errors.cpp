// ctc_errors: how far the greedy answers of a CTC model lie from the targets. The answer is the
// largest class of each frame, repeats joined, then blanks dropped.
//   logits: [B,T,V]   target: i32 [B,S], symbols up to the first negative id
//   mask (may be left out): [B,M], as in ctc: frames behind the real ones say nothing
//   edits: [], the sum of the edit distances between answers and targets
//   symbols: [], of all targets: edits / symbols is the label error rate
//   correct: [], how many answers are the target   sequences: [], how many targets have symbols
// Levenshtein 1966; Graves et al. 2006, Connectionist temporal classification, section 2.1 and 3.2.
#include "ops/loss/support/cross_entropy.h"
#include "ops/loss/support/ctc.h"
#include "ops/support/pointwise.h"
#include "ops/support/reach.h"

namespace cambium::op_ctc_errors {
namespace {
constexpr int kMask = 2;

struct CtcErrors {
  int64_t blank = 0;
  static constexpr auto fields =
      std::tuple{field("blank", &CtcErrors::blank, "the class that says nothing").in(0, INT32_MAX)};
};

std::vector<ValueType> shape(const Call& c) {
  require_ctc(c, c.as<CtcErrors>().blank, kMask);
  return std::vector<ValueType>(4, {DType::kF32, {}});
}

// Writes the answer of logits x [T,V] and says how long it is.
template <class T>
int64_t decode(const T* x, int32_t* to, int64_t frames, int64_t classes, int64_t blank) {
  int64_t n = 0, before = blank;
  for (int64_t t = 0; t < frames; ++t) {
    const int64_t best = first_largest(x + t * classes, classes);
    if (best != before && best != blank) to[n++] = int32_t(best);
    before = best;
  }
  return n;
}

// `row` has symbols + 1 places.
template <class Id>
int32_t edit_distance(const int32_t* answer, int64_t length, const Id* target, int64_t symbols,
                      int32_t* row) {
  for (int64_t j = 0; j <= symbols; ++j) row[j] = int32_t(j);
  for (int64_t i = 0; i < length; ++i) {
    int32_t diagonal = row[0]++;
    for (int64_t j = 0; j < symbols; ++j) {
      const int32_t replaced = diagonal + (int64_t(target[j]) != answer[i]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row[symbols];
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  const int64_t B = c.shape(0)[0], T = c.shape(0)[1], V = c.shape(0)[2], S = c.shape(1)[1];
  std::vector<int32_t> answer(size_t(T), 0), row(size_t(S + 1), 0);
  const CtcFrames frames(c, kMask);
  for (int64_t b = 0; b < B; ++b) {
    const int64_t real = frames.of(frames.masked() ? in[kMask].data.data() : nullptr, b);
    const double* target = in[1].data.data() + b * S;
    const int64_t n = symbol_count(target, S);
    if (n == 0) continue;
    const int64_t length =
        decode(in[0].data.data() + b * T * V, answer.data(), real, V, c.as<CtcErrors>().blank);
    const int32_t edits = edit_distance(answer.data(), length, target, n, row.data());
    out[0][0] += edits;
    out[1][0] += double(n);
    out[2][0] += edits == 0;
    out[3][0] += 1;
  }
}

Kernel kernel(const Call& c, Engine&) {
  const int64_t T = c.shape(0)[1], V = c.shape(0)[2], S = c.shape(1)[1];
  const int64_t blank = c.as<CtcErrors>().blank;
  const CtcChunks chunks(c.shape(0)[0]);
  const CtcFrames frames(c, kMask);
  const int64_t ints = T + S + 1;
  return {.run =
              [=](const KernelArgs& k) {
                auto* edits = reinterpret_cast<int32_t*>(k.scratch);
                int32_t* work = edits + chunks.batch;
                chunks.run([&](int64_t chunk, int64_t b) {
                  int32_t *answer = work + chunk * ints, *row = answer + T;
                  const int32_t* target = k.i32(1) + b * S;
                  const int64_t real = frames.of(frames.masked() ? k.f32(kMask) : nullptr, b);
                  const int64_t length = decode(k.f32(0) + b * T * V, answer, real, V, blank);
                  edits[b] = edit_distance(answer, length, target, symbol_count(target, S), row);
                });
                int64_t sum[4] = {};
                for (int64_t b = 0; b < chunks.batch; ++b) {
                  const int64_t n = symbol_count(k.i32(1) + b * S, S);
                  if (n == 0) continue;
                  sum[0] += edits[b];
                  sum[1] += n;
                  sum[2] += edits[b] == 0;
                  sum[3] += 1;
                }
                for (int i = 0; i < 4; ++i) k.out_f32(i)[0] = float(sum[i]);
              },
          .scratch_bytes = (chunks.batch + chunks.chunks * ints) * int64_t(sizeof(int32_t))};
}

Cost cost(const Call& c) {
  Cost cost = operand_cost(c, 0);
  cost.flops = double(c.shape(0).count() + 4 * c.shape(0)[0] * c.shape(0)[1] * c.shape(1)[1]);
  return cost;
}
}  // namespace

extern const Op op_ctc_errors = {
    .name = "ctc_errors",
    .doc =
        "edit distance of greedy CTC answers from their targets, symbols, right answers, "
        "sequences",
    .min_inputs = 2,
    .max_inputs = 3,
    .attrs = fields_of<CtcErrors>,
    .shape = shape,
    .reference = reference,
    .kernel = kernel,
    .cost = cost,
    .reach = reach_all,
    .not_onnx = kOnnxLoss,
    .samples = {{{Shape{3, 9, 5}, {DType::kI32, Shape{3, 4}, 1, 5}}},
                {{Shape{40, 5, 3}, {DType::kI32, Shape{40, 2}, -1, 3}}, {{"blank", 2}}},
                {{Shape{40, 6, 3}, {DType::kI32, Shape{40, 2}, -1, 3}, {Shape{40, 11}, -0.2, 1}}},
                {{Shape{2, 4, 3}, {DType::kI32, Shape{2, 0}}}},
                {{Shape{0, 4, 3}, {DType::kI32, Shape{0, 2}, 1, 3}}}},
};
}  // namespace cambium::op_ctc_errors
