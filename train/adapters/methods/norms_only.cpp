// Norms only: the factors of norms, and the biases beside them, move.
#include "train/adapters/method.h"

namespace cambium::adapter_norms_only {
namespace {
struct NormsOnly {
  std::vector<std::string> on;
  static constexpr auto fields = std::tuple{
      field("on", &NormsOnly::on, "parameters, or blocks whose are meant; all unless told")};
};

bool lets_move(const Attrs&, const AdaptedWeight& w, bool norm) {
  return w.info.kind == ParameterKind::kNorm || (norm && w.info.kind == ParameterKind::kBias);
}
}  // namespace

extern const AdapterMethod adapter_norms_only;
const AdapterMethod adapter_norms_only = {
    .name = "norms_only",
    .doc = "trains the factors and biases of norms alone",
    .paper = "Frankle et al. 2020, arXiv 2003.00152; Houlsby et al. 2019, arXiv 1902.00751",
    .place = AdapterPlace::kOwn,
    .attrs = fields_of<NormsOnly>,
    .usual = "*",
    .merges = true,
    .lets_move = lets_move};
}  // namespace cambium::adapter_norms_only
