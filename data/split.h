// Split: which part of the data an example belongs to.
#pragma once

namespace cambium {
enum class Split { kTrain, kValidation, kTest };
}  // namespace cambium
