#include "search/store/study_record.h"

#include <charconv>

#include "search/store/schema.h"
#include "train/run/machine.h"

namespace cambium {
namespace {
std::string shown(const Json* value) {
  if (!value) return "nothing";
  const std::string text = to_text(*value);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

// "train.steps is 20 there and 30 here", or nothing.
std::string difference(const Json* a, const Json* b, const std::string& where) {
  if (a && b && *a == *b) return "";
  if (!a || !b || a->type() != b->type() || !a->is_structured() ||
      (a->is_array() && a->size() != b->size()))
    return str(where.empty() ? "all" : where, " is ", shown(a), " there and ", shown(b), " here");
  const auto below = [&](const std::string& key) {
    return where.empty() ? key : str(where, ".", key);
  };
  if (a->is_array()) {
    for (size_t i = 0; i < a->size(); ++i)
      if (auto d = difference(&(*a)[i], &(*b)[i], below(str(i))); !d.empty()) return d;
    return "";
  }
  for (const auto& [key, value] : a->items()) {
    const auto other = b->find(key);
    auto d = difference(&value, other == b->end() ? nullptr : &*other, below(key));
    if (!d.empty()) return d;
  }
  for (const auto& [key, value] : b->items())
    if (!a->contains(key)) return difference(nullptr, &value, below(key));
  return "";  // the same in another order
}
}  // namespace

StudyRecord complete(StudyRecord study) {
  require(study.lag >= 1, "a study's lag is ", study.lag, ", and must be at least 1");
  if (study.instruction_set.empty()) study.instruction_set = instruction_set();
  if (study.build.empty()) study.build = build_text();
  return study;
}

std::map<std::string, std::string> entries_of(const StudyRecord& study) {
  return {{"study", study.name},
          {"settings", to_text(study.settings)},
          {"lag", str(study.lag)},
          {"instruction_set", study.instruction_set},
          {"build", study.build}};
}

StudyRecord study_of(const std::map<std::string, std::string>& entries, const std::string& path) {
  const auto entry = [&](const char* key) -> const std::string& {
    const auto found = entries.find(key);
    if (found == entries.end()) refuse_damage(path, str("its table meta has no '", key, "'"));
    return found->second;
  };
  StudyRecord s;
  s.name = entry("study");
  s.settings = parse_json(entry("settings"), path + ", settings");
  const std::string& lag = entry("lag");
  const auto [end, error] = std::from_chars(lag.data(), lag.data() + lag.size(), s.lag);
  if (error != std::errc() || end != lag.data() + lag.size() || s.lag < 1)
    refuse_damage(path, str("its lag is '", lag.substr(0, 30), "'"));
  s.instruction_set = entry("instruction_set");
  s.build = entry("build");
  return s;
}

void require_same(const StudyRecord& stored, const StudyRecord& asked, const std::string& path) {
  const char* const kOther = "give the study as it was, or name another folder";
  if (stored.name != asked.name)
    throw UserError(str("'", path, "' holds the study '", stored.name, "', not '", asked.name, "'"),
                    "name another folder for this study");
  if (stored.lag != asked.lag)
    throw UserError(str("'", path, "' holds a study of lag ", stored.lag, ", not ", asked.lag),
                    kOther);
  const std::string d = difference(&stored.settings, &asked.settings, "");
  if (!d.empty()) throw UserError(str("'", path, "' holds another study: ", d), kOther);
  const auto require_equal = [&](const std::string& there, const std::string& here,
                                 std::string_view what) {
    if (there != here)
      throw UserError(str("the trials in '", path, "' were computed with ", what, " '", there,
                          "', and here it is '", here, "': their bits would not compare"),
                      "go on where they were begun, or name another folder and begin anew");
  };
  require_equal(stored.instruction_set, asked.instruction_set, "instruction set");
  require_equal(stored.build, asked.build, "build");
}
}  // namespace cambium
