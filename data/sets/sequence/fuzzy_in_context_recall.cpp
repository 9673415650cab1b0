// Fuzzy in-context recall: keys and values are short motifs of tokens instead of single ones.
#include <algorithm>
#include <map>

#include "data/generated/generated.h"

namespace cambium::dataset_fuzzy_in_context_recall {
namespace {
struct FuzzyInContextRecall : SplitCounts {
  int64_t vocab = 16, length = 128, key_motif = 3, value_motif = 3;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("vocab", &FuzzyInContextRecall::vocab,
                "symbols: half are keys, half are values, the last one pads")
              .in(4, 1 << 16),
          field("length", &FuzzyInContextRecall::length, "T: tokens a sequence").in(4, 1 << 16),
          field("key_motif", &FuzzyInContextRecall::key_motif,
                "most tokens of a key, and all of them in evaluation")
              .in(1, 16),
          field("value_motif", &FuzzyInContextRecall::value_motif, "most tokens of a value")
              .in(1, 16)},
      SplitCounts::fields);
};

using Motif = std::vector<int32_t>;

// 1..most different tokens of [first, first + count), in order; exactly `most` with `longest`.
Motif draw_motif(Random& random, int64_t first, int64_t count, int64_t most, bool longest) {
  const auto size = longest ? size_t(most) : size_t(1 + random.below(uint32_t(most)));
  Motif motif;
  while (motif.size() < size) {
    const auto token = int32_t(first + int64_t(random.below(uint32_t(count))));
    if (std::ranges::find(motif, token) == motif.end()) motif.push_back(token);
  }
  return motif;
}

// The tokens of a sequence, and which of them are scored in evaluation.
struct Written {
  std::vector<int32_t> tokens;
  std::vector<bool> scored;

  void append(const Motif& key, const Motif& value, bool known) {
    tokens.insert(tokens.end(), key.begin(), key.end());
    tokens.insert(tokens.end(), value.begin(), value.end());
    scored.resize(scored.size() + key.size(), false);
    scored.resize(scored.size() + value.size(), known);
  }
};

// Keys are motifs of the first (V - 1) / 2 symbols, values of the rest but the last; a key's value
// is drawn when the key is first seen. Pairs follow one another while the sequence is shorter than
// T - |probe| - the longest pair; one of them, at a random place, is the probe (unless it was drawn
// before), and the probe ends the sequence. Padded on the left to T + 1 tokens; x is all but the
// last, target all but the first. Training scores every token, padding too, evaluation the value
// tokens of keys seen before.
void write_sequence(const FuzzyInContextRecall& a, const SequenceExample& e) {
  const auto& [split, index, source, x, target] = e;
  Random& random = source;
  const bool train = split == Split::kTrain;
  const int64_t keys = (a.vocab - 1) / 2, values = a.vocab - 1 - keys;
  const auto key = [&] { return draw_motif(random, 0, keys, a.key_motif, !train); };
  const auto value = [&] { return draw_motif(random, keys, values, a.value_motif, false); };
  const Motif probe = key(), answer = value();
  std::map<Motif, Motif> value_of;
  Written w;
  const int64_t longest = a.key_motif + a.value_motif;
  const int64_t limit = a.length - int64_t(probe.size() + answer.size()) - longest;
  // No later than `longest` before the limit: the loop passes there.
  const int64_t place = random.below(uint32_t(std::max<int64_t>(1, limit - longest + 1)));
  for (bool placed = false; int64_t(w.tokens.size()) < limit;) {
    const bool now = !placed && int64_t(w.tokens.size()) >= place;
    const Motif k = now ? probe : key();
    placed = placed || k == probe;
    const auto [it, fresh] = value_of.try_emplace(k);
    if (fresh) it->second = k == probe ? answer : value();
    w.append(k, it->second, !fresh);
  }
  w.append(probe, answer, true);
  const size_t pad = target.size() + 1 - w.tokens.size();
  std::ranges::fill(x, int32_t(a.vocab - 1));
  for (size_t i = 0; i < w.tokens.size(); ++i) {
    const size_t at = pad + i;  // in the padded sequence
    if (at < x.size()) x[at] = w.tokens[i];
    if (at > 0 && (train || w.scored[i])) target[at - 1] = w.tokens[i];
  }
  if (train) std::ranges::fill(target.first(pad - 1), int32_t(a.vocab - 1));
}

void check(const FuzzyInContextRecall& a) {
  const int64_t keys = (a.vocab - 1) / 2, values = a.vocab - 1 - keys;
  if (a.key_motif > keys || a.value_motif > values)
    throw OptionError("vocab",
                      str("vocab = ", a.vocab, " has ", keys, " key and ", values,
                          " value symbols; motifs of up to ", a.key_motif, " and ", a.value_motif,
                          " different ones do not fit"),
                      str("use vocab: ", 2 * std::max(a.key_motif, a.value_motif) + 1));
  const int64_t least = 2 * (a.key_motif + a.value_motif) + 1;
  if (a.length < least)
    throw OptionError("length",
                      str("length = ", a.length, " is too short for two pairs of up to ",
                          a.key_motif + a.value_motif, " tokens"),
                      str("use length: ", least, " or more"));
}
}  // namespace

extern const DatasetKind dataset_fuzzy_in_context_recall = {
    .name = "fuzzy_in_context_recall",
    .doc = "in-context recall whose keys and values are motifs of one to three tokens",
    .source =
        "Poli et al. 2024, Mechanistic design and scaling of hybrid architectures (MAD), "
        "arXiv 2403.17844",
    .attrs = fields_of<FuzzyInContextRecall>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<FuzzyInContextRecall>();
      check(a);
      SequenceTask task{.name = "fuzzy_in_context_recall",
                        .options = attrs.text(),
                        .vocab = a.vocab,
                        .context = a.length,
                        .counts = a,
                        .causal = true};
      task.write = [a](const SequenceExample& e) { write_sequence(a, e); };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_fuzzy_in_context_recall
