// The YAML reader: marks, limits, refusals, and printing back.
#include "core/yaml/yaml.h"

#include <gtest/gtest.h>

#include "core/yaml/spec.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::yaml_test {
namespace {
using test::error_of;
using test::text_of;

std::string refusal(std::string_view text, const YamlLimits& limits = {}) {
  return text_of(error_of([&] { parse_yaml(text, "t.yaml", limits); }));
}

std::string place(const Mark& m) {
  return str(m.line, ":", m.column, "+", m.length);
}

TEST(Yaml, KeepsKindsTextAndQuotes) {
  const Yaml y = parse_yaml("a: 12\nb: '12'\nc: [x, ~]\nd:\ne: {}\n", "t.yaml");
  ASSERT_EQ(y.entries.size(), 5u);
  EXPECT_EQ(y.find("a")->text, "12");
  EXPECT_FALSE(y.find("a")->quoted);
  EXPECT_TRUE(y.find("b")->quoted);
  EXPECT_TRUE(y.find("c")->items[1].is_null());
  EXPECT_TRUE(y.find("d")->is_null());
  EXPECT_TRUE(y.find("e")->is_map());
  EXPECT_EQ(y.find("absent"), nullptr);
}

TEST(Yaml, MarksAreOneBasedAndMeasureTheToken) {
  const Yaml y =
      parse_yaml("model:\n  - attention: {heads: 6}\n  - norm: 'rms' # note\n", "t.yaml");
  const Yaml& list = *y.find("model");
  EXPECT_EQ(place(y.entries[0].key_mark), "1:1+5");
  const YamlEntry& attention = list.items[0].entries[0];
  EXPECT_EQ(place(attention.key_mark), "2:5+9");
  EXPECT_EQ(place(attention.value.mark), "2:16+10");
  EXPECT_EQ(place(attention.value.entries[0].key_mark), "2:17+5");
  EXPECT_EQ(place(attention.value.entries[0].value.mark), "2:24+1");
  EXPECT_EQ(place(list.items[1].entries[0].value.mark), "3:11+5");
}

TEST(Yaml, MarksOfExpressionsCoverTheBraces) {
  const Yaml y = parse_yaml("f: {w: ${dim * 4}, x: $d}", "t.yaml");
  EXPECT_EQ(y.find("f")->find("w")->text, "${dim * 4}");
  EXPECT_EQ(place(y.find("f")->find("w")->mark), "1:8+10");
}

TEST(Yaml, ExpressionsMayHoldCommasAndBracesInFlow) {
  const Yaml y = parse_yaml("[{w: ${max(a, b)}}, ${a}x, '${b}', \"${c, d}\"] # ${", "t.yaml");
  ASSERT_EQ(y.items.size(), 4u);
  EXPECT_EQ(y.items[0].find("w")->text, "${max(a, b)}");
  EXPECT_EQ(place(y.items[0].find("w")->mark), "1:6+12");
  EXPECT_EQ(y.items[1].text, "${a}x");
  EXPECT_EQ(y.items[3].text, "${c, d}");
}

TEST(Yaml, ColumnsCountCharactersNotBytes) {
  const Yaml y = parse_yaml("{\xc3\xa9\xc3\xa9: [1, x]}", "t.yaml");
  EXPECT_EQ(place(y.entries[0].value.mark), "1:6+6");
}

TEST(Yaml, MarksSkipAnchorsAndTags) {
  const Yaml y = parse_yaml("a: &x !!str 12\nb: *x\n", "t.yaml");
  EXPECT_EQ(place(y.find("a")->mark), "1:13+2");
  EXPECT_TRUE(y.find("b")->quoted);
}

TEST(Yaml, EmptyFileIsNull) {
  EXPECT_TRUE(parse_yaml("", "t.yaml").is_null());
  EXPECT_TRUE(parse_yaml("# only a comment\n", "t.yaml").is_null());
}

TEST(Yaml, SkipsAByteOrderMark) {
  EXPECT_EQ(place(parse_yaml("\xef\xbb\xbf"
                             "a: 1",
                             "t.yaml")
                      .entries[0]
                      .key_mark),
            "1:1+1");
}

TEST(Yaml, RefusesADuplicateKeyNamingBothLines) {
  const UserError e = error_of([] { parse_yaml("a: 1\nb: 2\n'a': 3\n", "t.yaml"); });
  EXPECT_EQ(text_of(e), "3:1: the key 'a' stands twice in this map");
  ASSERT_EQ(e.notes.size(), 1u);
  EXPECT_EQ(e.notes[0].text, "first given");
  EXPECT_EQ(place(e.notes[0].mark), "1:1+1");
}

TEST(Yaml, SaysSyntaxErrorsInPlainWords) {
  EXPECT_EQ(refusal("a: {b: 1\n"), "1:4: this { is never closed");
  EXPECT_EQ(refusal("a: [1, 2\n"), "1:4: this [ is never closed");
  EXPECT_EQ(refusal("a: b: c\n"), "1:5: a 'key: value' cannot stand here");
  EXPECT_EQ(refusal("a: 1\n b: 2\n"), "2:3: a 'key: value' cannot stand here");
  EXPECT_EQ(refusal("a: *nobody\n"), "1:4: this alias names no anchor");
  EXPECT_EQ(refusal("a: \"open\n"), "1:4: this quote is never closed");
  EXPECT_EQ(refusal("a: [{b: 1}, {c: \"x}]\n"), "1:17: this quote is never closed");
  EXPECT_EQ(refusal("a:\n\t- b\n"), "2:1: a tab cannot indent YAML");
  EXPECT_EQ(refusal("a: @x\n"), "1:4: this character cannot start a value");
}

TEST(Yaml, RefusesWhatTheParserWouldGuess) {
  EXPECT_EQ(refusal("a: 1\nb\n"), "2:1: 'b' has no value");
  EXPECT_EQ(refusal("a: {b, c: 1}\n"), "1:5: 'b' has no value");
  EXPECT_EQ(refusal("a: [1, , 2]\n"), "1:8: a list entry is missing before this comma");
  EXPECT_EQ(refusal("a: 'x\nb: 2\n"), "1:4: this quote is never closed");
}

TEST(Yaml, RefusesWhatSpecsDoNotUse) {
  EXPECT_EQ(refusal("a: 1\n---\nb: 2\n"), "2:1: a second YAML document starts here");
  EXPECT_EQ(refusal("[a]: 1\n"), "1:1: a key must be text");
  EXPECT_EQ(refusal("a: !!python/object x\n"),
            "1:4: unknown tag 'tag:yaml.org,2002:python/object'");
  EXPECT_EQ(refusal("a: &x {k: 1}\nb: {<<: *x}\n"), "2:5: merge keys (<<) are not supported");
  EXPECT_EQ(refusal("a: &x [*x]\n"), "1:8: this alias stands inside its own anchor");
}

TEST(Yaml, RefusesHostileBytes) {
  EXPECT_EQ(refusal("a: \xff\n"), "1:4: byte 3 is not UTF-8");
  EXPECT_EQ(refusal("a: \xed\xa0\x80\n"), "1:4: byte 3 is not UTF-8");
  EXPECT_EQ(refusal(std::string("a: b\0c\n", 7)),
            "1:5: the control character \\x00 cannot stand in YAML");
}

TEST(Yaml, LimitsTheBytes) {
  EXPECT_EQ(refusal("a: 12345", {.bytes = 7}), "1:1: the file has 8 bytes; the limit is 7");
}

TEST(Yaml, LimitsTheDepth) {
  EXPECT_EQ(refusal(std::string(65, '[') + std::string(65, ']')),
            "1:65: nested more than 64 levels deep");
  EXPECT_NO_THROW(parse_yaml(std::string(64, '[') + std::string(64, ']'), "t.yaml"));
  const std::string many(100'000, '[');
  EXPECT_NE(refusal(many + std::string(100'000, ']')).find("64 levels"), std::string::npos);
  EXPECT_THROW(parse_yaml(many, "t.yaml"), UserError);
}

TEST(Yaml, LimitsTheNodes) {
  EXPECT_EQ(refusal("[1, 2, 3, 4]", {.nodes = 4}),
            "1:11: more than 4 YAML values, counting what aliases expand to");
}

TEST(Yaml, AliasBombIsRefusedBeforeItExplodes) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'i'; ++c) {
    bomb += str(std::string(1, c), ": &", std::string(1, c), " [");
    for (int i = 0; i < 9; ++i) bomb += str(i ? ", *" : "*", std::string(1, char(c - 1)));
    bomb += "]\n";
  }
  EXPECT_NE(refusal(bomb).find("more than 200000 YAML values"), std::string::npos);
}

TEST(Yaml, MissingFileIsARuntimeError) {
  const auto e = error_of<RuntimeError>([] { load_yaml("/nowhere/x.yaml"); });
  EXPECT_STREQ(e.what(), "cannot read '/nowhere/x.yaml': No such file or directory");
}

class YamlWriter : public ::testing::TestWithParam<const char*> {};

TEST_P(YamlWriter, PrintsWhatParsesBackToTheSameTree) {
  const Yaml tree = parse_yaml(GetParam(), "t.yaml");
  const std::string text = to_yaml(tree);
  EXPECT_EQ(canonical_text(parse_yaml(text, "again")), canonical_text(tree)) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Trees, YamlWriter,
    ::testing::Values("a: 1\nb: [1, 2]\nc: {d: {e: f}}", "[[1, [2]], {a: [b, {c: d}]}, []]",
                      "a: '1'\nb: \"x: y\"\nc: 'true'\nd: ''\ne:", "- - - x\n- {}\n- ~",
                      "a: ${d * 4}\nb: [${x}, $y]\nc: -1\n", "'a b': '#x'\n'~': '- y'",
                      "x: \"tab\\tnewline\\nquote\\\"back\\\\slash\"", "''", "plain", "[]",
                      "a: 'x #y'\nb: x#y\nc: a:b\nd: [a:b, 'a, b']\ne: '---'"));
}  // namespace
}  // namespace cambium::yaml_test
