// What commands say of corpora, or of parts, that hold nothing.
#include <gtest/gtest.h>

#include "tests/app/run_in_process.h"
#include "tests/data/support.h"

namespace cambium::empty_corpus_test {
namespace {
TEST(EmptyCorpus, IsBuiltWithANote) {
  const test::TempFolder folder;
  write_file(folder, "short.txt", "three short words\n");
  write_file(
      folder, "all.yaml",
      str("sources: {a: {path: ", folder.path("short.txt"), "}}\nsteps: [gopher_quality]\n"));
  const test::Ran ran = test::run_words(
      {"data", "build", folder.path("all.yaml"), "-o", folder.path("all"), "--progress", "none"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.err.find("nothing is left to learn from"), ran.err.npos) << ran.err;
}

TEST(EmptyCorpus, AnEmptyPartNamesTheOthers) {
  const test::TempFolder folder;
  write_file(folder, "text.txt", "a few words\n");
  write_file(folder, "one.yaml", str("sources: {a: {path: ", folder.path("text.txt"), "}}\n"));
  ASSERT_EQ(
      test::run_words({"data", "build", folder.path("one.yaml"), "-o", folder.path("one")}).code,
      0);
  const test::Ran ran = test::run_words({"data", "sample", folder.path("one"), "--split", "val"});
  EXPECT_EQ(ran.out, "no documents in val; try --split train\n") << ran.err;
  // Of one source, where another has some.
  write_file(folder, "two.yaml",
             str("sources: {a: {path: ", folder.path("text.txt"),
                 "}, b: {path: ", write_file(folder, "more.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"),
                 ", split: line}}\nsplit: {test: 50%}\n"));
  ASSERT_EQ(
      test::run_words({"data", "build", folder.path("two.yaml"), "-o", folder.path("two")}).code,
      0);
  const test::Ran of =
      test::run_words({"data", "sample", folder.path("two"), "--source", "a", "--split", "val"});
  EXPECT_EQ(of.out.find(" or "), of.out.npos) << of.out;
}
}  // namespace
}  // namespace cambium::empty_corpus_test
