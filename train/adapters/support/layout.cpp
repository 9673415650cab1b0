#include "train/adapters/support/layout.h"

#include <algorithm>

namespace cambium {
namespace {
// The tensor with its axes in the order `perm`.
Tensor permuted(const Tensor& t, const std::vector<int>& perm) {
  const int rank = int(perm.size());
  std::vector<int64_t> shape, strides(size_t(rank), 1);
  for (int i = rank - 2; i >= 0; --i)
    strides[size_t(i)] = strides[size_t(i) + 1] * t.shape()[i + 1];
  for (const int axis : perm) shape.push_back(t.shape()[axis]);
  Tensor out(DType::kF32, Shape(shape));
  std::vector<int64_t> at(size_t(rank), 0);
  for (float& x : out.f32()) {
    int64_t from = 0;
    for (int i = 0; i < rank; ++i) from += at[size_t(i)] * strides[size_t(perm[size_t(i)])];
    x = t.f32()[size_t(from)];
    for (int i = rank - 1; i >= 0 && ++at[size_t(i)] == shape[size_t(i)]; --i) at[size_t(i)] = 0;
  }
  return out;
}

Tensor shaped(const Tensor& t, Shape shape) {
  Tensor out(DType::kF32, std::move(shape));
  std::ranges::copy(t.raw(), out.raw().begin());
  return out;
}

bool turns(const Node& parameter) {
  return is_product(parameter.parameter.kind) && parameter.outputs[0].shape.rank() == 2;
}

bool is_kernel(const Shape& s) {
  return s.rank() == 4;
}
}  // namespace

Tensor to_torch(const Tensor& t, const Shape& w, bool second) {
  const Tensor turned = permuted(t, {1, 0});
  if (!is_kernel(w)) return turned.clone();
  const int64_t r = second ? t.shape()[0] : t.shape()[1];
  if (second) return shaped(turned, Shape{w[3], r, 1, 1});
  return permuted(shaped(turned, Shape{r, w[0], w[1], w[2]}), {0, 3, 1, 2});
}

std::optional<Tensor> from_torch(const Tensor& t, const Shape& w, const Shape& wanted,
                                 bool second) {
  const int64_t r = second ? wanted[0] : wanted[1];
  if (wanted.rank() != 2 || w.rank() < 2) return {};
  if (!is_kernel(w)) {
    if (t.shape() != Shape{wanted[1], wanted[0]}) return {};
    return permuted(t, {1, 0});
  }
  if (second) {
    if (t.shape() != Shape{w[3], r, 1, 1}) return {};
    return permuted(shaped(t, Shape{w[3], r}), {1, 0});
  }
  if (t.shape() != Shape{r, w[2], w[0], w[1]}) return {};
  return permuted(shaped(permuted(t, {0, 2, 3, 1}), Shape{r, wanted[0]}), {1, 0});
}

Tensor whole_to_torch(const Tensor& t, const Node& parameter) {
  if (is_kernel(t.shape())) return permuted(t, {3, 2, 0, 1});
  return turns(parameter) ? permuted(t, {1, 0}) : t.clone();
}

std::optional<Tensor> whole_from_torch(const Tensor& t, const Node& parameter) {
  const Shape& wanted = parameter.outputs[0].shape;
  if (t.shape().rank() != wanted.rank()) return {};
  Tensor out = is_kernel(wanted)  ? permuted(t, {2, 3, 1, 0})
               : turns(parameter) ? permuted(t, {1, 0})
                                  : t.clone();
  if (out.shape() != wanted) return {};
  return out;
}
}  // namespace cambium
