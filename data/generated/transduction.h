// Transduction: tasks that read n tokens and then write n tokens, such as copying them.
#pragma once
#include "data/generated/generated.h"

namespace cambium {
struct Transduction : SplitCounts {
  int64_t vocab = 16, tokens = 32, least = 0;
  bool feed = true, seq2seq = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("vocab", &Transduction::vocab, "symbols, with the blank and the separator")
              .in(3, 1 << 16),
          field("tokens", &Transduction::tokens, "n: tokens to read; T = 2n").in(1, 1 << 15),
          field("feed", &Transduction::feed,
                "the model sees what should have been written so far; false: blanks instead"),
          field("seq2seq", &Transduction::seq2seq,
                "pairs of sequences for an encoder and a decoder, instead of one behind the other; "
                "the separator begins what is written"),
          field(
              "least", &Transduction::least,
              "seq2seq: n is drawn from `least` to `tokens`, and separators, which are masked, pad "
              "the source; 0: all have `tokens`")
              .in(0, 1 << 15)},
      SplitCounts::fields);
};

// From the tokens read to those that should be written; both have n elements.
using Transduce = void (*)(std::span<const int32_t> in, std::span<int32_t> out);

// x = n tokens of [0, V - 3], the separator V - 1, then n - 1 tokens: the first ones of the output
// or blanks V - 2. The last n positions are scored: position n + i has output i as target.
// With seq2seq x = the n tokens, decoder = the separator and the first n - 1 of the output, which
// is the target. With `least` n differs: behind it stand separators, masked, and nothing is scored.
std::unique_ptr<Dataset> open_transduction(std::string_view name, const Transduction& options,
                                           uint64_t seed, Transduce transduce);
}  // namespace cambium
