// Noisy in-context recall: in-context recall between pairs of noise tokens that mean nothing.
#include "data/generated/generated.h"

namespace cambium::dataset_noisy_in_context_recall {
namespace {
struct NoisyInContextRecall : SplitCounts {
  int64_t vocab = 32, noise_vocab = 16, length = 128;
  double noise = 0.2;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("vocab", &NoisyInContextRecall::vocab,
                "symbols, the noise included; half of the others are keys, half values")
              .in(5, 1 << 16),
          field("noise_vocab", &NoisyInContextRecall::noise_vocab,
                "symbols at the end of the vocabulary that are noise")
              .in(1, 1 << 16),
          field("length", &NoisyInContextRecall::length, "tokens a sequence; a model sees one less")
              .in(4, 1 << 16),
          field("noise", &NoisyInContextRecall::noise,
                "chance that a pair is two noise tokens instead")
              .in(0, 1)},
      SplitCounts::fields);
};

// s = pairs, each a key and its value (as in in_context_recall) or, with chance `noise`, two noise
// tokens; one random pair is always a key and its value. The last pair repeats a seen key. x = s
// without its end, target = s without its start. Training scores every position, evaluation only
// the values of keys seen before.
void write_sequence(const NoisyInContextRecall& a, const SequenceExample& e) {
  const auto& [split, index, random, x, target] = e;
  const auto half = uint32_t((a.vocab - a.noise_vocab) / 2), noise = uint32_t(a.noise_vocab);
  std::vector<int32_t> value_of(half, -1), seen;
  const size_t pairs = size_t(a.length / 2);
  const uint32_t clean = random.below(uint32_t(pairs - 1));
  const bool train = split == Split::kTrain;
  for (size_t p = 0; p < pairs; ++p) {
    const bool probe = p + 1 == pairs;
    const bool noisy = !probe && p != clean && random.uniform() < a.noise;
    int32_t first = 0, second = 0;
    bool known = false;
    if (noisy) {
      first = int32_t(2 * half + random.below(noise));
      second = int32_t(2 * half + random.below(noise));
    } else {
      first = probe ? seen[random.below(uint32_t(seen.size()))] : int32_t(random.below(half));
      int32_t& value = value_of[size_t(first)];
      known = value >= 0;
      if (!known) {
        value = int32_t(half + random.below(half));
        seen.push_back(first);
      }
      second = value;
    }
    x[2 * p] = first;
    if (!probe) x[2 * p + 1] = second;
    if (train && p > 0) target[2 * p - 1] = first;
    if (train || known) target[2 * p] = second;
  }
}
}  // namespace

extern const DatasetKind dataset_noisy_in_context_recall = {
    .name = "noisy_in_context_recall",
    .doc = "in-context recall with noise tokens between the pairs",
    .source =
        "Poli et al. 2024, Mechanistic design and scaling of hybrid architectures (MAD), "
        "arXiv 2403.17844",
    .attrs = fields_of<NoisyInContextRecall>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<NoisyInContextRecall>();
      if (a.vocab - a.noise_vocab < 4 || (a.vocab - a.noise_vocab) % 2)
        throw OptionError(
            "noise_vocab",
            str("vocab = ", a.vocab, " less noise_vocab = ", a.noise_vocab, " leaves ",
                a.vocab - a.noise_vocab,
                " symbols for keys and values; it takes an even number from 4 on"),
            a.vocab >= 5 ? str("use noise_vocab: ", a.vocab - 4 - a.vocab % 2) : std::string());
      require_even("length", a.length, "keys and values come in pairs");
      SequenceTask task{.name = "noisy_in_context_recall",
                        .options = attrs.text(),
                        .vocab = a.vocab,
                        .context = a.length - 1,
                        .counts = a,
                        .causal = true};
      task.write = [a](const SequenceExample& e) { write_sequence(a, e); };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_noisy_in_context_recall
