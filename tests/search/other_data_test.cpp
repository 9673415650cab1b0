// A study is not gone on with on other data than its finished runs had.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "search/runs/compare.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::other_data_test {
namespace {
std::string repeated(std::string_view unit) {
  std::string all;
  for (int i = 0; i < 400; ++i) all += unit;
  return all;
}

class StudyOfText : public testing::Test {
 protected:
  StudyOfText() {
    write("aab");
    replace_file(path("model.yaml"), str("data: {text_chars: {path: ", path("voc.txt"),
                                         ", context: 12, floor_order: 0}}\n"
                                         "model: [{embed: 4}, {linear: $classes}]\n"
                                         "train: {batch: 4, steps: 2}\n"));
    replace_file(path("study.yaml"),
                 "base: model.yaml\nvariants: {narrow: {}, wide: {model.0.embed: 8}}\nseeds: 1\n"
                 "metric: {val.loss: min}\n");
  }

  std::string path(const std::string& name) const { return folder_.path(name); }

  void write(std::string_view unit) { replace_file(path("voc.txt"), repeated(unit)); }

  Comparison compare_here() {
    StudyProgress silent;
    return compare(load_study(path("study.yaml")), {.folder = path("out"), .program = ""}, silent);
  }

  test::TempFolder folder_;
};

TEST_F(StudyOfText, RecordsItsDataAndRefusesOther) {
  compare_here();
  const Json study = load_json(path("out/study.json"));
  for (const Json& v : study.at("variants"))
    EXPECT_FALSE(identity_from(v.at("data")).at("content").empty());
  EXPECT_NO_THROW(compare_here());
  write("xxa");
  const UserError e = test::error_of([&] { compare_here(); });
  EXPECT_TRUE(std::string_view(e.what()).starts_with(
      str("the data is not what '", path("out"), "' was trained on; these differ: content (was ")))
      << e.what();
  EXPECT_NE(std::string_view(e.what()).find(str("; it is read from '", path("voc.txt"), "'")),
            std::string_view::npos)
      << e.what();
}
}  // namespace
}  // namespace cambium::other_data_test
