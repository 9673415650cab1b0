#include "train/hub/config_out.h"

#include <algorithm>
#include <sstream>

#include "core/text/json.h"
#include "train/hub/spec_template.h"

namespace cambium {
namespace {
Json json_of_value(const ArgValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value.variant());
}

// The JSON whose reading gives `value`.
Json back(const ConfigKey& k, const ArgValue& value) {
  if (k.null_is && evaluate(*k.null_is, Vars()).text() == value.text()) return nullptr;
  if (!k.values) return json_of_value(value);
  for (const YamlEntry& e : k.values->entries)
    if (evaluate(e.value, Vars()).text() == value.text())
      return e.key == "true" || e.key == "false" ? Json(e.key == "true") : Json(e.key);
  if (!std::holds_alternative<std::string>(value.variant())) return json_of_value(value);
  throw UserError(str("no value of '", k.key, "' means ", value.text()));
}

Json labels(int64_t count) {
  Json out = Json::object();
  for (int64_t i = 0; i < count; ++i) out[str(i)] = str("LABEL_", i);
  return out;
}

Json allowed(const ConfigKey& k, const HubVars& vars) {
  Vars all;
  for (const auto& [name, value] : vars) all.set(name, value);
  const Yaml& first = k.only->items.at(0);
  return first.is_null() ? Json(nullptr) : json_of_value(evaluate(first, all));
}

Json write_keys(const Family& f, const HubVars& vars) {
  Json out = Json::object();
  for (const ConfigKey& k : f.keys) {
    if (k.key.find('.') != k.key.npos || k.each) continue;  // another spelling
    if (!k.count.empty()) {
      const auto other = [&](const ConfigKey& o) {
        return !o.vars.empty() && o.vars[0] == k.count;
      };
      if (std::ranges::any_of(f.keys, other)) continue;
      if (const auto* n = std::get_if<int64_t>(&vars.at(k.count).variant()))
        out[k.key] = labels(*n);
    } else if (k.only) {
      // Numbers and switches are what the classes of transformers have unasked.
      if (Json value = allowed(k, vars); value.is_string()) out[k.key] = std::move(value);
    } else if (!k.list) {
      out[k.key] = back(k, vars.at(k.vars[0]));
    } else {
      Json list = Json::array();
      for (const std::string& var : k.vars) list.push_back(back(k, vars.at(var)));
      out[k.key] = std::move(list);
    }
  }
  return out;
}

// A line of the spec that the config makes another; empty when it makes the same spec.
std::string differs(const Family& f, const HubConfig& config, const HubVars& vars,
                    const std::string& variant) {
  std::istringstream ours(spec_text(f, vars, "", "")),
      theirs(spec_text(f, values_of(f, config, {}, variant).vars, "", ""));
  std::string a, b;
  while (std::getline(ours, a)) {
    if (!std::getline(theirs, b)) b.clear();
    if (a != b) return a.substr(std::min(a.find_first_not_of(' '), a.size()));
  }
  return "";
}

std::string class_of(const Family& f, const std::string& type, const std::string& variant) {
  for (const HeadVariant& v : f.variants)
    if (v.name == variant && !v.architectures.empty()) return v.architectures.front();
  const Yaml* classes = f.root.find("architectures");
  const Yaml* one = classes ? classes->find(type) : nullptr;
  return one ? one->text : std::string();
}
}  // namespace

HubConfig config_from(const Family& f, const HubVars& vars, const std::string& variant) {
  const std::vector<std::string> types = f.model_types();
  if (types.empty()) return {};
  std::string last;
  for (const std::string& type : types) {
    Json json = Json::object();
    if (const std::string name = class_of(f, type, variant); !name.empty())
      json["architectures"] = Json::array({name});
    json["model_type"] = type;
    json.update(write_keys(f, vars));
    HubConfig out{"config.json", std::make_shared<const Json>(std::move(json))};
    try {
      last = differs(f, out, vars, variant);
    } catch (const UserError& e) {  // a key that this type does not have
      last = e.what();
      continue;
    }
    if (last.empty()) return out;
  }
  throw UserError(str("no model_type of ", f.name, " says ", last),
                  "export safetensors, or give the config.json with --config");
}
}  // namespace cambium
