// Tables of mixtures and what runs on them lost, and what is worked out of them.
#include "search/mixtures/mixture_table.h"

#include "search/mixtures/fit/choose.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_mixture_table {
extern const FuzzTarget fuzz_mixture_table = {
    .name = "mixture_table",
    .reads = {"search/mixtures/mixture_table.cpp"},
    .run = [](std::string_view bytes) {
      const auto parts = parts_of(bytes, 2);
      const std::string shares = file_of("shares.csv", parts[0]);
      const MixturePoints points = read_mixtures(shares, file_of("losses.csv", parts[1]), "");
      for (const std::vector<double>& shares : points.shares)
        for (const double s : shares) expect(s >= 0 && s <= 1, "a share outside was taken");
      if (points.size() < 2 || points.size() > 40 || points.sources.size() > 8) return;
      const MixtureForm* const forms[] = {&mixture_form_named("linear"),
                                          &mixture_form_named("exponential")};
      choose_form(points, forms, 0);
    }};
}  // namespace cambium::fuzz_mixture_table
