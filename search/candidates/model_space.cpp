#include "search/candidates/model_space.h"

#include "core/hash.h"
#include "search/candidates/patterns.h"
#include "search/study/cell.h"
#include "search/trials/rung_plan.h"

namespace cambium {
Candidate ModelSpace::build(const SearchTask& task, const SpacePoint& p) {
  const auto known = [&](std::string_view name) { return space_->value(name, p); };
  const Spec spec{task.base.file, apply_model_point(task.base.root, *space_, p)};
  return build_candidate(spec, task.match, built_where_, known, asked_, data_);
}

// Refused on one task, it is not built on those that follow.
Candidate ModelSpace::build_on_tasks(const SpacePoint& p) {
  if (study_.tasks.empty()) return build(tasks_.front(), p);
  std::vector<Candidate> out;
  for (const SearchTask& task : tasks_) {
    Candidate c = build(task, p);
    if (c.ok()) {
      out.push_back(std::move(c));
      continue;
    }
    c.refusal = str("on task '", task.name, "': ", c.refusal);
    return c;
  }
  return on_all_tasks(std::move(out));
}

const Candidate& ModelSpace::candidate(const SpacePoint& p) {
  const auto [known, fresh] = candidates_.try_emplace(space_->text(p));
  Candidate& c = known->second;
  if (!fresh) return c;
  try {
    c = build_on_tasks(p);
  } catch (const UserError& e) {
    c.refusal = e.what();
    c.refusal_mark = e.mark;
  }
  if (!c.ok() && refused_++ == 0) first_refusal_ = c.refusal;
  return c;
}

Spec ModelSpace::spec(const SpacePoint& p, size_t task) {
  const Candidate& c = candidate(p);
  ensure(c.ok(), "a point that is refused has no spec: ", c.refusal);
  const SearchTask& t = tasks_[task];
  Spec out{t.base.file, apply_model_point(t.base.root, *space_, p)};
  if (const std::optional<Match>& match = c.on(task).match) apply_match(out, *t.match, *match);
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

PlannedVariant ModelSpace::planned(std::string name, Spec spec, const std::optional<Match>& match,
                                   bool memory) {
  const PlanOptions options = plan_options(memory);
  DraftVariant d = draft_trial(std::move(name), std::move(spec), options, data_);
  if (study_.search->rungs) fit_to_rungs(d, *study_.search->rungs, options);
  d.variant.match = match;
  return std::move(d.variant);
}

std::vector<PlannedVariant> ModelSpace::plan(const std::string& name, const SpacePoint& p,
                                             bool memory) {
  std::vector<PlannedVariant> out;
  for (size_t t = 0; t < tasks_.size(); ++t)
    out.push_back(
        planned(cell_name(name, tasks_[t].name), spec(p, t), candidate(p).on(t).match, memory));
  return out;
}

std::vector<PlannedVariant> ModelSpace::plan_base(const std::string& name, bool memory) {
  std::vector<PlannedVariant> out;
  for (const SearchTask& t : tasks_) {
    std::optional<Match> match;
    Spec spec = t.base;
    if (t.match) {
      match = solve_match(spec, *t.match, data_);
      apply_match(spec, *t.match, *match);
    }
    out.push_back(planned(cell_name(name, t.name), std::move(spec), match, memory));
  }
  return out;
}

std::string ModelSpace::base_key() {
  std::vector<std::string> keys;
  for (const SearchTask& t : tasks_) {
    Spec spec = matched_base(t);
    data_.pin(spec);
    keys.push_back(training_key(data_.open_to_measure(spec), asked_, data_));
  }
  return joined_key(keys);
}

Spec ModelSpace::matched_base(const SearchTask& task) {
  Spec spec = task.base;
  if (task.match) apply_match(spec, *task.match, solve_match(spec, *task.match, data_));
  return spec;
}

// The hashes of the sources that single values of the space name. What cannot be opened is the
// refusal of the trials that name it.
std::set<std::string> ModelSpace::sources_of_values(const Spec& base) {
  std::set<std::string> out;
  for (const Dimension& d : space_->dimensions()) {
    const bool may_name = d.name == "init" || d.name == "init.from" || d.name.starts_with("vars.");
    if (d.kind != DimensionKind::kChoices || !may_name) continue;
    for (int64_t i = 0; i < count_of(d); ++i) try {
        Spec tried = base;
        apply_override(tried.root, d.name, yaml_of(d, gene_at(d, i)), d.mark);
        data_.pin(tried);
        const Yaml* init = tried.section("init");
        if (init && init->is_map()) out.insert(init->find("hash")->text);
      } catch (const UserError&) {
      }
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> ModelSpace::sections() {
  std::string bases, data;
  for (const SearchTask& t : tasks_) {
    Spec pinned = t.base;  // the base itself is not: a trial may say another init.from
    data_.pin(pinned);
    bases += canonical_text(pinned.root);
    if (pinned.section("init"))
      for (const std::string& hash : sources_of_values(t.base)) bases += str("\n", hash);
    for (const auto& [part, value] : data_.identity(data_.open_to_measure(matched_base(t))).parts)
      data += str(part, "=", value, "\n");
  }
  std::vector<std::pair<std::string, std::string>> out = {{"base", hash_name(hash_text(bases))},
                                                          {"data", hash_name(hash_text(data))}};
  out.insert(out.end(), said_.begin(), said_.end());
  return out;
}
}  // namespace cambium
