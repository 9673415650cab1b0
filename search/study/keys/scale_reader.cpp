// The reader of `scale:`, and what a study with it may not say.
#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/text/number.h"
#include "core/text/suggest.h"
#include "search/laws/law.h"
#include "search/study/study_readers.h"

namespace cambium {
namespace {
constexpr std::string_view kLengths[] = {"tokens_per_param", "tokens", "flops"};

// Keys that choose or judge what a ladder chooses and judges itself.
constexpr std::pair<std::string_view, std::string_view> kForbidden[] = {
    {"match", "scale: chooses the sizes"},
    {"tune", "follow: says what depends on size, the same for all"},
    {"metric", "laws are of val.loss, at the end of each run"},
    {"alpha", "it tests no differences"},
    {"least_effect", "it tests no differences"},
    {"vary", "its seeds are repeats on the same data"},
    {"baseline", "each variant gets a law of its own"},
    {"published", "it compares no numbers of single runs"}};

class ScaleReader {
 public:
  ScaleReader(const Yaml& yaml, StudyFile& file) : yaml_(yaml), file_(file) {}

  ScaleGoal read();

 private:
  template <class F> void part(std::string_view name, const F& f) {
    const Yaml* value = yaml_.find(name);
    if (!value) return;
    try {
      f(*value);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = value->mark;
      file_.errors.add(e);
    }
  }

  void missing(const std::string& what, const std::string& help) {
    file_.errors.add(UserError("scale: has no " + what, help, yaml_.mark));
  }

  void read_free();
  void read_params(const Yaml& value);
  void read_lengths();
  void read_rest();
  std::vector<double> quantities(const Yaml& value, std::string_view what) const;

  const Yaml& yaml_;
  StudyFile& file_;
  ScaleGoal goal_;
};

std::vector<double> ScaleReader::quantities(const Yaml& value, std::string_view what) const {
  std::vector<double> out;
  const std::vector<Yaml> one = {value};
  for (const Yaml& item : value.is_list() ? value.items : one) {
    out.push_back(quantity(item, file_.vars, what));
    if (!(out.back() > 0) || !std::isfinite(out.back()))
      throw UserError(str("'", what, "' holds numbers above 0, got ", out.back()), "", item.mark);
  }
  require(!out.empty(), "'", what, "' is an empty list");
  return out;
}

void ScaleReader::read_free() {
  if (!yaml_.find("free"))
    missing("'free'", "say which variables of the model its size depends on: free: vars.dim");
  part("free", [&](const Yaml& value) {
    const std::vector<Yaml> one = {value};
    for (const Yaml& path : value.is_list() ? value.items : one) {
      require(path.is_scalar(), "free: takes a path such as vars.dim, or a list of them");
      goal_.free.push_back({path.text, path.mark, {}});
    }
    require(!goal_.free.empty(), "free: is an empty list");
  });
  const auto entries = [&](std::string_view name, std::vector<YamlEntry>& to) {
    part(name, [&](const Yaml& value) {
      require(value.is_map(), name, ": is a map of paths to expressions");
      to = value.entries;
    });
  };
  entries("aspect", goal_.aspect);
  entries("follow", goal_.follow);
  for (size_t i = 1; i < goal_.free.size(); ++i)
    if (!std::ranges::count(goal_.aspect, goal_.free[i].key, &YamlEntry::key))
      file_.errors.add(
          UserError(str("'", goal_.free[i].key, "' is free and nothing says how it follows '",
                        goal_.free[0].key, "'"),
                    str("add aspect: {", goal_.free[i].key, ": \"round(dim / 48)\"}"),
                    goal_.free[i].key_mark));
  for (const YamlEntry& e : goal_.aspect)
    if (goal_.free.empty() || e.key == goal_.free[0].key ||
        !std::ranges::count(goal_.free, e.key, &YamlEntry::key))
      file_.errors.add(
          UserError(str("aspect: speaks of '", e.key, "', which ",
                        !goal_.free.empty() && e.key == goal_.free[0].key
                            ? "is solved so that the parameters meet each size"
                            : "is not in free:"),
                    "name it behind the first of free:, or say it under follow:", e.key_mark));
}

void ScaleReader::read_params(const Yaml& value) {
  goal_.params_mark = value.mark;
  const std::vector<double> ends = quantities(value, "params");
  require(ends.size() == 2 && ends[0] < ends[1],
          "params: is the smallest and the largest size, such as [30k, 400k]");
  goal_.least_params = ends[0];
  goal_.most_params = ends[1];
}

void ScaleReader::read_lengths() {
  int given = 0;
  for (size_t i = 0; i < std::size(kLengths); ++i)
    part(kLengths[i], [&](const Yaml& value) {
      if (++given > 1)
        throw UserError("scale: takes one of tokens_per_param, tokens and flops",
                        "lengths are counted in one of them", value.mark);
      goal_.length = ScaleGoal::Length(i);
      goal_.length_mark = value.mark;
      goal_.lengths = quantities(value, kLengths[i]);
      std::ranges::sort(goal_.lengths);
      const auto twice = std::ranges::adjacent_find(goal_.lengths);
      require(twice == goal_.lengths.end(), kLengths[i], ": ",
              twice == goal_.lengths.end() ? 0 : *twice, " stands twice");
    });
  if (given == 0)
    missing("lengths of runs", "add tokens_per_param: [5, 10, 20], tokens: or flops:");
}

void ScaleReader::read_rest() {
  part("sizes", [&](const Yaml& value) {
    const double n = quantity(value, file_.vars, "sizes");
    require(n == std::floor(n) && n >= 2 && n <= 100, "'sizes' is a whole number from 2 to 100, ",
            "got ", n);
    goal_.sizes = int64_t(n);
  });
  part("tolerance", [&](const Yaml& value) {
    goal_.tolerance = read_share(value, file_.vars, "tolerance");
    require(goal_.tolerance > 0 && goal_.tolerance < 1,
            "'tolerance' is a share above 0 and below 100 %, got ", goal_.tolerance);
  });
  part("hold_out", [&](const Yaml& value) {
    require(value.is_scalar() && (value.text == "largest" || value.text == "none"),
            "hold_out: is 'largest' or 'none', got ", value.is_scalar() ? value.text : "more");
    goal_.hold_out_largest = value.text == "largest";
  });
  part("law", [&](const Yaml& value) {
    require(value.is_scalar(), "law: takes the name of a law");
    const Law& law = law_named(value.text);
    require(law.answers == "loss", "law '", law.name, "' foretells ", law.answers,
            ", and a ladder measures losses");
    require(!law.needs.empty() && std::ranges::count(law.needs, kLoss) == 0, "law '", law.name,
            "' is none of the sizes, tokens and FLOPs of finished runs");
    goal_.law = value.text;
  });
  part("small_task", [&](const Yaml& value) {
    require(value.is_scalar(), "small_task: takes the folder that cambium compare wrote");
    goal_.small_task = path_beside(value);
    goal_.small_task_mark = value.mark;
  });
}

ScaleGoal ScaleReader::read() {
  goal_.mark = yaml_.mark;
  check_names(yaml_, part_names("scale"), "key of scale", file_.errors);
  read_free();
  if (!yaml_.find("params")) missing("'params'", "add params: [30k, 400k]");
  part("params", [&](const Yaml& value) { read_params(value); });
  read_lengths();
  read_rest();
  return std::move(goal_);
}

bool is_name_letter(char c) {
  return std::isalnum(uint8_t(c)) || c == '_';
}
}  // namespace

void read_scale(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(),
          "scale: is a map such as {free: vars.dim, params: [30k, 400k], sizes: 4, "
          "tokens_per_param: [5, 10, 20]}");
  file.study.scale = ScaleReader(yaml, file).read();
}

void settle_ladder(StudyFile& file) {
  Study& study = file.study;
  for (const auto& [key, why] : kForbidden)
    if (const Yaml* value = file.spec.section(key))
      file.errors.add(UserError(str("a study with scale: has no '", key, "': ", why),
                                str("remove ", key, ":"), value->mark));
  if (study.budget && study.budget->kind != Budget::kFlops)
    file.errors.add(UserError(str("the budget of a ladder is in flops, of all its runs together, ",
                                  "not in ", name_of(study.budget->kind)),
                              "write budget: {flops: 1.5e14}", file.spec.section("budget")->mark));
  if (!file.spec.section("evaluations")) study.evaluations = 1;
}

std::vector<double> ScaleGoal::targets() const {
  std::vector<double> out;
  for (int64_t i = 0; i < sizes; ++i)
    out.push_back(least_params *
                  std::pow(most_params / least_params, double(i) / double(sizes - 1)));
  return out;
}

std::string_view name_of(ScaleGoal::Length length) {
  return kLengths[size_t(length)];
}

ArgValue expression_value(const Yaml& value, const Vars& vars) {
  if (!value.is_scalar()) return evaluate(value, vars);
  Yaml whole = value;
  if (whole.text.find('$') == whole.text.npos && !read_number(whole.text))
    whole.text = str("${", whole.text, "}");
  else
    whole.quoted = false;
  ArgValue v = evaluate(whole, vars);
  if (const auto* d = std::get_if<double>(&v.variant()); d && std::abs(*d) < 1e15)
    if (std::abs(*d - std::round(*d)) <= 1e-9 * std::abs(*d) && *d != 0)
      return int64_t(std::round(*d));
  return v;
}

bool mentions(const Yaml& expression, std::string_view name) {
  const std::string& text = expression.text;
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || !is_name_letter(text[at - 1])) &&
        (end == text.size() || !is_name_letter(text[end])))
      return true;
  }
  return false;
}
}  // namespace cambium
