// Everything that a reader of specs and studies knows is explained, and said when nothing is asked.
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "app/tables/catalogue.h"
#include "core/system/files.h"
#include "tests/app/run_in_process.h"
#include "tests/support/data/test_data.h"

namespace cambium::language_test {
namespace {
// The names that an error lists behind "known:", which are those its reader knows.
std::vector<std::string> known_in(const std::string& text) {
  const size_t at = text.find("known: ");
  EXPECT_NE(at, text.npos) << text;
  std::istringstream words(text.substr(at + 7, text.find('\n', at) - at - 7));
  std::vector<std::string> names;
  for (std::string word; words >> word;) names.push_back(word.substr(0, word.find(',')));
  return names;
}

std::vector<std::string> known_by_reading(const std::string& spec) {
  const test::TempFolder folder;
  replace_file(folder.path("x.yaml"), spec);
  return known_in(test::run_words({"check", folder.path("x.yaml")}).err);
}

void expect_explained(const std::vector<std::string>& names, const std::string& kind) {
  EXPECT_GT(names.size(), 5u);
  for (const std::string& name : names) {
    const test::Ran ran = test::run_words({"explain", name});
    EXPECT_NE(ran.out.find(str(name, " (", kind, ")")), ran.out.npos) << kind << " " << name;
  }
}

TEST(Language, EverySectionIsExplained) {
  expect_explained(known_by_reading("qqqqqqqq: 1\ndata: fashion_mnist\nmodel: [flatten]\n"),
                   "section");
}

TEST(Language, EveryKeyOfAStudyIsExplained) {
  expect_explained(known_by_reading("qqqqqqqq: 1\nvariants: {}\n"), "study key");
}

TEST(Language, WhatStandsBesideAnyBlockIsExplained) {
  std::vector<std::string> names = known_by_reading(
      "data: fashion_mnist\nmodel: [{flatten: {qqqqqqqq: 1}}]\ntrain: {steps: 1}\n");
  expect_explained(names, "modifier");
}

TEST(Language, TheIndexHoldsEveryEntry) {
  const std::string index = test::run_words({"explain"}).out;
  for (const CatalogueEntry& e : catalogue())
    EXPECT_NE(index.find("  " + e.name), index.npos) << e.kind << " " << e.name;
}

TEST(Language, AKindListsItsEntries) {
  const test::Ran ran = test::run_words({"explain", "datasets"});
  for (const CatalogueEntry& e : catalogue_of("dataset"))
    EXPECT_NE(ran.out.find(e.name), ran.out.npos) << e.name;
}

TEST(Language, AnOptionIsFoundWhereItStands) {
  const test::Ran ran = test::run_words({"explain", "kv_heads"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.out.find("attention"), ran.out.npos) << ran.out;
}

// What is written elsewhere for every choice of an activation or a norm leads to how it is written
// here.
TEST(Language, ChoicesWrittenAsBlocksAreTranslated) {
  for (const char* word : {"GELU", "nn.ReLU", "BatchNorm2d", "LayerNorm", "swiglu", "SiLU"}) {
    const test::Ran ran = test::run_words({"explain", word});
    EXPECT_NE(ran.err.find("in a model, write - "), ran.err.npos) << word << ": " << ran.err;
  }
}
}  // namespace
}  // namespace cambium::language_test
