// The specs that docs/architectures.md shows are opened, each as it stands there.
#include <sstream>

#include <gtest/gtest.h>

#include "places.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::documented_specs_test {
namespace {
std::vector<std::string> specs_of(const std::string& page) {
  const std::string begin = "\n```yaml\n", end = "\n```\n";
  std::vector<std::string> specs;
  for (size_t at = page.find(begin); at != page.npos; at = page.find(begin, at)) {
    at += begin.size();
    const size_t to = page.find(end, at);
    specs.push_back(page.substr(at, to - at) + "\n");
    at = to;
  }
  return specs;
}

TEST(DocumentedSpecs, Open) {
  const auto specs = specs_of(read_file(CAMBIUM_SOURCE_DIR "/docs/architectures.md"));
  ASSERT_GT(specs.size(), 5u);
  const test::TempFolder folder;
  for (const std::string& spec : specs) {
    SCOPED_TRACE(spec);
    EXPECT_NO_THROW(model_graph(test::open_text(folder, spec), 2, true));
  }
}

// What stands between backticks in the last column of the table.
std::vector<std::string> named_configs(const std::string& page) {
  std::vector<std::string> names;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ")) continue;
    size_t at = line.rfind(" | ");
    while ((at = line.find('`', at)) != line.npos) {
      const size_t to = line.find('`', at + 1);
      names.push_back(line.substr(at + 1, to - at - 1));
      at = to + 1;
    }
  }
  return names;
}

TEST(DocumentedSpecs, NameConfigsThatExist) {
  const auto names = named_configs(read_file(CAMBIUM_SOURCE_DIR "/docs/architectures.md"));
  EXPECT_GT(names.size(), 15u);
  for (const std::string& name : names)
    EXPECT_TRUE(file_exists(str(CAMBIUM_SOURCE_DIR "/configs/models/", name, ".yaml"))) << name;
}
}  // namespace
}  // namespace cambium::documented_specs_test
