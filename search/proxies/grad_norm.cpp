// Gradient norm: the sum over weights of products of the Euclidean norm of the loss's gradient, on
// one batch of training data.
#include "search/proxies/support/proxy.h"
#include "train/graphs/step/backward.h"

namespace cambium::proxy_grad_norm {
namespace {
std::optional<double> score(const Untrained& model) {
  const Experiment& e = model.experiment();
  Graph g = model_graph(e, model.batch_size(), true);
  const Scored scored = emit_scored(g, model.shape());
  const Gradients d = gradients_of(emit_loss(e, scored, training_options(e)).loss);
  g.outputs.clear();
  for (size_t i = 0; i < d.gradients.size(); ++i)
    if (is_product(g.node(d.parameters[i].node).parameter.kind))
      g.outputs.push_back({str("norm ", i), port_of(emit_norm(g, {d.gradients[i]}))});
  if (g.outputs.empty()) return std::nullopt;
  double sum = 0;
  for (const std::vector<float>& norm : model.run(std::move(g))) sum += double(norm[0]);
  return sum;
}
}  // namespace

extern const Proxy proxy_grad_norm;
const Proxy proxy_grad_norm = {
    .name = "grad_norm",
    .doc = "norms of the first gradient, summed over weights of products",
    .paper = "Abdelfattah et al. 2021, ICLR, arXiv 2101.08134",
    .score = score};
}  // namespace cambium::proxy_grad_norm
