// The YAML test suite (github.com/yaml/yaml-test-suite): what must be refused is, and what uses
// only our subset parses to the tree that in.json shows.
#include <algorithm>
#include <set>

#include "core/system/files.h"
#include "core/text/json.h"
#include "core/yaml/yaml.h"
#include "tests/support/data/test_data.h"

namespace cambium::yaml_suite_test {
namespace {
namespace fs = std::filesystem;

std::vector<fs::path> cases() {
  std::vector<fs::path> out;
  for (const auto& f : fs::recursive_directory_iterator(test::data_path("yaml/yaml-test-suite")))
    if (f.path().filename() == "in.yaml") out.push_back(f.path().parent_path());
  std::ranges::sort(out);
  return out;
}

std::string name_of_case(const fs::path& p) {
  return fs::relative(p, test::data_path("yaml/yaml-test-suite")).string();
}

bool same(const Yaml& y, const Json& j) {
  if (y.is_list()) {
    return j.is_array() && j.size() == y.items.size() && std::ranges::equal(y.items, j, same);
  }
  if (y.is_map()) {
    return j.is_object() && j.size() == y.entries.size() &&
           std::ranges::all_of(y.entries, [&](const YamlEntry& e) {
             return j.contains(e.key) && same(e.value, j[e.key]);
           });
  }
  if (j.is_string()) return y.is_scalar() && y.text == j.get<std::string>();
  if (j.is_null()) return y.is_null();
  if (j.is_number()) return y.is_scalar() && !y.quoted && std::stod(y.text) == j.get<double>();
  return y.is_scalar() && !y.quoted && y.text == j.dump();
}

// yaml-cpp reads these 16 although YAML 1.2 forbids them: wrong indentation inside brackets or
// quotes, a comment without a space before its #, directives without a document, "\\'" and [-].
// Each has only one sensible reading, so a spec cannot mean something else by them.
const std::set<std::string> kAccepted = {"9C9N", "9JBA", "9MMA", "B63P",    "CVW2", "DK95/01",
                                         "G5U8", "G9HC", "H7J7", "HRE5",    "QB6E", "S98Z",
                                         "SU5Z", "X4QW", "YJV2", "Y79Y/003"};

TEST(YamlSuite, RefusesWhatMustBeRefused) {
  if (test::skip_without(test::data_path("yaml/yaml-test-suite"))) return;
  std::set<std::string> accepted;
  size_t refused = 0;
  for (const fs::path& c : cases()) {
    if (!fs::exists(c / "error")) continue;
    try {
      parse_yaml(read_file(c / "in.yaml"), "in.yaml");
      accepted.insert(name_of_case(c));
    } catch (const UserError& e) {
      EXPECT_TRUE(e.mark.known()) << c;
      ++refused;
    }
  }
  EXPECT_EQ(accepted, kAccepted);
  EXPECT_EQ(refused, 94 - kAccepted.size());
}

// Whitespace-only quoted and block texts, which yaml-cpp folds one newline short.
const std::set<std::string> kDifferent = {"JEF9/02", "L24T/01", "NAT4"};

// Valid YAML that is outside our subset, with the reason we give.
bool is_outside_subset(const std::string& reason) {
  constexpr std::string_view reasons[] = {"has no value", "a key must be text",
                                          "a second YAML document", "unknown tag"};
  return std::ranges::any_of(reasons, [&](auto r) { return reason.find(r) != reason.npos; });
}

// Plain scalars with ? inside brackets and a line of only a tab, which yaml-cpp 0.7 refuses, and a
// list whose entry is an explicit key (? a : b), which looks to us like a list that is not closed.
const std::set<std::string> kRefusedThoughValid = {"652Z", "HM87/01", "JR7V", "DK95/04", "CT4Q"};

TEST(YamlSuite, ParsesOurSubsetToTheSameTree) {
  if (test::skip_without(test::data_path("yaml/yaml-test-suite"))) return;
  std::set<std::string> different, refused;
  int equal = 0, outside = 0;
  for (const fs::path& c : cases()) {
    if (fs::exists(c / "error") || !fs::exists(c / "in.json")) continue;
    Json expected;
    try {
      expected = parse_json(read_file(c / "in.json"), "in.json");
    } catch (const UserError&) {
      continue;  // several documents, one JSON value each
    }
    try {
      const bool ok = same(parse_yaml(read_file(c / "in.yaml"), "in.yaml"), expected);
      equal += ok;
      if (!ok) different.insert(name_of_case(c));
    } catch (const UserError& e) {
      outside += is_outside_subset(e.what());
      if (!is_outside_subset(e.what())) refused.insert(name_of_case(c));
    }
  }
  EXPECT_EQ(equal, 209);
  EXPECT_EQ(outside, 39);
  EXPECT_EQ(different, kDifferent);
  EXPECT_EQ(refused, kRefusedThoughValid);
}
}  // namespace
}  // namespace cambium::yaml_suite_test
