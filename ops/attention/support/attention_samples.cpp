#include "ops/attention/support/attention.h"

namespace cambium {
namespace {
Sample sample(Shape q, Shape k, Args args) {
  return {{q, k, k}, std::move(args)};
}

Sample dropped(Shape q, Shape k, Args args) {
  Sample out = sample(q, k, std::move(args));
  out.inputs.emplace_back(DType::kI64, Shape{2}, 0, 1000);
  return out;
}

// With a bias, sinks and a list of blocks; none where the shape is empty.
Sample extended(Shape q, Shape k, Shape bias, Shape sinks, SampleInput list, Args args) {
  const auto given = [](Shape s) { return s.rank() > 0 ? SampleInput(s) : SampleInput::none(); };
  Sample out = sample(q, k, std::move(args));
  for (const SampleInput& input : {SampleInput::none(), given(bias), given(sinks), list})
    out.inputs.push_back(input);
  return out;
}

// With a mask of the keys, of which about 1 - 1 / (2 most) are real.
Sample padded(Sample sample, double most) {
  const Shape k = sample.inputs[1].type.shape;
  while (sample.inputs.size() < 3 + kMaskExtra) sample.inputs.push_back(SampleInput::none());
  sample.inputs.emplace_back(Shape{k[0], k[1]}, 0, most);
  return sample;
}

// With values of another width than the keys'.
Sample valued(Sample sample, int64_t width) {
  sample.inputs[2] = sample.inputs[2].type.shape.with_last(width);
  return sample;
}

// With pairs, one set of them for all sequences or one each.
Sample paired(Sample sample, int64_t sets) {
  const Shape q = sample.inputs[0].type.shape, k = sample.inputs[1].type.shape;
  while (sample.inputs.size() < 3 + kPairsExtra) sample.inputs.push_back(SampleInput::none());
  sample.inputs.emplace_back(Shape{sets, q[2], k[1], q[1]});
  return sample;
}

// Random blocks below `blocks`, some twice.
SampleInput list(Shape s, double blocks) {
  return {DType::kI32, s, 0, blocks};
}
}  // namespace

std::vector<Sample> attention_samples() {
  const auto none = SampleInput::none();
  return {
      sample({2, 5, 3, 4}, {2, 5, 3, 4}, {}),
      sample({1, 1, 1, 1}, {1, 1, 1, 1}, {}),
      sample({1, 7, 4, 5}, {1, 11, 2, 5}, {{"causal", true}}),
      sample({2, 67, 2, 33}, {2, 67, 1, 33}, {{"causal", true}, {"scale", 0.3}}),
      sample({1, 130, 2, 16}, {1, 261, 2, 16}, {}),
      sample({1, 130, 1, 64}, {1, 300, 1, 64}, {{"causal", true}}),
      sample({1, 200, 2, 16}, {1, 200, 1, 16}, {{"causal", true}, {"window", 37}}),
      sample({1, 150, 1, 5}, {1, 153, 1, 5}, {{"window", 9}, {"alibi", true}}),
      sample({2, 70, 3, 8}, {2, 75, 3, 8}, {{"causal", true}, {"alibi", true}}),
      sample({1, 67, 2, 8}, {1, 67, 2, 8}, {{"soft_cap", 0.7}, {"window", 20}}),
      sample({0, 3, 2, 4}, {0, 3, 2, 4}, {{"causal", true}}),
      sample({2, 0, 2, 4}, {2, 0, 2, 4}, {}),
      dropped({2, 9, 4, 6}, {2, 9, 2, 6}, {{"causal", true}, {"dropout", 0.5}}),
      dropped({1, 70, 1, 3}, {1, 131, 1, 3}, {{"dropout", 0.2}, {"stream", 5}}),
      extended({2, 5, 4, 3}, {2, 7, 2, 3}, {4, 11}, {4}, none, {}),
      extended({1, 70, 2, 5}, {1, 70, 2, 5}, {2, 139}, {}, none, {{"causal", true}}),
      extended({1, 131, 1, 8}, {1, 131, 1, 8}, {}, {1}, none, {{"window", 5}, {"soft_cap", 1.0}}),
      extended({1, 11, 2, 3}, {1, 11, 2, 3}, {2, 21}, {2}, list({3, 2}, 3), {{"block", 4}}),
      extended({2, 150, 1, 8}, {2, 150, 1, 8}, {}, {}, list({3, 2}, 3), {{"block", 64}}),
      extended({1, 90, 2, 8}, {1, 90, 1, 8}, {}, {2}, list({6, 1}, 1),
               {{"block", 16}, {"causal", true}, {"alibi", true}}),
      sample({2, 5, 4, 6}, {2, 5, 2, 6}, {{"rope", 10000.0}}),
      sample({1, 150, 2, 34}, {1, 150, 1, 34}, {{"rope", 50.0}, {"causal", true}, {"window", 70}}),
      extended({1, 11, 2, 4}, {1, 11, 2, 4}, {2, 21}, {2}, list({3, 2}, 3),
               {{"block", 4}, {"rope", 100.0}}),
      sample({2, 5, 4, 7}, {2, 5, 2, 7}, {{"rope", 10000.0}, {"turned", 4}}),
      sample({1, 150, 2, 34}, {1, 150, 1, 34}, {{"rope", 50.0}, {"turned", 18}, {"causal", true}}),
      valued(sample({2, 5, 3, 4}, {2, 7, 3, 4}, {}), 9),
      valued(
          sample({1, 70, 4, 19}, {1, 70, 2, 19}, {{"causal", true}, {"rope", 50.0}, {"turned", 6}}),
          3),
      valued(sample({1, 3, 2, 5}, {1, 4, 1, 5}, {}), 0),
      valued(padded(dropped({1, 70, 1, 3}, {1, 131, 1, 3}, {{"dropout", 0.2}}), 1), 18),
      valued(extended({1, 11, 2, 3}, {1, 11, 2, 3}, {2, 21}, {2}, list({3, 2}, 3), {{"block", 4}}),
             5),
      paired(sample({2, 5, 4, 3}, {2, 7, 2, 3}, {}), 1),
      paired(sample({2, 67, 2, 5}, {2, 70, 1, 5}, {{"causal", true}, {"soft_cap", 1.5}}), 2),
      paired(padded(dropped({2, 70, 1, 3}, {2, 131, 1, 3}, {{"dropout", 0.2}}), 1), 1),
      paired(extended({1, 11, 2, 3}, {1, 11, 2, 3}, {2, 21}, {2}, list({3, 2}, 3), {{"block", 4}}),
             1),
      paired(sample({1, 90, 1, 8}, {1, 90, 1, 8}, {{"window", 9}, {"alibi", true}}), 1),
      padded(sample({3, 5, 4, 3}, {3, 7, 2, 3}, {}), 1),
      padded(sample({2, 70, 2, 5}, {2, 131, 1, 5}, {{"causal", true}}), 2),
      padded(sample({2, 90, 1, 8}, {2, 90, 1, 8}, {{"window", 3}, {"soft_cap", 0.7}}), 1),
      padded(sample({1, 3, 2, 4}, {1, 5, 2, 4}, {}), 0.4),
      padded(extended({1, 20, 2, 3}, {1, 20, 2, 3}, {2, 39}, {2}, list({5, 2}, 5), {{"block", 4}}),
             1),
      padded(dropped({1, 70, 1, 3}, {1, 131, 1, 3}, {{"dropout", 0.2}}), 1)};
}
}  // namespace cambium
