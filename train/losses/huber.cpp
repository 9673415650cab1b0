// Huber: squares of small errors, absolute values of large ones, so that outliers pull less.
#include "train/spec/loss.h"

namespace cambium::loss_huber {
namespace {
struct Huber {
  double delta = 1;
  static constexpr auto fields =
      std::tuple{field("delta", &Huber::delta, "errors beyond it count linearly").in(1e-12)};
};
}  // namespace

extern const Loss loss_huber = {.name = "huber",
                                .doc = "e^2 / 2 up to |e| = delta, delta (|e| - delta / 2) beyond",
                                .paper = "Huber 1964, Robust estimation of a location parameter",
                                .attrs = fields_of<Huber>,
                                .target = TargetKind::kValues,
                                .emit = [](const Attrs& attrs, const Args&, const LossInputs& in) {
                                  return emit_value_loss(
                                      in.output, in.target,
                                      {{"kind", "huber"}, {"delta", attrs.as<Huber>().delta}});
                                }};
}  // namespace cambium::loss_huber
