#include "data/slices.h"

#include <algorithm>

namespace cambium {
Slicing slicing_of(const Dataset& data, Split split) {
  const auto* sliced = dynamic_cast<const Sliced*>(&data);
  if (!sliced) return {};
  Slicing s = sliced->slicing(split);
  ensure(s.empty() || int64_t(s.of.size()) == data.count(split), "slices of ", s.of.size(),
         " examples, there are ", data.count(split));
  return s.names.size() < 2 ? Slicing() : s;
}

std::string slice_name(const Slicing& s, size_t k) {
  return str(s.by, ".", s.names[k]);
}

std::vector<SliceBatch> slice_batches(const Slicing& s, int64_t examples, int64_t batch) {
  std::vector<SliceBatch> out;
  const auto end = std::min(examples, int64_t(s.of.size()));
  for (size_t k = 0; k < s.names.size(); ++k) {
    int64_t room = 0;
    for (int64_t i = 0; i < end; ++i) {
      if (s.of[size_t(i)] != int32_t(k)) continue;
      if (room == 0) {
        out.push_back({k, {}});
        room = batch;
      }
      out.back().examples.push_back(i);
      --room;
    }
  }
  return out;
}
}  // namespace cambium
