#include "train/adapters/peft.h"

#include <algorithm>

#include "core/system/files.h"
#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "train/adapters/support/layout.h"

namespace cambium {
namespace {
constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kA = ".lora_A", kB = ".lora_B";

const Node& parameter_called(const Model& model, const std::string& path) {
  const auto id = model.graph.find(Role::kParameter, path);
  ensure(id.has_value(), "the model has no parameter '", path, "'");
  return model.graph.node(*id);
}

const AdaptUse& only_low_rank(const AdaptSpec& spec) {
  for (const AdaptUse& use : spec.uses)
    if (use.method->name != "lora" && use.method->name != "rslora")
      throw UserError(str("PEFT's layout is written of lora and rslora, not of ", use.method->name),
                      use.method->merges ? "`cambium adapters merge` makes plain weights of it"
                                         : "keep the run: it holds everything",
                      use.mark);
  if (spec.uses.size() > 1)
    throw UserError("an adapter file has one rank and one alpha, and the spec has two methods",
                    "keep the run, or merge it", spec.uses[1].mark);
  return spec.uses[0];
}

// "x.lora_A" -> "x.lora_A.weight", of a table "x.lora_embedding_A".
std::string file_name(const std::string& name, bool table) {
  if (!table) return name + ".weight";
  std::string out = name;
  return out.insert(out.rfind("lora_") + 5, "embedding_");
}

void add_place(const Model& model, const AdaptedPlace& place, const Tensors& weights,
               PeftAdapter& out) {
  const Node& n = parameter_called(model, place.path);
  const AdaptedWeight w{place.path, n.outputs[0].shape, n.parameter};
  if (w.shape.rank() != 2 && w.shape.rank() != 4)
    throw UserError(str("'", place.path, "' ", w.shape, " has no layout in PEFT"),
                    "merge the run (`cambium adapters merge`)");
  const std::string module = adapter_name(place.path);
  const bool table = w.info.kind == ParameterKind::kEmbedding;
  out.modules.push_back(module);
  for (const std::string& name : place.tensors)
    out.tensors.emplace(file_name(name, table),
                        to_torch(weights.find(name)->second, w.shape, name.ends_with(kB)));
}

void add_also(const Model& model, const AdaptSpec& spec, const Tensors& weights, PeftAdapter& out) {
  for (const Node& n : model.graph.nodes()) {
    if (n.role != Role::kParameter || model.adapters->tensors.contains(n.scope.path)) continue;
    if (!meets_any(spec.also, n.scope.path)) continue;
    const size_t dot = n.scope.path.rfind('.');
    const std::string module = n.scope.path.substr(0, dot);
    if (!std::ranges::count(out.also, module)) out.also.push_back(module);
    out.tensors.emplace(n.scope.path, whole_to_torch(weights.find(n.scope.path)->second, n));
  }
}

// Keys of adapter_config.json that change what is computed, with the value that changes nothing.
void refuse_other_kinds(const Json& config, const std::string& where) {
  const auto refuse = [&](const std::string& key, const std::string& why) {
    throw UserError(str(where, ": '", key, "' ", why),
                    "merge it into its base where it was made, or convert it to plain LoRA");
  };
  if (!config.is_object()) throw UserError(str(where, " is no object"));
  if (config.value("peft_type", Json("LORA")) != "LORA")
    refuse("peft_type", "is not LORA, which alone is read");
  for (const char* key : {"use_dora", "lora_bias", "use_qalora"})
    if (const auto v = config.find(key); v != config.end() && *v == true)
      refuse(key, "is not followed here");
  if (const auto v = config.find("bias"); v != config.end() && !v->is_null() && *v != "none")
    refuse("bias", "is not 'none'");
  for (const char* key : {"layer_replication", "target_parameters", "trainable_token_indices",
                          "alora_invocation_tokens", "use_bdlora", "arrow_config", "velora_config",
                          "kasa_config", "monteclora_config"})
    if (const auto v = config.find(key);
        v != config.end() && !v->is_null() && *v != false && !v->empty())
      refuse(key, "changes what is computed and is not followed here");
  for (const char* key : {"rank_pattern", "alpha_pattern"})
    if (const auto v = config.find(key); v != config.end() && !v->is_null() && !v->empty())
      refuse(key, "gives modules numbers of their own, which are not read here");
}

double number_at(const Json& config, const char* key, double otherwise, double least, double most,
                 const std::string& where) {
  const auto v = config.find(key);
  if (v == config.end() || v->is_null()) return otherwise;
  if (v->is_number() && v->get<double>() >= least && v->get<double>() <= most)
    return v->get<double>();
  throw UserError(
      str(where, ": '", key, "' is ", to_text(*v), ", not a number from ", least, " to ", most));
}

// The name without prefix, ".default" and the like.
std::string plain_name(std::string name) {
  if (name.starts_with(kPrefix)) name = name.substr(kPrefix.size());
  for (const std::string_view part : {".lora_A.default", ".lora_B.default",
                                      ".lora_embedding_A.default", ".lora_embedding_B.default"})
    if (const size_t at = name.find(part); at != name.npos) name.erase(at + part.size() - 8, 8);
  return name;
}

// "x.q" of the name of either factor; empty: it is none.
std::string module_of(const std::string& name) {
  for (const std::string_view part :
       {".lora_A.weight", ".lora_B.weight", ".lora_embedding_A", ".lora_embedding_B"})
    if (name.ends_with(part)) return name.substr(0, name.size() - part.size());
  return {};
}

void check_tensors(PeftAdapter& a, const std::string& file) {
  for (const auto& [name, t] : a.tensors) {
    if (t.type().dtype != DType::kF32)
      throw UserError(str(file, ": '", name, "' is ", t.type(), ", not f32"),
                      "convert it to f32 where it was made");
    const std::string module = module_of(name);
    if (module.empty()) {
      a.also.push_back(name);
      continue;
    }
    if (!std::ranges::count(a.modules, module)) a.modules.push_back(module);
    const bool second = name.find(".lora_B") != name.npos || name.find("embedding_B") != name.npos;
    if (t.shape().rank() < 2 || t.shape()[second ? 1 : 0] != a.rank)
      throw UserError(str(file, ": '", name, "' is ", t.shape(), ", and r is ", a.rank));
  }
  if (a.modules.empty())
    throw UserError(str(file, " holds no LoRA tensors"),
                    "names end in lora_A.weight and lora_B.weight");
}
}  // namespace

PeftAdapter peft_of(const Experiment& e, const Tensors& weights, const std::string& base) {
  Diagnostics errors;
  const std::optional<AdaptSpec> spec = parse_adapt(e.spec, e.vars, errors);
  errors.throw_if_any();
  if (!spec) throw UserError("the run has no adapters", "its spec has no section adapt");
  const AdaptUse& use = only_low_rank(*spec);
  const Model& model = model_of(e, 1, false);
  const auto number = [&](std::string_view field) {
    const ArgValue v = *use.attrs.find(field);
    const auto* whole = std::get_if<int64_t>(&v.variant());
    return whole ? double(*whole) : std::get<double>(v.variant());
  };
  PeftAdapter out{.method = std::string(use.method->name),
                  .rank = int64_t(number("rank")),
                  .alpha = number("alpha"),
                  .dropout = number("dropout"),
                  .base = base};
  for (const AdaptedPlace& place : model.adapters->places) add_place(model, place, weights, out);
  add_also(model, *spec, weights, out);
  return out;
}

void write_peft(const PeftAdapter& a, const std::string& folder) {
  make_folders(folder);
  std::map<std::string, const Tensor*, std::less<>> named;
  for (const auto& [name, t] : a.tensors) named.emplace(str(kPrefix, name), &t);
  write_safetensors(folder + "/adapter_model.safetensors", named, {{"format", "pt"}});
  Json config = {{"base_model_name_or_path", a.base},
                 {"bias", "none"},
                 {"fan_in_fan_out", false},
                 {"inference_mode", true},
                 {"init_lora_weights", true},
                 {"lora_alpha", a.alpha},
                 {"lora_dropout", a.dropout},
                 {"modules_to_save", a.also.empty() ? Json() : Json(a.also)},
                 {"peft_type", "LORA"},
                 {"r", a.rank},
                 {"target_modules", a.modules},
                 {"task_type", nullptr},
                 {"use_dora", false},
                 {"use_rslora", a.method == "rslora"}};
  replace_file(folder + "/adapter_config.json", to_text(config, 2) + "\n");
}

PeftAdapter read_peft(const std::string& folder) {
  const std::string config_path = folder + "/adapter_config.json",
                    file = folder + "/adapter_model.safetensors";
  for (const std::string& path : {config_path, file})
    if (!file_exists(path))
      throw UserError(str("'", folder, "' holds no adapter: there is no ", path),
                      "`cambium adapters extract RUN --to DIR` writes one, and so does PEFT's "
                      "save_pretrained");
  const Json config = load_json(config_path);
  refuse_other_kinds(config, config_path);
  PeftAdapter a;
  a.rank = int64_t(number_at(config, "r", 8, 1, 4096, config_path));
  a.alpha = number_at(config, "lora_alpha", 8, 0, 1e6, config_path);
  a.dropout = number_at(config, "lora_dropout", 0, 0, 0.99, config_path);
  const auto rs = config.find("use_rslora");
  a.method = rs != config.end() && *rs == true ? "rslora" : "lora";
  if (const auto base = config.find("base_model_name_or_path");
      base != config.end() && base->is_string())
    a.base = base->get<std::string>();
  for (auto& [name, t] : read_safetensors(file).tensors)
    if (!a.tensors.emplace(plain_name(name), std::move(t)).second)
      throw UserError(str(file, ": two tensors mean '", plain_name(name), "'"));
  check_tensors(a, file);
  return a;
}

Tensors tensors_for(const Model& model, const PeftAdapter& a, const Mark& mark) {
  Tensors out;
  std::map<std::string, std::string> names;  // in the file -> in the model
  std::map<std::string, Shape> adapted;      // shapes of the weights, by the adapter's tensor
  Diagnostics errors;
  for (const AdaptedPlace& place : model.adapters->places) {
    const Node& n = parameter_called(model, place.path);
    for (const std::string& name : place.tensors) {
      names[file_name(name, n.parameter.kind == ParameterKind::kEmbedding)] = name;
      adapted[name] = n.outputs[0].shape;
    }
  }
  std::vector<std::string> known;
  for (const auto& [name, ours] : names) known.push_back(name);
  for (const auto& [name, t] : a.tensors) {
    const auto found = names.find(name);
    const std::string path = found == names.end() ? name : found->second;
    const auto id = model.graph.find(Role::kParameter, path);
    if (!id) {
      errors.add(UserError(str("the adapter's '", name, "' belongs to nothing in the model"),
                           suggestion(name, known), mark));
      continue;
    }
    const Node& n = model.graph.node(*id);
    const Shape& wanted = n.outputs[0].shape;
    const bool factor = found != names.end();
    std::optional<Tensor> now = factor ? from_torch(t, adapted.at(path), wanted, path.ends_with(kB))
                                       : whole_from_torch(t, n);
    if (!now)
      errors.add(UserError(str("the adapter's '", name, "' is ", t.shape(),
                               ", which does not fit '", path, "' ", wanted),
                           "it was made for another model", mark));
    else
      out.emplace(path, std::move(*now));
  }
  for (const auto& [name, ours] : names)
    if (!a.tensors.contains(name))
      errors.add(UserError(str("the adapter has no '", name, "', which the spec asks for"),
                           "name what it adapts under `on`, or leave the method out: it follows "
                           "from the adapter",
                           mark));
  errors.throw_if_any();
  return out;
}
}  // namespace cambium
