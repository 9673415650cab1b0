#include "train/spec/options.h"

#include <algorithm>
#include <ranges>

#include "core/text/synonyms.h"
#include "train/spec/sections.h"

namespace cambium {
namespace {
// The keys that are no fields.
std::vector<std::string> nested_keys() {
  std::vector<std::string> names;
  for_each_choice([&](const ChoiceKey& key, auto, auto) { names.emplace_back(key.name); });
  names.emplace_back(kGroups);
  return names;
}

std::vector<std::string> train_keys() {
  std::vector<std::string> known = nested_keys();
  for (const FieldInfo& f : describe_fields<TrainOptions>()) known.push_back(f.name);
  return known;
}

// The record's option that `key` means, with its default; none when it has no such option.
template <class Record> std::optional<FieldInfo> option_of(const Record& r, std::string_view key) {
  std::vector<FieldInfo> fields = r.attrs.describe();
  std::vector<std::string> names;
  for (const FieldInfo& f : fields) names.push_back(f.name);
  const std::vector<std::string> meant = meant_names(key, names);
  if (meant.empty()) return std::nullopt;
  return *std::ranges::find(fields, meant[0], &FieldInfo::name);
}

// "the optimizer takes it: optimizer: {adamw: {lr: 0.001}}", of the first of the usual records with
// such an option, else of any.
template <class Record>
std::string choice_help(const ChoiceKey& choice, std::span<const Record* const> table,
                        std::string_view key) {
  const Record* found = nullptr;
  for (const Record* r : table)
    if (!found && option_of(*r, key)) found = r;
  if (!found) return {};
  for (const std::string_view name : std::views::reverse(choice.usual))
    for (const Record* r : table)
      if (r->name == name && option_of(*r, key)) found = r;
  const FieldInfo f = *option_of(*found, key);
  return str("the ", choice.name, " takes it: ", choice.name, ": {", found->name, ": {", f.name,
             ": ", f.default_text.empty() ? "..." : f.default_text, "}}");
}

std::string nested_help(std::string_view key) {
  std::string help;
  for_each_choice([&](const ChoiceKey& choice, auto table, auto) {
    if (help.empty()) help = choice_help(choice, table, key);
  });
  return help;
}

void check_names(std::vector<YamlEntry>& entries, Diagnostics& errors) {
  const std::vector<std::string> known = train_keys();
  const auto nested_help_of = [&](const YamlEntry& e) {
    return meant_names(e.key, known).empty() ? nested_help(e.key) : "";
  };
  for (const YamlEntry& e : entries) {
    if (std::ranges::count(known, e.key)) continue;
    const std::string nested = nested_help_of(e);
    errors.add(UserError(str("unknown key '", e.key, "' in train"),
                         nested.empty() ? suggestion(e.key, known) : nested, e.key_mark));
  }
  std::erase_if(entries, [&](const YamlEntry& e) {
    return !std::ranges::count(known, e.key) && !nested_help_of(e).empty();
  });
  mend_keys(entries, known);
  std::erase_if(entries, [&](const YamlEntry& e) { return !std::ranges::count(known, e.key); });
}

// Nothing where the spec is silent and the data decides.
template <class Record>
Choice<Record> choice_of(const ChoiceKey& key, const Yaml* yaml,
                         std::span<const Record* const> table, const Vars& vars,
                         Diagnostics& errors) {
  if (yaml) return choose(*yaml, key.name, table, vars, errors);
  if (key.fallback.empty()) return {};
  Yaml name;
  name.kind = Yaml::kScalar;
  name.text = key.fallback;
  return choose(name, key.name, table, vars, errors);
}

// Options that exclude each other.
void check_together(const TrainSpec& spec, const Args& args, Diagnostics& errors) {
  const auto mark_of = [&](std::string_view name) {
    return std::ranges::find(args, name, &Arg::name)->name_mark;
  };
  const TrainOptions& o = spec.options;
  if (o.clip > 0 && o.clip_value > 0)
    errors.add(UserError("train: has both 'clip' and 'clip_value'", "keep one of them",
                         mark_of("clip_value")));
  if (o.ema > 0 && spec.optimizer && spec.optimizer.record->averages)
    errors.add(UserError(str("'", spec.optimizer.record->name, "' averages the weights itself"),
                         "remove train.ema", mark_of("ema")));
}
}  // namespace

std::string train_key_help(std::string_view key) {
  const std::vector<std::string> known = train_keys();
  const std::vector<std::string> meant = meant_names(key, known);
  if (!meant.empty()) return str("it belongs to train: write train: {", meant[0], ": ...}");
  const std::string nested = nested_help(key);
  return nested.empty() ? "" : str("it belongs to train, where ", nested);
}

void keep_later_length(std::vector<YamlEntry>& entries) {
  const auto set_by_command = [&](std::string_view key) {
    const auto e = std::ranges::find(entries, key, &YamlEntry::key);
    return e != entries.end() && e->value.mark.override;
  };
  const bool steps = set_by_command("steps"), epochs = set_by_command("epochs");
  if (steps == epochs) return;
  std::erase_if(entries, [&](const YamlEntry& e) { return e.key == (steps ? "epochs" : "steps"); });
}

double TrainSpec::lr(int64_t step, int64_t total, const ScheduleState& state) const {
  return state.scale * schedule.record->lr(schedule.attrs,
                                           optimizer.record->peak_lr(optimizer.attrs), step, total);
}

void TrainSpec::observe(const Metrics& m, ScheduleState& state) const {
  if (!schedule.record->observe) return;
  schedule.record->observe(schedule.attrs, optimizer.record->peak_lr(optimizer.attrs),
                           m.at(metric_of(options.best)), higher_is_better(options.best), state);
}

TrainSpec parse_train(const Yaml* train, const Vars& vars, Diagnostics& errors) {
  TrainSpec spec;
  std::vector<YamlEntry> entries;
  if (train && train->is_map()) entries = train->entries;
  check_names(entries, errors);
  const auto nested = [&](std::string_view key) {
    const auto found = std::ranges::find(entries, key, &YamlEntry::key);
    return found == entries.end() ? nullptr : &found->value;
  };
  if (train && !train->is_map() && !train->is_null())
    errors.add(UserError("train: is a map of options", "write train: {batch: 64, epochs: 10}",
                         train->mark));
  for_each_choice([&](const ChoiceKey& key, auto table, auto to) {
    spec.*to = choice_of(key, nested(key.name), table, vars, errors);
  });
  if (const Yaml* groups = nested(kGroups)) spec.groups = parse_groups(*groups, vars, errors);
  keep_later_length(entries);
  const std::vector<std::string> apart = nested_keys();
  std::erase_if(entries, [&](const YamlEntry& e) { return std::ranges::count(apart, e.key) > 0; });
  const Args args = evaluate_entries(entries, vars, &errors);
  spec.options = parse_fields<TrainOptions>(args, &errors);
  const auto steps = std::ranges::find(args, "steps", &Arg::name);
  if (steps != args.end() && std::ranges::count(args, "epochs", &Arg::name))
    errors.add(
        UserError("train: has both 'epochs' and 'steps'", "keep one of them", steps->name_mark));
  check_together(spec, args, errors);
  return spec;
}
}  // namespace cambium
