// How lists of terms are written: on the command line, or in a file.
#include <algorithm>

#include "core/text/suggest.h"
#include "core/yaml/yaml.h"
#include "data/audit/folding.h"
#include "data/audit/terms/terms.h"
#include "data/curation/support/words.h"

namespace cambium {
namespace {
constexpr size_t kMostPairs = 100;

std::string folded_word(const std::string& text, const Mark& mark) {
  FoldedWords folded;
  folded.fold(text);
  if (folded.words().size() != 1)
    throw UserError(str("'", text, "' is ", folded.words().empty() ? "no word" : "several words"),
                    "terms are single words, without punctuation at their ends", mark);
  return std::string(folded.words()[0]);
}

void add_word(TermGroup& group, const std::string& text, const Mark& mark = {}) {
  std::string word = folded_word(text, mark);
  if (std::ranges::count(group.words, word) == 0) group.words.push_back(std::move(word));
}

std::vector<std::string> split_at(const std::string& text, char sign) {
  std::vector<std::string> out;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(sign, at), text.size());
    out.emplace_back(trim(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

// "he/him, she/her", "men: he/him"
std::vector<TermGroup> groups_of_text(const std::string& text) {
  std::vector<TermGroup> groups;
  for (const std::string& piece : split_at(text, ',')) {
    TermGroup g;
    const size_t colon = piece.find(':');
    g.name = trim(std::string_view(piece).substr(0, colon));
    for (const std::string& word :
         split_at(colon == piece.npos ? piece : piece.substr(colon + 1), '/'))
      add_word(g, word);
    groups.push_back(std::move(g));
  }
  return groups;
}

void add_words(TermGroup& g, const Yaml& yaml) {
  if (yaml.is_scalar()) return add_word(g, yaml.text, yaml.mark);
  if (!yaml.is_list() || yaml.items.empty())
    throw UserError(str("the words of '", g.name, "' are a list"), "write [he, him]", yaml.mark);
  for (const Yaml& word : yaml.items) {
    if (!word.is_scalar()) throw UserError("a term is a word", "write [he, him]", word.mark);
    add_word(g, word.text, word.mark);
  }
}

std::vector<TermGroup> groups_of_yaml(const Yaml& yaml, std::string_view what) {
  std::vector<TermGroup> groups;
  const auto add_map = [&](const Yaml& map) {
    for (const YamlEntry& e : map.entries) {
      groups.push_back({e.key, {}});
      add_words(groups.back(), e.value);
    }
  };
  if (yaml.is_map()) add_map(yaml);
  if (yaml.is_list())
    for (const Yaml& item : yaml.items) {
      if (item.is_map()) {
        add_map(item);
        continue;
      }
      groups.push_back({});
      add_words(groups.back(), item);
      for (const std::string& w : groups.back().words)
        groups.back().name += str(groups.back().name.empty() ? "" : "/", w);
    }
  if (groups.empty())
    throw UserError(str("'", what, "' names no words"),
                    "write terms: {men: [he, him], women: [she, her]}", yaml.mark);
  return groups;
}

TermLists load_terms(const std::string& path) {
  const Yaml yaml = load_yaml(path);
  if (!yaml.is_map())
    throw UserError("a file of terms is a map", "write terms: {men: [he, him]} and about: [doctor]",
                    yaml.mark);
  TermLists out;
  const std::vector<std::string> known = {"terms", "about"};
  for (const YamlEntry& e : yaml.entries)
    if (std::ranges::count(known, e.key) == 0)
      throw UserError(str("unknown key '", e.key, "'"), suggestion(e.key, known), e.key_mark);
  if (const Yaml* terms = yaml.find("terms")) out.terms = groups_of_yaml(*terms, "terms");
  if (const Yaml* about = yaml.find("about")) out.about = groups_of_yaml(*about, "about");
  return out;
}

void check_groups(const std::vector<TermGroup>& groups, std::string_view option) {
  for (size_t i = 0; i < groups.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (groups[i].name == groups[j].name)
        throw UserError(str(option, " names the group '", groups[i].name, "' twice"),
                        "give one of them another name, as in men: he/him");
}
}  // namespace

TermLists read_terms(const std::string& terms, const std::string& about) {
  TermLists out;
  if (terms.ends_with(".yaml") || terms.ends_with(".yml"))
    out = load_terms(terms);
  else if (!terms.empty())
    out.terms = groups_of_text(terms);
  if (!about.empty()) out.about = groups_of_text(about);
  const bool any = !terms.empty() || !about.empty();
  if (any && (out.terms.empty() || out.about.empty()))
    throw UserError(
        str("there are ", out.terms.empty() ? "no terms for --about"
                                            : "terms, and nothing that they stand about"),
        "give both, as in --terms he/him,she/her --about doctor,nurse");
  if (out.terms.size() * out.about.size() > kMostPairs)
    throw UserError(str(out.terms.size(), " groups of terms and ", out.about.size(),
                        " that they stand about make more than ", kMostPairs, " pairs"),
                    "leave some out");
  check_groups(out.terms, "--terms");
  check_groups(out.about, "--about");
  return out;
}
}  // namespace cambium
