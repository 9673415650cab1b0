// S5: the product of permutations of five things. The group is not solvable, so no fixed number of
// layers of bounded precision that look at all tokens at once can track it over any length.
#include <algorithm>
#include <array>

#include "data/generated/state_tracking.h"

namespace cambium::dataset_s5 {
namespace {
struct S5 : StateTracking {
  std::string moves = "all";
  static constexpr auto fields = std::tuple_cat(
      std::tuple{field("moves", &S5::moves,
                       "tokens: all 120 permutations, or only the identity and the ten swaps")
                     .one_of("all|swaps")},
      StateTracking::fields);

  S5() { length = 32; }
};

using Permutation = std::array<int8_t, 5>;

// The 120 elements in lexicographic order (0 is the identity) and their products.
struct Group {
  std::vector<Permutation> elements;
  std::vector<int32_t> product;  // [a * 120 + b]: first a, then b
  std::vector<int32_t> swaps;    // the identity and the elements that move two things

  Group() {
    Permutation p = {0, 1, 2, 3, 4};
    do elements.push_back(p);
    while (std::ranges::next_permutation(p).found);
    for (const Permutation& a : elements)
      for (const Permutation& b : elements) {
        Permutation c = {};
        for (size_t i = 0; i < 5; ++i) c[i] = b[size_t(a[i])];
        product.push_back(int32_t(std::ranges::lower_bound(elements, c) - elements.begin()));
      }
    for (size_t k = 0; k < elements.size(); ++k) {
      int moved = 0;
      for (size_t i = 0; i < 5; ++i) moved += elements[k][i] != int8_t(i);
      if (moved <= 2) swaps.push_back(int32_t(k));
    }
  }
};
}  // namespace

// x[t] = a permutation g_t as a number in lexicographic order, target[t] = the permutation that
// does g_0, then g_1 ... then g_t.
extern const DatasetKind dataset_s5 = {
    .name = "s5",
    .doc = "permutations of five things, multiplied up to every position",
    .source =
        "Merrill, Petty and Sabharwal 2024, The illusion of state in state-space models, "
        "arXiv 2404.08819",
    .attrs = fields_of<S5>,
    .open = [](const Attrs& attrs, uint64_t seed) {
      const auto& a = attrs.as<S5>();
      const auto group = std::make_shared<const Group>();
      const bool all = a.moves == "all";
      return open_state_tracking(
          "s5", a, seed,
          {.options = attrs.text(),
           .vocab = 120,
           .token =
               [group, all](Random& random) {
                 return all ? int32_t(random.below(120))
                            : group->swaps[random.below(uint32_t(group->swaps.size()))];
               },
           .next =
               [group](int32_t state, int32_t token) {
                 return group->product[size_t(state) * 120 + size_t(token)];
               }});
    }};
}  // namespace cambium::dataset_s5
