// Selective copying: remember the tokens among the blanks and repeat them in order.
#include "data/generated/generated.h"

namespace cambium::dataset_selective_copying {
namespace {
struct SelectiveCopying : SplitCounts {
  int64_t vocab = 16, length = 256, copied = 16;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("vocab", &SelectiveCopying::vocab, "symbols, with the blank and the copy token")
              .in(3, 1 << 16),
          field("length", &SelectiveCopying::length, "T: tokens a sequence").in(3, 1 << 16),
          field("copied", &SelectiveCopying::copied, "tokens to remember").in(1, 1 << 15)},
      SplitCounts::fields);
};

// x = n tokens with L - 2n - 1 blanks before them in random gaps (never after the last token), the
// copy token, n blanks. The last n positions are scored: the tokens in order.
void write_sequence(const SelectiveCopying& a, const SequenceExample& e) {
  const auto& [split, index, random, x, target] = e;
  const int32_t blank = int32_t(a.vocab - 2), copy = int32_t(a.vocab - 1);
  const size_t n = size_t(a.copied), length = size_t(a.length);
  std::vector<size_t> blanks_before(n);
  for (size_t i = 0; i < length - 2 * n - 1; ++i) ++blanks_before[random.below(uint32_t(n))];
  size_t at = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t b = 0; b < blanks_before[i]; ++b) x[at++] = blank;
    x[at] = target[length - n + i] = int32_t(random.below(uint32_t(a.vocab - 2)));
    ++at;
  }
  x[at++] = copy;
  while (at < length) x[at++] = blank;
}
}  // namespace

extern const DatasetKind dataset_selective_copying = {
    .name = "selective_copying",
    .doc = "repeat the tokens that stood among blanks, in order",
    .source = "Gu and Dao 2023, arXiv 2312.00752, as in Poli et al. 2024 (MAD), arXiv 2403.17844",
    .attrs = fields_of<SelectiveCopying>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<SelectiveCopying>();
      if (a.length < 2 * a.copied + 1)
        throw OptionError("length",
                          str("length = ", a.length, " is too short for ", a.copied,
                              " tokens twice and the copy token"),
                          str("use length: ", 2 * a.copied + 1, " or more"));
      SequenceTask task{.name = "selective_copying",
                        .options = attrs.text(),
                        .vocab = a.vocab,
                        .context = a.length,
                        .counts = a,
                        .most_scored = a.copied};
      task.write = [a](const SequenceExample& e) { write_sequence(a, e); };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_selective_copying
