// Sobol's sequence, shifted digit by digit by the seed: fills every one of many dimensions evenly.
#include "search/methods/support/method.h"
#include "search/methods/support/sobol_numbers.h"

namespace cambium::method_sobol {
namespace {
constexpr int64_t kMostSkipped = 2000;

void check(const Attrs&, const Space& space) {
  if (space.units() > kMostSobolDimensions)
    throw UserError(str("sobol knows ", kMostSobolDimensions, " dimensions, the space needs ",
                        space.units(), ": one a value and one a letter of a pattern"),
                    "take method: random", space.mark());
}

// The first of the sequence that is new. Each trial used up at least one, so trial t's is not
// before the t-th.
std::optional<SpacePoint> propose(const ProposalInputs& in) {
  if (in.attempt > 0) {  // hardly anything is left
    Random random = random_of(in);
    return in.space.draw(random);
  }
  SobolNumbers numbers(in.space.units(), in.seed);
  SpacePoint p;
  for (int64_t i = 0; i < kMostSkipped; ++i) {
    p = in.space.at_units(numbers.at(in.trial + i));
    if (in.fresh(p)) break;
  }
  return p;
}
}  // namespace

extern const Method method_sobol;
const Method method_sobol = {.name = "sobol",
                             .doc = "a sequence that fills the space evenly, shifted by the seed",
                             .paper = "Sobol 1967; directions of Joe and Kuo 2008",
                             .propose = propose,
                             .check = check,
                             .many_objectives = true};
}  // namespace cambium::method_sobol
