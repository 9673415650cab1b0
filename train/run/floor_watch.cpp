#include "train/run/floor_watch.h"

#include "core/text/fmt.h"

namespace cambium {
FloorWatch::FloorWatch(const Experiment& e)
    : references_(e.data->reference_losses()), why_(e.leak) {}

bool FloorWatch::observe(const Metrics& m) {
  if (!why_.empty() || m.kind != TargetKind::kClasses) return false;
  for (const ReferenceLoss& r : references_)
    if (r.undercut_by(m.loss, m.scored)) {
      why_ = fmt::format("a loss of {:.4f} is below the {} of {:.4f} nats", m.loss, r.name, r.loss);
      return true;
    }
  return false;
}
}  // namespace cambium
