#include "train/hub/family.h"

#include <algorithm>
#include <filesystem>

#include "core/system/files.h"
#include "core/text/suggest.h"
#include "core/yaml/spec.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kKeys[] = {
    "family",   "text",     "model_types", "architectures", "vars",    "config",
    "harmless", "prefix",   "tensors",     "ties",          "renamed", "dropped",
    "kept",     "variants", "spec",        "shapes",        "counts",  "recognised_by",
    "spec_of",  "guesses",  "pinned",      "text_data"};

[[noreturn]] void fail_at(const Mark& mark, const std::string& what, const std::string& help = {}) {
  throw UserError(what, help, mark);
}

std::string text_of_scalar(const Yaml& y) {
  if (!y.is_scalar()) fail_at(y.mark, "a text is expected here");
  return y.text;
}

std::vector<std::string> texts_of(const Yaml* y) {
  std::vector<std::string> out;
  if (!y || y->is_null()) return out;
  if (y->is_scalar()) return {y->text};
  if (!y->is_list()) fail_at(y->mark, "a list of texts is expected here");
  for (const Yaml& item : y->items) out.push_back(text_of_scalar(item));
  return out;
}

std::map<std::string, std::string> map_of_texts(const Yaml* y) {
  std::map<std::string, std::string> out;
  if (!y) return out;
  if (!y->is_map()) fail_at(y->mark, "a map of texts is expected here");
  for (const YamlEntry& e : y->entries) out[e.key] = text_of_scalar(e.value);
  return out;
}

ConfigKey key_of(const YamlEntry& e) {
  ConfigKey k;
  k.key = e.key;
  const Yaml& v = e.value;
  if (v.is_scalar()) {
    k.vars = {v.text};
  } else if (v.is_list()) {
    k.vars = texts_of(&v);
    k.list = true;
  } else if (v.is_map()) {
    for (const YamlEntry& part : v.entries) {
      if (part.key == "var")
        k.vars = texts_of(&part.value);
      else if (part.key == "values")
        k.values = &part.value;
      else if (part.key == "null_is")
        k.null_is = &part.value;
      else if (part.key == "only")
        k.only = &part.value;
      else if (part.key == "each")
        k.each = &part.value;
      else if (part.key == "count")
        k.count = text_of_scalar(part.value);
      else if (part.key == "cure")
        k.cure = text_of_scalar(part.value);
      else
        fail_at(part.key_mark, str("unknown key '", part.key, "'"),
                "known: var, values, null_is, only, each, count, cure");
    }
  }
  const int says = int(!k.vars.empty()) + int(k.only != nullptr) + int(k.each != nullptr) +
                   int(!k.count.empty());
  if (says != 1)
    fail_at(e.key_mark, str("'", e.key, "' says ", says, " of var, only, each and count"),
            "say one");
  return k;
}

const LayerKind& kind_of(const YamlEntry& e) {
  const std::span<const LayerKind> kinds = layer_kinds();
  const auto found = std::ranges::find(kinds, e.key, &LayerKind::name);
  if (found != kinds.end()) return *found;
  std::vector<std::string> known;
  for (const LayerKind& k : kinds) known.emplace_back(k.name);
  fail_at(e.key_mark, str("unknown kind of layer '", e.key, "'"), suggestion(e.key, known));
}

// {kind: {theirs: ours}} and {when: $x, a: [...], b: [...]}.
void read_rows(const Yaml& list, const Yaml* when, const std::string& is,
               std::vector<TensorRow>& rows) {
  if (!list.is_list()) fail_at(list.mark, "tensors: is a list of {kind: {theirs: ours}}");
  for (const Yaml& item : list.items) {
    const Yaml* choice = item.find("when");
    for (const YamlEntry& kind : item.entries) {
      if (&kind.value == choice) continue;
      if (choice) {
        read_rows(kind.value, choice, kind.key, rows);
        continue;
      }
      for (const YamlEntry& row : kind.value.entries)
        rows.push_back({&kind_of(kind), row.key, texts_of(&row.value), when, is});
    }
  }
}

void read_variants(const Yaml* list, std::vector<HeadVariant>& out) {
  if (!list) return;
  for (const Yaml& item : list->items) {
    HeadVariant v{};
    for (const YamlEntry& e : item.entries) {
      if (e.key == "name")
        v.name = text_of_scalar(e.value);
      else if (e.key == "has")
        v.has = text_of_scalar(e.value);
      else if (e.key == "architectures")
        v.architectures = texts_of(&e.value);
      else if (e.key == "vars")
        v.vars = &e.value;
      else if (e.key == "fresh")
        v.fresh = texts_of(&e.value);
      else
        fail_at(e.key_mark, str("unknown key '", e.key, "'"),
                "known: name, has, architectures, vars, fresh");
    }
    out.push_back(std::move(v));
  }
}

void read_shapes(const Yaml* map, Family& f) {
  if (!map) return;
  for (const YamlEntry& e : map->entries) {
    if (!e.value.is_list() || e.value.items.size() != 2)
      fail_at(e.key_mark, "a shape is [tensor, axis]");
    f.shapes[e.key] = {text_of_scalar(e.value.items[0]), std::stoi(e.value.items[1].text)};
  }
}

// What `spec_of: vit` takes from another file of the folder.
void borrow(const std::string& folder, Family& f) {
  const Yaml* from = f.root.find("spec_of");
  if (!from) return;
  const std::string file = str(folder, "/", text_of_scalar(*from), ".yaml");
  if (!file_exists(file)) fail_at(from->mark, str("there is no '", file, "'"));
  const Yaml other = load_spec(file).root;
  for (const char* key : {"spec", "text_data"})
    if (const Yaml* y = other.find(key)) f.root.entries.push_back({key, y->mark, *y});
}

std::shared_ptr<const Family> load_family(const std::string& folder, const std::string& file) {
  auto family = std::make_shared<Family>();
  Family& f = *family;
  f.file = file;
  f.root = load_spec(file).root;
  borrow(folder, f);
  for (const YamlEntry& e : f.root.entries)
    if (!std::ranges::count(kKeys, e.key))
      fail_at(e.key_mark, str("a mapping file has no '", e.key, "'"),
              suggestion(e.key, std::vector<std::string>(std::begin(kKeys), std::end(kKeys))));
  const auto text = [&](std::string_view key) {
    const Yaml* y = f.root.find(key);
    return y ? text_of_scalar(*y) : std::string();
  };
  f.name = text("family");
  f.text = text("text");
  f.prefix = text("prefix");
  if (const Yaml* config = f.root.find("config"))
    for (const YamlEntry& e : config->entries) f.keys.push_back(key_of(e));
  if (const Yaml* rows = f.root.find("tensors")) read_rows(*rows, nullptr, "", f.rows);
  read_variants(f.root.find("variants"), f.variants);
  read_shapes(f.root.find("shapes"), f);
  f.ties = map_of_texts(f.root.find("ties"));
  f.renamed = map_of_texts(f.root.find("renamed"));
  f.harmless = map_of_texts(f.root.find("harmless"));
  f.counts = map_of_texts(f.root.find("counts"));
  f.dropped = texts_of(f.root.find("dropped"));
  f.kept = texts_of(f.root.find("kept"));
  f.recognised_by = texts_of(f.root.find("recognised_by"));
  return family;
}

}  // namespace

const Yaml* Family::model_type(const std::string& type) const {
  const Yaml* types = root.find("model_types");
  return types ? types->find(type) : nullptr;
}

std::vector<std::string> Family::model_types() const {
  std::vector<std::string> out;
  if (const Yaml* types = root.find("model_types"))
    for (const YamlEntry& e : types->entries) out.push_back(e.key);
  return out;
}

std::vector<std::shared_ptr<const Family>> load_families(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& e : fs::directory_iterator(folder))
    if (e.path().extension() == ".yaml" && e.path().stem() != "common")
      files.push_back(e.path().string());
  std::ranges::sort(files);
  std::vector<std::shared_ptr<const Family>> out;
  for (const std::string& file : files) out.push_back(load_family(folder, file));
  return out;
}

std::string families_folder(const std::string& asked) {
  const auto holds = [](const fs::path& p) {
    std::error_code none;
    return fs::exists(p / "common.yaml", none);
  };
  if (!asked.empty()) {
    if (holds(asked)) return asked;
    throw UserError(str("'", asked, "' holds no mapping files (common.yaml and one a family)"),
                    "name a folder like configs/weights");
  }
  std::error_code none;
  const fs::path program = fs::read_symlink("/proc/self/exe", none).parent_path();
  for (const fs::path& p :
       {fs::path("configs/weights"), program / "../../configs/weights",
        program / "../../../configs/weights", program / "../share/cambium/configs/weights"})
    if (holds(p)) return p.lexically_normal().string();
  throw UserError("the mapping files of configs/weights are not found",
                  "run this where configs/weights is, or name the folder with --maps");
}
}  // namespace cambium
