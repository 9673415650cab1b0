#include "data/dataset.h"

#include "tests/data/support.h"

namespace cambium::dataset_test {
namespace {
TEST(OpenDataset, SuggestsTheNearestName) {
  const UserError e = error_of("data: fashon_mnist");
  EXPECT_STREQ(e.what(), "unknown dataset 'fashon_mnist'");
  EXPECT_EQ(e.help, "did you mean 'fashion_mnist'?");
  EXPECT_EQ(e.mark.column, 7);
}

TEST(OpenDataset, FindsEveryWrongOptionInOnePass) {
  try {
    open_text_spec("data:\n  markov_text:\n    ordr: 2\n    symbols: 1\n    context: many\n");
    ADD_FAILURE();
  } catch (const UserErrors& e) {
    ASSERT_EQ(e.all.size(), 3u);
    EXPECT_EQ(e.all[0].help, "did you mean 'order'?");
    EXPECT_EQ(e.all[1].mark.line, 4);
    EXPECT_EQ(e.all[2].mark.line, 5);
  }
}

TEST(OpenDataset, TakesThePrimaryOptionAsValue) {
  const test::TempFolder folder;
  const std::string path = write_file(folder, "t", std::string(50, 'a'));
  const auto beside = open_text_spec(str("data: {text_bytes: ", path, ", context: 4}"));
  const auto inside = open_text_spec(str("data: {text_bytes: {path: ", path, ", context: 4}}"));
  EXPECT_EQ(beside->count(Split::kTrain), inside->count(Split::kTrain));
}

TEST(OpenDataset, OptionsMayUseVariables) {
  const Yaml spec = parse_yaml("markov_text:\n  context: $t\n  order: ${t / 8}\n", "spec.yaml");
  Vars vars;
  vars.set("t", 16);
  EXPECT_EQ(open_dataset(spec, vars, 1)->shape(2).x.shape, (Shape{2, 16}));
}

TEST(OpenDataset, RefusesOptionsInTwoPlaces) {
  const UserError e = error_of("data:\n  markov_text: {order: 1}\n  context: 9\n");
  EXPECT_EQ(e.help, "move 'context' into the options of 'markov_text'");
  EXPECT_EQ(e.mark.line, 3);
}

TEST(OpenDataset, RefusesAValueWhereOptionsBelong) {
  EXPECT_STREQ(error_of("data: {markov_text: 3}").what(),
               "'markov_text' takes its options as a map");
  EXPECT_STREQ(error_of("data: []").what(), "data: names no dataset");
}

TEST(OpenDataset, GivesAListToDataThatChangesOthers) {
  const std::string one = "{masked: {rate: 0.5, of: [markov_text]}}";
  EXPECT_EQ(open_text_spec("data: " + one)->content(),
            open_text_spec("data: {masked: {rate: 0.5, of: markov_text}}")->content());
  const UserError e = error_of("data:\n  masked:\n    of: [markov_text, copy]\n");
  EXPECT_STREQ(e.what(), "masked: one data is changed, and 2 are named");
  EXPECT_EQ(e.mark.line, 3);
  EXPECT_STREQ(error_of("data: {masked: {of: [markov_text, nothing]}}").what(),
               "unknown dataset 'nothing'");
}

TEST(Datasets, EveryKindIsDocumented) {
  for (const DatasetKind* kind : builtin_datasets()) {
    EXPECT_FALSE(kind->doc.empty() || kind->source.empty()) << kind->name;
    for (const FieldInfo& f : kind->attrs.describe())
      EXPECT_FALSE(f.doc.empty()) << kind->name << "." << f.name;
  }
}

}  // namespace
}  // namespace cambium::dataset_test
