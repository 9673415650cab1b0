#include "train/adapters/family.h"

namespace cambium {
std::string_view name_of(AdapterFamily family) {
  static constexpr std::string_view kNames[] = {"linear",    "attention",   "convolution",
                                                "recurrent", "state space", "message passing",
                                                "embedding"};
  return kNames[size_t(family)];
}

std::optional<AdapterFamily> family_of(const Block& block) {
  if (block.family == "adapters" || !block.bodies.empty()) return {};
  if (block.name == "embed") return AdapterFamily::kEmbedding;
  if (block.name.find("attention") != block.name.npos && block.family == "transformer")
    return AdapterFamily::kAttention;
  if (block.family == "conv") return AdapterFamily::kConvolution;
  if (block.family == "recurrence") return AdapterFamily::kRecurrent;
  if (block.family == "state space" || block.family == "linear attention")
    return AdapterFamily::kStateSpace;
  if (block.family == "gnn") return AdapterFamily::kMessagePassing;
  return AdapterFamily::kLinear;
}

AdapterClaim claim_of(const AdapterMethod& method, AdapterFamily family) {
  AdapterClaim claim{method.exact_start, method.merges, {}};
  const bool attends =  // gps and its like among the nodes of a graph
      family == AdapterFamily::kAttention || family == AdapterFamily::kMessagePassing;
  if (method.place == AdapterPlace::kAttention && !attends)
    claim.refused = "there is no softmax over keys";
  if (method.name == "norms_only" && family == AdapterFamily::kRecurrent)
    claim.refused = "these blocks have no norm";
  if (method.place == AdapterPlace::kOwn && family == AdapterFamily::kEmbedding)
    claim.refused = "a table of rows has no bias and no norm";
  return claim;
}
}  // namespace cambium
