// The adding problem: a sequence of uniform numbers of which a few are marked; the target is the
// sum of the marked ones. With noise on the target the best possible loss is known exactly.
#include <algorithm>
#include <numbers>

#include "data/generated/generated.h"

namespace cambium::dataset_adding {
namespace {
struct Adding : SplitCounts {
  int64_t length = 50, marked = 2;
  double noise = 0.1;
  static constexpr auto fields = std::tuple_cat(
      std::tuple{
          field("length", &Adding::length, "T: numbers of a sequence").in(2, 1 << 20),
          field("marked", &Adding::marked, "numbers to add: one of each of so many equal stretches")
              .in(1, 1 << 20),
          field("noise", &Adding::noise, "standard deviation of what is added to the target")
              .in(0, 1e3)},
      SplitCounts::fields);
};

class AddingSet final : public Dataset {
 public:
  AddingSet(const Adding& a, uint64_t seed) : options_(a), seed_(seed) {
    if (a.marked > a.length)
      throw OptionError("marked", str("marked = ", a.marked, " of length = ", a.length, " numbers"),
                        str("use marked: ", a.length, " or less"));
  }

  DataShape shape(int64_t batch) const override {
    return {.domain = Domain::kTokens,
            .x = {DType::kF32, {batch, options_.length, 2}},
            .target = {DType::kF32, {batch, 1}}};
  }

  int64_t count(Split split) const override { return options_.of(split); }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const auto row = size_t(2 * options_.length);
    std::ranges::fill(into.x.f32(), 0.0f);
    clear_target(into.target);
    for (size_t k = 0; k < indices.size(); ++k) {
      Random random(seed_, stream_of(str("adding.", int(split), ".", indices[k])));
      into.target.f32()[k] = write(into.x.f32().subspan(k * row, row), random);
    }
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"outputs", 1}, {"channels", 2}, {"context", options_.length}};
  }

  uint64_t content() const override { return hash_options(options_, seed_); }

  std::string describe() const override {
    return str(options_.train, " train, ", options_.val, " val, ", options_.test,
               " test sequences of ", options_.length, " numbers, ", options_.marked,
               " of them to add, noise ", options_.noise, ", generated");
  }

  // The variance of U(0, 1) is 1 / 12; the mean size of N(0, s) is s sqrt(2 / pi).
  std::vector<ReferenceLoss> reference_losses() const override {
    const double noise = options_.noise * options_.noise;
    return {{"the noise alone, mse", noise},
            {"the noise alone, mae", options_.noise * std::sqrt(2 / std::numbers::pi)},
            {"the mean as every answer, mse", noise + double(options_.marked) / 12}};
  }

 private:
  // [T,2]: the number and its mark; the target.
  float write(std::span<float> x, Random& random) const {
    for (size_t t = 0; t < x.size(); t += 2) x[t] = float(random.uniform());
    double sum = 0;
    for (int64_t m = 0; m < options_.marked; ++m) {
      const int64_t begin = m * options_.length / options_.marked,
                    end = (m + 1) * options_.length / options_.marked;
      const auto at = size_t(2 * (begin + random.below(uint32_t(end - begin))));
      x[at + 1] = 1;
      sum += double(x[at]);
    }
    return float(sum + options_.noise * random.normal());
  }

  Adding options_;
  uint64_t seed_;
};
}  // namespace

extern const DatasetKind dataset_adding = {
    .name = "adding",
    .doc = "sequences of numbers, a few of them marked: the target is the sum of those, with noise",
    .source = "Hochreiter and Schmidhuber 1997, Long short-term memory, section 5.4",
    .attrs = fields_of<Adding>,
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<AddingSet>(attrs.as<Adding>(), seed);
    }};
}  // namespace cambium::dataset_adding
