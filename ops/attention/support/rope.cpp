#include "ops/attention/support/rope.h"

#include <cmath>
#include <map>
#include <mutex>

#include "ops/attention/support/attention.h"

namespace cambium {
double rope_angle(int64_t position, int64_t pair, int64_t width, double base) {
  return double(position) * std::pow(base, -2.0 * double(pair) / double(width));
}

RopeTable::RopeTable(double base, int64_t T, int64_t width)
    : half(width / 2),
      stride(round_up(T, kQueryTile) + kQueryTile),  // a tile may start anywhere before T
      cosines(size_t(T * half)),
      sines(size_t(T * half)),
      columns_cos(size_t(half * stride)),
      columns_sin(size_t(half * stride)) {
  for (int64_t t = 0; t < T; ++t)
    for (int64_t j = 0; j < half; ++j) {
      const double turn = rope_angle(t, j, width, base);
      const auto row = size_t(t * half + j), column = size_t(j * stride + t);
      cosines[row] = columns_cos[column] = float(std::cos(turn));
      sines[row] = columns_sin[column] = float(std::sin(turn));
    }
}

std::shared_ptr<const RopeTable> rope_table(double base, int64_t T, int64_t width) {
  static std::mutex guard;
  static std::map<std::tuple<double, int64_t, int64_t>, std::weak_ptr<const RopeTable>> tables;
  const std::lock_guard lock(guard);
  std::weak_ptr<const RopeTable>& known = tables[{base, T, width}];
  std::shared_ptr<const RopeTable> table = known.lock();
  if (!table) known = table = std::make_shared<const RopeTable>(base, T, width);
  return table;
}
}  // namespace cambium
