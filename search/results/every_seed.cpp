#include "search/results/every_seed.h"

#include <algorithm>

#include "search/study/cell.h"

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

namespace {
// Of one variant, whose data is that of all on the same task. Answers StudyPlan::overlap.
double overlap_of(const Study& study, const PlannedVariant& variant, Diagnostics& errors) {
  std::vector<Identity> data;
  double overlap = 0;
  const auto fail = [&](int64_t seed, const UserError& e) {
    errors.add(UserError(str("with seed ", seed, ": ", e.what()), e.help, study.vary[0].key_mark));
  };
  for (int64_t seed : study.seeds) try {
      const Experiment e = open_experiment(run_spec(study, variant, seed));
      data.push_back(identity_of(e));
      overlap = std::max(overlap, tested_by_trained(*e.data));
    } catch (const UserErrors& all) {
      for (const UserError& e : all.all) fail(seed, e);
    } catch (const UserError& e) {
      fail(seed, e);
    }
  return !data.empty() && cuts_anew(data) ? overlap : 0;
}
}  // namespace

void look_at_every_seed(StudyPlan& plan) {
  if (plan.study.vary.empty()) return;
  Diagnostics errors;
  std::vector<std::string_view> seen;
  for (const PlannedVariant& v : plan.variants) {
    if (std::ranges::count(seen, task_of(v.name))) continue;
    seen.push_back(task_of(v.name));
    plan.overlap = std::max(plan.overlap, overlap_of(plan.study, v, errors));
  }
  errors.throw_if_any();
}
}  // namespace cambium
