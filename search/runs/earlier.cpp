#include "search/runs/earlier.h"

#include "core/hash.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "train/spec/data_paths.h"
#include "train/spec/settings.h"

namespace cambium {
namespace {
// Empty in folders of older programs, and where the text is no spec any more.
std::optional<Spec> old_spec(const Json& old) {
  try {
    return Spec{"study.json", parse_yaml(old.value("spec_yaml", ""), "study.json")};
  } catch (const UserError&) {
    return std::nullopt;
  }
}

// "budget (was 10 steps, is 12 steps)", or empty.
std::string changed_budget(const Json& before, const Study& study) {
  if (!study.budget || !before.contains("budget")) return {};
  const Json& b = before.at("budget");
  const std::string then = str(b.at("value").get<double>(), " ", b.at("kind").get<std::string>());
  const std::string now = str(study.budget->value, " ", name_of(study.budget->kind));
  return then == now ? "" : str("budget (was ", then, ", is ", now, ")");
}

void check_same(const Json& before, const Json& old, const PlannedVariant& v, const Study& study,
                const std::string& folder) {
  const std::string hash = hash_name(spec_hash(v.spec));
  const std::optional<Spec> was = old_spec(old);
  const std::string budget = changed_budget(before, study);
  // Steps of a time budget are kept, so that no spec says that it changed.
  const bool other_time = !budget.empty() && study.budget && study.budget->kind == Budget::kSeconds;
  if (old.value("spec_hash", hash) != hash || other_time) {
    const std::string spec = was ? changed_settings(*was, v.spec) : "";
    const std::string changed = str(budget, budget.empty() || spec.empty() ? "" : ", ", spec);
    throw UserError(
        str("'", folder, "' holds runs of another '", v.name, "'",
            changed.empty() ? ": its spec or budget changed since" : "; these differ: ", changed),
        "choose another folder with -o, or remove this one");
  }
  if (old.contains("data"))
    require_same_data(identity_from(old["data"]), v.data, folder,
                      "put the data back as it was, or choose another folder", {},
                      read_from_text(v.spec, was ? &*was : nullptr));
}
}  // namespace

std::map<std::string, int64_t> earlier_steps(const std::string& folder, const Study& study) {
  std::map<std::string, int64_t> steps;
  const std::string path = folder + "/study.json";
  if (!file_exists(path)) return steps;
  const Json j = load_json(path);
  try {
    require(j.at("name") == study.name, "'", folder, "' holds the study '",
            j.at("name").get<std::string>(), "', not '", study.name, "'");
    for (const Json& v : j.at("variants")) steps[v.at("name")] = v.at("steps");
  } catch (const Json::exception& e) {
    throw UserError(str("'", path, "' is no study: ", e.what()), "choose another folder");
  }
  return steps;
}

void check_same_specs(const std::string& folder, const StudyPlan& plan) {
  const std::string path = folder + "/study.json";
  if (!file_exists(path)) return;
  const Json before = load_json(path);
  try {
    for (const Json& old : before.at("variants"))
      for (const PlannedVariant& v : plan.variants)
        if (old.at("name") == v.name) check_same(before, old, v, plan.study, folder);
  } catch (const Json::exception& e) {
    throw UserError(str("'", path, "' is no study: ", e.what()), "choose another folder");
  }
}
}  // namespace cambium
