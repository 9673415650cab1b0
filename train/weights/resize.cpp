#include "train/weights/resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cambium {
namespace {
std::string rows_objection(const Shape& from, const Shape& to) {
  if (from.rank() != to.rank() || to.rank() == 0) return "its axes are not as many";
  for (int i = 1; i < to.rank(); ++i)
    if (from[i] != to[i]) return "more than its rows differ";
  return "";
}

void take_rows(const Tensor& from, Tensor& to) {
  const int64_t rows = std::min(from.shape()[0], to.shape()[0]);
  const int64_t each = to.shape().count_between(1, to.shape().rank());
  std::ranges::copy(from.f32().first(size_t(rows * each)), to.f32().begin());
}

std::string channels_objection(const Shape& from, const Shape& to) {
  if (from.rank() != 4 || to.rank() != 4) return "it is no kernel [ky,kx,channels,out]";
  if (from[2] != 3 || to[2] != 1) return "its channels do not go from 3 to 1";
  for (const int i : {0, 1, 3})
    if (from[i] != to[i]) return "more than its channels differ";
  return "";
}

void sum_channels(const Tensor& from, Tensor& to) {
  const Shape& s = from.shape();
  const int64_t places = s[0] * s[1], channels = s[2], out = s[3];
  for (int64_t p = 0; p < places; ++p)
    for (int64_t o = 0; o < out; ++o) {
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c)
        sum += double(from.f32()[size_t((p * channels + c) * out + o)]);
      to.f32()[size_t(p * out + o)] = float(sum);
    }
}

// Where row i of `to` rows lies among `from` rows.
struct Between {
  int64_t low, high;
  double share;  // of high
};

Between between(int64_t i, int64_t from, int64_t to) {
  const double at = (double(i) + 0.5) * double(from) / double(to) - 0.5;
  const double inside = std::clamp(at, 0.0, double(from - 1));
  const auto low = int64_t(std::floor(inside));
  return {low, std::min(low + 1, from - 1), inside - double(low)};
}

std::string table_objection(const Shape& from, const Shape& to) {
  if (from.rank() != 2 || to.rank() != 2) return "it is no table [places,channels]";
  if (from[1] != to[1]) return "its channels differ";
  if (from[0] == 0 || to[0] == 0) return "it is empty";
  return "";
}

void interpolate(const Tensor& from, Tensor& to) {
  const int64_t n = from.shape()[0], m = to.shape()[0], c = to.shape()[1];
  for (int64_t i = 0; i < m; ++i) {
    const Between b = between(i, n, m);
    for (int64_t k = 0; k < c; ++k)
      to.f32()[size_t(i * c + k)] =
          float((1 - b.share) * double(from.f32()[size_t(b.low * c + k)]) +
                b.share * double(from.f32()[size_t(b.high * c + k)]));
  }
}

int64_t side_of(int64_t places) {  // 0: no square
  const auto side = int64_t(std::llround(std::sqrt(double(places))));
  return side * side == places ? side : 0;
}

std::string grid_objection(const Shape& from, const Shape& to) {
  const std::string table = table_objection(from, to);
  if (!table.empty()) return table;
  return side_of(from[0]) && side_of(to[0]) ? "" : "its places are no square";
}

void interpolate_grid(const Tensor& from, Tensor& to) {
  const int64_t n = side_of(from.shape()[0]), m = side_of(to.shape()[0]), c = to.shape()[1];
  const auto at = [&](int64_t y, int64_t x, int64_t k) {
    return double(from.f32()[size_t((y * n + x) * c + k)]);
  };
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < m; ++j) {
      const Between y = between(i, n, m), x = between(j, n, m);
      for (int64_t k = 0; k < c; ++k) {
        const double low = (1 - x.share) * at(y.low, x.low, k) + x.share * at(y.low, x.high, k);
        const double high = (1 - x.share) * at(y.high, x.low, k) + x.share * at(y.high, x.high, k);
        to.f32()[size_t((i * m + j) * c + k)] = float((1 - y.share) * low + y.share * high);
      }
    }
}

constexpr ResizeKind kKinds[] = {
    {"by_rows", "the rows that both have; further ones start fresh", rows_objection, take_rows},
    {"sum_channels", "kernels of 3 channels for images of 1, by the sum", channels_objection,
     sum_channels},
    {"interpolate", "learned positions in a line, linearly", table_objection, interpolate},
    {"interpolate_grid", "learned positions of a square, in both directions", grid_objection,
     interpolate_grid}};
}  // namespace

std::span<const ResizeKind> resize_kinds() {
  return kKinds;
}
}  // namespace cambium
