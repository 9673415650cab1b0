// Parameters: how many numbers training may change.
#include "search/proxies/support/proxy.h"
#include "train/graphs/step_graph.h"

namespace cambium::proxy_params {
namespace {
std::optional<double> score(const Untrained& model) {
  return double(step_cost(model.experiment()).parameters);
}
}  // namespace

extern const Proxy proxy_params;
const Proxy proxy_params = {
    .name = "params", .doc = "trained parameters", .paper = {}, .score = score};
}  // namespace cambium::proxy_params
