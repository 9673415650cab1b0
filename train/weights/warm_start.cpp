#include "train/weights/warm_start.h"

#include <algorithm>

#include "core/text/suggest.h"
#include "train/spec/glob.h"

namespace cambium {
namespace {
std::string text_of(const WarmRule& rule) {
  return str("'", rule.from, "' -> '", rule.to, "'");
}

// `to` with what the stars of `from` stand for; `to` has as many.
std::string filled(std::string_view to, std::span<const std::string_view> stars) {
  std::string out;
  for (size_t star = 0; const char c : to)
    if (c == '*')
      out += stars[star++];
    else
      out += c;
  return out;
}

bool well_formed(const WarmRule& rule, Diagnostics& errors) {
  const auto from = std::ranges::count(rule.from, '*'), to = std::ranges::count(rule.to, '*');
  if (from == to && !rule.from.empty() && !rule.to.empty()) return true;
  errors.add(UserError(
      str("the rule ", text_of(rule), " has ", from, " * on one side and ", to, " on the other"),
      "each * of the new name stands for the * in the same place of the old one", rule.mark));
  return false;
}

std::string part_of(std::string_view pattern) {  // the longest piece without a star
  std::string best;
  while (true) {
    const size_t star = pattern.find('*');
    const std::string_view piece = pattern.substr(0, star);
    if (piece.size() > best.size()) best = piece;
    if (star == pattern.npos) return best;
    pattern.remove_prefix(star + 1);
  }
}

UserError matches_nothing(const WarmRule& rule, const std::vector<std::string>& names) {
  std::vector<std::string> shown = names;
  const std::string part = part_of(rule.from);
  const auto near = nearest_names(part, names);
  if (!near.empty()) shown = near;
  if (shown.size() > 3) shown.resize(3);
  return UserError(
      str("no tensor of the checkpoint that an earlier rule leaves matches '", rule.from, "'"),
      names.empty() ? "the checkpoint holds no tensors"
                    : str("its names are such as ", join_names(shown)),
      rule.mark);
}

// The new name of each tensor; a name that no rule matches has none, unless there are no rules.
std::map<std::string, std::string> new_names(const std::vector<std::string>& names,
                                             std::span<const WarmRule> rules) {
  std::map<std::string, std::string> out;
  if (rules.empty())
    for (const std::string& name : names) out[name] = name;
  Diagnostics errors;
  for (const WarmRule& rule : rules) {
    if (!well_formed(rule, errors)) continue;
    bool used = false;
    for (const std::string& name : names)
      if (!out.contains(name))
        if (const auto stars = glob_captures(rule.from, name)) {
          out[name] = filled(rule.to, *stars);
          used = true;
        }
    if (!used) errors.add(matches_nothing(rule, names));
  }
  std::map<std::string, std::string> taken;  // new name -> old
  for (const auto& [old, now] : out)
    if (const auto [first, fresh] = taken.try_emplace(now, old); !fresh)
      errors.add(UserError(str("'", first->second, "' and '", old, "' both become '", now, "'"),
                           "write rules whose new names differ, or match fewer names",
                           rules.front().mark));
  errors.throw_if_any();
  return out;
}

template <class Map> std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> out;
  for (const auto& [name, value] : map) out.push_back(name);
  return out;
}

std::string line_of(const WarmRow& row) {
  if (row.fate == WarmFate::kMissing)
    return str("missing: '", row.to, "' ", row.wants, " starts fresh");
  if (row.fate == WarmFate::kNotAsked)
    return str("not asked for: '", row.from, "' ", row.has,
               row.to.empty() ? "" : str(", the model has no '", row.to, "'"));
  return str(name_of(row.fate), ": '", row.from, "' is ", row.has, ", '", row.to, "' is ",
             row.wants, row.fate == WarmFate::kCopied ? "" : " and starts fresh");
}
}  // namespace

std::string_view name_of(WarmFate fate) {
  static constexpr std::string_view kNames[] = {"copied", "other shape or type", "not asked for",
                                                "missing"};
  return kNames[size_t(fate)];
}

std::map<std::string, ValueType> weights_of(const Graph& model) {
  std::map<std::string, ValueType> out;
  for (const Node& n : model.nodes())
    if (n.role == Role::kParameter || (n.role == Role::kState && n.copy_of.empty()))
      out[n.scope.path] = n.outputs[0];
  return out;
}

std::map<std::string, ValueType> types_of(const Tensors& tensors) {
  std::map<std::string, ValueType> out;
  for (const auto& [name, t] : tensors) out[name] = t.type();
  return out;
}

std::vector<WarmRow> match_weights(const std::map<std::string, ValueType>& given,
                                   const std::map<std::string, ValueType>& wanted,
                                   std::span<const WarmRule> rules) {
  const auto names = new_names(keys_of(given), rules);
  std::map<std::string, std::string> source;  // of each new name
  for (const auto& [old, now] : names) source[now] = old;
  std::vector<WarmRow> rows;
  for (const auto& [to, wants] : wanted) {
    const auto from = source.find(to);
    if (from == source.end()) {
      rows.push_back({WarmFate::kMissing, "", to, {}, wants});
      continue;
    }
    const ValueType& has = given.at(from->second);
    rows.push_back(
        {has == wants ? WarmFate::kCopied : WarmFate::kOtherType, from->second, to, has, wants});
  }
  for (const auto& [from, has] : given) {
    const auto to = names.find(from);
    if (to == names.end())
      rows.push_back({WarmFate::kNotAsked, from, "", has, {}});
    else if (!wanted.contains(to->second))
      rows.push_back({WarmFate::kNotAsked, from, to->second, has, {}});
  }
  return rows;
}

std::vector<WarmRow> warm_start(Store& store, const std::map<std::string, ValueType>& wanted,
                                const Tensors& given, std::span<const WarmRule> rules) {
  std::vector<WarmRow> rows = match_weights(types_of(given), wanted, rules);
  for (const WarmRow& row : rows) {
    if (row.fate != WarmFate::kCopied) continue;
    std::ranges::copy(given.find(row.from)->second.raw(), store.at(row.to).raw().begin());
  }
  store.refresh_copies();
  return rows;
}

std::string table_text(std::span<const WarmRow> rows) {
  std::map<WarmFate, int64_t> count;
  std::string lines;
  for (const WarmRow& row : rows) {
    ++count[row.fate];
    if (row.fate != WarmFate::kCopied) lines += str("  ", line_of(row), "\n");
  }
  std::string out = str(count[WarmFate::kCopied], " tensors are copied");
  for (const auto& [fate, n] : count)
    if (fate != WarmFate::kCopied) out += str(", ", n, " ", name_of(fate));
  return str(out, "\n", lines);
}

void require_all_copied(std::span<const WarmRow> rows, const std::string& origin) {
  for (const WarmRow& row : rows)
    if (row.fate != WarmFate::kCopied)
      throw UserError(str(origin, " does not fit the model: ", line_of(row)),
                      "give rules that bring each tensor to the one of its shape");
}

Tensors renamed(Tensors tensors, std::span<const WarmRule> rules) {
  const auto names = new_names(keys_of(tensors), rules);
  Tensors out;
  for (auto& [old, t] : tensors) {
    const auto now = names.find(old);
    const std::string& name = now == names.end() ? old : now->second;
    if (!out.emplace(name, std::move(t)).second)
      throw UserError(str("'", old, "' would get the name '", name, "' of another tensor"),
                      "write rules whose new names differ");
  }
  return out;
}
}  // namespace cambium
