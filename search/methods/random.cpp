// Uniform draws: what every other method has to beat.
#include "search/methods/support/method.h"

namespace cambium::method_random {
namespace {
std::optional<SpacePoint> propose(const ProposalInputs& in) {
  Random random = random_of(in);
  return in.space.draw(random);
}
}  // namespace

extern const Method method_random;
const Method method_random = {.name = "random",
                              .doc = "uniform draws: the baseline of every other method",
                              .paper = "Bergstra and Bengio 2012, JMLR 13:281",
                              .propose = propose,
                              .many_objectives = true,
                              .draws = [](const Attrs&) { return kUncountable; }};
}  // namespace cambium::method_random
