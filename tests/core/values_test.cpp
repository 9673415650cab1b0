// Random numbers, shapes, tensors, adjacencies, suggestions, JSON, signals and memory.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <numeric>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/rng.h"
#include "core/system/cancel.h"
#include "core/system/clock.h"
#include "core/system/memory.h"
#include "core/system/parallel.h"
#include "core/tensor/adjacency.h"
#include "core/tensor/tensor.h"
#include "core/text/json.h"
#include "core/text/suggest.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::values_test {
namespace {
using test::error_of;
using test::text_of;

// Random123's known answers for philox4x32-10.
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox(0, 0, 0),
            (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox(~0ull, ~0ull, ~0ull),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, MomentsAreRight) {
  Random r(7);
  double sum = 0, squares = 0, uniform = 0;
  constexpr int n = 100'000;
  for (int i = 0; i < n; ++i) {
    const double x = r.normal(), u = r.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += x;
    squares += x * x;
    uniform += u;
  }
  EXPECT_NEAR(sum / n, 0, 0.015);
  EXPECT_NEAR(squares / n, 1, 0.02);
  EXPECT_NEAR(uniform / n, 0.5, 0.005);
}

TEST(Random, BelowIsUniformAndShuffleKeepsAll) {
  Random r(1, 2);
  std::array<int, 3> counts{};
  for (int i = 0; i < 30'000; ++i) ++counts[r.below(3)];
  for (int c : counts) EXPECT_NEAR(c, 10'000, 350);
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  r.shuffle<int>(items);
  EXPECT_FALSE(std::ranges::is_sorted(items));
  EXPECT_EQ(std::accumulate(items.begin(), items.end(), 0), 4950);
}

TEST(Random, StreamsDiffer) {
  EXPECT_NE(Random(1, stream_of("a")).bits(), Random(1, stream_of("b")).bits());
  EXPECT_EQ(Random(1, 5).bits(), Random(1, 5).bits());
}

TEST(Shape, CountsAndPrints) {
  const Shape s{2, 3, 4};
  EXPECT_EQ(s.count(), 24);
  EXPECT_EQ(s[-1], 4);
  EXPECT_EQ(s.rows(), 6);
  EXPECT_EQ(s.text(), "[2,3,4]");
  EXPECT_EQ(Shape{}.count(), 1);
  EXPECT_EQ(s.with_last(9), (Shape{2, 3, 9}));
  EXPECT_EQ((ValueType{DType::kI32, s}).text(), "i32[2,3,4]");
  EXPECT_THROW((Shape{-1}), InternalError);
}

TEST(Tensor, IsZeroedAlignedAndTyped) {
  Tensor t(DType::kF32, Shape{3, 5});
  for (float x : t.f32()) EXPECT_EQ(x, 0.0f);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(t.data()) % 64, 0u);
  t.f32()[4] = 7;
  EXPECT_EQ(t.clone().f32()[4], 7.0f);
  EXPECT_THROW(t.i32(), InternalError);
  EXPECT_EQ(Tensor(DType::kF32, Shape{0}).bytes(), 0);
}

TEST(Tensor, LargeOnesAreZeroedAndStartAtAHugePage) {
  const Tensor t(DType::kU8, Shape{(5 << 20) + 3});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(t.data()) % (2 << 20), 0u);
  EXPECT_TRUE(std::ranges::all_of(t.raw(), [](std::byte b) { return b == std::byte(0); }));
}

TEST(Tensor, APartKeepsItsBlockAlive) {
  Tensor part;
  {
    const Bytes block = allocate_bytes(256);
    part = Tensor({DType::kF32, {4}}, block, 64);
    EXPECT_EQ(part.data(), block.get() + 64);
  }
  part.f32()[3] = 5;  // the address sanitizer watches
  EXPECT_EQ(part.clone().f32()[3], 5.0f);
}

TEST(Tensor, TooMuchMemoryIsARuntimeError) {
  EXPECT_THROW(allocate_bytes(int64_t(1) << 60), RuntimeError);
}

TEST(Adjacency, KeepsEachEdgeOnceInBothDirections) {
  const std::vector<Edge> edges = {{0, 1}, {1, 0}, {0, 1}, {2, 1}};
  const Adjacency a = make_adjacency(4, edges);
  EXPECT_EQ(a.edges, 4);
  EXPECT_EQ(a.in.begin, (std::vector<int32_t>{0, 1, 3, 4, 4}));
  EXPECT_EQ(a.in.neighbour, (std::vector<int32_t>{1, 0, 2, 1}));
  EXPECT_FLOAT_EQ(a.rsqrt_degree[1], 1 / std::sqrt(2.0f));
  EXPECT_EQ(a.inv_degree[3], 0.0f);
  EXPECT_EQ(a.looped->edges, 8);
}

TEST(Adjacency, OutEdgesPointAtTheirIncomingTwin) {
  const std::vector<Edge> edges = {{0, 1}, {0, 2}, {2, 1}, {3, 0}};
  const Adjacency a = make_adjacency(4, edges, false);
  for (int32_t u = 0; u < 4; ++u)
    for (int32_t k = a.out.begin[size_t(u)]; k < a.out.begin[size_t(u) + 1]; ++k) {
      const int32_t e = a.out_edge[size_t(k)], v = a.out.neighbour[size_t(k)];
      EXPECT_EQ(a.in.neighbour[size_t(e)], u);
      EXPECT_TRUE(a.in.begin[size_t(v)] <= e && e < a.in.begin[size_t(v) + 1]);
    }
}

TEST(Adjacency, RefusesEdgesThatLeaveTheGraph) {
  const std::vector<Edge> edges = {{0, 4}};
  EXPECT_EQ(text_of(error_of([&] { make_adjacency(4, edges); })),
            "0:0: edge 0 -> 4 leaves the graph of 4 nodes");
}

TEST(Suggestion, NamesTheNearestOrAll) {
  const std::vector<std::string> known = {"attention", "ffn", "norm", "conv2d"};
  EXPECT_EQ(edit_distance("nrom", "norm"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(suggestion("atention", known), "did you mean 'attention'?");
  const std::vector<std::string> alike = {"attention", "retention"};
  EXPECT_EQ(suggestion("atention", alike), "did you mean 'attention'?");
  EXPECT_EQ(suggestion("tention", alike), "did you mean 'attention' or 'retention'?");
  EXPECT_EQ(suggestion("atte", known), "did you mean 'attention'?");
  EXPECT_EQ(suggestion("xyz", known), "known: attention, ffn, norm, conv2d");
  EXPECT_EQ(suggestion("x", {}), "");
  const std::vector<std::string> many = {"aab", "aac", "aad", "aae"};
  EXPECT_EQ(suggestion("aaa", many), "did you mean 'aab', 'aac' or 'aad'?");
}

TEST(Json, KeepsOrderAndRefusesDuplicates) {
  EXPECT_EQ(to_text(parse_json(R"({"b":1,"a":[0.1,null]})", "t")), R"({"b":1,"a":[0.1,null]})");
  EXPECT_EQ(text_of(error_of([] { parse_json("{\"a\":1,\n\"a\":2}", "t"); })),
            "0:0: 't' has the key 'a' twice");
  EXPECT_EQ(text_of(error_of([] { parse_json("{\"a\":\n 1,}", "t"); })),
            "2:4: 't' is not valid JSON");
  EXPECT_THROW(parse_json(std::string(100'000, '['), "t"), UserError);
  EXPECT_THROW(parse_json("1 2", "t"), UserError);
}

TEST(Parallel, CoversTheRangeOnce) {
  for (int64_t n : {0, 1, 7, 1000}) {
    std::vector<int> seen(size_t(n), 0);
    parallel_for(n, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++seen[size_t(i)];
    });
    EXPECT_TRUE(std::ranges::all_of(seen, [](int k) { return k == 1; })) << n;
  }
}

TEST(Cancel, ASignalEndsWhatDoesNotAsk) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        catch_signals();
        { const CancelScope over; }
        std::raise(SIGTERM);
        std::_Exit(2);
      },
      ::testing::ExitedWithCode(130), "");
}

TEST(Cancel, TheFirstSignalAsksAndTheSecondExits) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        catch_signals();
        const CancelScope looking;
        std::raise(SIGINT);
        if (!cancel_requested()) std::_Exit(1);
        std::raise(SIGTERM);
        std::_Exit(2);
      },
      ::testing::ExitedWithCode(130), "stopping after this step");
}

TEST(Memory, IsMeasured) {
  EXPECT_GT(available_memory_bytes(), int64_t(1) << 20);
  EXPECT_GE(total_memory_bytes(), available_memory_bytes());
  EXPECT_GT(current_resident_bytes(), int64_t(1) << 20);
  EXPECT_GE(peak_resident_bytes(), current_resident_bytes());
}

// A limit of any group around ours counts; cached file pages can be had back.
TEST(Memory, NestedControlGroupsAreAskedUpToTheRoot) {
  const test::TempFolder folder;
  const auto group = [&](const std::string& path, const std::string& most,
                         const std::string& used) {
    std::filesystem::create_directories(folder.path(path));
    std::ofstream(folder.path(path + "/memory.max")) << most << "\n";
    std::ofstream(folder.path(path + "/memory.current")) << used << "\n";
    std::ofstream(folder.path(path + "/memory.stat")) << "anon 1\ninactive_file 100\n";
  };
  group("a", "5000", "1000");
  group("a/b", "max", "900");
  group("a/b/c", "9000", "800");
  const auto room = cgroup_room("0::/a/b/c\n", folder.path());
  ASSERT_TRUE(room);
  EXPECT_EQ(room->limit, 5000);
  EXPECT_EQ(room->available, 4100);
  EXPECT_FALSE(cgroup_room("0::/\n", folder.path()));
  EXPECT_FALSE(cgroup_room("", folder.path("none")));
}

TEST(Memory, TheLimitOnAddressesCounts) {
  struct rlimit before = {};
  ::getrlimit(RLIMIT_AS, &before);
  EXPECT_EQ(process_limit_bytes().has_value(), before.rlim_cur != RLIM_INFINITY);
  const rlim_t most = std::min(rlim_t(1) << 50, before.rlim_max);
  struct rlimit limit = {most, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  EXPECT_EQ(process_limit_bytes(), int64_t(most));
  EXPECT_NE(std::string(out_of_memory().what()).find("ulimit allows"), std::string::npos);
  ::setrlimit(RLIMIT_AS, &before);
}

TEST(Stopwatch, RunsForward) {
  const Stopwatch watch;
  const double first = watch.seconds();
  EXPECT_GE(watch.seconds(), first);
}
}  // namespace
}  // namespace cambium::values_test
