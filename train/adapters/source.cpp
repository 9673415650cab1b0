#include "train/adapters/source.h"

#include <algorithm>

#include "core/hash.h"
#include "core/system/files.h"
#include "core/text/number.h"

namespace cambium {
namespace {
bool stands(const std::string& folder) {
  return file_exists(folder + "/adapter_model.safetensors") &&
         file_exists(folder + "/adapter_config.json");
}

std::string hash_of_folder(const std::string& folder) {
  std::vector<uint64_t> parts;
  for (const char* file : {"/adapter_model.safetensors", "/adapter_config.json"})
    parts.push_back(checksum_of_file(folder + file).checksum);
  return hash_name(hash_of(parts));
}

// What is wrong with the folder is wrong with the line that names it.
template <class F> auto at_mark(const Mark& mark, const F& f) {
  try {
    return f();
  } catch (const InternalError&) {
    throw;
  } catch (const UserErrors&) {
    throw;
  } catch (const Error& e) {
    throw UserError(e.what(), e.help, e.mark.known() ? e.mark : mark);
  }
}

Yaml scalar_of(std::string text, bool quoted, const Mark& mark) {
  Yaml y;
  y.kind = Yaml::kScalar;
  y.text = std::move(text);
  y.quoted = quoted;
  y.mark = mark;
  return y;
}

Yaml list_of(const std::vector<std::string>& names, const Mark& mark) {
  Yaml y;
  y.kind = Yaml::kList;
  y.mark = mark;
  for (const std::string& n : names) y.items.push_back(scalar_of(n, true, mark));
  return y;
}

YamlEntry method_entry(const PeftAdapter& a, const Mark& mark) {
  Yaml options;
  options.kind = Yaml::kMap;
  options.mark = mark;
  const auto add = [&](const char* key, Yaml value) {
    options.entries.push_back({key, mark, std::move(value)});
  };
  add("rank", scalar_of(str(a.rank), false, mark));
  add("alpha", scalar_of(str(a.alpha), false, mark));
  if (a.dropout > 0) add("dropout", scalar_of(str(a.dropout), false, mark));
  add("on", list_of(a.modules, mark));
  return {a.method, mark, std::move(options)};
}

void fill(Yaml& section, const AdaptSource& from) {
  const PeftAdapter a = at_mark(from.mark, [&] { return read_peft(from.folder); });
  const bool says = section.find("lora") || section.find("rslora");
  if (!says) section.entries.push_back(method_entry(a, from.mark));
  if (!a.also.empty() && !section.find("also"))
    section.entries.push_back({"also", from.mark, list_of(a.also, from.mark)});
  if (from.hash.empty())
    section.entries.push_back(
        {"hash", from.mark, scalar_of(hash_of_folder(from.folder), true, from.mark)});
}
}  // namespace

void settle_adapters(Spec& spec, const Vars& vars) {
  const std::optional<AdaptSource> from = adapt_source(spec, vars);
  if (!from) return;
  const bool there = stands(from->folder);
  if (!from->hash.empty() && (!there || hash_of_folder(from->folder) != from->hash)) return;
  fill(*spec.root.find("adapt"), *from);
}

std::optional<AdapterStart> adapter_start(const Experiment& e) {
  const std::optional<AdaptSource> from = adapt_source(e.spec, e.vars);
  if (!from) return {};
  const PeftAdapter a = at_mark(from->mark, [&] { return read_peft(from->folder); });
  const std::string hash = hash_of_folder(from->folder);
  if (!from->hash.empty() && hash != from->hash)
    throw UserError(str("the adapter of '", from->folder, "' is not that of the spec: hash (was ",
                        from->hash, ", is ", hash, ")"),
                    "put it back, or take adapt.hash out of the spec", from->mark);
  const Model& model = model_of(e, std::max<int64_t>(1, e.train.options.batch), false);
  return AdapterStart{from->folder, tensors_for(model, a, from->mark)};
}

void check_adapter_source(Experiment& e, const Model& model) {
  const std::optional<AdaptSource> from = adapt_source(e.spec, e.vars);
  if (!from || !model.adapters) return;
  if (!stands(from->folder) || hash_of_folder(from->folder) != from->hash) {
    e.notes.emplace_back(str("the adapter of '", from->folder, "' is gone or has changed"),
                         "a run that has begun goes on, none begins", from->mark);
    return;
  }
  tensors_for(model, at_mark(from->mark, [&] { return read_peft(from->folder); }), from->mark);
}
}  // namespace cambium
