// What ctc, its gradient and ctc_errors share: the options, which targets count, and the states of
// an alignment.
#pragma once
#include <span>
#include <vector>

#include "core/system/parallel.h"
#include "graph/graph.h"
#include "ops/support/scratch.h"
#include "ops/support/shapes.h"

namespace cambium {
struct CtcAttrs {
  int64_t blank = 0;
  std::string per = "symbol";

  static constexpr auto fields = std::tuple{
      field("blank", &CtcAttrs::blank, "the class that says nothing").in(0, INT32_MAX),
      field("per", &CtcAttrs::per,
            "what the mean is over; symbol: sequences, each divided by its length; example: "
            "sequences as they are")
          .one_of("symbol|example")};

  // How much the negative log-likelihood of a sequence of so many symbols counts.
  double weight(int64_t symbols) const { return per == "symbol" ? 1.0 / double(symbols) : 1.0; }
};

// logits f32 [B,T,V], target i32 [B,S], a blank that is one of the classes, and, when the call has
// input `mask`, an f32 [B,M] there.
void require_ctc(const Call& c, int64_t blank, int mask);

// How many frames of each example count: all T, or those that the input `mask` [B,M] says are real,
// its places before the first that is 0. A model may have joined frames, so that M is not T: then
// they are the same share of T, rounded up.
class CtcFrames {
 public:
  CtcFrames(const Call& c, int mask)
      : all_(c.shape(0)[1]), places_(c.has(mask) ? c.shape(mask)[1] : 0) {}

  bool masked() const { return places_ > 0; }

  // Of example `b`; `mask` points to all of the input and is not looked at without one.
  template <class T> int64_t of(const T* mask, int64_t b) const {
    if (!masked()) return all_;
    int64_t real = 0;
    while (real < places_ && mask[b * places_ + real] > 0) ++real;
    return (real * all_ + places_ - 1) / places_;
  }

 private:
  int64_t all_, places_;
};

// The ids before the first that is negative.
template <class Id> int64_t symbol_count(const Id* target, int64_t most) {
  int64_t n = 0;
  while (n < most && target[n] >= 0) ++n;
  return n;
}

// Whether T frames can say these symbols: at least one, all of them classes, none the blank, and a
// blank between equal neighbours.
template <class Id>
bool can_align(const Id* target, int64_t symbols, int64_t frames, int64_t classes, int64_t blank) {
  int64_t needed = symbols;
  for (int64_t i = 0; i < symbols; ++i) {
    if (int64_t(target[i]) >= classes || int64_t(target[i]) == blank) return false;
    needed += i > 0 && target[i] == target[i - 1];
  }
  return symbols > 0 && needed <= frames;
}

// In double, of one sequence, from log probabilities [T,V]: its negative log-likelihood, and how
// probable each class is at each frame given the sequence, [T,V].
struct CtcPosterior {
  double loss = 0;
  std::vector<double> occupancy;
};

CtcPosterior ctc_posterior(std::span<const double> log_p, int64_t frames, int64_t classes,
                           std::span<const int64_t> symbols, int64_t blank);

// log softmax of row `row` of the logits, in double, and the log-sum-exp of its frames.
std::vector<double> ctc_log_softmax(const Ref& logits, int64_t row, int64_t frames, int64_t classes,
                                    double* norms);

// The examples of a batch in a fixed number of chunks, each with scratch of its own, whatever the
// number of threads.
struct CtcChunks {
  static constexpr int64_t kMost = 16;

  int64_t batch, chunks;

  explicit CtcChunks(int64_t batch) : batch(batch), chunks(std::min(batch, kMost)) {}

  // f(chunk, example) for each.
  template <class F> void run(const F& f) const {
    parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k)
        for (int64_t b = batch * k / chunks; b < batch * (k + 1) / chunks; ++b) f(k, b);
    });
  }
};

// The 2 S + 1 states of a sequence of S symbols: blank, symbol, blank ... blank. Two columns that
// no path reaches stand before and after them.
class CtcLattice {
 public:
  static constexpr float kLogZero = -1e30f;

  // Floats it needs in `memory`, with alpha kept of one frame in two, or of every one.
  static int64_t floats(int64_t frames, int64_t most_symbols, bool keep) {
    return (4 + (keep ? frames : 2)) * columns(most_symbols);
  }

  CtcLattice(float* memory, const int32_t* target, int64_t symbols, int64_t blank,
             int64_t most_symbols);

  // The sequence's log-likelihood under logits x [T,V] with normalisers lse [T]. alpha of frame t
  // stays in row t (keep) or t % 2, shifted so that its largest number is 0.
  double forward(const float* x, const float* lse, int64_t frames, int64_t classes, bool keep);

  // After forward with keep: subtracts `factor` times each class's occupancy from dx [T,V].
  void subtract_occupancy(const float* x, float factor, float* dx, int64_t frames, int64_t classes);

 private:
  static int64_t columns(int64_t symbols) { return 2 * symbols + 1 + 4; }

  // The states' logits less their largest, which is answered: probabilities of paths are relative.
  float emissions(const float* x, float* to) const;

  float* row(int64_t r) { return alpha_ + r * stride_; }

  int64_t states_, stride_;
  int32_t* id_;  // [states]: the class that a state says
  float *skip_, *emission_, *beta_, *alpha_;
};
}  // namespace cambium
