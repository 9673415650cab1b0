// Modular addition: the table of a + b mod p, from a part of its entries.
#include <numeric>

#include "data/generated/generated.h"

namespace cambium::dataset_modular_addition {
namespace {
struct ModularAddition {
  int64_t modulus = 97;
  double share = 0.5;
  static constexpr auto fields =
      std::tuple{field("modulus", &ModularAddition::modulus, "p: numbers are 0 .. p - 1; V = p + 1")
                     .in(2, 2048),
                 field("share", &ModularAddition::share,
                       "part of the p^2 sums to train on; the rest is halved into val and test")
                     .in(1e-6, 0.999)};
};

// The entries of the table in random order: training's, validation's, test's.
struct SumTable {
  std::vector<int32_t> order;
  SplitCounts counts;
};

SumTable split_table(const ModularAddition& a, uint64_t seed) {
  SumTable t;
  const int64_t all = a.modulus * a.modulus;
  t.order.resize(size_t(all));
  std::iota(t.order.begin(), t.order.end(), 0);
  Random(seed, stream_of("modular_addition.split")).shuffle(std::span(t.order));
  t.counts.train = int64_t(double(all) * a.share);
  t.counts.val = (all - t.counts.train) / 2;
  t.counts.test = all - t.counts.train - t.counts.val;
  if (t.counts.train < 1 || t.counts.val < 1)
    throw OptionError("share", str("share = ", a.share, " of the ", all, " sums leaves ",
                                   t.counts.train, " to train, ", t.counts.val, " to validate on"));
  return t;
}
}  // namespace

// x = a b =, where = is symbol p. Only the last position is scored: (a + b) mod p.
extern const DatasetKind dataset_modular_addition = {
    .name = "modular_addition",
    .doc = "a + b mod p: complete a table of which a part is known",
    .source = "Power et al. 2022, Grokking, arXiv 2201.02177",
    .attrs = fields_of<ModularAddition>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto a = attrs.as<ModularAddition>();
      const auto table = std::make_shared<const SumTable>(split_table(a, seed));
      SequenceTask task{.name = "modular_addition",
                        .options = attrs.text(),
                        .vocab = a.modulus + 1,
                        .context = 3,
                        .counts = table->counts,
                        .most_scored = 1};
      task.write = [p = a.modulus, table](const SequenceExample& e) {
        const SplitCounts& n = table->counts;
        const int64_t before = e.split == Split::kTrain        ? 0
                               : e.split == Split::kValidation ? n.train
                                                               : n.train + n.val;
        const int64_t entry = table->order[size_t(before + e.index)];
        e.x[0] = int32_t(entry / p);
        e.x[1] = int32_t(entry % p);
        e.x[2] = int32_t(p);
        e.target[2] = int32_t((entry / p + entry % p) % p);
      };
      return open_sequences(std::move(task), seed);
    }};
}  // namespace cambium::dataset_modular_addition
