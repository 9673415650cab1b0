// Arena placement: no two buffers that live at once overlap, and the arena is close to its bound.
#include <gtest/gtest.h>

#include "core/rng.h"
#include "graph/run/plan.h"

namespace cambium::place_test {
namespace {
std::vector<Life> random_lives(int count, uint64_t seed) {
  Random random(seed);
  std::vector<Life> lives;
  for (int i = 0; i < count; ++i) {
    const int first = int(random.below(200));
    lives.push_back({1 + int64_t(random.below(5000)), first, first + int(random.below(40))});
  }
  return lives;
}

bool collide(const Life& a, int64_t at, const Life& b, int64_t bt) {
  const bool in_time = a.first <= b.last && b.first <= a.last;
  return in_time && at < bt + b.bytes && bt < at + a.bytes;
}
}  // namespace

TEST(Place, KeepsBuffersThatLiveTogetherApart) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto lives = random_lives(150, seed);
    const Placement p = place(lives);
    for (size_t i = 0; i < lives.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        ASSERT_FALSE(collide(lives[i], p.offsets[i], lives[j], p.offsets[j])) << seed;
  }
}

TEST(Place, StaysNearTheLowerBound) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Placement p = place(random_lives(300, seed));
    EXPECT_GE(p.bytes, p.lower_bound);
    EXPECT_LE(double(p.bytes), 1.12 * double(p.lower_bound)) << p.strategy;
  }
}

TEST(Place, AlignsEveryOffset) {
  for (int64_t offset : place(random_lives(50, 3)).offsets) EXPECT_EQ(offset % 64, 0);
}

TEST(Place, ReusesSpaceOfTheDead) {
  const Life lives[] = {{1000, 0, 1}, {1000, 2, 3}, {1000, 4, 5}};
  EXPECT_EQ(place(lives).bytes, 1024);
}

TEST(Place, OfNothingIsEmpty) {
  EXPECT_EQ(place({}).bytes, 0);
}
}  // namespace cambium::place_test
