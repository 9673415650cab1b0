// Samples of the space of a search over models: what every shipped one is held to.
#pragma once
#include <algorithm>
#include <set>

#include "core/system/clock.h"
#include "search/candidates/model_space.h"
#include "search/methods/support/proposer.h"

namespace cambium::test {
struct SpaceSample {
  int64_t sampled = 0;
  bool exhausted = false;
  int64_t refused = 0;  // by what `check` looks at, though the space proposed them
  std::string first_refusal;
  int64_t repeats = 0;         // structurally one already sampled
  double worst_deviation = 0;  // from the cost that all are to have
  double seconds = 0;          // of building candidates and proposing
};

// Uniform draws as a search makes them, each planned as for training but for its memory.
inline SpaceSample sample_space(ModelSpace& models, int64_t most) {
  ProposerSettings settings{
      .method = &find_method("random", {}), .options = Attrs(), .lag = most + 1};
  settings.key = [&](const SpacePoint& p) { return models.candidate(p).key; };
  Proposer proposer(models.space(), settings);
  SpaceSample out;
  std::set<std::string> keys;
  while (out.sampled < most) {
    const Stopwatch watch;
    const Proposer::Next next = proposer.next();
    out.seconds += watch.seconds();
    if (next.kind == Proposer::Next::kExhausted) {
      out.exhausted = true;
      break;
    }
    ++out.sampled;
    const SpacePoint& p = proposer.point(next.trial);
    out.repeats += !keys.insert(models.candidate(p).key).second;
    try {
      for (const PlannedVariant& planned : models.plan("sample", p, false))
        if (planned.match)
          out.worst_deviation =
              std::max(out.worst_deviation,
                       std::abs(double(planned.cost.parameters) / planned.match->target - 1));
    } catch (const UserError& e) {
      if (out.refused++ == 0) out.first_refusal = str(models.space().text(p), ": ", e.what());
    }
  }
  return out;
}
}  // namespace cambium::test
