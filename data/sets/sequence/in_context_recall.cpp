// In-context recall: look up in the sequence itself which value belongs to a key.
#include "data/generated/generated.h"

namespace cambium::dataset_in_context_recall {
namespace {
struct InContextRecall : SplitCounts {
  int64_t vocab = 16, length = 128;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("vocab", &InContextRecall::vocab, "symbols: half are keys, half are values")
              .in(4, 1 << 16),
          field("length", &InContextRecall::length, "tokens a sequence; a model sees one less")
              .in(4, 1 << 16)},
      SplitCounts::fields);
};

// s = k v k v ... k v: keys drawn with replacement, a key's value drawn when it is first seen; the
// last pair repeats a seen key. x = s without its end, target = s without its start. Training
// scores every position, evaluation only the values of keys seen before.
void write_sequence(const InContextRecall& a, const SequenceExample& e) {
  const auto& [split, index, random, x, target] = e;
  const uint32_t half = uint32_t(a.vocab / 2);
  std::vector<int32_t> value_of(half, -1), seen;
  const size_t pairs = size_t(a.length / 2);
  for (size_t p = 0; p < pairs; ++p) {
    const bool probe = p + 1 == pairs;
    const int32_t key =
        probe ? seen[random.below(uint32_t(seen.size()))] : int32_t(random.below(half));
    int32_t& value = value_of[size_t(key)];
    const bool known = value >= 0;
    if (!known) {
      value = int32_t(half + random.below(half));
      seen.push_back(key);
    }
    x[2 * p] = key;
    if (!probe) x[2 * p + 1] = value;
    if (split == Split::kTrain && p > 0) target[2 * p - 1] = key;
    if (split == Split::kTrain || known) target[2 * p] = value;
  }
}
}  // namespace

extern const DatasetKind dataset_in_context_recall = {
    .name = "in_context_recall",
    .doc =
        "key-value pairs whose map differs in every sequence; evaluation scores the values of "
        "keys seen before",
    .source =
        "Poli et al. 2024, Mechanistic design and scaling of hybrid architectures (MAD), "
        "arXiv 2403.17844",
    .attrs = fields_of<InContextRecall>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<InContextRecall>();
      constexpr std::string_view kWhy = "keys and values come in pairs";
      require_even("vocab", a.vocab, kWhy);
      require_even("length", a.length, kWhy);
      SequenceTask task{.name = "in_context_recall",
                        .options = attrs.text(),
                        .vocab = a.vocab,
                        .context = a.length - 1,
                        .counts = a,
                        .causal = true};
      task.write = [a](const SequenceExample& e) { write_sequence(a, e); };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_in_context_recall
