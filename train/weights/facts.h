// Facts: what rules to resize by ask of a model and its source beside shapes.
#pragma once
#include <optional>

#include "train/spec/experiment.h"
#include "train/weights/resize.h"
#include "train/weights/source.h"

namespace cambium {
class Facts {
 public:
  // `model`: its graph for evaluation. All must outlive it.
  Facts(const InitSpec& init, const Experiment& e, const Graph& model);

  ResizeCase of(const WarmRow& row) const;

  // Which row of the source each of the model's gets; the source's names are looked for when they
  // are first asked for. UserError without a place where none is known or shared; NamesGone.
  ResizeHow by_names(const ResizeCase& c, ResizeBy by);

 private:
  const InitSpec& init_;
  const Graph& model_;
  std::vector<std::string> tokens_, classes_;  // of the model's data
  std::optional<SourceNames> source_;
};

// How wide the heads are that a parameter of the model makes, as [...,H,D] of its block says; 0
// where it makes none.
int64_t head_width_of(const Graph& model, std::string_view parameter);
}  // namespace cambium
