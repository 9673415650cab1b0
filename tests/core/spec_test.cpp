// Specs: extends, overrides, and the text that is hashed.
#include "core/yaml/spec.h"

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::spec_test {
namespace {
using test::error_of;
using test::TempFolder;
using test::text_of;

std::string merged(const std::string& path, const std::vector<std::string>& overrides = {}) {
  return to_yaml(load_spec(path, overrides).root);
}

// The spec with one override applied.
std::string with(const std::string& yaml, const std::vector<std::string>& overrides) {
  const TempFolder folder;
  replace_file(folder.path("s.yaml"), yaml);
  return merged(folder.path("s.yaml"), overrides);
}

std::string refusal(const std::string& yaml, const std::vector<std::string>& overrides) {
  const UserErrors e = error_of<UserErrors>([&] { with(yaml, overrides); });
  return str(e.mark.file, ":", text_of(e.all.at(0)), "; ", e.all.at(0).help);
}

TEST(Spec, ExtendsMergesMapsAndReplacesTheRest) {
  const TempFolder folder;
  make_folders(folder.path("sub"));
  replace_file(folder.path("base.yaml"), "vars: {a: 1, b: 2}\nmodel: [x, y]\n");
  replace_file(folder.path("sub/s.yaml"), "extends: ../base.yaml\nvars: {b: 3}\nmodel: [z]\n");
  EXPECT_EQ(merged(folder.path("sub/s.yaml")), "vars:\n  a: 1\n  b: 3\nmodel: [z]\n");
}

TEST(Spec, LaterBasesWin) {
  const TempFolder folder;
  replace_file(folder.path("a.yaml"), "x: 1\ny: 1\n");
  replace_file(folder.path("b.yaml"), "y: 2\n");
  replace_file(folder.path("s.yaml"), "extends: [a.yaml, b.yaml]\nz: 3\n");
  EXPECT_EQ(merged(folder.path("s.yaml")), "x: 1\ny: 2\nz: 3\n");
}

TEST(Spec, MarksPointIntoTheFileOfEachPiece) {
  const TempFolder folder;
  replace_file(folder.path("base.yaml"), "a: 1\n");
  replace_file(folder.path("s.yaml"), "extends: base.yaml\nb: 2\n");
  const Spec spec = load_spec(folder.path("s.yaml"));
  EXPECT_EQ(spec.section("a")->mark.file, folder.path("base.yaml"));
  EXPECT_EQ(spec.section("b")->mark.file, folder.path("s.yaml"));
}

TEST(Spec, CirclesOfExtendsAreErrors) {
  const TempFolder folder;
  replace_file(folder.path("a.yaml"), "extends: b.yaml\n");
  replace_file(folder.path("b.yaml"), "extends: ./a.yaml\n");
  const UserError e = error_of([&] { load_spec(folder.path("a.yaml")); });
  EXPECT_EQ(e.mark.file, folder.path("b.yaml"));
  EXPECT_NE(std::string(e.what()).find("extends itself"), std::string::npos);
}

TEST(Spec, AMissingBaseIsNamedWithTheNearest) {
  const TempFolder folder;
  replace_file(folder.path("base.yaml"), "a: 1\n");
  replace_file(folder.path("s.yaml"), "extends: bsae.yaml\n");
  const UserError e = error_of([&] { load_spec(folder.path("s.yaml")); });
  EXPECT_EQ(text_of(e), str("1:10: there is no file '", folder.path("bsae.yaml"), "'"));
  EXPECT_NE(e.help.find(folder.path("base.yaml")), std::string::npos);
}

TEST(Override, ReplacesValuesByPath) {
  EXPECT_EQ(with("a: {b: 1}\n", {"a.b=2"}), "a:\n  b: 2\n");
  EXPECT_EQ(with("a: [x, {y: 1}]\n", {"a.1.y=[1, 2]"}), "a:\n  - x\n  - y: [1, 2]\n");
  EXPECT_EQ(with("a: {b: 1}\n", {"a.c.d={e: true}"}), "a:\n  b: 1\n  c:\n    d:\n      e: true\n");
}

TEST(Override, NullRemovesAKey) {
  EXPECT_EQ(with("a: {b: 1, c: 2}\n", {"a.b=~"}), "a:\n  c: 2\n");
  EXPECT_EQ(with("a: {b: 1, c: 2}\n", {"a.c="}), "a:\n  b: 1\n");
}

TEST(Override, GoesThroughShorthandsAndDottedKeys) {
  EXPECT_EQ(with("data: mnist\n", {"data.mnist.n=2"}), "data:\n  mnist:\n    n: 2\n");
  EXPECT_EQ(with("m: {val.acc: max}\n", {"m.val.acc=min"}), "m:\n  val.acc: min\n");
  EXPECT_EQ(with("a:\n", {"a.b=1"}), "a:\n  b: 1\n");
}

TEST(Override, MarksCountTheColumnOfTheArgument) {
  const TempFolder folder;
  replace_file(folder.path("s.yaml"), "a: 1\n");
  const Spec s = load_spec(folder.path("s.yaml"), std::vector<std::string>{"a=2", "b={c: 3}"});
  const Mark m = s.section("b")->find("c")->mark;
  EXPECT_EQ(str(m.file, ":", m.line, ":", m.column), "--set:2:7");
}

TEST(Override, WrongPathsNameTheNearest) {
  EXPECT_EQ(refusal("train: {lr: 1}\n", {"trian.lr=2"}),
            "--set:1:1: there is no 'trian'; did you mean 'train'?");
  EXPECT_EQ(refusal("vars: {dim: 1}\n", {"vars.dmi=2"}),
            "--set:1:6: there is no 'vars.dmi'; did you mean 'dim'?");
  EXPECT_EQ(refusal("m: [1, 2]\n", {"m.2=0"}),
            "--set:1:3: 'm' has 2 entries, no entry 2; use 0 to 1");
  EXPECT_EQ(refusal("m: [1]\n", {"m.x=0"}),
            "--set:1:3: 'm' is a list, so 'x' must be an index; use 0 to 0");
  EXPECT_EQ(refusal("a: 1\n", {"a.b=0"}),
            "--set:1:3: 'a' is the value 1, it has no 'b'; set a itself");
  EXPECT_EQ(refusal("a: 1\n", {"a"}), "--set:1:1: 'a' is not an override; write --set a.b=value");
  EXPECT_EQ(refusal("a: 1\n", {"a=[1"}),
            "--set:1:3: this [ is never closed; add the missing ] or a comma");
  EXPECT_EQ(refusal("a: 1\n", {"a=1", "a=2"}), "--set:2:1: 'a' is set twice; remove one of them");
  EXPECT_EQ(refusal("a: 1\n", {"b..c=1"}), "--set:1:3: 'b..c' is not a path; write it as a.b.c");
}

TEST(Override, AllErrorsAreCollected) {
  const UserErrors e = error_of<UserErrors>([] { with("a: 1\n", {"a.b=0", "x", "c=1"}); });
  EXPECT_EQ(e.all.size(), 2u);
}

TEST(Spec, CanonicalTextKeepsWhatMattersOnly) {
  const auto text = [](const char* y) { return canonical_text(parse_yaml(y, "t")); };
  EXPECT_EQ(text("{a: [1, x]}"), text("a:\n  - 1\n  - x # note\n"));
  EXPECT_NE(text("a: 4"), text("a: '4'"));
  EXPECT_NE(text("a: [1, 2]"), text("a: ['1, 2']"));
  EXPECT_EQ(text("a: ~"), "{\"a\":null}");
}

TEST(Spec, VarsMustBeAMap) {
  Spec spec{"t", parse_yaml("vars: 3", "t")};
  EXPECT_EQ(text_of(error_of([&] { vars_of(spec); })),
            "1:7: vars must be a map of names to values");
}
}  // namespace
}  // namespace cambium::spec_test
