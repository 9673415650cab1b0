#include "search/study/study.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "search/study/study_keys.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::study_test {
namespace {
using test::error_of;
using test::TempFolder;

class StudyFile : public ::testing::Test {
 protected:
  StudyFile() {
    replace_file(folder_.path("model.yaml"),
                 "vars: {dim: 8}\ndata: markov_text\nmodel:\n  - embed: $dim\n  - linear: 4\n");
  }

  Study load(const std::string& text) {
    replace_file(folder_.path("study.yaml"), text);
    return load_study(folder_.path("study.yaml"));
  }

  // "line:column: what" of every error
  std::vector<std::string> errors(const std::string& text) {
    std::vector<std::string> out;
    for (const UserError& e : error_of<UserErrors>([&] { load(text); }).all)
      out.push_back(test::text_of(e));
    return out;
  }

  const TempFolder folder_;
};

TEST_F(StudyFile, IsRead) {
  const Study s = load(R"(base: model.yaml
variants:
  wide: {vars.dim: 16}
  plain: {}
match: {params: 500k, free: vars.dim, tolerance: 5%}
budget: {flops: 2e13}
seeds: 4
metric: {val.accuracy: max}
jobs: 2
)");
  EXPECT_EQ(s.name, "study");
  ASSERT_EQ(s.variants.size(), 2u);
  EXPECT_EQ(s.variants[0].file, folder_.path("model.yaml"));
  EXPECT_EQ(s.baseline, "plain");
  EXPECT_EQ(s.match->target, 500e3);
  EXPECT_EQ(s.match->tolerance, 0.05);
  EXPECT_EQ(s.budget->kind, Budget::kFlops);
  EXPECT_EQ(s.budget->value, 2e13);
  EXPECT_EQ(s.seeds, (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_TRUE(s.maximize);
}

TEST_F(StudyFile, VariantsMayBeFiles) {
  const Study s = load("variants: {a: model.yaml, b: other/model.yaml}\nseeds: [3, 5]\n");
  EXPECT_EQ(s.variants[1].file, folder_.path("other/model.yaml"));
  EXPECT_EQ(s.baseline, "a");
  EXPECT_EQ(s.seeds, (std::vector<int64_t>{3, 5}));
}

TEST_F(StudyFile, AppliesOverridesToTheModelFile) {
  const Study s =
      load("base: model.yaml\nset: {vars.dim: 12}\nvariants: {a: {model.1.linear: 5}}\n");
  const Spec spec = variant_spec(s, s.variants[0]);
  EXPECT_EQ(spec.section("vars")->find("dim")->text, "12");
  EXPECT_EQ(spec.section("model")->items[1].find("linear")->text, "5");
}

TEST_F(StudyFile, MarksAWrongOverrideInTheStudy) {
  const Study s = load("base: model.yaml\nvariants:\n  a: {model.7.linear: 5}\n");
  const auto e = error_of<UserErrors>([&] { variant_spec(s, s.variants[0]); });
  EXPECT_EQ(e.all[0].mark.line, 3);
  EXPECT_TRUE(e.all[0].mark.file.ends_with("study.yaml"));
}

TEST_F(StudyFile, ReportsEveryMistakeAtOnce) {
  const auto all = errors(R"(base: model.yaml
variants: {a: {}, b: [1]}
match: {params: 5x}
budget: {flop: 1e9}
seeds: [1, 1]
metric: val.acuracy
sede: 3
)");
  EXPECT_EQ(all, (std::vector<std::string>{
                     "7:1: unknown section of a study 'sede'",
                     "2:22: variant 'b' is neither a map of overrides nor a file",
                     "3:17: 'params' takes a number, got 5x", "4:10: unknown budget 'flop'",
                     "5:8: seed 1 stands twice", "6:9: unknown metric 'val.acuracy'"}));
}

TEST_F(StudyFile, MetricKnowsItsGoal) {
  EXPECT_EQ(errors("base: m\nvariants: {a: {}}\nmetric: {val.loss: max}\n")[0],
            "3:20: val.loss is better when it is small, the study says 'max'");
}

TEST_F(StudyFile, PublishedNumbersAreOfVariants) {
  const Study s = load("base: m\nvariants: {a: {}, b: {}}\npublished: {b: 94.1}\n");
  EXPECT_EQ(s.published, (std::map<std::string, double>{{"b", 94.1}}));
  EXPECT_EQ(errors("base: m\nvariants: {mamba: {}}\npublished: {mamb: 90, mamba: [1]}\n"),
            (std::vector<std::string>{"3:13: the published 'mamb' is no variant",
                                      "3:30: 'mamba' takes a number, got [1]"}));
}

TEST_F(StudyFile, LeastEffectIsInTheMetricsUnit) {
  const char* const text = "base: m\nvariants: {a: {}}\nleast_effect: 0.5\nmetric: ";
  EXPECT_DOUBLE_EQ(load(str(text, "val.accuracy\n")).least_effect, 0.005);
  EXPECT_DOUBLE_EQ(load(str(text, "val.loss\n")).least_effect, 0.5);
  EXPECT_EQ(errors("base: m\nvariants: {a: {}}\nleast_effect: 0\nalpha: 2\n"),
            (std::vector<std::string>{"4:8: 'alpha' is a chance above 0 and at most 0.5, got 2",
                                      "3:15: 'least_effect' is a difference above 0, got 0"}));
}

TEST_F(StudyFile, VaryNamesPaths) {
  EXPECT_EQ(load("base: m\nvariants: {a: {}}\nvary: vars.fold\n").vary[0].key, "vars.fold");
  EXPECT_EQ(load("base: m\nvariants: {a: {}}\nvary: [a.b, c]\n").vary.size(), 2u);
  EXPECT_EQ(errors("base: m\nvariants: {a: {}}\nvary: train.seed\n")[0],
            "3:7: train.seed is every run's seed already");
}

TEST_F(StudyFile, VariantNamesAreFolderNames) {
  EXPECT_EQ(errors("base: m\nvariants: {../a: {}}\n")[0], "2:12: '../a' cannot name a variant");
}

TEST_F(StudyFile, NeedsVariantsAndABase) {
  EXPECT_EQ(errors("base: model.yaml\n")[0], "1:1: the study has no 'variants'");
  EXPECT_EQ(errors("variants: {a: {}}\n")[0], "1:12: variant 'a' has nothing to start from");
}

// One list is read, explained and put into the schema.
TEST(StudyKeys, AreExplainedAndTakeTheirExamples) {
  for (const StudyKey& key : study_key_list()) {
    EXPECT_FALSE(key.doc.empty()) << key.name;
    const Yaml example = parse_yaml(std::string(key.example), "example");
    const Yaml* value = example.find(key.name);
    ASSERT_TRUE(value) << key.name;
    EXPECT_EQ(key.form == KeyForm::kField, key.field != nullptr) << key.name;
    for (const YamlEntry& e : key.parts.empty() ? std::vector<YamlEntry>() : value->entries)
      EXPECT_TRUE(std::ranges::count(key.parts, e.key, &StudyKeyPart::name)) << e.key;
  }
  for (const FieldInfo& f : describe_fields<Study>())
    EXPECT_EQ(std::ranges::count(study_key_list(), f.name, &StudyKey::name), 1) << f.name;
}

TEST(StudyKeys, BudgetsStandInTheOrderOfTheirKinds) {
  const std::vector<std::string> names = part_names("budget");
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(name_of(Budget::Kind(i)), names[i]);
}

TEST_F(StudyFile, CountsAreWholeAndNotNegative) {
  EXPECT_EQ(load("base: m\nvariants: {a: {}}\nevaluations: 0\njobs: 3\n").jobs, 3);
  EXPECT_EQ(errors("base: m\nvariants: {a: {}}\nevaluations: -1\njobs: two\n"),
            (std::vector<std::string>{"3:14: 'evaluations' must be at least 0, got -1",
                                      "4:7: 'jobs' takes a whole number, got text two"}));
}

TEST(Quantity, TakesUnits) {
  const auto of = [](const char* text) { return quantity(parse_yaml(text, "q"), Vars{}, "q"); };
  EXPECT_EQ(of("500k"), 500e3);
  EXPECT_EQ(of("2.5M"), 2.5e6);
  EXPECT_EQ(of("1e9"), 1e9);
  EXPECT_EQ(of("12"), 12);
  EXPECT_THROW(of("k"), UserError);
  EXPECT_THROW(of("5kk"), UserError);
  EXPECT_THROW(of("true"), UserError);
}
}  // namespace
}  // namespace cambium::study_test
