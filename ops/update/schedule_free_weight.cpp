// schedule_free_weight(lr [], step i64 [], sum []; beta2) -> weight [], sum' []: how much the
// newest point counts in the average of schedule_free_update.
//   r = lr sqrt(1 - b2^step);  sum' = sum + r^2;  weight = r^2 / sum' (0 when sum' = 0)
// Defazio et al. 2024, arXiv 2405.15682, algorithm 1: steps of a warm-up count less.
#include <cmath>

#include "graph/op.h"
#include "ops/support/reach.h"

namespace cambium::op_schedule_free_weight {
namespace {
struct Weight {
  double beta2 = 0.999;
  static constexpr auto fields =
      std::tuple{field("beta2", &Weight::beta2, "decay of the mean squared gradient").in(0, 1)};
};

std::vector<ValueType> shape(const Call& c) {
  const ValueType number{DType::kF32, {}};
  require(c.in[0].type() == number && c.in[2].type() == number, "lr and sum must be f32 []");
  require(c.in[1].type() == ValueType{DType::kI64, {}}, "step must be i64 []");
  return {number, number};
}

std::pair<double, double> weigh(const Weight& a, double lr, double step, double sum) {
  const double square = lr * lr * (1 - std::pow(a.beta2, step));
  sum += square;
  return {sum > 0 ? square / sum : 0, sum};
}

void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
  std::tie(out[0][0], out[1][0]) = weigh(c.as<Weight>(), in[0][0], in[1][0], in[2][0]);
}

Kernel kernel(const Call& c, Engine&) {
  return {.run = [a = c.as<Weight>()](const KernelArgs& k) {
    const auto [weight, sum] =
        weigh(a, double(k.f32(0)[0]), double(k.i64(1)[0]), double(k.f32(2)[0]));
    k.out_f32(0)[0] = float(weight);
    k.out_f32(1)[0] = float(sum);
  }};
}

std::vector<Sample> samples() {
  const SampleInput lr(Shape{}, 0.01, 0.1), step(DType::kI64, {}, 1, 50), sum(Shape{}, 0, 1);
  return {{{lr, step, sum}}, {{lr, step, sum}, {{"beta2", 0.9}}}};
}
}  // namespace

extern const Op op_schedule_free_weight;
const Op op_schedule_free_weight = {.name = "schedule_free_weight",
                                    .doc = "weight of the newest point in a schedule-free average",
                                    .min_inputs = 3,
                                    .max_inputs = 3,
                                    .attrs = fields_of<Weight>,
                                    .shape = shape,
                                    .reference = reference,
                                    .kernel = kernel,
                                    .reach = reach_all,
                                    .not_onnx = kOnnxUpdate,
                                    .smooth = false,
                                    .samples = samples()};
}  // namespace cambium::op_schedule_free_weight
