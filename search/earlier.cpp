#include "search/earlier.h"

#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"

namespace cambium {
namespace {
void check_same(const Json& old, const PlannedVariant& v, const std::string& folder) {
  const std::string hash = hash_name(spec_hash(v.spec));
  require(old.value("spec_hash", hash) == hash, "'", folder, "' holds runs of another '", v.name,
          "': its spec or budget changed since; choose another folder or remove this one");
  if (old.contains("data"))
    require_same_data(identity_from(old["data"]), v.data, folder,
                      "put the data back as it was, or choose another folder");
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
        if (old.at("name") == v.name) check_same(old, v, folder);
  } catch (const Json::exception& e) {
    throw UserError(str("'", path, "' is no study: ", e.what()), "choose another folder");
  }
}
}  // namespace cambium
