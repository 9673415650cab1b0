// Languages of short texts.
#include <gtest/gtest.h>

#include "data/curation/support/languages.h"
#include "tests/data/curation/support.h"

namespace cambium::language_test {
namespace {
TEST(Language, KeepsWhatIsWanted) {
  test::OneStep step("language: {keep: [en, de]}");
  const std::string english = "All human beings are born free and equal in dignity and rights. ";
  const std::string french = "Tous les \xC3\xAAtres humains naissent libres et \xC3\xA9gaux. ";
  EXPECT_EQ(step.dropped_by(english), "");
  EXPECT_EQ(step.dropped_by("Alle Menschen sind frei und gleich an W\xC3\xBCrde geboren."), "");
  EXPECT_EQ(step.dropped_by(french), "fr");
  const std::string russian =
      "\xD0\x92\xD1\x81\xD0\xB5 \xD0\xBB\xD1\x8E\xD0\xB4\xD0\xB8 "
      "\xD1\x80\xD0\xBE\xD0\xB6\xD0\xB4\xD0\xB0\xD1\x8E\xD1\x82\xD1\x81\xD1\x8F "
      "\xD1\x81\xD0\xB2\xD0\xBE\xD0\xB1\xD0\xBE\xD0\xB4\xD0\xBD\xD1\x8B\xD0\xBC\xD0\xB8. ";
  EXPECT_EQ(step.dropped_by(english + english + russian + russian), "mixed");
  EXPECT_EQ(step.dropped_by("12 34 56"), "un");
}

TEST(Language, RefusesWhatIsNoLanguage) {
  EXPECT_THROW(test::OneStep("language: {keep: [klingonese]}"), UserError);
  EXPECT_THROW(test::OneStep("language"), UserError);
}

// From the Universal Declaration of Human Rights (public domain), first article.
TEST(Language, TellsLanguagesApart) {
  const std::pair<const char*, const char*> kTexts[] = {
      {"en", "All human beings are born free and equal in dignity and rights."},
      {"es", "Todos los seres humanos nacen libres e iguales en dignidad y derechos."},
      {"it", "Tutti gli esseri umani nascono liberi ed eguali in dignit\xC3\xA0 e diritti."},
      {"pt", "Todos os seres humanos nascem livres e iguais em dignidade e em direitos."},
      {"nl", "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren."},
      {"fi",
       "Kaikki ihmiset syntyv\xC3\xA4t vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan."},
      {"pl",
       "Wszyscy ludzie rodz\xC4\x85 si\xC4\x99 wolni i r\xC3\xB3wni pod wzgl\xC4\x99"
       "dem "
       "swej godno\xC5\x9B"
       "ci i swych praw."},
      {"tr",
       "B\xC3\xBCt\xC3\xBCn insanlar h\xC3\xBCr, haysiyet ve haklar bak\xC4\xB1m\xC4\xB1ndan "
       "e\xC5\x9Fit do\xC4\x9F"
       "arlar."}};
  for (const auto& [code, text] : kTexts) EXPECT_EQ(language_of(text).code, code) << text;
}
}  // namespace
}  // namespace cambium::language_test
