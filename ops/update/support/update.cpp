#include "ops/update/support/update.h"

namespace cambium {
UpdateChunks::UpdateChunks(const Call& c, int first, int n) {
  constexpr int64_t kChunk = 16384;
  int64_t room = kChunk;
  for (int i = 0; i < n; ++i) {
    const int64_t count = c.shape(first + i).count();
    for (int64_t begin = 0; begin < count;) {
      const int64_t end = std::min(count, begin + room);
      pieces_.push_back({i, begin, end});
      room -= end - begin;
      begin = end;
      if (room > 0) continue;
      begin_.push_back(int64_t(pieces_.size()));
      room = kChunk;
    }
  }
  if (begin_.back() < int64_t(pieces_.size())) begin_.push_back(int64_t(pieces_.size()));
}

std::vector<double> per_tensor(std::span<const double> values, int n, double fallback,
                               std::string_view name) {
  require(values.empty() || int(values.size()) == n, name, " has ", values.size(), " entries for ",
          n, " tensors");
  if (values.empty()) return std::vector<double>(size_t(n), fallback);
  return {values.begin(), values.end()};
}

void check_update_inputs(const Call& c, int scalars, int first, int groups, int n) {
  require(n > 0, "an update needs at least one parameter");
  for (int i = 0; i < scalars; ++i)
    require(c.has(i) && c.in[size_t(i)].type() == ValueType{DType::kF32, {}},
            "lr and scale must be f32 []");
  for (int i = 0; i < groups * n; ++i) {
    const int input = first + i, parameter = first + i % n;
    require(c.has(input), "input ", input, " is missing");
    const ValueType &want = c.in[size_t(parameter)].type(), &is = c.in[size_t(input)].type();
    require(is == want && is.dtype == DType::kF32, "tensor ", i % n, " of group ", i / n, " is ",
            is, ", its parameter ", want);
  }
}

std::vector<ValueType> types_of(const Call& c, int first, int count) {
  std::vector<ValueType> types;
  for (int i = first; i < first + count; ++i) types.push_back(c.in[size_t(i)].type());
  return types;
}
}  // namespace cambium
