#include "search/store/trial.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace cambium {
namespace {
constexpr std::array<std::string_view, 6> kStates = {"waiting", "running", "stopped",
                                                     "done",    "failed",  "refused"};
}

std::string_view name_of(TrialState state) {
  return kStates[size_t(state)];
}

TrialState trial_state(std::string_view name) {
  const auto found = std::ranges::find(kStates, name);
  require(found != kStates.end(), "no state of a trial is called '", name, "'");
  return TrialState(found - kStates.begin());
}

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}
}  // namespace cambium
