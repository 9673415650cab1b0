// Generated sequences: token tasks whose examples are a function of (seed, split, index).
#pragma once
#include <functional>
#include <memory>

#include "core/rng.h"
#include "data/dataset.h"

namespace cambium {
// How many examples a generated task has: a base of its options, so that all spell them alike.
struct SplitCounts {
  int64_t train = 12800, val = 1280, test = 1280;
  static constexpr auto fields =
      std::tuple{field("train", &SplitCounts::train, "examples").in(1, 1 << 30),
                 field("val", &SplitCounts::val, "examples").in(1, 1 << 30),
                 field("test", &SplitCounts::test, "examples").in(1, 1 << 30)};

  int64_t of(Split split) const {
    return split == Split::kTrain ? train : split == Split::kValidation ? val : test;
  }
};

// One example to write. The target comes filled with -1 (not scored).
struct SequenceExample {
  Split split;
  int64_t index;
  Random& random;                // a function of (seed, split, index)
  std::span<int32_t> x, target;  // [T]; a pair's x is its source [S], filled with `begin`
};

struct SequenceTask {
  std::string name;
  std::string options;             // all of them, as Attrs::text() writes them: what it is drawn by
  int64_t vocab = 0, context = 0;  // symbols; T
  SplitCounts counts;
  bool causal = false;      // see DataShape
  int64_t most_scored = 0;  // positions of an example that are scored at most; 0: all
  bool fresh = false;       // new training examples every epoch
  int64_t source = 0;       // S > 0: pairs of sequences, x of S tokens and T to write (DataShape)
  int32_t begin = 0;        // of a pair: what stands in `decoder` before anything is written
  bool padded = false;      // pairs differ in length: the mask says where the source is real
  std::vector<ReferenceLoss> reference_losses;

  std::function<void(const SequenceExample&)> write;
  // Of a pair, in place of `write`; the decoder's input [T] comes filled with `begin`, and the mask
  // of the source [S], empty unless pairs are padded, with 0.
  std::function<void(const SequenceExample&, std::span<int32_t> decoder, std::span<float> mask)>
      write_pair = {};
};

std::unique_ptr<Dataset> open_sequences(SequenceTask task, uint64_t seed);

// OptionError when `value` is odd; `why` says what it is halved into.
void require_even(const std::string& option, int64_t value, std::string_view why);
}  // namespace cambium
