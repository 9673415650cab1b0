// Files that are small and mean much: depth, growth and number are limited, each with a place, and
// what is legal stays quick.
#include <fstream>

#include <gtest/gtest.h>

#include "core/diagnostics.h"
#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/system/memory.h"
#include "core/yaml/spec.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::budgets_test {
namespace {
using test::error_of;
using test::text_of;

Vars vars_from(const std::string& text) {
  const Yaml tree = parse_yaml(text, "t.yaml");
  Vars vars;
  for (const YamlEntry& e : tree.entries) vars.set(e.key, e.value);
  return vars;
}

// a0: first, then count lines, in which @ is the name before.
Vars chain(const std::string& first, int count, const std::string& line) {
  std::string text = "a0: " + first + "\n";
  for (int i = 1; i <= count; ++i) {
    std::string value = line;
    for (size_t at; (at = value.find('@')) != value.npos;) value.replace(at, 1, str("a", i - 1));
    text += str("a", i, ": ", value, "\n");
  }
  return vars_from(text);
}

TEST(Budgets, VariablesThatDoubleAreComputedOnce) {
  EXPECT_EQ(chain("1", 40, "${@ + @}").get("a40", {}).text(), "1099511627776");
}

TEST(Budgets, ChainsOfVariablesHaveAPlace) {
  const auto e = error_of([] { chain("1", 30'000, "${@ + 0}").get("a30000", {}); });
  EXPECT_EQ(text_of(e), "29954:11: more than 48 variables need one another here");
}

TEST(Budgets, TextsThatDoubleHaveAPlace) {
  const auto e = error_of([] { chain("aaaaaaaaaaaaaaaa", 36, "${@}${@}").get("a36", {}); });
  EXPECT_EQ(text_of(e), "14:12: the text grows past 65536 bytes here");
}

TEST(Budgets, WhatIsRememberedIsForgottenWhenAVariableIsSet) {
  Vars vars = vars_from("a: ${b + 1}\nb: 1\n");
  EXPECT_EQ(vars.get("a", {}).text(), "2");
  vars.set("b", int64_t(5));
  EXPECT_EQ(vars.get("a", {}).text(), "6");
  Vars inner(&vars);
  inner.set("b", int64_t(7));
  EXPECT_EQ(inner.get("a", {}).text(), "8");
  EXPECT_EQ(vars.get("a", {}).text(), "6");
}

class Extends : public ::testing::Test {
 protected:
  // 0.yaml ... (count - 1).yaml, each extending the next as `line` says, and a last one.
  std::string write(int count, const std::string& list) {
    for (int i = 0; i < count; ++i) {
      std::string value = list;
      for (size_t at; (at = value.find('@')) != value.npos;)
        value.replace(at, 1, str(i + 1, ".yaml"));
      put(i, str("extends: ", value, "\nvars: {v", i, ": 1}\n"));
    }
    put(count, "vars: {last: 2}\n");
    return folder_.path("0.yaml");
  }

  test::TempFolder folder_;

 private:
  void put(int i, const std::string& text) { std::ofstream(folder_.path(str(i, ".yaml"))) << text; }
};

TEST_F(Extends, DiamondsAreReadOnce) {
  const Spec spec = load_spec(write(30, "[@, @]"));
  EXPECT_EQ(spec.section("vars")->entries.size(), 31u);
}

TEST_F(Extends, LongChainsHaveAPlace) {
  const auto e = error_of([&] { load_spec(write(200, "@")); });
  EXPECT_EQ(text_of(e), "1:10: more than 32 files extend one another here");
  EXPECT_TRUE(e.mark.file.ends_with("/31.yaml")) << e.mark.file;
}

TEST_F(Extends, WhatIsMergedIsLimited) {
  std::string many = "vars:\n";
  for (int i = 0; i < 40'000; ++i) many += str(" a", i, ": 1\n");
  const std::string path = write(20, "[@, @]");
  std::ofstream(folder_.path("20.yaml")) << many;
  const auto e = error_of([&] { load_spec(path); });
  EXPECT_TRUE(std::string(e.what()).starts_with("more than 400000 values are merged")) << e.what();
  EXPECT_TRUE(e.mark.known());
}

TEST_F(Extends, FoldersAndDevicesHaveAPlaceAndACure) {
  std::ofstream(folder_.path("a.yaml")) << "extends: /dev/zero\n";
  const auto e = error_of([&] { load_spec(folder_.path("a.yaml")); });
  EXPECT_EQ(text_of(e), "1:10: '/dev/zero' is a pipe or a device, not a file");
  EXPECT_NE(e.help, "");
  EXPECT_EQ(error_of([&] { load_spec(folder_.path()); }).help, "name a file in it");
}

TEST(Budgets, AliasesOfLongTextsCountByTheirBytes) {
  std::string bomb = "a: &a " + std::string(1 << 20, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) bomb += "*a, ";
  const auto e = error_of([&] { parse_yaml(bomb + "]", "t.yaml"); });
  EXPECT_TRUE(std::string(e.what()).starts_with("more than 200000 YAML values")) << e.what();
  EXPECT_EQ(e.mark.line, 2);
}

// What costs a parser most, in a tree of its events or in their text.
TEST(Budgets, AnyLongLineTakesLittleMemory) {
  const size_t most = 1 << 18;
  const int64_t before = peak_resident_bytes();
  for (const std::string piece : {"[", "{a: ", "1, ", "\"a\", ", "{a: 1}, ", "x y ", "${", "*a "}) {
    std::string text = "a: [";
    while (text.size() + piece.size() < most) text += piece;
    EXPECT_THROW(parse_yaml(text, "t.yaml"), UserError) << piece;
  }
  EXPECT_LT(peak_resident_bytes() - before, int64_t(200) << 20);
}

TEST(Budgets, ALongLineIsNotEchoed) {
  const test::TempFolder folder;
  std::ofstream(folder.path("a.yaml")) << "a: " << std::string(5 << 20, 'x') << "\n";
  const std::string text = render(error_of([&] { load_yaml(folder.path("a.yaml")); }));
  EXPECT_LT(text.size(), 1000u);
}

TEST(Budgets, AHundredErrorsAreEnough) {
  Diagnostics errors;
  for (int i = 0; i < 40'000; ++i) errors.add(UserError(str("unknown key 'b", i, "'")));
  const std::string text = render(error_of<UserErrors>([&] { errors.throw_if_any(); }));
  EXPECT_TRUE(text.ends_with("error: unknown key 'b100'\nand 39899 more errors\n"));
}

TEST(Budgets, ALongMessageLosesItsMiddle) {
  const UserError e(str("pattern = ", std::string(1 << 20, 'A'), " uses 'B'"));
  const std::string text = render(e);
  EXPECT_LT(text.size(), 3000u);
  EXPECT_TRUE(text.ends_with("AAA uses 'B'\n")) << text.substr(text.size() - 100);
  EXPECT_NE(text.find(" bytes left out) ... "), text.npos);
}
}  // namespace
}  // namespace cambium::budgets_test
