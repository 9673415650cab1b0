#include "train/growth/widen.h"

#include <algorithm>
#include <numeric>

#include "core/rng.h"

namespace cambium {
namespace {
// Where each place of a grown axis comes from, which copy it is, and of how many.
struct Origins {
  std::vector<int64_t> source, copy, copies;

  explicit Origins(const AxisGrowth& growth) {
    int64_t at = 0;
    for (size_t p = 0; p < growth.from.size(); ++p) {
      const int64_t had = growth.from[p], times = had == 0 ? 0 : growth.to[p] / had;
      for (int64_t i = 0; i < growth.to[p]; ++i) {
        source.push_back(at + i % had);
        copy.push_back(i / had);
        copies.push_back(times);
      }
      at += had;
    }
  }
};

// The share of copy `mine` of `copies`, of what is drawn at `place`.
double share_of(uint64_t stream, uint64_t place, int64_t mine, int64_t copies) {
  double sum = 0, own = 0;
  for (int64_t c = 0; c < copies; ++c) {
    const double drawn = 0.5 + double(uniform_of(philox(uint64_t(c), stream, place)[0]));
    sum += drawn;
    if (c == mine) own = drawn;
  }
  return own / sum;
}

std::string text_of(const Parts& parts) {
  std::string out;
  for (const int64_t p : parts) out += str(out.empty() ? "" : " + ", p);
  return out;
}
}  // namespace

std::string objection_to(const AxisGrowth& growth, int axis) {
  bool whole = growth.from.size() == growth.to.size();
  for (size_t p = 0; whole && p < growth.from.size(); ++p)
    whole = growth.from[p] > 0
                ? growth.to[p] >= growth.from[p] && growth.to[p] % growth.from[p] == 0
                : growth.to[p] == 0;
  if (whole) return "";
  return str("axis ", axis, " goes from ", text_of(growth.from), " to ", text_of(growth.to),
             ", which is no whole number of copies");
}

Tensor widened(const Tensor& from, const std::vector<AxisGrowth>& axes, uint64_t stream,
               double factor) {
  std::vector<Origins> origins;
  Shape shape = from.shape();
  for (size_t a = 0; a < axes.size(); ++a) {
    origins.emplace_back(axes[a]);
    shape.set(int(a), int64_t(origins.back().source.size()));
  }
  Tensor to(from.type().dtype, shape);
  if (from.type().dtype != DType::kF32) {
    ensure(shape == from.shape(), "only f32 tensors grow");
    std::ranges::copy(from.raw(), to.raw().begin());
    return to;
  }
  const int rank = shape.rank();
  std::vector<int64_t> at(size_t(rank), 0);
  for (int64_t i = 0; i < shape.count(); ++i) {
    int64_t source = 0;
    double weight = factor;
    for (int a = 0; a < rank; ++a)
      source = source * from.shape()[a] + origins[size_t(a)].source[size_t(at[size_t(a)])];
    for (int a = 0; a < rank; ++a) {
      const Origins& o = origins[size_t(a)];
      const auto here = size_t(at[size_t(a)]);
      if (!axes[size_t(a)].shared || o.copies[here] < 2) continue;
      uint64_t place = uint64_t(a);  // of the element, with the copies of this axis as one
      for (int b = 0; b < rank; ++b)
        place = place * uint64_t(shape[b] + 1) + uint64_t(b == a ? o.source[here] : at[size_t(b)]);
      weight *= share_of(stream, place, o.copy[here], o.copies[here]);
    }
    to.f32()[size_t(i)] = float(weight * double(from.f32()[size_t(source)]));
    for (int a = rank - 1; a >= 0 && ++at[size_t(a)] == shape[a]; --a) at[size_t(a)] = 0;
  }
  return to;
}
}  // namespace cambium
