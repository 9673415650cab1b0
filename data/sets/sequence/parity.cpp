// Parity: whether the ones read so far are odd in number.
#include "data/generated/state_tracking.h"

namespace cambium::dataset_parity {
// x[t] ~ U{0, 1}, target[t] = x[0] xor ... xor x[t].
extern const DatasetKind dataset_parity = {
    .name = "parity",
    .doc = "whether the ones so far are odd in number, at every position",
    .source = "Hahn 2020, Theoretical limitations of self-attention, arXiv 1906.06755",
    .attrs = fields_of<StateTracking>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      return open_state_tracking(
          "parity", attrs.as<StateTracking>(), seed,
          {.options = attrs.text(),
           .vocab = 2,
           .token = [](Random& random) { return int32_t(random.below(2)); },
           .next = [](int32_t state, int32_t token) { return state ^ token; }});
    }};
}  // namespace cambium::dataset_parity
