// Sort: write down what was read in ascending order.
#include <algorithm>

#include "data/generated/transduction.h"

namespace cambium::dataset_sort {
extern const DatasetKind dataset_sort = {
    .name = "sort",
    .doc = "write the tokens that were read in ascending order",
    .source = "Graves, Wayne and Danihelka 2014, Neural Turing machines, arXiv 1410.5401",
    .attrs = fields_of<Transduction>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      constexpr Transduce kTransduce = [](std::span<const int32_t> in, std::span<int32_t> out) {
        std::ranges::copy(in, out.begin());
        std::ranges::sort(out);
      };
      return open_transduction("sort", attrs.as<Transduction>(), seed, kTransduce);
    }};
}  // namespace cambium::dataset_sort
