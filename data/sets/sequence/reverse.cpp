// Reverse: write down what was read, the last token first.
#include <algorithm>

#include "data/generated/transduction.h"

namespace cambium::dataset_reverse {
extern const DatasetKind dataset_reverse = {
    .name = "reverse",
    .doc = "write the tokens that were read from the last to the first",
    .source =
        "Grefenstette et al. 2015, Learning to transduce with unbounded memory, arXiv 1506.02516",
    .attrs = fields_of<Transduction>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      constexpr Transduce kTransduce = [](std::span<const int32_t> in, std::span<int32_t> out) {
        std::ranges::reverse_copy(in, out.begin());
      };
      return open_transduction("reverse", attrs.as<Transduction>(), seed, kTransduce);
    }};
}  // namespace cambium::dataset_reverse
