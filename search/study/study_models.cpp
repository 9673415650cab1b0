#include "search/study/study_models.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "search/study/spec_edit.h"

namespace cambium {
namespace {
bool same_place(const Mark& a, const Mark& b) {
  return a.known() && a.file == b.file && a.line == b.line && a.column == b.column;
}

bool stands_at(const Yaml& node, const Mark& mark) {
  return same_place(node.mark, mark) || std::ranges::any_of(node.entries, [&](const YamlEntry& e) {
           return same_place(e.key_mark, mark);
         });
}

// The innermost value of the tree that stands at the place, or whose key does.
const Yaml* value_at(const Yaml& node, const Mark& mark) {
  for (const Yaml& item : node.items)
    if (const Yaml* found = value_at(item, mark)) return found;
  for (const YamlEntry& e : node.entries) {
    if (const Yaml* found = value_at(e.value, mark)) return found;
    if (same_place(e.key_mark, mark)) return &e.value;
  }
  return same_place(node.mark, mark) ? &node : nullptr;
}

bool passes(const Yaml& root, std::string_view path, const Mark& mark) {
  for (const Yaml* node = step_down(root, path); node; node = step_down(*node, path)) {
    if (stands_at(*node, mark)) return true;
    if (path.empty()) return false;
  }
  return false;
}

// Whether an override of the study shapes what stands at a place of the model: by a path through
// it, or as a variable that it names.
bool shapes(const YamlEntry& set, const Spec& spec, const Mark& mark) {
  if (passes(spec.root, set.key, mark)) return true;
  if (!set.key.starts_with("vars.")) return false;
  const Yaml* value = value_at(spec.root, mark);
  const std::string text = value ? canonical_text(*value) : "", name = set.key.substr(5);
  return text.find(str("$", name)) != text.npos ||
         (text.find("${") != text.npos && text.find(name) != text.npos);
}

std::string value_text(const Yaml& value) {
  return value.is_scalar() ? str(" to ", value.text) : "";
}
}  // namespace

Spec variant_spec(const Study& study, const Variant& variant) {
  Spec spec = load_spec(variant.file);
  Diagnostics errors;
  for (const auto* list : {&study.overrides, &variant.overrides})
    for (const YamlEntry& e : *list) try {
        apply_override(spec.root, e.key, e.value, e.key_mark);
      } catch (const UserError& error) {
        errors.add(error);
      }
  errors.throw_if_any();
  return spec;
}

void check_model_files(const Study& study) {
  Diagnostics errors;
  std::vector<std::string> seen;
  for (const Variant& v : study.variants) {
    if (std::ranges::count(seen, v.file)) continue;
    seen.push_back(v.file);
    try {
      load_spec(v.file);
    } catch (const UserErrors& e) {
      errors.add_all(e);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = v.file_mark;
      errors.add(e);
    }
  }
  errors.throw_if_any();
}

void VariantErrors::collect(const Variant& variant, const std::function<void()>& f) {
  try {
    f();
  } catch (const UserErrors& e) {
    for (const UserError& one : e.all) add(variant, one);
  } catch (const UserError& e) {
    add(variant, e);
  }
}

void VariantErrors::add(const Variant& variant, const UserError& error) {
  for (Found& f : found_)
    if (std::string_view(f.error.what()) == error.what() &&
        (same_place(f.error.mark, error.mark) || !(f.error.mark.known() || error.mark.known()))) {
      if (f.variants.back() != &variant) f.variants.push_back(&variant);
      return;
    }
  found_.push_back({error, {&variant}});
}

UserError VariantErrors::with_notes(const Found& found) const {
  UserError out = found.error;
  if (out.mark.file == study_.file) return out;
  std::vector<std::string> names;
  for (const Variant* v : found.variants) names.push_back(str("'", v->name, "'"));
  const bool all = names.size() > 1 && names.size() == study_.variants.size();
  out.notes.push_back({all                ? std::string("it is so in every variant")
                       : names.size() > 1 ? str("it is so in the variants ", join_names(names))
                                          : str("it is so in variant ", names[0]),
                       found.variants[0]->mark});
  const Spec spec = variant_spec(study_, *found.variants[0]);
  const auto note = [&](const std::vector<YamlEntry>& overrides, std::string_view who) {
    for (const YamlEntry& e : overrides)
      if (shapes(e, spec, out.mark))
        out.notes.push_back({str(who, " sets ", e.key, value_text(e.value)), e.key_mark});
  };
  note(study_.overrides, "the study");
  for (const Variant* v : found.variants) note(v->overrides, str("variant '", v->name, "'"));
  return out;
}

void VariantErrors::throw_if_any() const {
  Diagnostics errors;
  for (const Found& f : found_) errors.add(with_notes(f));
  errors.throw_if_any();
}
}  // namespace cambium
