#include "search/candidates/model_space.h"

#include "core/hash.h"
#include "search/candidates/patterns.h"
#include "search/trials/rung_plan.h"

namespace cambium {
Candidate ModelSpace::build(const Spec& spec, const SpacePoint& p) {
  const auto known = [&](std::string_view name) { return space_->value(name, p); };
  return build_candidate(spec, study_.match, built_where_, known, asked_, data_);
}

const Candidate& ModelSpace::candidate(const SpacePoint& p) {
  const auto [known, fresh] = candidates_.try_emplace(space_->text(p));
  Candidate& c = known->second;
  if (!fresh) return c;
  try {
    c = build({base_.file, apply_model_point(base_.root, *space_, p)}, p);
  } catch (const UserError& e) {
    c.refusal = e.what();
    c.refusal_mark = e.mark;
  }
  if (!c.ok() && refused_++ == 0) first_refusal_ = c.refusal;
  return c;
}

Spec ModelSpace::spec(const SpacePoint& p) {
  const Candidate& c = candidate(p);
  ensure(c.ok(), "a point that is refused has no spec: ", c.refusal);
  Spec out{base_.file, apply_model_point(base_.root, *space_, p)};
  if (c.match) apply_match(out, *study_.match, *c.match);
  return out;
}

PlanOptions ModelSpace::plan_options(bool memory) const {
  const std::optional<RungSettings>& rungs = study_.search->rungs;
  return {.budget = study_.budget,
          .evaluations = rungs ? rungs->parts() : study_.evaluations,
          .metric = study_.metric,
          .metric_mark = study_.metric_mark,
          .memory = memory};
}

PlannedVariant ModelSpace::planned(std::string name, Spec spec, const Candidate& c, bool memory) {
  const PlanOptions options = plan_options(memory);
  DraftVariant d = draft_variant(std::move(name), std::move(spec), options, data_);
  if (study_.search->rungs) fit_to_rungs(d, *study_.search->rungs, options);
  d.variant.match = c.match;
  return std::move(d.variant);
}

PlannedVariant ModelSpace::plan(std::string name, const SpacePoint& p, bool memory) {
  return planned(std::move(name), spec(p), candidate(p), memory);
}

PlannedVariant ModelSpace::plan_base(std::string name, bool memory) {
  Candidate c;
  Spec spec = base_;
  if (study_.match) {
    c.match = solve_match(spec, *study_.match, data_);
    apply_match(spec, *study_.match, *c.match);
  }
  return planned(std::move(name), std::move(spec), c, memory);
}

std::string ModelSpace::base_key() {
  return training_key(data_.open_to_measure(matched_base()), data_);
}

Spec ModelSpace::matched_base() {
  Spec spec = base_;
  if (study_.match) apply_match(spec, *study_.match, solve_match(spec, *study_.match, data_));
  return spec;
}

std::vector<std::pair<std::string, std::string>> ModelSpace::sections() {
  std::string data;
  for (const auto& [part, value] : data_.identity(data_.open_to_measure(matched_base())).parts)
    data += str(part, "=", value, "\n");
  std::vector<std::pair<std::string, std::string>> out = {
      {"base", hash_name(hash_text(canonical_text(base_.root)))},
      {"data", hash_name(hash_text(data))}};
  out.insert(out.end(), said_.begin(), said_.end());
  return out;
}
}  // namespace cambium
