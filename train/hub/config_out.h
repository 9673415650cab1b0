// Config out: the config.json that makes given variables of a family.
#pragma once
#include "train/hub/config_values.h"

namespace cambium {
// What values_of() reads these very variables from. UserError that names what no model_type of the
// family says. Null json for a family of files without config.json.
HubConfig config_from(const Family& family, const HubVars& vars, const std::string& variant);
}  // namespace cambium
