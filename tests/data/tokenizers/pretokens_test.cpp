#include "data/tokenizers/pretokens.h"

#include "core/text/unicode.h"
#include "tests/data/tokenizers/support.h"

namespace cambium::pretokens_test {
namespace {
using Cuts = std::vector<std::string>;

Cuts cut(std::string_view text) {
  Cuts out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = pretoken_end(text, at);
    out.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

TEST(Pretokens, AreWordsWithTheSpaceInFrontOfThem) {
  EXPECT_EQ(cut("Hello world 42x!!"), (Cuts{"Hello", " world", " 42", "x", "!!"}));
  EXPECT_EQ(cut(" a"), Cuts{" a"});
  EXPECT_EQ(cut(""), Cuts{});
}

TEST(Pretokens, CutContractionsAtTheirApostrophe) {
  EXPECT_EQ(cut("I'll don't we've"), (Cuts{"I", "'ll", " don", "'t", " we", "'ve"}));
  EXPECT_EQ(cut("they're I'm he'd it's"),
            (Cuts{"they", "'re", " I", "'m", " he", "'d", " it", "'s"}));
  EXPECT_EQ(cut("IT'S"), (Cuts{"IT", "'", "S"}));  // lower case alone
  EXPECT_EQ(cut(" 's"), (Cuts{" '", "s"}));        // behind a space it is a sign
  EXPECT_EQ(cut("a''s"), (Cuts{"a", "''", "s"}));  // as behind another sign
  EXPECT_EQ(cut("'tis"), (Cuts{"'t", "is"}));
}

TEST(Pretokens, LeaveTheLastOfSeveralSpacesToWhatFollows) {
  EXPECT_EQ(cut("a   b"), (Cuts{"a", "  ", " b"}));
  EXPECT_EQ(cut("a\n\n b"), (Cuts{"a", "\n\n", " b"}));
  EXPECT_EQ(cut("a\n b"), (Cuts{"a", "\n", " b"}));
  EXPECT_EQ(cut("a \nb"), (Cuts{"a", " ", "\n", "b"}));
  EXPECT_EQ(cut("a  "), (Cuts{"a", "  "}));
  EXPECT_EQ(cut("a\tb"), (Cuts{"a", "\t", "b"}));
}

TEST(Pretokens, KnowLettersNumbersAndSpacesOfAllScripts) {
  EXPECT_EQ(cut("stra\u00dfe \u4e2d\u6587 \u0663\u0664\u00b2"),
            (Cuts{"stra\u00dfe", " \u4e2d\u6587", " \u0663\u0664\u00b2"}));
  EXPECT_EQ(cut("a\u00a0b\u3000\u2003c"), (Cuts{"a", "\u00a0", "b", "\u3000", "\u2003", "c"}));
  EXPECT_EQ(cut("e\u0301"), (Cuts{"e", "\u0301"}));  // a mark is no letter
  EXPECT_EQ(cut("\u0085x\ufeff"), (Cuts{"\u0085", "x", "\ufeff"}));
}

TEST(Pretokens, TakeBytesThatAreNoUtf8AsSigns) {
  EXPECT_EQ(cut("a\xff\xfe!b"), (Cuts{"a", "\xff\xfe!", "b"}));
  EXPECT_EQ(cut("\xe4\xb8"), Cuts{"\xe4\xb8"});            // cut short
  EXPECT_EQ(cut(" \xed\xa0\x80"), Cuts{" \xed\xa0\x80"});  // a surrogate
}

TEST(Unicode, AsciiIsWhatIcuSaysOfIt) {
  for (char c = 0; c >= 0 && c < 127; ++c)
    EXPECT_EQ(character_at(std::string(1, c), 0).kind,
              character_beyond_ascii_at(std::string(1, c), 0).kind)
        << int(c);
}

TEST(Unicode, LowersAndDecomposes) {
  EXPECT_EQ(in_lower_case("STRA\u00dfE \u0130 \u03a3"), "stra\u00dfe i\u0307 \u03c3");
  EXPECT_EQ(decomposed("\u00e9\ud55c"), "e\u0301\u1112\u1161\u11ab");
  EXPECT_EQ(decomposed("\ufdfa").size(), 3u);  // by compatibility alone
  EXPECT_EQ(decomposed("\xff"), "\ufffd");
  EXPECT_EQ(decomposed(std::string(50, 'a') + "\u1f82"),
            std::string(50, 'a') + "\u03b1\u0313\u0300\u0345");
}
}  // namespace
}  // namespace cambium::pretokens_test
