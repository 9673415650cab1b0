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

TEST(Datasets, EveryKindIsDocumented) {
  for (const DatasetKind* kind : builtin_datasets()) {
    EXPECT_FALSE(kind->doc.empty() || kind->source.empty()) << kind->name;
    for (const FieldInfo& f : kind->attrs.describe())
      EXPECT_FALSE(f.doc.empty()) << kind->name << "." << f.name;
  }
}

// Datasets that need no file of the user's.
class GeneratedDataset : public testing::TestWithParam<const char*> {};

TEST_P(GeneratedDataset, IsDeterministicBySeedAndFillsItsShape) {
  const std::string spec = str("data: ", GetParam());
  const auto one = open_text_spec(spec, 3), two = open_text_spec(spec, 3);
  const Batch a = read_batch(*one, Split::kTrain, {5, 0}, 42, 3);
  EXPECT_TRUE(same(a, read_batch(*two, Split::kTrain, {5, 0}, 42, 3)));
  EXPECT_EQ(a.x.type(), one->shape(3).x);
  EXPECT_EQ(a.target.type(), one->shape(3).target);
  EXPECT_EQ(a.examples, 2);
  const int64_t row = a.target.count() / 3;
  for (int64_t i = 2 * row; i < 3 * row; ++i) EXPECT_EQ(a.target.i32()[size_t(i)], -1);
  for (const int32_t t : a.target.i32()) EXPECT_LT(t, one->shape(3).classes);
}

TEST_P(GeneratedDataset, PrefetchedEpochsEqualDirectOnes) {
  const auto data = open_text_spec(str("data: ", GetParam()), 3);
  LoaderOptions direct{.order = {.batch = 500, .seed = 3}, .prefetch = false}, ahead = direct;
  ahead.prefetch = true;
  const int64_t batches = (data->count(Split::kTrain) + 499) / 500;
  const Cursor near_the_end = {0, std::max<int64_t>(0, batches - 6)};
  Loader a(*data, Split::kTrain, direct, near_the_end),
      b(*data, Split::kTrain, ahead, near_the_end);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(same(a.next(), b.next())) << i;
}

INSTANTIATE_TEST_SUITE_P(All, GeneratedDataset,
                         testing::Values("in_context_recall", "selective_copying", "markov_text",
                                         "noisy_in_context_recall", "fuzzy_in_context_recall",
                                         "compression", "memorization", "mqar", "copy", "reverse",
                                         "sort", "modular_addition", "parity", "s5"),
                         [](const auto& info) { return std::string(info.param); });
}  // namespace
}  // namespace cambium::dataset_test
