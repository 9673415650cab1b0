#include "search/space/space.h"

#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "core/text/json.h"
#include "core/yaml/spec.h"
#include "search/space/moves.h"
#include "search/space/space_reader.h"
#include "tests/support/expect_error.h"

namespace cambium::space_test {
namespace {
Space space_of(const std::string& yaml) {
  const Yaml root = parse_yaml(yaml, "s.yaml");
  const Spec spec{"s.yaml", root};
  const Vars vars = vars_of(spec);
  return Space(read_dimensions(*root.find("space"), vars), read_where(root.find("where")), vars,
               root.find("space")->mark);
}

std::string error_in(const std::string& yaml) {
  const UserError e = test::error_of([&] { space_of(yaml); });
  return test::text_of(e) + (e.help.empty() ? "" : " | " + e.help);
}

const std::string kMixed =
    "space:\n"
    "  model.1.pattern: {pattern: ACM, length: 2..3}\n"
    "  vars.heads: [2, 4, 8]\n"
    "  vars.dim: {int: [4, 12], step: 4}\n"
    "  model.1.A.window: {when: \"pattern has A\", values: [0, 32]}\n"
    "  model.1.A.scale: {when: \"window > 0\", values: [1, 2]}\n"
    "where: [\"dim % heads == 0\"]\n";

TEST(Space, ErrorsHavePlacesAndCures) {
  EXPECT_EQ(error_in("space: {a: {int: [9, 2]}}"),
            "1:18: 'a': the range is empty: 9 is above 2 | write {int: [2, 9]}");
  EXPECT_EQ(error_in("space: {a: {pattern: AB, length: 9..2}}"),
            "1:34: 'a': the range is empty: 9 is above 2 | write 2..9");
  EXPECT_EQ(error_in("space: {a: []}"),
            "1:12: 'a': the list of choices is empty | write [2, 4, 8]");
  EXPECT_EQ(error_in("space: {a: {log: [0, 1]}}"),
            "1:18: 'a': a logarithmic range begins above 0, got 0 | use float:");
  EXPECT_EQ(error_in("space: {a: {itn: [0, 1]}}"),
            "1:13: 'a': unknown key 'itn' | did you mean 'int'?");
  EXPECT_EQ(error_in("space: {a: {int: [0, 8], length: 2}}"),
            "1:26: 'a': unknown key 'length' | known: when, int, step");
  EXPECT_EQ(error_in("space: {a: [1, 1]}"),
            "1:16: 'a': the choice 1 stands twice | remove one of them");
  EXPECT_EQ(error_in("space: {heads: [1, 2], b: {when: haeds > 1, values: [1, 2]}}"),
            "1:34: when: 'haeds > 1' asks for 'haeds', which is nothing here | "
            "did you mean 'heads'?");
  EXPECT_EQ(error_in("space: {p: {pattern: AB, length: 2}, b: {when: p has C, values: [1, 2]}}"),
            "1:48: 'C' is no letter of 'p' | its letters are AB");
  EXPECT_EQ(error_in("space: {a: {when: b > 1, values: [1]}, b: {when: a > 0, values: [2]}}"),
            "1:19: 'a' is there when 'b > 1', which needs itself | "
            "break the circle of conditions");
  EXPECT_EQ(error_in("space: {a: [1, 2], b: {when: a, values: [1]}}").substr(0, 28),
            "1:30: 'a' is no condition | ");
}

TEST(Space, WithoutAValidPointIsRefused) {
  EXPECT_EQ(error_in("space: {a: [3, 5], b: [2, 4]}\nwhere: a % b == 0"),
            "2:8: no values fulfil 'a % b == 0': the space has no valid point | "
            "loosen the condition, or widen what it asks for");
  // One draw in 8^6 = 262144 would do.
  std::string rare = "space: {", sum;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    rare += std::string(name) + ": {int: [0, 7]}, ";
    sum += (sum.empty() ? "" : " + ") + std::string(name);
  }
  EXPECT_NE(error_in(rare + "}\nwhere: [" + sum + " == 42]").find("draw"), std::string::npos);
}

TEST(Space, DrawsAreValidAndCountedByEnumeration) {
  const Space space = space_of(kMixed);
  std::set<std::string> all;
  space.for_each([&](const SpacePoint& p) {
    EXPECT_TRUE(space.valid(p)) << space.text(p);
    EXPECT_TRUE(all.insert(space.text(p)).second) << space.text(p);
    return true;
  });
  // 12 patterns without A, 24 with it: no window, or one with two scales.
  const int64_t pairs = 2 + 3 + 2;  // dim 4: 2, 4; dim 8: 2, 4, 8; dim 12: 2, 4
  EXPECT_EQ(int64_t(all.size()), (12 + 24 * 3) * pairs);
  EXPECT_EQ(space.size(), int64_t(all.size()));
  EXPECT_EQ(space.size(int64_t(all.size()) - 1), std::nullopt);
  Random random(1);
  std::map<std::string, int> drawn;
  for (int i = 0; i < 20'000; ++i) {
    const SpacePoint p = space.draw(random);
    ASSERT_TRUE(space.valid(p));
    ++drawn[space.text(p)];
  }
  EXPECT_EQ(drawn.size(), all.size()) << "every point can be drawn";
}

TEST(Space, DrawsAreUniformInEachDimension) {
  const Space space =
      space_of("space: {a: [1, 2, 3], b: {log: [1e-4, 1]}, p: {pattern: AB, length: 1..3}}");
  Random random(2);
  std::vector<int> choices(3), lengths(4);
  int small = 0;
  const int n = 9000;
  for (int i = 0; i < n; ++i) {
    const SpacePoint p = space.draw(random);
    ++choices[size_t(p.genes[0].index)];
    small += p.genes[1].real < 1e-2;
    ++lengths[p.genes[2].letters.size()];
  }
  const double sd = std::sqrt(n * 2.0 / 9);  // of a count with chance 1/3
  for (const int c : choices) EXPECT_NEAR(c, n / 3.0, 4 * sd);
  for (size_t l = 1; l < 4; ++l) EXPECT_NEAR(lengths[l], n / 3.0, 4 * sd);
  EXPECT_NEAR(small, n / 2.0, 4 * std::sqrt(n / 4.0));
}

TEST(Space, MovesStayInsideAndChangeSomething) {
  const Space space = space_of(kMixed);
  Random random(3);
  SpacePoint p = space.draw(random);
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    const SpacePoint next = mutated(space, p, random);
    ASSERT_TRUE(space.valid(next)) << space.text(next);
    EXPECT_NE(next, p);
    const SpacePoint child = crossed(space, p, next, random);
    ASSERT_TRUE(space.valid(child)) << space.text(child);
    p = next;
    seen.insert(space.text(p));
  }
  EXPECT_EQ(int64_t(seen.size()), *space.size()) << "mutations lead everywhere";
}

TEST(Space, ConditionsKnowUnitsWordsAndJoins) {
  const auto size = [](const std::string& where) {
    return *space_of(
                "space: {size: [32000, 64000, 128000], mixer: [conv, attention], p: {pattern: "
                "AB, length: 2}}\nwhere: [\"" +
                where + "\"]")
                .size();
  };
  EXPECT_EQ(size("size <= 64k"), 2 * 2 * 4);
  EXPECT_EQ(size("size % 64k == 0"), 2 * 2 * 4);
  EXPECT_EQ(size("mixer == conv"), 3 * 1 * 4);
  EXPECT_EQ(size("mixer != conv and size < 0.1M"), 2 * 1 * 4);
  EXPECT_EQ(size("mixer == conv or size > 100k"), (3 + 1) * 4);
  EXPECT_EQ(size("p has A and mixer == conv"), 3 * 3);
}

TEST(Space, PropagationTakesChoicesAway) {
  const Space space = space_of("space: {a: [1, 2, 3, 7], b: {int: [1, 9]}}\nwhere: [a * b > 40]");
  EXPECT_EQ(space.dimensions()[0].labels, std::vector<std::string>{"7"});
  EXPECT_EQ(space.dimensions()[1].first, 6);
}

TEST(Space, APointIsTextJsonAndASpec) {
  const Space space = space_of(
      "space: {model.1.pattern: {pattern: AC, length: 2}, vars.heads: [2, [4, 5]], train.lr: "
      "{float: [0, 1]}, gone: {when: \"pattern has C\", values: [7]}}");
  const SpacePoint p{{{.active = true, .letters = "AA"},
                      {.active = true, .index = 1},
                      {.active = true, .real = 0.25},
                      {}}};
  ASSERT_TRUE(space.valid(p));
  EXPECT_EQ(space.text(p), "model.1.pattern=AA, vars.heads=[!\"4\",!\"5\"], train.lr=0.25");
  EXPECT_EQ(space.json(p).size(), 3u);
  const Yaml root = parse_yaml("vars: {heads: 1}\nmodel: [x, {pattern: B}]\ntrain: {lr: 9}", "b");
  EXPECT_EQ(canonical_text(apply_point(root, space, p)),
            "{\"vars\":{\"heads\":[!\"4\",!\"5\"]},\"model\":[!\"x\",{\"pattern\":\"AA\"}],"
            "\"train\":{\"lr\":!\"0.25\"}}");
}
}  // namespace
}  // namespace cambium::space_test
