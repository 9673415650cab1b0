// The n-gram model of bytes against one that is written as the formula stands, and what becomes of
// it when its memory is full.
#include "data/curation/scoring/byte_ngrams.h"

#include <cmath>
#include <map>
#include <set>

#include "core/rng.h"
#include "tests/data/curation/support.h"

namespace cambium::byte_ngrams_test {
namespace {
// Modified Kneser-Ney from maps of strings.
class Reference {
 public:
  Reference(const std::vector<std::string>& texts, int order) : order_(order), counts_(order + 1) {
    for (const std::string& text : texts) {
      const std::string padded = std::string(size_t(order - 1), '\n') + text;
      for (size_t i = 0; i < text.size(); ++i) ++counts_[order][padded.substr(i, size_t(order))];
    }
    for (int n = order - 1; n >= 1; --n)
      for (const auto& [gram, count] : counts_[n + 1]) ++counts_[n][gram.substr(1)];
    for (int n = 0; n <= order; ++n) {
      double of[5] = {};
      for (const auto& [gram, count] : counts_[n])
        if (count <= 4) ++of[count];
      auto& d = discounts_.emplace_back(std::array<double, 4>{0, 0.75, 0.75, 0.75});
      const double y = of[1] / (of[1] + 2 * of[2]);
      if (of[1] * of[2] * of[3] * of[4] > 0)
        for (int k = 1; k <= 3; ++k)
          d[size_t(k)] = std::min(double(k), std::max(0.05, k - (k + 1) * y * of[k + 1] / of[k]));
    }
  }

  double p(const std::string& context, char next) const {
    double p = 1.0 / 256;
    for (int n = 1; n <= order_; ++n) {
      const std::string h = context.substr(context.size() - size_t(n - 1));
      double all = 0, taken = 0, own = 0;
      for (int w = 0; w < 256; ++w) {
        const auto at = counts_[n].find(h + char(w));
        if (at == counts_[n].end()) continue;
        const double d = discounts_[size_t(n)][size_t(std::min(3, at->second))];
        all += at->second;
        taken += d;
        if (char(w) == next) own = at->second - d;
      }
      if (all > 0) p = own / all + taken / all * p;
    }
    return p;
  }

  double bits(const std::string& text) const {
    std::string history(size_t(order_ - 1), '\n');
    double bits = 0;
    for (const char c : text) {
      bits -= std::log2(p(history, c));
      history += c;
    }
    return bits;
  }

 private:
  int order_;
  std::vector<std::map<std::string, int>> counts_;
  std::vector<std::array<double, 4>> discounts_;
};

std::string letters(Random& random, int n, int kinds) {
  std::string out;
  for (int i = 0; i < n; ++i)
    out += random.below(12) == 0 ? '\n' : char('a' + random.below(uint32_t(kinds)));
  return out;
}

TEST(ByteNgrams, AreThoseOfTheFormula) {
  Random random(1);
  for (int order = 1; order <= 7; ++order)
    for (const int kinds : {2, 5, 26}) {
      std::vector<std::string> texts;
      for (int i = 0; i < 12; ++i) texts.push_back(letters(random, 150, kinds));
      texts.push_back("");
      texts.push_back("na\xC3\xAFve \xFF\xFE text");
      ByteNgrams model(order, ByteNgrams::kLeastMemory);
      for (const std::string& text : texts) model.learn(text);
      model.finish();
      const Reference reference(texts, order);
      for (int i = 0; i < 4; ++i) {
        const std::string text = i == 0 ? texts[3] : letters(random, 100, kinds + 2);
        const double expected = reference.bits(text);
        EXPECT_NEAR(model.bits(text), expected, 1e-4 * expected) << order << " " << kinds;
      }
      EXPECT_EQ(model.bits(""), 0);
    }
}

// Of what may come next after some contexts, also unknown ones.
void expect_proper(const ByteNgrams& model, const std::vector<std::string>& contexts) {
  for (const std::string& context : contexts) {
    double sum = 0;
    for (int w = 0; w < 256; ++w)
      sum += std::exp2(model.bits(context) - model.bits(context + char(w)));
    EXPECT_NEAR(sum, 1, 1e-4) << context;
  }
}

TEST(ByteNgrams, SumToOne) {
  ByteNgrams model(6, ByteNgrams::kLeastMemory);
  const std::string text = "the cat sat on the mat and the dog sat on the cat\n\nand so on\n";
  model.learn(text);
  model.learn("the other text");
  model.finish();
  expect_proper(model, {"", "t", "the c", "zz", "the cat sat on the ", "\n\n", "\xFF"});
}

TEST(ByteNgrams, ForgetRareGramsWhenMemoryIsFull) {
  Random random(2);
  const auto learned = [&](int seed) {
    Random noise{uint64_t(seed)};
    ByteNgrams model(5, ByteNgrams::kLeastMemory);
    for (int i = 0; i < 2000; ++i) {
      model.learn("this sentence comes again and again.");
      model.learn(letters(noise, 500, 26));
    }
    model.finish();
    return model;
  };
  const ByteNgrams model = learned(3), again = learned(3);
  EXPECT_GT(model.forgotten(), 100'000);
  EXPECT_LT(model.grams(), 200'000);
  expect_proper(model, {"", "this sen", "qqqq", "\n"});
  EXPECT_LT(model.bits("this sentence comes again and again.") / 36, 0.5);
  for (int i = 0; i < 20; ++i) {
    const std::string text = letters(random, 200, 26);
    EXPECT_EQ(model.bits(text), again.bits(text));
  }
}

// Bytes of all values: not even the grams of three fit, and the order shrinks to two.
TEST(ByteNgrams, ShrinkWhereNothingComesAgain) {
  Random random(4);
  ByteNgrams model(6, ByteNgrams::kLeastMemory);
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (int k = 0; k < 5000; ++k) text += char(random.bits());
    model.learn(text);
  }
  model.finish();
  EXPECT_LT(model.order(), 6);
  expect_proper(model, {"", "ab", "\n\n", "\xFF\x01\x02"});
  std::string text;
  for (int k = 0; k < 5000; ++k) text += char(random.bits());
  EXPECT_NEAR(model.bits(text) / 5000, 8, 0.4);
}

TEST(ByteNgrams, AreReadAsTheyWereWritten) {
  const test::TempFolder folder;
  ByteNgrams model(4, ByteNgrams::kLeastMemory);
  model.learn("a text to learn from, and some more of it to learn from");
  model.finish();
  model.save(folder.path("m"));
  const ByteNgrams read = ByteNgrams::load(folder.path("m"));
  for (const char* text : {"", "a text", "learning", "\xFFz"})
    EXPECT_EQ(read.bits(text), model.bits(text)) << text;
  EXPECT_EQ(read.grams(), model.grams());
  EXPECT_EQ(read.bytes(), 55);
}
}  // namespace
}  // namespace cambium::byte_ngrams_test
