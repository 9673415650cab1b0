#include "search/space/space_reader.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "core/text/suggest.h"
#include "core/yaml/spec.h"

namespace cambium {
namespace {
constexpr int64_t kLongestPattern = 64;

const std::vector<std::string> kKinds = {"values", "int", "float", "log", "pattern"};

class DimensionReader {
 public:
  DimensionReader(const YamlEntry& entry, const Vars& vars) : yaml_(entry.value), vars_(vars) {
    d_.name = entry.key;
    d_.mark = entry.key_mark;
  }

  Dimension read();

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& help, const Mark& mark) const {
    throw UserError(str("'", d_.name, "': ", what), help, mark);
  }

  template <class T> T value(const Yaml& yaml, std::string_view what) const {
    T out{};
    try {
      detail::assign(out, Arg{std::string(what), evaluate(yaml, vars_)});
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = yaml.mark;
      throw;
    }
    return out;
  }

  template <class T> std::pair<T, T> range(const Yaml& yaml, std::string_view kind) const {
    if (!yaml.is_list() || yaml.items.size() != 2)
      fail(str(kind, " takes its two ends"), str("write {", kind, ": [low, high]}"), yaml.mark);
    const std::pair<T, T> ends = {value<T>(yaml.items[0], kind), value<T>(yaml.items[1], kind)};
    if (ends.first > ends.second)
      fail(str("the range is empty: ", ends.first, " is above ", ends.second),
           str("write {", kind, ": [", ends.second, ", ", ends.first, "]}"), yaml.mark);
    return ends;
  }

  void read_choices(const Yaml& list);
  void read_int(const Yaml& yaml);
  void read_real(const Yaml& yaml, DimensionKind kind);
  void read_pattern(const Yaml& yaml);
  void read_length(const Yaml& yaml);

  const Yaml& yaml_;
  const Vars& vars_;
  Dimension d_;
};

void DimensionReader::read_choices(const Yaml& list) {
  if (!list.is_list()) fail("values is a list", "write values: [0, 32, 64]", list.mark);
  if (list.items.empty()) fail("the list of choices is empty", "write [2, 4, 8]", list.mark);
  for (const Yaml& item : list.items) {
    std::string label = item.is_scalar() ? item.text : canonical_text(item);
    if (std::ranges::count(d_.labels, label))
      fail(str("the choice ", label, " stands twice"), "remove one of them", item.mark);
    d_.labels.push_back(std::move(label));
  }
  d_.choices = list.items;
}

void DimensionReader::read_int(const Yaml& yaml) {
  const auto [low, high] = range<int64_t>(yaml, "int");
  d_.kind = DimensionKind::kInt;
  if (low < -(int64_t(1) << 53) || high > int64_t(1) << 53)
    fail("whole numbers go to 2^53 here", "", yaml.mark);
  if (const Yaml* step = yaml_.find("step")) {
    d_.step = value<int64_t>(*step, "step");
    if (d_.step < 1 || d_.step > std::max<int64_t>(1, high - low))
      fail(str("a step of ", d_.step, " from ", low, " to ", high, " leads nowhere"),
           "take at least 1 and at most the range", step->mark);
  }
  d_.first = low;
  d_.count = (high - low) / d_.step + 1;
}

void DimensionReader::read_real(const Yaml& yaml, DimensionKind kind) {
  const bool log = kind == DimensionKind::kLog;
  std::tie(d_.low, d_.high) = range<double>(yaml, log ? "log" : "float");
  d_.kind = kind;
  if (d_.low == d_.high) fail("both ends are the same", "write [value] for one value", yaml.mark);
  if (log && d_.low <= 0)
    fail(str("a logarithmic range begins above 0, got ", d_.low), "use float:", yaml.mark);
  if (!std::isfinite(d_.high - d_.low)) fail("the range is not finite", "", yaml.mark);
}

void DimensionReader::read_length(const Yaml& yaml) {
  const std::string& text = yaml.text;
  const size_t dots = text.find("..");
  const auto number = [&](std::string_view s) {
    const bool digits = !s.empty() && s.size() < 4 && std::ranges::all_of(s, [](char c) {
      return std::isdigit(uint8_t(c)) != 0;
    });
    if (!yaml.is_scalar() || !digits)
      fail(str("'", text, "' is no length"), "write length: 8, or 4..12", yaml.mark);
    return int64_t(std::stoi(std::string(s)));
  };
  d_.shortest = number(std::string_view(text).substr(0, dots));
  d_.longest = dots == text.npos ? d_.shortest : number(std::string_view(text).substr(dots + 2));
  if (d_.shortest > d_.longest)
    fail(str("the range is empty: ", d_.shortest, " is above ", d_.longest),
         str("write ", d_.longest, "..", d_.shortest), yaml.mark);
  if (d_.shortest < 1 || d_.longest > kLongestPattern)
    fail(str("a pattern has 1 to ", kLongestPattern, " letters, got ", text), "", yaml.mark);
}

void DimensionReader::read_pattern(const Yaml& yaml) {
  d_.kind = DimensionKind::kPattern;
  d_.letters = yaml.text;
  if (!yaml.is_scalar() || d_.letters.empty() ||
      !std::ranges::all_of(d_.letters, [](char c) { return std::isalnum(uint8_t(c)) != 0; }))
    fail("a pattern names its letters", "write {pattern: ACM, length: 4..12}", yaml.mark);
  for (size_t i = 1; i < d_.letters.size(); ++i)
    if (d_.letters.find(d_.letters[i]) < i)
      fail(str("the letter ", d_.letters[i], " stands twice"), "remove one of them", yaml.mark);
  const Yaml* length = yaml_.find("length");
  if (!length) fail("a pattern needs a length", "add length: 4..12", yaml.mark);
  read_length(*length);
}

Dimension DimensionReader::read() {
  if (yaml_.is_list()) {
    read_choices(yaml_);
    return std::move(d_);
  }
  const std::string help =
      "write a list of choices, {int: [a, b]}, {float: [a, b]}, {log: [a, b]} "
      "or {pattern: ABC, length: 4..12}";
  if (!yaml_.is_map()) fail("this is no set of values", help, yaml_.mark);
  const YamlEntry* kind = nullptr;
  for (const YamlEntry& e : yaml_.entries)
    if (std::ranges::count(kKinds, e.key)) {
      if (kind) fail(str("it is both ", kind->key, " and ", e.key), help, e.key_mark);
      kind = &e;
    }
  std::vector<std::string> known = {"when"};
  if (!kind)
    known.insert(known.end(), kKinds.begin(), kKinds.end());
  else
    known.push_back(kind->key);
  if (kind && kind->key == "int") known.emplace_back("step");
  if (kind && kind->key == "pattern") known.emplace_back("length");
  for (const YamlEntry& e : yaml_.entries)
    if (!std::ranges::count(known, e.key))
      fail(str("unknown key '", e.key, "'"), suggestion(e.key, known), e.key_mark);
  if (!kind) fail("it says no values", help, yaml_.mark);
  if (kind->key == "values") read_choices(kind->value);
  if (kind->key == "int") read_int(kind->value);
  if (kind->key == "float") read_real(kind->value, DimensionKind::kFloat);
  if (kind->key == "log") read_real(kind->value, DimensionKind::kLog);
  if (kind->key == "pattern") read_pattern(kind->value);
  if (const Yaml* when = yaml_.find("when")) d_.when.emplace(*when);
  return std::move(d_);
}
}  // namespace

std::vector<Dimension> read_dimensions(const Yaml& space, const Vars& vars) {
  if (!space.is_map() || space.entries.empty())
    throw UserError("space: is a map of what varies to its values",
                    "write space: {vars.heads: [2, 4, 8]}", space.mark);
  Diagnostics errors;
  std::vector<Dimension> out;
  for (const YamlEntry& e : space.entries) {
    try {
      out.push_back(DimensionReader(e, vars).read());
    } catch (const UserError& error) {
      errors.add(error);
    }
  }
  errors.throw_if_any();
  return out;
}

std::vector<Condition> read_where(const Yaml* where) {
  std::vector<Condition> out;
  if (!where) return out;
  if (!where->is_list()) return {Condition(*where)};
  Diagnostics errors;
  for (const Yaml& item : where->items) try {
      out.emplace_back(item);
    } catch (const UserError& e) {
      errors.add(e);
    }
  errors.throw_if_any();
  return out;
}

Yaml apply_point(const Yaml& root, const Space& space, const SpacePoint& p) {
  Yaml out = root;
  for (size_t i = 0; i < p.genes.size(); ++i) {
    const Dimension& d = space.dimensions()[i];
    if (p.genes[i].active) apply_override(out, d.name, yaml_of(d, p.genes[i]), d.mark);
  }
  return out;
}
}  // namespace cambium
