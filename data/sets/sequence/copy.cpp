// Copy: write down what was read.
#include <algorithm>

#include "data/generated/transduction.h"

namespace cambium::dataset_copy {
extern const DatasetKind dataset_copy = {
    .name = "copy",
    .doc = "write the tokens that were read once more",
    .source = "Graves, Wayne and Danihelka 2014, Neural Turing machines, arXiv 1410.5401",
    .attrs = fields_of<Transduction>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      constexpr Transduce kTransduce = [](std::span<const int32_t> in, std::span<int32_t> out) {
        std::ranges::copy(in, out.begin());
      };
      return open_transduction("copy", attrs.as<Transduction>(), seed, kTransduce);
    }};
}  // namespace cambium::dataset_copy
