// Absurd sizes of every whole-number option of every dataset: refused with a place, or opened at
// once.
#include <gtest/gtest.h>

#include "tests/support/data/small_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/spent.h"

namespace cambium::sizes_test {
namespace {
class DatasetSizes : public testing::TestWithParam<const DatasetKind*> {};

void open_with(const std::string& example, const std::string& kind, const std::string& option,
               int64_t value) {
  Yaml data = parse_yaml(example, "data.yaml");
  Yaml& options = *data.find(kind);
  const Yaml parsed = parse_yaml(str(value), "data.yaml");
  if (Yaml* old = options.find(option))
    *old = parsed;
  else
    options.entries.push_back({option, {}, parsed});
  const auto opened = open_dataset(data, Vars(), 1);
  EXPECT_GE(opened->count(Split::kTrain), 0);
  EXPECT_FALSE(opened->describe().empty());
  EXPECT_GE(opened->shape(1).x.bytes(), 0);
}

TEST_P(DatasetSizes, AreRefusedOrOpenedAtOnce) {
  const test::TempFolder folder;
  const std::string example = test::small_section(GetParam()->name, folder);
  for (const FieldInfo& f : GetParam()->attrs.describe()) {
    if (f.type != "whole number") continue;
    for (const int64_t value : test::kHostileSizes) {
      const test::Spent spent;
      try {
        open_with(example, std::string(GetParam()->name), f.name, value);
      } catch (const UserError& e) {
        EXPECT_TRUE(e.mark.known()) << f.name << ": " << value << ": " << e.what();
      }
      EXPECT_LT(spent.seconds(), test::kMostSeconds) << f.name << ": " << value;
      EXPECT_LT(spent.megabytes(), test::kMostMegabytes) << f.name << ": " << value;
    }
  }
}

// The largest value that each option allows by itself.
TEST_P(DatasetSizes, AtTheirOwnLimitsAreRefusedOrOpenedAtOnce) {
  const test::TempFolder folder;
  const std::string example = test::small_section(GetParam()->name, folder);
  for (const FieldInfo& f : GetParam()->attrs.describe()) {
    if (f.type != "whole number" || f.max >= 0x1p53) continue;
    const test::Spent spent;
    try {
      open_with(example, std::string(GetParam()->name), f.name, int64_t(f.max));
    } catch (const UserError& e) {
      EXPECT_TRUE(e.mark.known()) << f.name << ": " << e.what();
    }
    EXPECT_LT(spent.seconds(), test::kMostSeconds) << f.name;
    EXPECT_LT(spent.megabytes(), test::kMostMegabytes) << f.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DatasetSizes, testing::ValuesIn(builtin_datasets()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST(MarkovSizes, OfTheTableAreLimited) {
  const UserError e = test::error_of(
      [] { test::open_example("{markov_text: {symbols: 1024, order: 2, context: 8}}"); });
  EXPECT_STREQ(
      e.what(),
      "markov_text: 1024 symbols of order 2 make a table of more than 4194304 probabilities");
}
}  // namespace
}  // namespace cambium::sizes_test
