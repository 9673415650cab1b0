// Loss: what training makes small, as `train.loss` names it; one file in train/losses/ defines one.
#pragma once
#include <string_view>

#include "data/dataset.h"

namespace cambium {
struct LossValues {
  Value loss;    // f32 []: the mean over scored targets
  Value scored;  // f32 []: how many
};

// What a loss looks at. `mask` f32 [B,T], of sequences in padded data alone: 1 at the frames of x
// that are real; a null Value otherwise.
// `group` i32 as the target, in training on data with DataShape::group_weights alone.
struct LossInputs {
  Value output, target, mask;
  Value group = {};

  // As operators on sequences take them.
  std::vector<Value> of_sequences() const {
    return mask ? std::vector{output, target, mask} : std::vector{output, target};
  }
};

struct Loss {
  std::string_view name, doc, paper;
  FieldSet attrs = {};
  TargetKind target = TargetKind::kClasses;  // what it can score
  // `more` holds what the data says of sequences (blank) and, in training, options that shape it
  // alone, such as label smoothing.
  LossValues (*emit)(const Attrs&, const Args& more, const LossInputs&) = nullptr;
};

std::span<const Loss* const> builtin_losses();

// What a spec that names no loss means.
const Loss& default_loss(TargetKind target);

// value_loss of this kind.
LossValues emit_value_loss(Value output, Value target, const Args& args);
}  // namespace cambium
