#include "data/transduction.h"

#include <algorithm>

namespace cambium {
std::unique_ptr<Dataset> open_transduction(std::string_view name, const Transduction& options,
                                           uint64_t seed, Transduce transduce) {
  SequenceTask task{.name = std::string(name),
                    .vocab = options.vocab,
                    .context = 2 * options.tokens,
                    .counts = options,
                    .most_scored = options.tokens};
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
