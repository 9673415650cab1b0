// Diagnostics: the exact text a user sees.
#include "core/diagnostics.h"

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/utf8.h"
#include "tests/support/data/test_data.h"

namespace cambium::diagnostics_test {
namespace {
class Rendered : public ::testing::Test {
 protected:
  // The rendering with the folder's name removed.
  std::string text(const Error& e, const RenderOptions& options = {}) {
    std::string out = render(e, options);
    const std::string prefix = folder_.path();
    for (size_t at = out.find(prefix); at != out.npos; at = out.find(prefix, at))
      out.erase(at, prefix.size());
    return out;
  }

  Mark at(int line, int column, int length) {
    return {folder_.path("a.yaml"), line, column, length};
  }

  void file(std::string_view content) { replace_file(folder_.path("a.yaml"), content); }

  test::TempFolder folder_;
};

TEST_F(Rendered, ShowsPlaceSourceCaretNoteAndHelp) {
  file("model:\n    attention: {heads: 6}\n");
  UserError e("heads = 6 does not divide C = 64", "use heads: 4", at(2, 17, 5));
  e.notes.push_back({"C = 64 was set by 'patch_embed'", at(1, 3, 1)});
  e.notes.push_back({"no place", {}});
  EXPECT_EQ(text(e),
            "a.yaml:2:17: error: heads = 6 does not divide C = 64\n"
            "    2 |     attention: {heads: 6}\n"
            "      |                 ^~~~~\n"
            "  note: C = 64 was set by 'patch_embed' at a.yaml:1:3\n"
            "  note: no place\n"
            "  help: use heads: 4\n");
}

TEST_F(Rendered, WithoutAPlaceItIsOneLine) {
  EXPECT_EQ(render(UserError("no file")), "error: no file\n");
  EXPECT_EQ(render(UserError("bad", "", {"/absent.yaml", 3, 4, 1})),
            "/absent.yaml:3:4: error: bad\n");
}

TEST_F(Rendered, PointsPastTheEndOfALine) {
  file("a: [1\n");
  EXPECT_EQ(text(UserError("open", "", at(1, 6, 1))),
            "a.yaml:1:6: error: open\n    1 | a: [1\n      |      ^\n");
}

TEST_F(Rendered, ErrorsOfOneFileComeInTheOrderOfTheirPlaces) {
  file("x\ny\n");
  const UserErrors e({UserError("second", "", at(2, 1, 1)), UserError("first", "", at(1, 1, 1))});
  const std::string out = text(e);
  EXPECT_LT(out.find("first"), out.find("second"));
}

TEST_F(Rendered, ControlCharactersAreShownNotSent) {
  file("a\x1b]0;x: 1\n");
  const std::string out =
      text(UserError("name 'a\x1b[2J\n\xc2\x9b\xe2\x80\xae\xff'", "", at(1, 2, 1)));
  EXPECT_EQ(out,
            "a.yaml:1:2: error: name 'a\\x1b[2J\\x0a\\x9b\\u202e\\xff'\n"
            "    1 | a\\x1b]0;x: 1\n"
            "      |  ^~~~\n");
}

TEST_F(Rendered, TabsAndWideTextKeepTheCaretInPlace) {
  file("\t\xc3\xa9\xc3\xa9: x\n");
  EXPECT_EQ(text(UserError("e", "", at(1, 6, 1))),
            "a.yaml:1:6: error: e\n    1 |  \xc3\xa9\xc3\xa9: x\n      |      ^\n");
}

TEST_F(Rendered, LongLinesAreCutAroundTheCaret) {
  file(std::string(500, 'a') + "B" + std::string(500, 'c') + "\n");
  const std::string out = text(UserError("e", "", at(1, 501, 1)));
  EXPECT_NE(out.find("...aaa"), std::string::npos);
  EXPECT_NE(out.find("ccc...\n"), std::string::npos);
  const size_t line = out.find("...aaa"), b = out.find('B'), caret_line = out.find("\n      | ");
  EXPECT_EQ(out.find('^') - (caret_line + 9), b - line);
}

TEST_F(Rendered, OverridesShowTheArgument) {
  const UserError e("lr must be at least 0", "", {"--set", 2, 10, 2, true});
  EXPECT_EQ(render(e, {.overrides = {"a=1", "train.lr=-1"}}),
            "--set:2:10: error: lr must be at least 0\n"
            "    2 | train.lr=-1\n"
            "      |          ^~\n");
}

TEST_F(Rendered, AFileOfThatNameIsNoOverride) {
  const UserError e("lr must be at least 0", "", {"--set", 1, 1, 1});
  EXPECT_EQ(render(e, {.overrides = {"a=1"}}), "--set:1:1: error: lr must be at least 0\n");
}

TEST_F(Rendered, ColorsOnlyWhenAsked) {
  EXPECT_EQ(render(UserError("x")).find('\x1b'), std::string::npos);
  EXPECT_NE(render(UserError("x"), {.color = true}).find("\x1b[1;31merror:"), std::string::npos);
}

TEST(Utf8, CountsCharactersAndFindsInvalidBytes) {
  EXPECT_EQ(characters("a\xc3\xa9\xe2\x82\xac"), 3);
  EXPECT_EQ(first_invalid_utf8("a\xc3\xa9\xf0\x9f\x8c\xb1"), -1);
  EXPECT_EQ(first_invalid_utf8("ab\xc0\x80"), 2) << "overlong";
  EXPECT_EQ(first_invalid_utf8("\xed\xa0\x80"), 0) << "surrogate";
  EXPECT_EQ(first_invalid_utf8("a\xe2\x82"), 1) << "cut short";
  EXPECT_EQ(first_invalid_utf8("\xf4\x90\x80\x80"), 0) << "above U+10FFFF";
}
}  // namespace
}  // namespace cambium::diagnostics_test
