#include "data/generated/transduction.h"

#include <algorithm>

namespace cambium {
namespace {
void write_pair(const Transduction& a, Transduce transduce, const SequenceExample& e,
                std::span<int32_t> decoder, std::span<float> mask) {
  size_t n = e.x.size();
  if (a.least > 0) {
    n = size_t(a.least) + e.random.below(uint32_t(a.tokens - a.least + 1));
    std::ranges::fill(mask.first(n), 1.0f);
  }
  for (int32_t& token : e.x.first(n)) token = int32_t(e.random.below(uint32_t(a.vocab - 2)));
  transduce(e.x.first(n), e.target.first(n));
  std::copy_n(e.target.begin(), n - 1, decoder.begin() + 1);
}

std::unique_ptr<Dataset> open_pairs(SequenceTask task, const Transduction& options, uint64_t seed,
                                    Transduce transduce) {
  if (!options.feed)
    throw OptionError("feed", "seq2seq always shows what should have been written so far",
                      "leave out feed, or use seq2seq: false");
  if (options.least > options.tokens)
    throw OptionError("least", str("least = ", options.least, " of tokens = ", options.tokens),
                      str("use ", options.tokens, " or fewer"));
  task.padded = options.least > 0;
  task.source = task.context = options.tokens;
  task.most_scored = 0;
  task.begin = int32_t(options.vocab - 1);
  task.write_pair = [a = options, transduce](const SequenceExample& e, std::span<int32_t> decoder,
                                             std::span<float> mask) {
    write_pair(a, transduce, e, decoder, mask);
  };
  return open_sequences(std::move(task), seed);
}
}  // namespace

std::unique_ptr<Dataset> open_transduction(std::string_view name, const Transduction& options,
                                           uint64_t seed, Transduce transduce) {
  SequenceTask task{.name = std::string(name),
                    .options = Attrs(options).text(),
                    .vocab = options.vocab,
                    .context = 2 * options.tokens,
                    .counts = options,
                    .most_scored = options.tokens};
  if (options.seq2seq) return open_pairs(std::move(task), options, seed, transduce);
  if (options.least > 0)
    throw OptionError("least", "only pairs of sequences differ in length",
                      "leave out least, or use seq2seq: true");
  task.write = [a = options, transduce](const SequenceExample& e) {
    const size_t n = size_t(a.tokens);
    const std::span<int32_t> in = e.x.subspan(0, n), out = e.target.subspan(n);
    for (int32_t& token : in) token = int32_t(e.random.below(uint32_t(a.vocab - 2)));
    transduce(in, out);
    e.x[n] = int32_t(a.vocab - 1);
    const std::span<int32_t> rest = e.x.subspan(n + 1);
    if (a.feed)
      std::ranges::copy(out.subspan(0, n - 1), rest.begin());
    else
      std::ranges::fill(rest, int32_t(a.vocab - 2));
  };
  return open_sequences(std::move(task), seed);
}
}  // namespace cambium
