// FLOPs: what an example takes forward (docs/flops.md).
#include "search/proxies/support/proxy.h"
#include "train/graphs/step_graph.h"

namespace cambium::proxy_flops {
namespace {
std::optional<double> score(const Untrained& model) {
  return step_cost(model.experiment()).forward_flops_per_example;
}
}  // namespace

extern const Proxy proxy_flops;
const Proxy proxy_flops = {.name = "flops",
                           .doc = "floating-point operations of an example, forward",
                           .paper = "as a baseline: White et al. 2022, ICLR Blog Track",
                           .score = score};
}  // namespace cambium::proxy_flops
