// Curves of whole trainings, and the rates they ran under.
#include <cmath>

#include "search/laws/schedule/schedule_law.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_schedule_curves {
extern const FuzzTarget fuzz_schedule_curves = {
    .name = "schedule_curves",
    .reads = {"search/laws/schedule/curve_file.cpp"},
    .run = [](std::string_view bytes) {
      std::vector<ScheduleCurve> curves =
          read_curves(file_of("curves.csv", bytes), {.columns = {}, .warmup = 3});
      size_t steps = 0, changes = 0;
      for (const ScheduleCurve& c : curves) {
        for (double sum : c.sums) expect(sum > 0, "a step without a rate was taken");
        for (const RateChange& r : c.changes) expect(r.rate > 0, "a change has no rate");
        steps += c.steps.size();
        changes += c.changes.size();
      }
      if (steps > 40 || changes > 40) return;  // a fit is slow under a fuzzer
      fit_schedules(law_named("multi_power"), std::move(curves), {});
    }};
}  // namespace cambium::fuzz_schedule_curves
