// How far a space is looked through for a first model; none is built here.
#include "search/candidates/first_model.h"

#include <gtest/gtest.h>

#include "search/space/space_reader.h"
#include "tests/support/expect_error.h"

namespace cambium::first_model_test {
namespace {
Space space_of(const char* text) {
  const Spec spec{"s", parse_yaml(text, "s")};
  return {read_dimensions(*spec.section("space"), {}), {}, {}, spec.section("space")->mark};
}

const char* const kLarge = "space: {a: {float: [0, 1]}}";

// Every `n`th look is a model; 0: none.
struct Looks {
  int64_t n = 0, looked = 0;
  Candidate yes = {}, no = {.refusal = "too wide"};

  const Candidate& operator()(const SpacePoint&) {
    ++looked;
    return n > 0 && looked % n == 0 ? yes : no;
  }
};

std::string error_of(const Space& space, Looks& looks, const FirstModelLimits& limits = {}) {
  return test::error_of([&] { require_a_model(space, std::ref(looks), limits); }).what();
}

TEST(FirstModel, OneInTenThousandIsFound) {
  Looks looks{.n = 10'000};
  const Space space = space_of(kLarge);
  require_a_model(space, std::ref(looks));
  EXPECT_EQ(looks.looked, 10'000);
}

TEST(FirstModel, NoneInThirtyThousandIsAnError) {
  Looks looks;
  EXPECT_EQ(error_of(space_of(kLarge), looks),
            "the space holds no valid model: of 30000 that were drawn, 30000 cannot be built");
  EXPECT_EQ(looks.looked, 30'000);
}

TEST(FirstModel, SlowModelsEndItEarlierButNotAtOnce) {
  Looks looks;
  EXPECT_EQ(error_of(space_of(kLarge), looks, {.least = 50, .most = 1000, .seconds = 0}),
            "the space holds no valid model: of 50 that were drawn, 50 cannot be built");
}

TEST(FirstModel, ASmallSpaceIsLookedThroughOnce) {
  Looks looks;
  EXPECT_EQ(error_of(space_of("space: {a: [1, 2, 3]}"), looks),
            "the space holds no valid model: of 3, 3 cannot be built");
}
}  // namespace
}  // namespace cambium::first_model_test
