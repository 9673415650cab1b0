#include "search/runs/earlier.h"

#include "core/hash.h"
#include "search/results/description.h"
#include "train/spec/data_paths.h"
#include "train/spec/settings.h"

namespace cambium {
namespace {
// Empty in folders of older programs, and where the text is no spec any more.
std::optional<Spec> old_spec(const DescribedVariant& old) {
  try {
    return Spec{"study.json", parse_yaml(old.spec_yaml, "study.json")};
  } catch (const UserError&) {
    return std::nullopt;
  }
}

// "budget (was 10 steps, is 12 steps)", or empty.
std::string changed_budget(const Description& before, const Study& study) {
  if (!study.budget || before.budget_kind.empty()) return {};
  const std::string then = str(before.budget, " ", before.budget_kind);
  const std::string now = str(study.budget->value, " ", name_of(study.budget->kind));
  return then == now ? "" : str("budget (was ", then, ", is ", now, ")");
}

void check_same(const Description& before, const DescribedVariant& old, const PlannedVariant& v,
                const Study& study, const std::string& folder) {
  const std::string hash = hash_name(spec_hash(v.spec));
  const std::optional<Spec> was = old_spec(old);
  const std::string budget = changed_budget(before, study);
  // Steps of a time budget are kept, so that no spec says that it changed.
  const bool other_time = !budget.empty() && study.budget && study.budget->kind == Budget::kSeconds;
  if ((!old.spec_hash.empty() && old.spec_hash != hash) || other_time) {
    const std::string spec = was ? changed_settings(*was, v.spec) : "";
    const std::string changed = str(budget, budget.empty() || spec.empty() ? "" : ", ", spec);
    throw UserError(
        str("'", folder, "' holds runs of another '", v.name, "'",
            changed.empty() ? ": its spec or budget changed since" : "; these differ: ", changed),
        "choose another folder with -o, or remove this one");
  }
  if (!old.data.empty())
    require_same_data(old.data, v.data, folder,
                      "put the data back as it was, or choose another folder", {},
                      read_from_text(v.spec, was ? &*was : nullptr));
}

std::optional<Description> described(const std::string& folder) {
  try {
    return read_description(folder);
  } catch (const UserError& e) {
    throw UserError(str("'", folder, "/study.json' is no study: ", e.what()),
                    "choose another folder");
  }
}
}  // namespace

std::map<std::string, int64_t> earlier_steps(const std::string& folder, const Study& study) {
  std::map<std::string, int64_t> steps;
  const std::optional<Description> before = described(folder);
  if (!before) return steps;
  require(before->name == study.name, "'", folder, "' holds the study '", before->name, "', not '",
          study.name, "'");
  for (const DescribedVariant& v : before->variants)
    if (v.steps > 0) steps[v.name] = v.steps;
  return steps;
}

void check_same_specs(const std::string& folder, const StudyPlan& plan) {
  const std::optional<Description> before = described(folder);
  if (!before) return;
  for (const DescribedVariant& old : before->variants)
    for (const PlannedVariant& v : plan.variants)
      if (old.name == v.name) check_same(*before, old, v, plan.study, folder);
}
}  // namespace cambium
