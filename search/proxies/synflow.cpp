// SynFlow: R is the sum of the model's outputs where the weights of products and embeddings are
// their absolute values and x is all ones (ids stay those of the batch); the score is the sum over
// weights of products of w dR/dw. Norms take the statistics of evaluation. In a chain of products
// and rectifiers each product adds R itself. R grows with depth: where it leaves f32 there is none.
#include <cmath>

#include "search/proxies/support/proxy.h"

namespace cambium::proxy_synflow {
namespace {
void take_absolute_values(std::span<const Leaf> leaves, Store& store) {
  for (const Leaf& leaf : leaves) {
    const ParameterKind kind = leaf.parameter.kind;
    if (leaf.role != Role::kParameter || !(is_product(kind) || kind == ParameterKind::kEmbedding))
      continue;
    for (float& w : store.at(leaf.name).f32()) w = std::abs(w);
  }
}

std::optional<double> score(const Untrained& model) {
  Graph g = model_graph(model.experiment(), model.batch_size(), false);
  const Value sum = g.emit("reduce_sum", {g.value(g.outputs[0].port)});
  std::vector<Value> weights;
  for (int id = 0; id < int(g.nodes().size()); ++id)
    if (g.node(id).role == Role::kParameter && is_product(g.node(id).parameter.kind))
      weights.push_back(g.value({id, 0}));
  const std::vector<Value> d = grad(sum, weights);
  g.outputs.clear();
  for (size_t i = 0; i < d.size(); ++i)
    if (d[i])
      g.outputs.push_back(
          {str("flow ", i), port_of(g.emit("reduce_sum", {g.emit("mul", {weights[i], d[i]})}))});
  if (g.outputs.empty()) return std::nullopt;
  double all = 0;
  for (const std::vector<float>& flow :
       model.run(std::move(g), {.weights = take_absolute_values, .ones = true}))
    all += double(flow[0]);
  return all;
}
}  // namespace

extern const Proxy proxy_synflow;
const Proxy proxy_synflow = {.name = "synflow",
                             .doc = "what flows through all paths of absolute weights",
                             .paper = "Tanaka et al. 2020, NeurIPS 33, arXiv 2006.05467",
                             .score = score};
}  // namespace cambium::proxy_synflow
