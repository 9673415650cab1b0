// Broken specs: each file in tests/errors/ holds, in its first comment lines, exactly what `cambium
// check` says of it. CAMBIUM_UPDATE_GOLDEN=1 rewrites those lines; read the difference. (At the end
// of the file they could close a quote or a bracket that the spec leaves open.)
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "places.h"
#include "tests/app/run_in_process.h"

namespace cambium::errors_test {
namespace {
namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "#| ";

std::vector<std::string> broken_specs() {
  std::vector<std::string> names;
  for (const auto& f : fs::directory_iterator(CAMBIUM_SOURCE_DIR "/tests/errors"))
    if (f.path().extension() == ".yaml") names.push_back(f.path().stem());
  std::ranges::sort(names);
  return names;
}

struct Golden {
  std::string spec, expected;
};

Golden read_golden(const std::string& path) {
  Golden g;
  std::istringstream text(read_file(path));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(kPrefix))
      g.expected += line.substr(kPrefix.size()) + "\n";
    else
      g.spec += line + "\n";
  }
  return g;
}

std::string commented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += str(kPrefix, line, "\n");
  return out;
}

class BrokenSpec : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { fs::current_path(CAMBIUM_SOURCE_DIR); }
};

TEST_P(BrokenSpec, IsExplainedExactly) {
  const std::string path = str("tests/errors/", GetParam(), ".yaml");
  const Golden golden = read_golden(path);
  // Twice: the first pass settles how many lines stand above the spec.
  if (std::getenv("CAMBIUM_UPDATE_GOLDEN"))
    for (int pass = 0; pass < 2; ++pass)
      replace_file(path, commented(test::run_words({"check", path}).err) + golden.spec);
  const test::Ran ran = test::run_words({"check", path});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, read_golden(path).expected);
}

INSTANTIATE_TEST_SUITE_P(All, BrokenSpec, ::testing::ValuesIn(broken_specs()),
                         [](const auto& info) { return info.param; });

TEST(BrokenSpecs, AreThirtyOrMore) {
  EXPECT_GE(broken_specs().size(), 30u);
}
}  // namespace
}  // namespace cambium::errors_test
