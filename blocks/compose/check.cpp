#include "blocks/compose/check.h"

#include <algorithm>

#include "blocks/compose/lost.h"
#include "core/text/number.h"
#include "core/text/suggest.h"

namespace cambium {
namespace {
// A model has at most so many, counting what repeats and definitions make of them: a few lines that
// use one another twice would else never end.
constexpr int64_t kMostEntries = 20'000;
// In the place of a size that only building tells. What is wrong with one of them may be right with
// the size.
constexpr int64_t kSomeSizes[] = {5040, 8};
constexpr size_t kDeepest = 32;  // definitions inside one another; each takes a piece of the stack

struct TooLarge : UserError {  // ends the walk

  explicit TooLarge(const UserError& e) : UserError(e) {}
};

bool same(const UserError& a, const UserError& b) {
  return std::string_view(a.what()) == b.what() && a.mark.line == b.mark.line &&
         a.mark.column == b.mark.column;
}

// Those that stand in both.
void report_common(const std::vector<UserError>& one, const std::vector<UserError>& other,
                   const Report& report) {
  for (const UserError& error : one)
    if (std::ranges::any_of(other, [&](const UserError& o) { return same(error, o); }))
      report(error);
}

class Checker {
 public:
  Checker(const Vars& root, const Definitions& definitions, const Report& report)
      : root_(root), definitions_(definitions), report_(report) {}

  void check_part(const ModelPart& part) {
    check_list(*part.blocks, root_);
    if (!part.name.empty()) taps_.push_back(part.name);
  }

  void check_list(const Yaml& list, const Vars& vars) {
    if (!list.is_list()) return check_entry(list, vars);
    count_entries(list.mark);
    for (const Yaml& item : list.items) check_list(item, vars);
  }

  // A definition that no part uses, with its defaults. What a parameter without one will be is not
  // known: reported is what is wrong both with a number and with a text in its place.
  void check_unused(const std::string& name, const Yaml& value) {
    const Definition d = definition_of(value);
    if (used_.contains(name) || !d.body) return;
    report_common(errors_with(d, 8), errors_with(d, "x"), report_);
  }

 private:
  std::vector<UserError> errors_with(const Definition& d, const ArgValue& unknown) {
    std::vector<UserError> errors;
    const Report keep = [&](UserError error) { errors.push_back(std::move(error)); };
    Checker checker(root_, definitions_, keep);
    checker.any_tap_ = true;
    Vars local(&root_);
    for (const YamlEntry& param : d.params) {
      if (param.value.is_null())
        local.set(param.key, unknown);
      else
        local.set(param.key, param.value);
    }
    checker.check_list(*d.body, local);
    used_.merge(checker.used_);
    return errors;
  }

  // As often as the repeats around it will build it.
  void count_entries(const Mark& mark) {
    entries_ += copies_;
    if (entries_ <= double(kMostEntries)) return;
    throw TooLarge(UserError(str("the model grows past ", kMostEntries, " blocks here"),
                             "lower the counts of its repeats, or use definitions less often",
                             mark));
  }

  // How often an entry builds its body; 1 where its own reader will say what is wrong.
  static double copies_of(const Entry& e, const Vars& vars) {
    const Yaml* count = e.block && e.block->repeats ? e.use.body(e.block->primary) : nullptr;
    if (!count) return 1;
    try {
      const ArgValue v = evaluate(*count, vars);
      const auto* n = std::get_if<int64_t>(&v.variant());
      return n ? double(std::max<int64_t>(*n, 1)) : 1;
    } catch (const UserError&) {
      return 1;
    }
  }

  void check_entry(const Yaml& item, const Vars& vars) {
    count_entries(item.mark);
    const std::optional<Entry> e = read_entry(item, vars, definitions_, report_);
    if (!e) return;
    for (const Label& name : used_taps(*e, vars))
      if (!any_tap_ && !std::ranges::count(taps_, name.text))
        report_(unknown_tap(name.text, name.mark, taps_));
    if (e->definition) check_use(*e, vars);
    const double around = copies_;
    copies_ *= copies_of(*e, vars);
    if (e->block && !e->block->variable.empty() && !e->block->repeats)
      check_with_sizes(*e, vars);
    else if (e->block)
      check_bodies(*e, vars, 0);
    copies_ = around;
    if (!e->as.text.empty()) taps_.push_back(e->as.text);
    if (e->use.name == "tap") add_values(*e->use.body("label"), vars, taps_);
  }

  void check_bodies(const Entry& e, const Vars& vars, int64_t variable) {
    Vars inner(&vars);
    if (!e.block->variable.empty()) inner.set(std::string(e.block->variable), variable);
    for (const YamlEntry& option : e.use.options)
      if (std::ranges::count(e.block->bodies, option.key) ||
          (e.block->any_option && is_pattern_letter(option.key)))
        check_list(option.value, inner);
  }

  void check_with_sizes(const Entry& e, const Vars& vars) {
    std::vector<UserError> found[2];
    const Report outer = report_;
    const double entries = entries_, copies = copies_;
    const std::vector<std::string> open = using_;
    for (const size_t i : {0u, 1u}) {
      entries_ = entries;
      report_ = [&, i](UserError error) { found[i].push_back(std::move(error)); };
      try {
        check_bodies(e, vars, kSomeSizes[i]);
      } catch (const TooLarge& error) {  // a count that follows from the size may be small
        report_(error);
        copies_ = copies;
        using_ = open;
      }
    }
    report_ = outer;
    report_common(found[0], found[1], report_);
  }

  void check_use(const Entry& e, const Vars& vars) {
    if (std::ranges::count(using_, e.use.name))
      return report_(
          UserError(str("the definition '", e.use.name, "' uses itself"), {}, e.use.mark));
    if (using_.size() >= kDeepest)
      throw TooLarge(UserError(str("more than ", kDeepest, " definitions use one another here"),
                               "write some of them out", e.use.mark));
    const Yaml* body = definition_of(*e.definition).body;
    Vars local(&root_);
    used_.insert(e.use.name);
    if (!bind_parameters(e, vars, local, report_) || !body) return;
    using_.push_back(e.use.name);
    check_list(*body, local);
    using_.pop_back();
  }

  std::vector<Label> used_taps(const Entry& e, const Vars& vars) {
    std::vector<Label> out;
    if (!e.from.text.empty()) out.push_back(e.from);
    const Yaml* names = e.block && e.use.name == "from" ? e.use.body("taps") : nullptr;
    if (!names || !e.good) return out;
    std::vector<std::string> texts;
    add_values(*names, vars, texts);
    for (size_t i = 0; i < texts.size(); ++i)
      out.push_back({texts[i], names->is_list() ? names->items[i].mark : names->mark});
    return out;
  }

  // The names an option gives, one or a list; its own reader reports what is wrong with it.
  static void add_values(const Yaml& value, const Vars& vars, std::vector<std::string>& to) {
    try {
      const ArgValue v = evaluate(value, vars);
      if (const auto* one = std::get_if<std::string>(&v.variant())) to.push_back(*one);
      if (const auto* many = std::get_if<std::vector<std::string>>(&v.variant()))
        to.insert(to.end(), many->begin(), many->end());
    } catch (const UserError&) {
      return;
    }
  }

  const Vars& root_;
  const Definitions& definitions_;
  Report report_;
  std::vector<std::string> taps_, using_;
  std::set<std::string> used_;
  bool any_tap_ = false;  // which taps are set where a definition will be used is not known
  double entries_ = 0, copies_ = 1;
};
}  // namespace

UserError unknown_tap(const std::string& name, const Mark& mark,
                      const std::vector<std::string>& known) {
  const std::string help =
      known.empty() ? str("set it before with `as: ", name, "`") : suggestion(name, known);
  return UserError(str("no tap '", name, "' is set before this block"), help, mark);
}

void check_definitions(const Definitions& definitions, const Report& report) {
  for (const auto& [name, value] : definitions) {
    const auto fail = [&report, &name = name](const std::string& text, const Mark& mark,
                                              std::string help) {
      report(UserError(str("definition '", name, "' ", text), std::move(help), mark));
    };
    if (!is_name(name)) fail("needs a name of letters, digits and '_'", value->mark, {});
    if (std::ranges::count(builtin_blocks(), name, [](const Block* b) { return b->name; }))
      fail("has the name of a block", value->mark, "choose another name");
    if (!definition_of(*value).body)
      fail("has no body", value->mark, str("write ", name, ": {params: {width: 64}, body: [...]}"));
    if (!value->is_map()) continue;
    for (const YamlEntry& e : value->entries)
      if (e.key != "body" && e.key != "params")
        fail(str("has an unknown key '", e.key, "'"), e.key_mark, "its keys are params and body");
    if (const Yaml* params = value->find("params"); params && !params->is_map())
      fail("takes 'params' as a map", params->mark, "write params: {width: 64}");
  }
}

bool check_parts(std::span<const ModelPart> parts, const Vars& vars, const Definitions& definitions,
                 const Report& report) {
  Checker checker(vars, definitions, report);
  try {
    for (const ModelPart& part : parts) checker.check_part(part);
    for (const auto& [name, value] : definitions) checker.check_unused(name, *value);
    return true;
  } catch (const TooLarge& e) {
    report(e);
    return false;
  }
}
}  // namespace cambium
