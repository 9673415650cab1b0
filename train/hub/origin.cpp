// What a run remembers of the files it was imported from: <run>/hub/origin.json, config.json,
// kept.safetensors and files of its tokenizer.
#include <filesystem>

#include "core/system/files.h"
#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "train/hub/import_hub.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

Json json_of(const HubVars& vars) {
  Json out = Json::object();
  for (const auto& [name, value] : vars)
    std::visit([&, &name = name](const auto& v) { out[name] = v; }, value.variant());
  return out;
}

HubVars vars_from(const Json& json) {
  HubVars out;
  for (const auto& [name, v] : json.items()) {
    if (v.is_boolean())
      out.emplace(name, ArgValue(v.get<bool>()));
    else if (v.is_number_integer())
      out.emplace(name, ArgValue(v.get<int64_t>()));
    else if (v.is_number())
      out.emplace(name, ArgValue(v.get<double>()));
    else if (v.is_string())
      out.emplace(name, ArgValue(v.get<std::string>()));
  }
  return out;
}

HubOrigin origin_from(const Json& json) {
  HubOrigin out;
  out.family = json.at("family").get<std::string>();
  out.variant = json.at("variant").get<std::string>();
  out.vars = vars_from(json.at("vars"));
  out.file_names = json.at("file_names").get<std::map<std::string, std::string>>();
  out.tied = json.at("tied").get<std::vector<std::string>>();
  out.dropped = json.at("dropped").get<std::vector<std::string>>();
  return out;
}
}  // namespace

void write_hub(const HubModel& m, const std::string& folder) {
  write_imported(m.model, folder);
  const std::string hub = folder + "/hub";
  make_folders(hub);
  const HubOrigin& o = m.origin;
  if (o.config) replace_file(hub + "/config.json", to_text(*o.config, 2) + "\n");
  if (!o.kept.empty()) {
    std::map<std::string, const Tensor*, std::less<>> kept;
    for (const auto& [name, t] : o.kept) kept.emplace(name, &t);
    write_safetensors(hub + "/kept.safetensors", kept, {});
  }
  for (const std::string& file : o.files)
    fs::copy_file(file, fs::path(hub) / fs::path(file).filename(),
                  fs::copy_options::overwrite_existing);
  const Json json = {{"family", o.family},      {"variant", o.variant},
                     {"vars", json_of(o.vars)}, {"file_names", o.file_names},
                     {"tied", o.tied},          {"dropped", o.dropped}};
  replace_file(hub + "/origin.json", to_text(json, 2) + "\n");
}

std::optional<HubOrigin> read_origin(const std::string& folder) {
  const std::string hub = folder + "/hub", path = hub + "/origin.json";
  if (!file_exists(path)) return std::nullopt;
  HubOrigin out;
  try {
    out = origin_from(load_json(path));
  } catch (const Json::exception& e) {
    throw UserError(str(path, " is damaged: ", e.what()), "import the model again");
  }
  if (file_exists(hub + "/config.json"))
    out.config = std::make_shared<const Json>(load_json(hub + "/config.json"));
  if (file_exists(hub + "/kept.safetensors"))
    out.kept = read_safetensors(hub + "/kept.safetensors").tensors;
  for (const auto& e : fs::directory_iterator(hub)) {
    const std::string name = e.path().filename().string();
    if (name != "origin.json" && name != "config.json" && name != "kept.safetensors")
      out.files.push_back(e.path().string());
  }
  return out;
}
}  // namespace cambium
