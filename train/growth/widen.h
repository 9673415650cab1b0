// Widen: a tensor of more channels that does what a smaller one did (Net2Wider: Chen et al. 2016,
// arXiv 1511.05641). Channels are copied whole parts at a time; what hears copies shares its weight
// out among them.
#pragma once
#include <vector>

#include "blocks/compose/channel_parts.h"
#include "core/tensor/tensor.h"

namespace cambium {
struct AxisGrowth {
  Parts from, to;       // as many; each of `to` is a whole number of times its own of `from`
  bool shared = false;  // contracted: the copies' shares of a weight come to it
};

// Why it cannot grow so; empty where it can. `name` of the weight, `axis` its axis.
std::string objection_to(const AxisGrowth& growth, int axis);

// f32 tensors; others are copied along their axes likewise. Shares are uneven and drawn from the
// stream, between a third and three times as much as each other's, for twins that hear and say the
// same would stay twins. `factor` multiplies all.
Tensor widened(const Tensor& from, const std::vector<AxisGrowth>& axes, uint64_t stream,
               double factor = 1);
}  // namespace cambium
