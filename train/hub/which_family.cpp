// Which family a model is of.
#include <algorithm>

#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/hub/config_values.h"

namespace cambium {
const Family& family_of(std::span<const std::shared_ptr<const Family>> families,
                        const HubConfig& config, const HubTypes& types, const std::string& path) {
  const bool named = config.json && config.json->contains("model_type");
  const Json* type = named ? &config.json->at("model_type") : nullptr;
  std::vector<std::string> known;
  for (const auto& f : families) {
    const std::vector<std::string> own = f->model_types();
    known.insert(known.end(), own.begin(), own.end());
    if (type && type->is_string() && f->model_type(type->get<std::string>())) return *f;
  }
  if (type)
    throw UserError(
        str(config.path, ": model_type is ", to_text(*type), ", which no mapping file knows"),
        type->is_string()
            ? suggestion(type->get<std::string>(), known) + str(" (known: ", join_names(known), ")")
            : str("known: ", join_names(known)));
  for (const auto& f : families)
    if (!f->recognised_by.empty() &&
        std::ranges::all_of(f->recognised_by, [&](const auto& n) { return types.contains(n); }))
      return *f;
  if (config.json)
    throw UserError(str(config.path,
                        ": there is no model_type, and the tensors are of no family "
                        "that is known without"),
                    str("known types: ", join_names(known)));
  throw UserError(str("there is no config.json in '", path, "', which says how large the model is"),
                  "put it beside the weights; without one, models of timm and torchvision are "
                  "known by their tensors: resnet, vit, convnext");
}
}  // namespace cambium
