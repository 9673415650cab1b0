// Bias only: the biases of the model move, nothing else does.
#include "train/adapters/method.h"

namespace cambium::adapter_bias_only {
namespace {
struct BiasOnly {
  std::vector<std::string> on;
  static constexpr auto fields = std::tuple{
      field("on", &BiasOnly::on, "parameters, or blocks whose are meant; all unless told")};
};

bool lets_move(const Attrs&, const AdaptedWeight& w, bool) {
  return w.info.kind == ParameterKind::kBias;
}
}  // namespace

extern const AdapterMethod adapter_bias_only;
const AdapterMethod adapter_bias_only = {
    .name = "bias_only",
    .doc = "trains the biases of the model alone",
    .paper = "Ben Zaken et al. 2021, arXiv 2106.10199 (BitFit)",
    .place = AdapterPlace::kOwn,
    .attrs = fields_of<BiasOnly>,
    .usual = "*",
    .merges = true,
    .lets_move = lets_move};
}  // namespace cambium::adapter_bias_only
