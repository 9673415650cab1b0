// Memorization: one fixed dictionary of keys and values to be learned by heart.
#include <numeric>

#include "data/generated/generated.h"

namespace cambium::dataset_memorization {
namespace {
struct Memorization : SplitCounts {
  int64_t vocab = 256, length = 32, map = 12345;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("vocab", &Memorization::vocab,
                       "symbols: half are keys, half are values, the last one asks for a value")
                     .in(3, 1 << 20),
                 field("length", &Memorization::length, "T: tokens a sequence").in(2, 1 << 16),
                 field("map", &Memorization::map, "which dictionary; the same for every run's seed")
                     .in(0, 0x1p53)},
      SplitCounts::fields);

  Memorization() { train = 256; }
};

// The value of each of the (V - 1) / 2 keys: different symbols between the keys and the last one.
std::vector<int32_t> dictionary(const Memorization& a) {
  const int64_t keys = (a.vocab - 1) / 2;
  std::vector<int32_t> values(size_t(a.vocab - 1 - keys));
  std::iota(values.begin(), values.end(), int32_t(keys));
  Random(uint64_t(a.map), stream_of("memorization.map")).shuffle(std::span(values));
  values.resize(size_t(keys));
  return values;
}

// x = T / 2 times a random key and the asking token, where the key's value is the target.
void write_sequence(const Memorization& a, std::span<const int32_t> values,
                    const SequenceExample& e) {
  const auto& [split, index, random, x, target] = e;
  for (size_t t = 0; t < x.size(); t += 2) {
    x[t] = int32_t(random.below(uint32_t(values.size())));
    x[t + 1] = int32_t(a.vocab - 1);
    target[t + 1] = values[size_t(x[t])];
  }
}
}  // namespace

extern const DatasetKind dataset_memorization = {
    .name = "memorization",
    .doc = "recall from one dictionary that is the same in every sequence, so weights must hold it",
    .source =
        "Poli et al. 2024, Mechanistic design and scaling of hybrid architectures (MAD), "
        "arXiv 2403.17844",
    .attrs = fields_of<Memorization>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<Memorization>();
      require_even("length", a.length, "a key and the asking token come in pairs");
      SequenceTask task{.name = "memorization",
                        .options = attrs.text(),
                        .vocab = a.vocab,
                        .context = a.length,
                        .counts = a,
                        .most_scored = a.length / 2};
      task.write = [a, values = dictionary(a)](const SequenceExample& e) {
        write_sequence(a, values, e);
      };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_memorization
