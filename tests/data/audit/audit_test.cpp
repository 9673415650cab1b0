// Audits: their numbers against others, worked out here from the texts.
#include <cmath>

#include "data/audit/surprise.h"
#include "data/curation/likeness/minhash.h"
#include "data/curation/support/languages.h"
#include "data/text/ngram.h"
#include "tests/data/audit/support.h"
#include "tests/data/curation/support.h"
#include "tests/support/expect_error.h"

namespace cambium::audit_test {
namespace {
using test::audit_of;
using test::AuditText;
using test::key_named;
using test::slice_named;

// Runs of anything but white space.
std::vector<std::string> pieces(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string w; in >> w;) out.push_back(w);
  return out;
}

// Of texts in ASCII: runs of letters, digits and _.
std::vector<std::string> plain_words(const std::string& text) {
  std::vector<std::string> out;
  bool open = false;
  for (const char c : text) {
    const bool in = std::isalnum(uint8_t(c)) || c == '_';
    if (in && !open) out.emplace_back();
    if (in) out.back() += char(std::tolower(c));
    open = in;
  }
  return out;
}

class AuditNumbers : public ::testing::Test {
 protected:
  AuditNumbers() : texts_(test::made_texts()), corpus_(test::built_corpus(folder_, texts_)) {}

  std::vector<const AuditText*> of_source(const std::string& source) const {
    std::vector<const AuditText*> out;
    for (const AuditText& t : texts_)
      if (t.source == source) out.push_back(&t);
    return out;
  }

  test::TempFolder folder_;
  std::vector<AuditText> texts_;
  std::string corpus_;
};

TEST_F(AuditNumbers, KeysAreFoundAndParted) {
  const Audit a = audit_of(corpus_, folder_);
  std::vector<std::string> keys;
  for (const AuditKey& k : a.keys) {
    keys.push_back(k.key);
    int64_t documents = 0;
    double shares = 0;
    for (const AuditSlice& s : k.slices) {
      documents += s.looked_at;
      shares += s.byte_share;
    }
    EXPECT_EQ(documents, int64_t(texts_.size())) << k.key;
    EXPECT_NEAR(shares, 1, 1e-12) << k.key;
  }
  for (const char* key : {"source", "split", "length", "year", "label"})
    EXPECT_EQ(std::ranges::count(keys, key), 1) << key;
  EXPECT_FALSE(a.sampled);
  std::map<std::string, int64_t> years;
  for (const AuditText& t : texts_) ++years[t.year];
  for (const auto& [year, n] : years)
    EXPECT_EQ(slice_named(key_named(a, "year"), year).looked_at, n) << year;
  EXPECT_EQ(key_named(a, "year").slices[0].value, "1990");  // numbers stand in their order
}

TEST_F(AuditNumbers, CountsBalanceAndLengths) {
  const Audit a = audit_of(corpus_, folder_);
  const AuditKey& k = key_named(a, "source");
  double all = 0, entropy = 0;
  for (const AuditText& t : texts_) all += double(t.text.size());
  for (const char* source : {"prose", "verse", "code"}) {
    const AuditSlice& s = slice_named(k, source);
    double bytes = 0, words = 0;
    std::vector<size_t> lengths;
    for (const AuditText* t : of_source(source)) {
      bytes += double(t->text.size());
      lengths.push_back(pieces(t->text).size());
      words += double(lengths.back());
    }
    std::ranges::sort(lengths);
    EXPECT_EQ(s.documents, double(lengths.size()));
    EXPECT_EQ(s.bytes, bytes);
    EXPECT_EQ(s.words, words);
    EXPECT_NEAR(s.byte_share, bytes / all, 1e-12);
    EXPECT_EQ(s.quartiles[1], double(lengths[(lengths.size() + 1) / 2 - 1]));
    entropy -= bytes / all * std::log2(bytes / all);
    for (size_t bin = 0; bin < 12; ++bin)
      EXPECT_EQ(s.lengths[bin], double(std::ranges::count_if(lengths, [&](size_t n) {
                  return n >= (size_t(1) << bin) && n < (size_t(2) << bin);
                })));
  }
  EXPECT_NEAR(k.entropy, entropy, 1e-12);
  EXPECT_NEAR(k.effective, std::exp2(entropy), 1e-12);
}

TEST_F(AuditNumbers, DuplicatesAgainstAllPairs) {
  const Audit a = audit_of(corpus_, folder_);
  std::vector<std::vector<uint64_t>> sets(texts_.size());
  for (size_t i = 0; i < texts_.size(); ++i) shingles_of(texts_[i].text, {}, sets[i]);
  std::map<std::string, std::array<int, 5>> found;
  for (size_t i = 0; i < texts_.size(); ++i) {
    bool repeat = false, equal_in = false, equal_out = false, alike_in = false, alike_out = false;
    for (size_t j = 0; j < texts_.size(); ++j) {
      if (i == j) continue;
      const bool same = texts_[i].source == texts_[j].source;
      const bool equal = texts_[i].text == texts_[j].text;
      const bool alike = jaccard(sets[i], sets[j]) >= kAlike;
      repeat |= equal && same && j < i;
      equal_in |= equal && same;
      equal_out |= equal && !same;
      alike_in |= alike && same;
      alike_out |= alike && !same;
    }
    auto& of = found[texts_[i].source];
    of[0] += repeat;
    of[1] += equal_in;
    of[2] += equal_out;
    of[3] += alike_in;
    of[4] += alike_out;
  }
  for (const auto& [source, counts] : found) {
    const AuditSlice& s = slice_named(key_named(a, "source"), source);
    EXPECT_NEAR(s.repeated * s.documents, counts[0], 1e-9) << source;
    EXPECT_NEAR(s.equal_within * s.documents, counts[1], 1e-9) << source;
    EXPECT_NEAR(s.equal_across * s.documents, counts[2], 1e-9) << source;
    EXPECT_NEAR(s.alike_within * s.documents, counts[3], 1e-9) << source;
    EXPECT_NEAR(s.alike_across * s.documents, counts[4], 1e-9) << source;
  }
  EXPECT_GT(found["prose"][3], found["prose"][1]);
  EXPECT_EQ(found["prose"][2], 1);
}

TEST_F(AuditNumbers, WhatRulesWouldDropIsWhatTheStepsDrop) {
  const Audit a = audit_of(corpus_, folder_);
  for (size_t set = 0; set < kRuleSets; ++set) {
    std::map<std::string, std::map<std::string, int>> dropped;
    test::OneStep step{std::string(kRuleSetNames[set])};
    for (const AuditText& t : texts_) ++dropped[t.source][step.dropped_by(t.text)];
    for (const auto& [source, rules] : dropped) {
      const AuditSlice& s = slice_named(key_named(a, "source"), source);
      const auto kept = rules.find("");
      const double n = s.documents;
      EXPECT_NEAR(s.rules[set].share, 1 - (kept == rules.end() ? 0 : kept->second) / n, 1e-12);
      for (const auto& [rule, share] : s.rules[set].rules)
        EXPECT_NEAR(share, rules.at(rule) / n, 1e-12) << rule;
    }
  }
  const auto rate = [&](const char* source) {
    return slice_named(key_named(a, "source"), source).rules[2].share;
  };
  EXPECT_GT(rate("code"), 0.9);  // C4 drops what has braces
}

TEST_F(AuditNumbers, LanguagesAreThoseOfTheTexts) {
  const Audit a = audit_of(corpus_, folder_, {.by = {"language"}});
  std::map<std::string, int64_t> counts;
  for (const AuditText& t : texts_) ++counts[language_of(t.text).code];
  ASSERT_EQ(a.keys.size(), 1u);
  for (const auto& [code, n] : counts)
    EXPECT_EQ(slice_named(a.keys[0], code == "un" ? "unknown" : code).looked_at, n) << code;
}

TEST_F(AuditNumbers, WordsInCommonAndTellingWords) {
  constexpr size_t kTop = 30;
  const Audit a = audit_of(corpus_, folder_, {.by = {"source"}, .top = kTop});
  const AuditKey& k = a.keys[0];
  std::vector<std::map<std::string, double>> counts(k.slices.size());
  std::vector<double> totals(k.slices.size());
  std::map<std::string, double> all;
  double total = 0;
  for (size_t s = 0; s < k.slices.size(); ++s)
    for (const AuditText* t : of_source(k.slices[s].value))
      for (const std::string& w : plain_words(t->text)) {
        ++counts[s][w];
        ++all[w];
        ++totals[s];
        ++total;
      }
  const auto top = [&](size_t s) {  // ties: the oftener in all texts, then by letters
    std::vector<std::tuple<double, double, std::string>> order;
    for (const auto& [w, n] : counts[s]) order.emplace_back(-n, -all[w], w);
    std::ranges::sort(order);
    std::set<std::string> out;
    for (size_t i = 0; i < std::min(kTop, order.size()); ++i) out.insert(std::get<2>(order[i]));
    return out;
  };
  const size_t n = k.slices.size();
  for (size_t x = 0; x < n; ++x)
    for (size_t y = 0; y < n; ++y) {
      double both = 0, covered = 0, unseen = 0;
      for (const std::string& w : top(x)) both += top(y).contains(w);
      for (const auto& [w, c] : counts[x]) {
        covered += top(y).contains(w) ? c : 0;
        unseen += counts[y].contains(w) ? 0 : c;
      }
      EXPECT_NEAR(k.overlap.jaccard[x * n + y], both / double(top(x).size() + top(y).size() - both),
                  1e-12);
      EXPECT_NEAR(k.overlap.covered[x * n + y], covered / totals[x], 1e-12);
      EXPECT_NEAR(k.overlap.unseen[x * n + y], unseen / totals[x], 1e-12);
    }
  for (size_t s = 0; s < n; ++s) {
    ASSERT_FALSE(k.slices[s].characteristic.empty());
    for (const CharacteristicWord& w : k.slices[s].characteristic) {
      const double y = counts[s][w.word], other = all[w.word] - y, rest = total - totals[s];
      const double prior = kPriorWords * all[w.word] / total;
      const double odds = std::log((y + prior) / (totals[s] + kPriorWords - y - prior)) -
                          std::log((other + prior) / (rest + kPriorWords - other - prior));
      EXPECT_EQ(double(w.count), y);
      EXPECT_NEAR(w.log_odds, odds, 1e-9) << w.word;
      EXPECT_NEAR(w.z, odds / std::sqrt(1 / (y + prior) + 1 / (other + prior)), 1e-9) << w.word;
    }
  }
  EXPECT_TRUE(
      std::ranges::any_of(slice_named(k, "verse").characteristic,
                          [](const CharacteristicWord& w) { return w.word.starts_with("rose"); }));
}

TEST_F(AuditNumbers, AreTheSameForAnyNumberOfWorkers) {
  AuditOptions options;
  options.terms = read_terms("prose0/prose1, prose2", "the, of");
  const std::string one = to_text(audit_of(corpus_, folder_, options, 1).json());
  for (const int64_t jobs : {2, 4})
    EXPECT_EQ(to_text(audit_of(corpus_, folder_, options, jobs).json()), one) << jobs;
}

TEST_F(AuditNumbers, OfASampleAreNearThoseOfAll) {
  const Audit all = audit_of(corpus_, folder_);
  const Audit some = audit_of(corpus_, folder_, {.sample = 40'000});
  EXPECT_TRUE(some.sampled);
  EXPECT_LT(some.looked_at_bytes, all.looked_at_bytes / 2);
  for (const AuditSlice& s : key_named(all, "source").slices) {
    const AuditSlice& other = slice_named(key_named(some, "source"), s.value);
    EXPECT_NEAR(other.documents, s.documents, 0.35 * s.documents) << s.value;
    const bool whole = s.bytes < 40'000;
    EXPECT_EQ(other.looked_at == s.looked_at, whole) << s.value;
  }
}

TEST_F(AuditNumbers, BitsAreAskedOfEveryText) {
  const AuditKey k = key_named(audit_of(corpus_, folder_), "source");
  for (const AuditSlice& s : k.slices) {
    EXPECT_EQ(s.scored, s.looked_at);
    EXPECT_GT(s.bits, 0.5);
    EXPECT_LT(s.bits, 8);
    EXPECT_LT(s.bits_low, s.bits);
    EXPECT_GT(s.bits_high, s.bits);
  }
}

TEST_F(AuditNumbers, UnknownKeysAreRefusedWithThoseThatAreNear) {
  const auto e = test::error_of([&] { audit_of(corpus_, folder_, {.by = {"lable"}}); });
  EXPECT_STREQ(e.what(), "no document has a key 'lable'");
  EXPECT_EQ(e.help, "did you mean 'label'?");
}

TEST_F(AuditNumbers, DamagedShardsAreNamed) {
  const std::string path = corpus_ + "/" + load_manifest(corpus_).shards[0].file;
  std::string bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 1;
  replace_file(path, bytes);
  const auto e = test::error_of([&] { audit_of(corpus_, folder_); });
  EXPECT_EQ(std::string(e.what()), path + " holds other bytes than were written");
}

TEST_F(AuditNumbers, RecipesAreAuditedBeforeTheyAreBuilt) {
  const Recipe recipe = load_recipe(folder_.path("corpus.yaml"));
  const AuditOptions options{.by = {"source", "year"}};
  const Audit a = audit(intake_of_recipe(recipe, 0), options, folder_.path("work"), {});
  const Audit b = audit_of(corpus_, folder_, options);
  EXPECT_EQ(a.looked_at, b.looked_at);
  for (size_t k = 0; k < 2; ++k)
    for (const AuditSlice& s : a.keys[k].slices) {
      const AuditSlice& o = slice_named(b.keys[k], s.value);
      EXPECT_EQ(s.bytes, o.bytes) << s.value;
      EXPECT_EQ(s.rules[0].share, o.rules[0].share) << s.value;
    }
}

TEST(ByteModel, IsTheModelOfWittenAndBell) {
  const std::string text = read_file(CAMBIUM_SOURCE_DIR "/README.md").substr(0, 12'000);
  std::vector<int32_t> ids;
  for (const char c : text) ids.push_back(uint8_t(c));
  ByteModel model(4);
  model.add(std::string_view(text).substr(0, 8'000));
  // That one goes on where training ended; this one begins a text, whose first bytes have less of a
  // context.
  const double whole = 4'000 * witten_bell_loss(ids, 8'000, 256, 4) / std::log(2.0);
  EXPECT_NEAR(model.bits(std::string_view(text).substr(8'000)), whole, 12);
  ByteModel small(4, 1000);
  small.add(std::string_view(text).substr(0, 8'000));
  EXPECT_TRUE(small.full());
  EXPECT_GT(small.bits(text), model.bits(text));
  EXPECT_LT(small.bits(text), 8.0 * double(text.size()));
}
}  // namespace
}  // namespace cambium::audit_test
