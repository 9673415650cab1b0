// Curation on real texts: languages and encodings of the Universal Declaration of Human Rights,
// copies of what models are judged by among texts that know nothing of it, and counts that are
// known.
#include <map>

#include "core/rng.h"
#include "core/text/unicode.h"
#include "core/text/utf8.h"
#include "data/assembly/build.h"
#include "data/curation/likeness/contamination.h"
#include "data/curation/support/languages.h"
#include "data/curation/support/words.h"
#include "tests/data/curation/support.h"
#include "tests/support/data/zip.h"

namespace cambium::real_texts_test {
namespace {
const std::string kUdhr = "text/nltk/udhr.zip";

std::string repaired(const std::string& text) {
  test::OneStep step("repair");
  EXPECT_EQ(step.dropped_by(text), "");
  return step.left;
}

// Stretches of 100 characters, one behind the other, white space as one space; none of a rest.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces(1);
  int n = 0;
  bool space = true;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    const bool is_space = c.kind == CharacterKind::kSpace;
    if (!is_space || !space) {
      pieces.back() += is_space ? " " : text.substr(at, c.bytes);
      if (++n % 100 == 0) pieces.emplace_back();
    }
    space = is_space;
    at += c.bytes;
  }
  pieces.pop_back();
  return pieces;
}

// Files as they came, in the encodings that their names say, to be detected.
TEST(RealTexts, LanguagesOfAHundredCharacters) {
  if (test::skip_without(test::data_path(kUdhr))) return;
  static const std::pair<const char*, const char*> kFiles[] = {
      {"cs", "Czech_Cesky-Latin2"},
      {"da", "Danish_Dansk-Latin1"},
      {"de", "German_Deutsch-Latin1"},
      {"el", "Greek_Ellinika-Greek"},
      {"en", "English-Latin1"},
      {"es", "Spanish_Espanol-Latin1"},
      {"fi", "Finnish_Suomi-Latin1"},
      {"fr", "French_Francais-Latin1"},
      {"he", "Hebrew_Ivrit-Hebrew"},
      {"hu", "Hungarian_Magyar-Latin2"},
      {"it", "Italian_Italiano-Latin1"},
      {"ja", "Japanese_Nihongo-SJIS"},
      {"nl", "Dutch_Nederlands-Latin1"},
      {"pl", "Polish_Polski-Latin2"},
      {"pt", "Portuguese_Portugues-Latin1"},
      {"ru", "Russian_Russky-Cyrillic"},
      {"sv", "Swedish_Svenska-Latin1"},
      {"tr", "Turkish_Turkce-Turkish"},
      {"vi", "Vietnamese-UTF8"},
      {"zh", "Chinese_Mandarin-GB2312"}};
  const test::Zip zip(test::data_path(kUdhr));
  int pieces = 0, right = 0;
  for (const auto& [code, file] : kFiles) {
    int mine = 0, found = 0;
    for (const std::string& piece : pieces_of(repaired(zip.member(str("udhr/", file))))) {
      ++mine;
      found += language_of(piece).code == code;
    }
    EXPECT_GE(mine, 40) << file;
    EXPECT_GE(found, 0.8 * mine) << file;
    pieces += mine;
    right += found;
  }
  EXPECT_EQ(std::size(kFiles), 20u);
  EXPECT_GE(pieces, 1500);
  EXPECT_GE(right, 0.97 * pieces) << right << " of " << pieces;
}

std::vector<char32_t> letters_of(const std::string& text) {
  std::vector<char32_t> letters;
  for (size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (c.kind != CharacterKind::kSpace) letters.push_back(c.code);
    at += c.bytes;
  }
  return letters;
}

// How alike the frequencies of letters in two texts are: 1 where they are equal.
double overlap(const std::string& a, const std::string& b) {
  std::map<char32_t, std::pair<double, double>> counts;
  double all[2] = {};
  for (const bool first : {true, false})
    for (const char32_t letter : letters_of(first ? a : b)) {
      (first ? counts[letter].first : counts[letter].second) += 1;
      all[first] += 1;
    }
  double both = 0;
  for (const auto& [code, n] : counts) both += std::min(n.first / all[true], n.second / all[false]);
  return both;
}

// Against a text in UTF-8 of the same language, or as its encoding is known to read.
TEST(RealTexts, EncodingsAreDetected) {
  if (test::skip_without(test::data_path(kUdhr))) return;
  const test::Zip zip(test::data_path(kUdhr));
  static const std::pair<const char*, const char*> kTwins[] = {
      {"Russian_Russky-Cyrillic", "Russian_Russky-UTF8"},
      {"Ukrainian-Cyrillic", "Ukrainian-UTF8"},
      {"Bulgarian_Balgarski-Cyrillic", "Bulgarian_Balgarski-UTF8"},
      {"Greek_Ellinika-Greek", "Greek_Ellinika-UTF8"},
      {"Hebrew_Ivrit-Hebrew", "Hebrew_Ivrit-UTF8"},
      {"Turkish_Turkce-Turkish", "Turkish_Turkce-UTF8"},
      {"Hungarian_Magyar-Latin2", "Hungarian_Magyar-UTF8"},
      {"Hungarian_Magyar-Unicode", "Hungarian_Magyar-UTF8"},
      {"Japanese_Nihongo-SJIS", "Japanese_Nihongo-UTF8"},
      {"Japanese_Nihongo-EUC", "Japanese_Nihongo-UTF8"},
      {"Chinese_Mandarin-GB2312", "Chinese_Mandarin-UTF8"}};
  for (const auto& [packed, twin] : kTwins) {
    const std::string text = zip.member(str("udhr/", packed));
    EXPECT_GE(first_invalid_utf8(text), 0) << packed;
    EXPECT_GT(overlap(repaired(text), zip.member(str("udhr/", twin))), 0.9) << packed;
  }
  static const std::pair<const char*, const char*> kKnown[] = {
      {"German_Deutsch-Latin1", "ISO-8859-1"},   {"French_Francais-Latin1", "ISO-8859-1"},
      {"Spanish_Espanol-Latin1", "ISO-8859-1"},  {"Swedish_Svenska-Latin1", "ISO-8859-1"},
      {"Danish_Dansk-Latin1", "ISO-8859-1"},     {"Finnish_Suomi-Latin1", "ISO-8859-1"},
      {"Czech_Cesky-Latin2", "windows-1250"},    {"Polish_Polski-Latin2", "windows-1250"},
      {"Arabic_Alarabia-Arabic", "windows-1256"}};
  for (const auto& [packed, encoding] : kKnown) {
    const std::string text = zip.member(str("udhr/", packed));
    std::string known;
    ASSERT_TRUE(to_utf8(text, encoding, known));
    EXPECT_GT(overlap(repaired(text), known), 0.99) << packed;
  }
}

// Lines of a file behind their first word, which is a label.
std::vector<std::string> rows_of(const std::string& file) {
  std::vector<std::string> rows;
  const std::string text = read_file(test::data_path("text/sentconv/" + file));
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (!line.empty()) rows.emplace_back(line.substr(line.find(' ') + 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return rows;
}

std::vector<std::string> news() {
  std::vector<std::string> rows;
  const std::string text = read_file(test::data_path("text/agnews_test/test.csv"));
  std::string row;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    row = rest.substr(0, end);
    for (char& c : row)
      if (c == '"' || c == '\\') c = ' ';
    rows.push_back(row.substr(row.find(',') + 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return rows;
}

// 7,600 pieces of news and 500 questions, looked for in reviews and captions.
TEST(RealTexts, ContaminationRaisesNoFalseAlarms) {
  if (test::skip_without(test::data_path("text/agnews_test/test.csv"))) return;
  ContaminationIndex index({});
  for (const std::string& row : news()) index.add(row, 0);
  for (const std::string& row : rows_of("TREC.test.all")) index.add(row, 1);
  EXPECT_EQ(index.texts(), 8'100);
  std::vector<std::string> texts;
  for (const char* file : {"rt-polarity.all", "subj.all", "custrev.all"})
    for (std::string& row : rows_of(file)) texts.push_back(std::move(row));
  const std::vector<std::byte> captions =
      read_maybe_gzip(test::data_path("text/multi30k/train.en.gz"));
  std::vector<std::string_view> lines;
  split_lines({reinterpret_cast<const char*>(captions.data()), captions.size()}, lines);
  for (const std::string_view line : lines) texts.emplace_back(line);
  // Longer ones, of ten of these each, as documents are.
  for (size_t i = 0, all = texts.size(); i + 10 <= all; i += 10) {
    std::string text;
    for (size_t k = i; k < i + 10; ++k) text += texts[k] + "\n";
    texts.push_back(text);
  }
  EXPECT_GE(texts.size(), 55'000u);
  int alarms = 0;
  for (const std::string& text : texts) alarms += index.find(text).set >= 0;
  EXPECT_LE(alarms, 1e-4 * double(texts.size()));
}

// Pieces of news of fifty words and more, hidden in a document of others' words.
TEST(RealTexts, ContaminationFindsCopies) {
  if (test::skip_without(test::data_path("text/agnews_test/test.csv"))) return;
  ContaminationIndex index({});
  std::vector<std::vector<std::string>> judged;
  for (const std::string& row : news()) {
    std::vector<std::string_view> words;
    split_words(row, words);
    index.add(row, 0);
    if (words.size() >= 50) judged.emplace_back(words.begin(), words.end());
  }
  ASSERT_GE(judged.size(), 500u);
  const std::vector<std::string> reviews = rows_of("rt-polarity.all");
  Random random(8);

  enum { kExact, kCased, kPunctuated, kSplit, kReplaced, kKinds };

  int found[kKinds] = {};
  for (const std::vector<std::string>& words : judged)
    for (int kind = 0; kind < kKinds; ++kind) {
      std::string copy;
      for (std::string word : words) {
        if (kind == kCased)
          for (char& c : word) c = char(random.below(2) ? std::toupper(c) : std::tolower(c));
        if (kind == kPunctuated) word = "(" + word + (random.below(2) ? "!;" : "--");
        if (kind == kReplaced && random.below(10) == 0) word = "elsewhere";
        copy += word + (kind == kSplit && random.below(4) == 0 ? "\r\n\t" : " ");
      }
      const auto other = [&] { return reviews[random.below(uint32_t(reviews.size()))]; };
      found[kind] += index.find(other() + "\n" + copy + "\n" + other()).set == 0;
    }
  for (const int kind : {kExact, kCased, kPunctuated, kSplit})
    EXPECT_EQ(found[kind], int(judged.size())) << kind;
  EXPECT_GE(found[kReplaced], 0.95 * double(judged.size()));
}

// Of texts in lower case with [^a-z0-9]+ as a space; three of MPQA's rows are empty, and equal.
TEST(RealTexts, ExactDuplicatesAreCounted) {
  if (test::skip_without(test::data_path("text/sentconv/mpqa.all"))) return;
  static const std::tuple<const char*, const char*, int64_t, int64_t> kCounts[] = {
      {"mpqa.all", "rows.jsonl", 10'606, 8'234}, {"TREC.train.all", "rows.txt", 5'452, 5'376}};
  for (const auto& [file, name, documents, unlike] : kCounts) {
    const test::TempFolder folder;
    const bool json = std::string_view(name) == "rows.jsonl";
    std::string rows;
    for (const std::string& row : rows_of(file))
      rows += (json ? to_text(Json{{"text", row}}) : row) + "\n";
    replace_file(folder.path(name), rows);
    replace_file(folder.path("r.yaml"),
                 str("sources: {a: {path: ", folder.path(name), json ? "" : ", split: line",
                     "}}\nsteps: [{exact_duplicates: {normalise: words, least: 0}}]\n"));
    const Manifest m =
        build_corpus(load_recipe(folder.path("r.yaml")), folder.path("corpus"), {}).manifest;
    EXPECT_EQ(m.steps[1].tally.documents, documents) << file;
    EXPECT_EQ(m.steps[1].tally.kept, unlike) << file;
  }
}
}  // namespace
}  // namespace cambium::real_texts_test
