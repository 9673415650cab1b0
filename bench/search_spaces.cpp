// Spaces of searches over models: points are drawn as a search draws them, and each must be a model
// that `cambium check` takes, no other one's under another name, and within 2 % of its budget.
//   build/release/bench/search_spaces SEARCH.yaml [points]
#include "tests/support/search_spaces.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  using namespace cambium;
  if (argc < 2) {
    std::fprintf(stderr, "usage: search_spaces SEARCH.yaml [points]\n");
    return 1;
  }
  try {
    ModelSpace models(load_spec(argv[1]));
    const auto s = test::sample_space(models, argc > 2 ? std::atoll(argv[2]) : 10'000);
    std::printf(
        "%ld models%s: %ld refused, %ld repeats, at most %.2f %% off; %.2f ms each to "
        "propose and build\n",
        long(s.sampled), s.exhausted ? " (all there are)" : "", long(s.refused), long(s.repeats),
        100 * s.worst_deviation, 1e3 * s.seconds / double(s.sampled));
    if (s.refused > 0) std::printf("the first: %s\n", s.first_refusal.c_str());
    if (models.refused() > 0)
      std::printf("%ld points passed over, the first: %s\n", long(models.refused()),
                  models.first_refusal().c_str());
    return s.refused + s.repeats > 0 || s.worst_deviation > 0.02;
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
