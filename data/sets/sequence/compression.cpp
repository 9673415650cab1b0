// Compression: everything that was read must pass through one vector.
#include "data/generated/generated.h"

namespace cambium::dataset_compression {
namespace {
struct Compression : SplitCounts {
  int64_t vocab = 16, length = 32;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("vocab", &Compression::vocab, "symbols; the last one ends a sequence")
                     .in(2, 1 << 16),
                 field("length", &Compression::length, "T: tokens a sequence").in(2, 1 << 16)},
      SplitCounts::fields);
};

// x = T - 1 tokens of [0, V - 2] and the end token V - 1; target = x at every position. The model
// is meant to keep the vector of the last place alone (`- pool: last`, `- unpool: $context`).
void write_sequence(const Compression& a, const SequenceExample& e) {
  const auto& [split, index, random, x, target] = e;
  for (size_t t = 0; t < x.size(); ++t)
    x[t] = target[t] =
        t + 1 == x.size() ? int32_t(a.vocab - 1) : int32_t(random.below(uint32_t(a.vocab - 1)));
}
}  // namespace

extern const DatasetKind dataset_compression = {
    .name = "compression",
    .doc = "random tokens to give back, for models that put a sequence into one vector",
    .source =
        "Poli et al. 2024, Mechanistic design and scaling of hybrid architectures (MAD), "
        "arXiv 2403.17844",
    .attrs = fields_of<Compression>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<Compression>();
      SequenceTask task{.name = "compression",
                        .options = attrs.text(),
                        .vocab = a.vocab,
                        .context = a.length,
                        .counts = a};
      task.write = [a](const SequenceExample& e) { write_sequence(a, e); };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_compression
