// Near duplicates: which pairs meet, what is dropped, and that nothing is dropped for what is not
// kept.
#include <cmath>

#include "core/rng.h"
#include "data/curation/likeness/clusters.h"
#include "data/curation/likeness/contamination.h"
#include "data/curation/likeness/minhash.h"
#include "tests/data/curation/support.h"

namespace cambium::near_test {
namespace {
// Two sets of `n` hashes that share as many as make their similarity s.
std::pair<std::vector<uint64_t>, std::vector<uint64_t>> pair_of(Random& random, int n, double s) {
  const int both = int(std::lround(2 * s * n / (1 + s)));
  std::vector<uint64_t> a, b;
  const auto hash = [&] { return content_hash(str(random.bits(), " ", random.bits())); };
  for (int i = 0; i < both; ++i) a.push_back(hash());
  b = a;
  for (int i = both; i < n; ++i) {
    a.push_back(hash());
    b.push_back(hash());
  }
  std::ranges::sort(a);
  std::ranges::sort(b);
  return {a, b};
}

TEST(MinHash, PairsMeetAsTheCurveSays) {
  const MinHash hash(14, 8);
  Random random(1);
  std::vector<uint64_t> x, y;
  for (const double s : {0.5, 0.6, 0.7, 0.8, 0.9, 0.95}) {
    constexpr int kPairs = 2000;
    int met = 0;
    double expected = 0;
    for (int i = 0; i < kPairs; ++i) {
      const auto [a, b] = pair_of(random, 100, s);
      hash.bands_of(a, x);
      hash.bands_of(b, y);
      bool meets = false;
      for (size_t k = 0; k < x.size(); ++k) meets |= x[k] == y[k];
      met += meets;
      expected += 1 - std::pow(1 - std::pow(jaccard(a, b), 8), 14);
    }
    const double sd = std::sqrt(kPairs * 0.25);
    EXPECT_NEAR(met, expected, 4 * sd) << s;
  }
}

Clusters clusters_of(const std::vector<AlikePair>& pairs, std::vector<uint64_t> parts) {
  Clusters clusters(std::move(parts));
  for (const AlikePair& p : pairs) clusters.expect(p);
  for (const AlikePair& p : pairs) clusters.join(p);
  clusters.finish([](const RankedPlace& p) { return 1000 * p.rank_part + p.index; });
  return clusters;
}

TEST(Clusters, DropOnlyWhatIsLikeOneThatStays) {
  const auto place = [](uint64_t i) { return RankedPlace{0, i}; };
  // A chain 0 - 1 - 2 - 3 - 4, each like its neighbours alone, and a pair 7 - 9.
  std::vector<AlikePair> pairs;
  for (uint64_t i = 1; i < 5; ++i) pairs.push_back({place(i), place(i - 1), 0.8});
  pairs.push_back({place(9), place(7), 0.95});
  const Clusters clusters = clusters_of(pairs, {0});
  std::vector<uint64_t> dropped;
  for (const ClusterMember& m : clusters.members_of(0)) {
    if (m.dropped) dropped.push_back(m.place.index);
    EXPECT_EQ(m.first.index, m.place.index < 5 ? 0u : 7u);
    EXPECT_EQ(m.key, m.first.index);
  }
  EXPECT_EQ(dropped, (std::vector<uint64_t>{1, 3, 9}));
  const Json told = clusters.json();
  EXPECT_EQ(told["clusters"], 2);
  EXPECT_EQ(told["largest"], 5);
  EXPECT_EQ(told["with_unlike_members"], 1);
  EXPECT_EQ(told["least_similarity"], 0.8);
  EXPECT_TRUE(clusters_of({}, {0, 1}).members_of(1).empty());
}

// Pairs at random over parts that do not follow their ranks, by sets and loops.
TEST(Clusters, AreThoseOfAPlainWalk) {
  Random random(6);
  for (int round = 0; round < 50; ++round) {
    const std::vector<uint64_t> parts = {uint64_t(1) << 32 | 0, 2, uint64_t(3) << 32 | 1};
    std::map<std::pair<RankedPlace, RankedPlace>, double> all;
    for (int i = 0; i < 60; ++i) {
      RankedPlace a{parts[random.below(3)], random.below(20)},
          b{parts[random.below(3)], random.below(20)};
      if (a == b) continue;
      all[{std::max(a, b), std::min(a, b)}] = 0.8 + 0.001 * i;
    }
    std::vector<AlikePair> pairs;
    std::map<RankedPlace, bool> dropped;
    std::map<RankedPlace, RankedPlace> first;
    for (const auto& [pair, s] : all) {
      pairs.push_back({pair.first, pair.second, s});
      first[pair.first] = pair.first;
      first[pair.second] = pair.second;
    }
    for (const AlikePair& p : pairs)
      if (!dropped[p.earlier]) dropped[p.later] = true;
    for (size_t again = 0; again < pairs.size(); ++again)
      for (const AlikePair& p : pairs)
        first[p.later] = first[p.earlier] = std::min(first[p.later], first[p.earlier]);
    const Clusters clusters = clusters_of(pairs, parts);
    size_t members = 0;
    for (const uint64_t part : parts)
      for (const ClusterMember& m : clusters.members_of(part)) {
        EXPECT_EQ(m.dropped, dropped[m.place]);
        EXPECT_EQ(m.first, first.at(m.place));
        EXPECT_EQ(m.key, 1000 * m.first.rank_part + m.first.index);
        EXPECT_EQ(m.place.rank_part, part);
        ++members;
      }
    EXPECT_EQ(members, first.size());
  }
}

std::string words(int first, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += str(i ? " " : "", "Word", (first + i) * 7919 % 100'003);
  return out;
}

TEST(Contamination, FindsCopiesAndTextsWithWordsReplaced) {
  ContaminationIndex index({});
  std::vector<std::string> judged;
  for (int i = 0; i < 200; ++i) judged.push_back(words(1000 * i, 50));
  for (const std::string& text : judged) index.add(text, 3);
  index.add("what is an atom ?", 4);
  Random random(2);
  int found = 0;
  for (const std::string& text : judged) {
    std::string copy = "before it stands this. " + text + "\nand after it that.";
    for (char& c : copy) c = c == ' ' && random.below(5) == 0 ? '\n' : char(std::toupper(c));
    EXPECT_EQ(index.find(copy).set, 3);
    std::string replaced;  // a tenth of its words
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      replaced += random.below(10) == 0 ? "other" : text.substr(at, end - at);
      replaced += ' ';
      at = end + 1;
    }
    found += index.find(words(777'000, 30) + " " + replaced + words(888'000, 30)).set == 3;
  }
  EXPECT_GE(found, 190);
  EXPECT_EQ(index.find("What is an atom").set, 4);
  EXPECT_EQ(index.find("He asked what is an atom of gold").set, -1);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(index.find(words(500 + 1000 * i, 300)).set, -1) << i;
}
}  // namespace
}  // namespace cambium::near_test
