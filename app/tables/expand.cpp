#include "app/tables/expand.h"

#include <algorithm>

#include "blocks/compose/entry.h"
#include "data/dataset.h"
#include "train/spec/options.h"

namespace cambium {
namespace {
Yaml scalar(std::string text) {
  Yaml y;
  y.kind = Yaml::kScalar;
  y.text = std::move(text);
  return y;
}

Yaml empty_map() {
  Yaml y;
  y.kind = Yaml::kMap;
  return y;
}

void add(Yaml& map, std::string key, Yaml value) {
  YamlEntry& e = map.entries.emplace_back();
  e.key = std::move(key);
  e.value = std::move(value);
}

Yaml default_value(const FieldInfo& f) {
  Yaml value = parse_yaml(f.default_text, "default");
  if (value.is_null()) value = scalar("");
  if (f.type == "text" && !f.default_text.empty()) {
    // A text that reads as something else, such as 5 for a length, stays text.
    value = scalar(f.default_text);
    value.quoted = f.default_text.find_first_of("0123456789") == 0;
  }
  return value;
}

// A default outside the field's own range means "not given" and cannot be written.
bool can_be_written(const FieldInfo& f) {
  if (f.type.find("number") == std::string::npos || f.type.starts_with("list")) return true;
  const double value = std::stod(f.default_text);
  return value >= f.min && value <= f.max;
}

void add_defaults(Yaml& map, const std::vector<FieldInfo>& fields) {
  for (const FieldInfo& f : fields)
    if (!map.find(f.name) && can_be_written(f)) add(map, f.name, default_value(f));
}

// `adamw`, `{adamw: {lr: 1}}` -> `{adamw: {lr: 1, ...}}`
template <class Record>
Yaml expand_choice(const Yaml& choice, std::span<const Record* const> table,
                   std::string_view primary = {}) {
  Yaml out = empty_map();
  const bool named = choice.is_map() && choice.entries.size() == 1;
  const std::string name = named ? choice.entries[0].key : choice.text;
  const auto found = std::ranges::find(table, name, [](const Record* r) { return r->name; });
  if (found == table.end()) return choice;
  Yaml options = empty_map();
  if (named && choice.entries[0].value.is_map()) {
    options = choice.entries[0].value;
  } else if (named && !choice.entries[0].value.is_null() && !primary.empty()) {
    add(options, std::string(primary), choice.entries[0].value);
  }
  add_defaults(options, (*found)->attrs.describe());
  add(out, name, std::move(options));
  return out;
}

Yaml expand_data(const Yaml& data) {
  Yaml out = expand_choice(data, builtin_datasets());
  // A dataset that changes another.
  if (out.is_map() && out.entries.size() == 1)
    if (Yaml* of = out.entries[0].value.find("of")) *of = expand_data(*of);
  return out;
}

class ModelExpander {
 public:
  explicit ModelExpander(const Yaml* define) {
    if (!define) return;
    for (const YamlEntry& e : define->entries) definitions_[e.key] = &e.value;
  }

  Yaml list(const Yaml& items) const {
    if (!items.is_list()) return items;
    Yaml out;
    out.kind = Yaml::kList;
    for (const Yaml& item : items.items) out.items.push_back(entry(item));
    return out;
  }

  Yaml definition(const Yaml& value) const {
    if (value.is_list()) return list(value);
    Yaml out = value;
    if (Yaml* body = out.find("body")) *body = list(*body);
    return out;
  }

 private:
  // The options that hold blocks: the block's bodies, and the letters of a pattern.
  bool holds_blocks(const Entry& e, const std::string& key) const {
    if (!e.block) return false;
    return std::ranges::count(e.block->bodies, key) > 0 ||
           (e.block->any_option && is_pattern_letter(key));
  }

  Yaml entry(const Yaml& item) const {
    // Mistakes were found before; variables are not needed to see which option is which.
    const auto e = read_entry(item, vars_, definitions_, [](const UserError&) {});
    if (!e) return item;
    Yaml options = empty_map();
    for (const YamlEntry& o : e->use.options)
      add(options, o.key, holds_blocks(*e, o.key) ? inner(o.value) : o.value);
    if (e->block) add_defaults(options, e->block->attrs.describe());
    Yaml out = empty_map();
    add(out, e->use.name, std::move(options));
    for (const auto& [key, label] : {std::pair{"name", &e->name}, std::pair{"as", &e->as},
                                     std::pair{"from", &e->from}, std::pair{"share", &e->share}})
      if (!label->text.empty()) add(out, key, scalar(label->text));
    if (e->freeze) add(out, "freeze", scalar("true"));
    if (e->recompute) add(out, "recompute", scalar(*e->recompute ? "true" : "false"));
    return out;
  }

  // A body is a list, one entry, or (branches) lists of lists.
  Yaml inner(const Yaml& body) const {
    if (body.is_list()) {
      Yaml out;
      out.kind = Yaml::kList;
      for (const Yaml& item : body.items)
        out.items.push_back(item.is_list() ? list(item) : entry(item));
      return out;
    }
    return body.is_null() ? body : entry(body);
  }

  Vars vars_;
  Definitions definitions_;
};
}  // namespace

Yaml expanded(const Spec& spec) {
  Yaml out = spec.root;
  if (Yaml* data = out.find("data")) *data = expand_data(*data);
  const ModelExpander models(spec.section("define"));
  for (const char* section : {"model", "encoder", "decoder"})
    if (Yaml* blocks = out.find(section)) *blocks = models.list(*blocks);
  if (Yaml* define = out.find("define"))
    for (YamlEntry& e : define->entries) e.value = models.definition(e.value);
  if (!out.find("precision")) add(out, "precision", scalar("f32"));
  if (!out.find("train")) add(out, "train", empty_map());
  Yaml& train = *out.find("train");
  if (train.is_null()) train = empty_map();
  keep_later_length(train.entries);
  for_each_choice([&](const ChoiceKey& key, auto table, auto) {
    if (!train.find(key.name) && !key.fallback.empty())
      add(train, std::string(key.name), scalar(std::string(key.fallback)));
    if (Yaml* chosen = train.find(key.name)) *chosen = expand_choice(*chosen, table);
  });
  // `steps` and `epochs` exclude each other: the one that is not given has no default to write.
  add_defaults(train, describe_fields<TrainOptions>());
  return out;
}
}  // namespace cambium
