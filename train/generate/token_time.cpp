#include "train/generate/token_time.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/system/clock.h"
#include "train/generate/generation_state.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/plans.h"

namespace cambium {
namespace {
constexpr int kLeastRounds = 3;

// One context, symbol by symbol; what was kept before is written over.
void go_through(Executor& executor, int32_t context) {
  for (int32_t position = 0; position < context; ++position) {
    if (executor.has_input("position"))
      std::memcpy(executor.input("position").data(), &position, sizeof position);
    executor.run();
  }
}
}  // namespace

std::optional<double> token_ms(const Experiment& e, double seconds) {
  const std::optional<GenerationState> state = generation_state(e);
  if (!state || !state->needs_all.empty() || e.data->shape(1).decoder) return std::nullopt;
  Engine engine;
  const Plan plan = compile(optimised(e, step_model_graph(e, 1)), engine);
  Store store;
  store.add(plan, 0);
  Executor executor(plan, store);
  std::ranges::fill(executor.input("x"), std::byte(0));
  go_through(executor, int32_t(state->context));  // pages and caches are warm from here on
  double least = HUGE_VAL;
  const Stopwatch all;
  for (int round = 0; round < kLeastRounds || all.seconds() < seconds; ++round) {
    const Stopwatch one;
    go_through(executor, int32_t(state->context));
    least = std::min(least, one.milliseconds());
  }
  return least / double(state->context);
}
}  // namespace cambium
