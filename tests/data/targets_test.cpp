// Targets that are values, hidden tokens or second sequences.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/tensor/adjacency.h"
#include "tests/data/support.h"

namespace cambium::targets_test {
namespace {
TEST(Adding, TheTargetIsTheSumOfTheMarkedNumbers) {
  const auto data = open_text_spec("data: {adding: {length: 9, marked: 3, noise: 0}}");
  for (int64_t index = 0; index < 30; ++index) {
    const Batch b = read_batch(*data, Split::kTrain, {index});
    double sum = 0;
    for (int64_t t = 0; t < 9; ++t) {
      const float number = b.x.f32()[size_t(2 * t)], mark = b.x.f32()[size_t(2 * t + 1)];
      EXPECT_TRUE(number >= 0 && number < 1 && (mark == 0 || mark == 1));
      sum += double(number * mark);
      if (t % 3 == 0) continue;
      EXPECT_LE(b.x.f32()[size_t(2 * t - 1)] + mark, 1);  // one mark in each third
    }
    EXPECT_NEAR(b.target.f32()[0], sum, 1e-6);
  }
}

TEST(Adding, TheNoiseIsTheFloorItSays) {
  const auto noisy = open_text_spec("data: {adding: {length: 4, noise: 0.5}}");
  const auto clean = open_text_spec("data: {adding: {length: 4, noise: 0}}");
  double squares = 0, sizes = 0;
  constexpr int64_t kMany = 4000;
  for (int64_t i = 0; i < kMany; ++i) {
    const double e = double(read_batch(*noisy, Split::kTrain, {i}).target.f32()[0]) -
                     double(read_batch(*clean, Split::kTrain, {i}).target.f32()[0]);
    squares += e * e / kMany;
    sizes += std::abs(e) / kMany;
  }
  EXPECT_NEAR(squares, noisy->reference_losses()[0].loss, 0.02);
  EXPECT_NEAR(sizes, noisy->reference_losses()[1].loss, 0.02);
}

TEST(Adding, RefusesMoreMarksThanNumbers) {
  const UserError e = error_of("data: {adding: {length: 3, marked: 4}}");
  EXPECT_STREQ(e.what(), "adding: marked = 4 of length = 3 numbers");
  EXPECT_EQ(e.help, "use marked: 3 or less");
}

TEST(PlantedLinks, HiddenEdgesAreNotSeenAndHalfOfThePairsAreJoined) {
  const auto data =
      open_text_spec("data: {planted_links: {nodes: 60, edges: 300, kinds: 3, hidden: 0.3}}");
  const auto pairs_of = [&](Split split, int32_t target) {
    const Batch b = read_batch(*data, split, {0});
    std::set<Edge> out;
    for (int64_t i = 0; i < b.target.count(); ++i)
      if (b.target.i32()[size_t(i)] == target)
        out.insert({b.pairs.i32()[size_t(2 * i)], b.pairs.i32()[size_t(2 * i + 1)]});
    return out;
  };
  const auto seen = read_batch(*data, Split::kTrain, {0}).adjacency;
  std::set<Edge> joined;
  for (int64_t row = 0; row < 60; ++row)
    for (int64_t i = seen->in.begin[size_t(row)]; i < seen->in.begin[size_t(row) + 1]; ++i)
      joined.insert(std::minmax(int32_t(row), seen->in.neighbour[size_t(i)]));
  EXPECT_EQ(pairs_of(Split::kTrain, 1), joined);
  for (const Split split : {Split::kValidation, Split::kTest}) {
    const std::set<Edge> hidden = pairs_of(split, 1);
    EXPECT_GT(hidden.size(), 10u);
    for (const Edge& e : hidden) EXPECT_TRUE(joined.insert(e).second) << "seen, or asked twice";
    EXPECT_EQ(read_batch(*data, split, {0}).adjacency, seen);
    const Batch b = read_batch(*data, split, {0});
    EXPECT_EQ(std::ranges::count(b.target.i32(), 1), std::ranges::count(b.target.i32(), 0));
  }
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest})
    for (const Edge& e : pairs_of(split, 0)) EXPECT_FALSE(joined.contains(e));
}

// The counts again, from powers of the adjacency matrix.
TEST(SubgraphCounts, StandardisesTheCountsOfTheGraphs) {
  for (const std::string what : {"triangles", "wedges"})
    for (const std::string level : {"graph", "node"}) {
      const auto data = open_text_spec(str(
          "data: {subgraph_counts: {nodes: 7, p: 0.4, count: ", what, ", level: ", level, "}}"));
      double sum = 0, squares = 0, n = 0, slope = 0, offset = 0;
      std::map<double, double> target_of;
      for (int64_t index = 0; index < 1500; ++index) {
        const Batch b = read_batch(*data, Split::kTrain, {index});
        std::vector<double> counts(7, 0.0);
        const auto joined = [&](int32_t u, int32_t v) {
          const auto begin = b.adjacency->in.neighbour.begin();
          return std::binary_search(begin + b.adjacency->in.begin[size_t(u)],
                                    begin + b.adjacency->in.begin[size_t(u) + 1], v);
        };
        for (int32_t m = 0; m < 7; ++m)
          for (int32_t u = 0; u < 7; ++u)
            for (int32_t v = 0; v < u; ++v)
              counts[size_t(m)] +=
                  joined(m, u) && joined(m, v) && (what == "wedges" || joined(u, v));
        if (level == "graph") {
          const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
          counts = {what == "triangles" ? all / 3 : all};
        }
        for (size_t i = 0; i < counts.size(); ++i) {
          const double y = b.target.f32()[i];
          sum += y;
          squares += y * y;
          n += 1;
          target_of.emplace(counts[i], y);
          EXPECT_NEAR(target_of.at(counts[i]), y, 1e-5);  // one count, one target
        }
      }
      slope = (target_of.rbegin()->second - target_of.begin()->second) /
              (target_of.rbegin()->first - target_of.begin()->first);
      offset = target_of.begin()->second - slope * target_of.begin()->first;
      for (const auto& [count, y] : target_of) EXPECT_NEAR(y, offset + slope * count, 1e-4);
      EXPECT_NEAR(sum / n, 0, 0.08) << what << " " << level;
      EXPECT_NEAR(squares / n, 1, 0.12) << what << " " << level;
    }
}

// The kinds are read back from the edges; what is counted again is standardised by the moments.
TEST(SubgraphCounts, CountsShapesOfOneKind) {
  for (const std::string what : {"triangles", "wedges"})
    for (const std::string level : {"graph", "node"}) {
      const auto data = open_text_spec(str("data: {subgraph_counts: {nodes: 7, p: 0.6, kinds: 2, ",
                                           "count: ", what, ", level: ", level, "}}"));
      const size_t rows = level == "graph" ? 1 : 7;
      double sum = 0, squares = 0, n = 0;
      std::map<double, double> target_of;
      for (int64_t index = 0; index < 1500; ++index) {
        const Batch b = read_batch(*data, Split::kTrain, {index}, 0, 2);  // one of padding
        const Csr& in = b.adjacency->in;
        const std::span<const float> carried = b.edges.f32();
        int kind[7][7] = {};
        for (int32_t i = 0; i < 7; ++i)
          for (auto e = size_t(in.begin[size_t(i)]); e < size_t(in.begin[size_t(i) + 1]); ++e) {
            ASSERT_EQ(carried[2 * e] + carried[2 * e + 1], 1);
            kind[i][in.neighbour[e]] = carried[2 * e] == 1 ? 1 : 2;
          }
        const auto edges = size_t(b.adjacency->edges);
        EXPECT_TRUE(
            std::ranges::all_of(carried.subspan(2 * edges), [](float v) { return v == 0; }));
        std::vector<double> counts(rows, 0.0);
        for (int m = 0; m < 7; ++m)
          for (int u = 0; u < 7; ++u)
            for (int v = 0; v < u; ++v) {
              EXPECT_EQ(kind[u][v], kind[v][u]);
              const int k = kind[m][u];
              if (k > 0 && kind[m][v] == k && (what == "wedges" || kind[u][v] == k))
                counts[rows > 1 ? size_t(m) : 0] += 1;
            }
        for (size_t i = 0; i < rows; ++i) {
          const double y = b.target.f32()[i];
          sum += y;
          squares += y * y;
          n += 1;
          EXPECT_NEAR(target_of.emplace(counts[i], y).first->second, y, 1e-5);
        }
      }
      EXPECT_GT(target_of.size(), 4u);
      EXPECT_NEAR(sum / n, 0, 0.08) << what << " " << level;
      EXPECT_NEAR(squares / n, 1, 0.12) << what << " " << level;
    }
}

const std::string kMasked =
    "data: {masked: {rate: 0.25, of: {markov_text: {symbols: 9, context: 40}}}}";

TEST(Masked, ScoresTheHiddenPlacesAlone) {
  const auto data = open_text_spec(kMasked, 4);
  const auto plain = open_text_spec("data: {markov_text: {symbols: 9, context: 40}}", 4);
  EXPECT_EQ(data->shape(2).classes, 10);
  EXPECT_FALSE(data->shape(2).causal);
  EXPECT_EQ(data->shape(2).most_scored, 20);
  double masked = 0, changed = 0, scored = 0;
  for (int64_t index = 0; index < 200; ++index) {
    const Batch b = read_batch(*data, Split::kTrain, {index}, 17);
    const Batch original = read_batch(*plain, Split::kTrain, {index}, 17);
    EXPECT_EQ(std::ranges::count_if(b.target.i32(), [](int32_t t) { return t >= 0; }), 10);
    for (size_t t = 0; t < 40; ++t) {
      const int32_t x = b.x.i32()[t], was = original.x.i32()[t], target = b.target.i32()[t];
      if (target < 0) {
        EXPECT_EQ(x, was);
        continue;
      }
      EXPECT_EQ(target, was);
      scored += 1;
      masked += x == 9;
      changed += x != 9 && x != was;
    }
  }
  EXPECT_NEAR(masked / scored, 0.8, 0.03);
  EXPECT_NEAR(changed / scored, 0.1 * 8 / 9, 0.02);  // a random token may be the same
}

TEST(Masked, IsAFunctionOfSeedEpochAndIndex) {
  const auto one = open_text_spec(kMasked, 4), two = open_text_spec(kMasked, 5);
  const Batch a = read_batch(*one, Split::kTrain, {3, 8}, 17);
  EXPECT_TRUE(same(a, read_batch(*open_text_spec(kMasked, 4), Split::kTrain, {3, 8}, 17)));
  EXPECT_FALSE(same(a, read_batch(*one, Split::kTrain, {3, 8}, 18)));
  EXPECT_FALSE(same(a, read_batch(*two, Split::kTrain, {3, 8}, 17)));
  const Batch turned = read_batch(*one, Split::kTrain, {8, 3}, 17);
  EXPECT_TRUE(std::ranges::equal(a.x.i32().first(40), turned.x.i32().last(40)));
}

TEST(Masked, LeavesPaddingAlone) {
  const test::TempFolder folder;
  std::string text;
  for (int i = 0; i < 103; ++i) text += char('a' + i % 7);
  const std::string path = write_file(folder, "t", text);
  const auto data = open_text_spec(
      str("data: {masked: {rate: 1, of: {text_chars: {path: ", path, ", context: 8, val: 0.2}}}}"));
  const int64_t last = data->count(Split::kValidation) - 1;
  const Batch b = read_batch(*data, Split::kValidation, {last});
  const auto plain =
      open_text_spec(str("data: {text_chars: {path: ", path, ", context: 8, val: 0.2}}"));
  const Batch original = read_batch(*plain, Split::kValidation, {last});
  int64_t scored = 0;
  for (size_t t = 0; t < 8; ++t) {
    EXPECT_EQ(b.target.i32()[t] >= 0, original.target.i32()[t] >= 0);
    scored += b.target.i32()[t] >= 0;
  }
  EXPECT_TRUE(scored > 0 && scored < 8);
}

TEST(Masked, RefusesWhatHasNoTokens) {
  EXPECT_EQ(error_of("data: masked").help,
            "write data: {masked: {of: {text_chars: {path: input.txt}}}}");
  const UserError e = error_of("data:\n  masked:\n    of: bars_and_shapes\n");
  EXPECT_EQ(e.mark.line, 3);
  EXPECT_EQ(e.help, "use data of token ids, such as {text_chars: {path: input.txt}}");
  EXPECT_STREQ(error_of("data: {masked: {mask: 0.9, random: 0.2, of: parity}}").what(),
               "masked: mask = 0.9 and random = 0.2 are more than all");
}

TEST(Pairs, TheDecoderSeesTheTargetOnePlaceLater) {
  for (const std::string task : {"copy", "reverse", "sort"}) {
    const auto data =
        open_text_spec(str("data: {", task, ": {vocab: 9, tokens: 7, seq2seq: true}}"));
    const DataShape shape = data->shape(3);
    EXPECT_EQ(shape.x.shape, Shape({3, 7}));
    ASSERT_TRUE(shape.decoder);
    EXPECT_EQ(shape.begin, 8);
    const Batch b = read_batch(*data, Split::kTest, {0, 1}, 0, 3);
    for (size_t k = 0; k < 2; ++k) {
      const auto x = b.x.i32().subspan(7 * k, 7), y = b.target.i32().subspan(7 * k, 7),
                 so_far = b.decoder.i32().subspan(7 * k, 7);
      std::vector<int32_t> wanted(x.begin(), x.end());
      if (task == "reverse") std::ranges::reverse(wanted);
      if (task == "sort") std::ranges::sort(wanted);
      EXPECT_TRUE(std::ranges::equal(y, wanted));
      EXPECT_EQ(so_far[0], 8);
      EXPECT_TRUE(std::equal(so_far.begin() + 1, so_far.end(), y.begin()));
    }
    for (const int32_t t : b.target.i32().last(7)) EXPECT_EQ(t, -1);
  }
}

TEST(Pairs, AreReadAndWrittenAsNumbers) {
  const auto data = open_text_spec("data: {copy: {vocab: 12, tokens: 3, seq2seq: true}}");
  EXPECT_EQ(data->encode(" 3 11\n0 "), (std::vector<int32_t>{3, 11, 0}));
  EXPECT_EQ(data->decode(data->encode("3 11 0")), "3 11 0 ");
  EXPECT_THROW(data->encode("3 12"), UserError);
  EXPECT_THROW(data->encode("3 x"), UserError);
  EXPECT_EQ(error_of("data: {copy: {seq2seq: true, feed: false}}").help,
            "leave out feed, or use seq2seq: false");
}
}  // namespace
}  // namespace cambium::targets_test
