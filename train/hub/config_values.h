// Config values: what a config.json (and the shapes of a file) make of a family's variables.
#pragma once
#include "core/text/json_forward.h"
#include "core/yaml/expr.h"
#include "train/hub/family.h"

namespace cambium {
using HubVars = std::map<std::string, ArgValue>;
using HubTypes = std::map<std::string, ValueType, std::less<>>;

// A config.json, or none for files that are known by their tensors.
struct HubConfig {
  std::string path;                  // for errors
  std::shared_ptr<const Json> json;  // null: there is none
};

// The family of a model: by `model_type` of the config, or by its tensors. UserError that lists the
// known ones.
const Family& family_of(std::span<const std::shared_ptr<const Family>> families,
                        const HubConfig& config, const HubTypes& types, const std::string& path);

// The value of every variable. `types`: the tensors of the file by their names in the mapping;
// empty where there is no file: then heads are known by `architectures`. `variant`: of a run that
// knows it; else empty. UserErrors, all of them, for keys that the family does not know or whose
// values no model of ours can have.
struct HubValues {
  HubVars vars;
  std::string variant;
};

HubValues values_of(const Family& family, const HubConfig& config, const HubTypes& types,
                    const std::string& variant = {});
}  // namespace cambium
