// Repair: encodings, forms of letters, characters that nobody sees.
#include "tests/data/curation/support.h"

namespace cambium::repair_test {
namespace {
std::string repaired(const std::string& text, const std::string& step = "repair") {
  test::OneStep one(step);
  EXPECT_EQ(one.dropped_by(text), "");
  return one.left;
}

TEST(Repair, LeavesGoodTextsAlone) {
  test::OneStep one("repair");
  for (const char* text : {"plain\n\ttext", "na\xC3\xAFve \xE6\xBC\xA2\xE5\xAD\x97", ""}) {
    EXPECT_EQ(one.dropped_by(text), "");
    EXPECT_EQ(one.left, text);
    EXPECT_TRUE(one.tally.rules.empty());
  }
}

TEST(Repair, MakesOneFormOfLettersAndNewlines) {
  EXPECT_EQ(repaired("cafe\xCC\x81"), "caf\xC3\xA9");
  EXPECT_EQ(repaired("\xEF\xBC\xA1"), "\xEF\xBC\xA1");  // a wide A is its own
  EXPECT_EQ(repaired("\xEF\xBC\xA1", "repair: {unicode: NFKC}"), "A");
  EXPECT_EQ(repaired("a\r\nb\rc\n"), "a\nb\nc\n");
  EXPECT_EQ(repaired("\xEF\xBB\xBF"
                     "a\x1B[1mb" +
                     std::string(1, '\0') + "\xC2\x85"),
            "a[1mb");
}

TEST(Repair, GuessesEncodings) {
  const std::string german =
      "Alle Menschen sind frei und gleich an W\xFCrde und Rechten geboren. Sie sind mit Vernunft "
      "und Gewissen begabt und sollen einander im Geiste der Br\xFC"
      "derlichkeit begegnen.";
  EXPECT_NE(repaired(german).find("W\xC3\xBCrde"), std::string::npos);
  // Russian in windows-1251.
  const std::string russian =
      "\xC2\xF1\xE5 \xEB\xFE\xE4\xE8 \xF0\xEE\xE6\xE4\xE0\xFE\xF2\xF1\xFF "
      "\xF1\xE2\xEE\xE1\xEE\xE4\xED\xFB\xEC\xE8 \xE8 \xF0\xE0\xE2\xED\xFB\xEC\xE8 \xE2 "
      "\xF1\xE2\xEE\xE5\xEC \xE4\xEE\xF1\xF2\xEE\xE8\xED\xF1\xF2\xE2\xE5 \xE8 "
      "\xEF\xF0\xE0\xE2\xE0\xF5";
  EXPECT_TRUE(repaired(russian).starts_with("\xD0\x92\xD1\x81\xD0\xB5 "));
  EXPECT_EQ(repaired("\xE9", "repair: latin1"), "\xC3\xA9");
  test::OneStep strict("repair: utf-8");
  EXPECT_EQ(strict.dropped_by("\xE9"), "encoding");
}

TEST(Repair, RefusesEncodingsThatNobodyKnows) {
  EXPECT_THROW(test::OneStep("repair: klingon-1"), UserError);
}
}  // namespace
}  // namespace cambium::repair_test
