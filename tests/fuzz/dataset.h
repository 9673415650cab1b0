// A dataset of a fuzz target: opened, and read whole.
#pragma once
#include "core/yaml/yaml.h"
#include "data/dataset.h"
#include "tests/fuzz/target.h"

namespace cambium {
inline void read_all(const std::string& section, int64_t batch = 2) {
  const auto data = open_dataset(parse_yaml(section, "spec.yaml"), Vars(), 0);
  Batch into = allocate_batch(data->shape(batch));
  for (const Split split : {Split::kTrain, Split::kValidation, Split::kTest})
    for (int64_t i = 0; i < std::min<int64_t>(data->count(split), 8); ++i)
      data->read(split, std::vector{i}, 0, into);
}
}  // namespace cambium
