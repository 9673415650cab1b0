#include "search/results/every_seed.h"

#include <algorithm>

namespace cambium {
namespace {
// Parts of the same examples, cut otherwise by some seed.
bool cuts_anew(const std::vector<Identity>& data) {
  bool differs = false;
  for (const Identity& d : data) {
    if (d.at("content") != data[0].at("content")) return false;
    differs |= d != data[0];
  }
  return differs;
}

double tested_by_trained(const Dataset& data) {
  const Split judged = data.count(Split::kTest) > 0 ? Split::kTest : Split::kValidation;
  return double(data.count(judged)) / double(std::max<int64_t>(1, data.count(Split::kTrain)));
}
}  // namespace

void look_at_every_seed(StudyPlan& plan) {
  if (plan.study.vary.empty()) return;
  Diagnostics errors;
  std::vector<Identity> data;
  double overlap = 0;
  const auto fail = [&](int64_t seed, const UserError& e) {
    errors.add(
        UserError(str("with seed ", seed, ": ", e.what()), e.help, plan.study.vary[0].key_mark));
  };
  for (int64_t seed : plan.study.seeds) try {
      const Experiment e = open_experiment(run_spec(plan.study, plan.variants.front(), seed));
      data.push_back(identity_of(*e.data));
      overlap = std::max(overlap, tested_by_trained(*e.data));
    } catch (const UserErrors& all) {
      for (const UserError& e : all.all) fail(seed, e);
    } catch (const UserError& e) {
      fail(seed, e);
    }
  errors.throw_if_any();
  if (cuts_anew(data)) plan.overlap = overlap;
}
}  // namespace cambium
