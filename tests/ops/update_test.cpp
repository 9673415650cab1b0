// Optimizer updates beyond what every op keeps.
#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium::update_test {
namespace {
const Op& op_named(std::string_view name) {
  return Graph(builtin_ops()).op(name);
}

double run_scalar(std::string_view name, double x, const Args& args) {
  Engine engine;
  const Op& op = op_named(name);
  OpCase c(op, {{Shape{1}}, args});
  c.tensors[0].f32()[0] = float(x);
  return c.run(op.kernel(c.call(), engine))[0].f32()[0];
}

TEST(ClipScale, LeavesSmallNormsAndPassesNan) {
  EXPECT_EQ(run_scalar("clip_scale", 0.5, {{"max", 1.0}}), 1);
  EXPECT_NEAR(run_scalar("clip_scale", 4, {{"max", 1.0}}), 0.25, 1e-6);
  EXPECT_TRUE(std::isnan(run_scalar("clip_scale", NAN, {{"max", 1.0}})));
}

TEST(GlobalNorm, KeepsSmallTermsBesideManyOthers) {
  Engine engine;
  const Op& op = op_named("global_norm");
  OpCase c(op, {{Shape{1'000'000}}});
  for (float& x : c.tensors[0].f32()) x = 0.1f;
  EXPECT_NEAR(c.run(op.kernel(c.call(), engine))[0].f32()[0], 100 * double(0.1f) * 10, 1e-4);
}

// The first Adam step is lr sign(g) whatever the size of g: Kingma and Ba 2015, section 2.1.
TEST(AdamUpdate, FirstStepHasTheSizeOfTheRate) {
  Engine engine;
  const Op& op = op_named("adam_update");
  const Shape s{3};
  OpCase c(op, {{Shape{}, Shape{}, SampleInput(DType::kI64, {}, 1, 2), s, s, s, s},
                {{"decoupled", false}}});
  c.tensors[0].f32()[0] = 0.01f;
  c.tensors[1].f32()[0] = 1;
  for (int i : {5, 6})
    for (float& x : c.tensors[size_t(i)].f32()) x = 0;
  const std::vector<Tensor> out = c.run(op.kernel(c.call(), engine));
  for (size_t i = 0; i < 3; ++i) {
    const float p = c.tensors[3].f32()[i], g = c.tensors[4].f32()[i];
    EXPECT_NEAR(out[0].f32()[i], p - std::copysign(0.01f, g), 1e-6);
  }
}

TEST(SgdUpdate, RefusesListsOfTheWrongLength) {
  Graph g(builtin_ops());
  const Value lr = g.input("lr", {DType::kF32, {}}), p = g.input("p", {DType::kF32, {2}});
  EXPECT_THROW(
      g.emit("sgd_update", {lr, lr, p, p}, {{"weight_decay", std::vector<double>{0.1, 0.2}}}),
      UserError);
  EXPECT_THROW(g.emit("sgd_update", {lr, lr, p, p}, {{"momentum", 0.9}}), UserError);
}
}  // namespace
}  // namespace cambium::update_test
