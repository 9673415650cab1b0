// MQAR: multi-query associative recall. Pairs of keys and values first, then every key once more,
// at distances that favour the near end of a power law.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/generated/generated.h"

namespace cambium::dataset_mqar {
namespace {
struct Mqar : SplitCounts {
  int64_t vocab = 8192, length = 64, pairs = 4;
  double power = 0.01;
  bool random_others = false;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("vocab", &Mqar::vocab, "symbols: 0, then keys, then values").in(4, 1 << 20),
          field("length", &Mqar::length, "T: tokens a sequence").in(4, 1 << 16),
          field("pairs", &Mqar::pairs, "N: keys with values").in(1, 1 << 14),
          field("power", &Mqar::power, "a in p(gap) ~ gap^(a - 1): small asks soon after the pairs")
              .in(1e-6, 1e3),
          field("random_others", &Mqar::random_others,
                "tokens between the queries are random instead of 0")},
      SplitCounts::fields);

  Mqar() {
    train = 100'000;
    val = test = 3'000;
  }
};

// `count` different elements of first .. first + size - 1 in random order (Floyd's algorithm, then
// a shuffle).
std::vector<int32_t> draw_distinct(Random& random, int64_t first, int64_t size, size_t count) {
  std::vector<int32_t> out;
  for (int64_t top = size - int64_t(count); top < size; ++top) {
    const auto candidate = int32_t(first + int64_t(random.below(uint32_t(top + 1))));
    const bool taken = std::ranges::find(out, candidate) != out.end();
    out.push_back(taken ? int32_t(first + top) : candidate);
  }
  random.shuffle(std::span(out));
  return out;
}

// `count` of the gaps 0 .. slots - 1, drawn one after another without replacement with
// p(g) ~ (g + 1)^(a - 1): the smallest of exponential times at these rates (Efraimidis and
// Spirakis 2006).
std::vector<int32_t> draw_gaps(Random& random, size_t slots, size_t count, double power) {
  std::vector<std::pair<double, int32_t>> times;
  for (size_t g = 0; g < slots; ++g)
    times.emplace_back(-std::log(1 - random.uniform()) * std::pow(double(g + 1), 1 - power),
                       int32_t(g));
  std::ranges::partial_sort(times, times.begin() + long(count));
  std::vector<int32_t> gaps;
  for (size_t i = 0; i < count; ++i) gaps.push_back(times[i].second);
  return gaps;
}

// x = k1 v1 ... kN vN, then (T - 2N) / 2 slots of two tokens; each key comes once more, at the
// start of a slot of its own, and there its value is the target. Other tokens are 0 or random.
void write_sequence(const Mqar& a, const SequenceExample& e) {
  const auto& [split, index, random, x, target] = e;
  const int64_t half = a.vocab / 2;
  const size_t pairs = size_t(a.pairs), slots = (x.size() - 2 * pairs) / 2;
  const auto keys = draw_distinct(random, 1, half - 1, pairs);
  const auto values = draw_distinct(random, half, a.vocab - half, pairs);
  if (a.random_others)
    for (int32_t& token : x) token = int32_t(random.below(uint32_t(a.vocab)));
  const auto gaps = draw_gaps(random, slots, pairs, a.power);
  for (size_t p = 0; p < pairs; ++p) {
    x[2 * p] = keys[p];
    x[2 * p + 1] = values[p];
    const size_t at = 2 * pairs + 2 * size_t(gaps[p]);
    x[at] = keys[p];
    target[at] = values[p];
  }
}
}  // namespace

extern const DatasetKind dataset_mqar = {
    .name = "mqar",
    .doc = "multi-query associative recall: every key of the context is asked for once",
    .source = "Arora et al. 2023, Zoology, arXiv 2312.04927",
    .attrs = fields_of<Mqar>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<Mqar>();
      require_even("length", a.length, "keys and values come in pairs");
      if (a.length < 4 * a.pairs)
        throw OptionError("length",
                          str("length = ", a.length, " holds no ", a.pairs,
                              " pairs and a slot of two tokens for each query"),
                          str("use length: ", 4 * a.pairs, " or more"));
      if (a.vocab / 2 - 1 < a.pairs)
        throw OptionError(
            "vocab",
            str("vocab = ", a.vocab, " has ", a.vocab / 2 - 1, " keys for ", a.pairs, " pairs"),
            str("use vocab: ", 2 * a.pairs + 2, " or more"));
      SequenceTask task{.name = "mqar",
                        .options = attrs.text(),
                        .vocab = a.vocab,
                        .context = a.length,
                        .counts = a,
                        .most_scored = a.pairs};
      task.write = [a](const SequenceExample& e) { write_sequence(a, e); };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_mqar
