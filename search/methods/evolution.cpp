// Regularised evolution: the best of a sample of the youngest trials is changed in one place; the
// oldest leave whatever they are worth, so nothing lives by one lucky training.
#include <algorithm>
#include <tuple>

#include "search/methods/support/method.h"
#include "search/space/moves.h"

namespace cambium::method_evolution {
namespace {
struct Evolution {
  int64_t population = 20, sample = 5;

  static constexpr auto fields = std::tuple{
      field("population", &Evolution::population,
            "the youngest trials that may be parents; as "
            "many are drawn at first")
          .in(2, 100'000),
      field("sample", &Evolution::sample, "drawn of them; the best is the parent").in(1, 100'000)};
};

void check(const Attrs& options, const Space& space) {
  const Evolution& e = options.as<Evolution>();
  if (e.sample > e.population)
    throw UserError(str("a sample of ", e.sample, " from a population of ", e.population),
                    "take a sample of at most the population", space.mark());
}

std::optional<SpacePoint> propose(const ProposalInputs& in) {
  const Evolution& e = in.options.as<Evolution>();
  Random random = random_of(in);
  std::vector<size_t> order = ranked(in.history);
  if (int64_t(in.history.size()) < e.population || order.empty()) return in.space.draw(random);
  std::vector<std::pair<size_t, size_t>> by_age;  // trial, rank
  for (size_t r = 0; r < order.size(); ++r) by_age.emplace_back(order[r], r);
  std::ranges::sort(by_age, std::greater{});
  by_age.resize(std::min(by_age.size(), size_t(e.population)));
  size_t best = order.size();
  for (int64_t i = 0; i < e.sample; ++i)
    best = std::min(best, by_age[random.below(uint32_t(by_age.size()))].second);
  in.made_from({order[best]});
  return mutated(in.space, in.history[order[best]].point, random);
}
}  // namespace

extern const Method method_evolution;
const Method method_evolution = {
    .name = "evolution",
    .doc =
        "regularised evolution: the old leave, the best of a "
        "sample changes in one place",
    .paper = "Real et al. 2019, AAAI 33",
    .attrs = fields_of<Evolution>,
    .propose = propose,
    .check = check,
    .draws = [](const Attrs& options) { return options.as<Evolution>().population; }};
}  // namespace cambium::method_evolution
