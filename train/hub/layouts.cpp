#include "train/hub/layouts.h"

#include <algorithm>

namespace cambium {
namespace {
Layout as_is() {
  return {};
}

// [in,out] here, [out,in] there.
Layout transposed() {
  return {.axes = {1, 0}};
}

std::vector<LayerKind> make_kinds() {
  const LayerPart bias{"bias", "bias", as_is()};
  const LayerPart gamma{"gamma", "weight", as_is()}, beta{"beta", "bias", as_is()};
  const Layout kernel{.axes = {3, 2, 0, 1}};                  // [Y,X,C,O] here, [O,C,Y,X] there
  const Layout line{.axes = {3, 2, 0, 1}, .ones_after = -1};  // [T,1,C,O], [O,C,T]
  return {
      {"linear",
       "a matrix [out,in], here [in,out], and its bias",
       {{"weight", "weight", transposed()}, bias}},
      {"matrix",
       "a matrix [in,out] as here, and its bias (GPT-2's Conv1D)",
       {{"weight", "weight", {.fused_along = 1}}, bias}},
      {"conv",
       "a kernel [O,C,Y,X], here [Y,X,C,O], and its bias",
       {{"weight", "weight", kernel}, bias}},
      {"conv_1d",
       "a kernel [O,C,T], here [T,1,C,O], and its bias",
       {{"weight", "weight", line}, bias}},
      {"place",
       "a 1x1 kernel [O,C,1,1] that is a matrix [C,O] here, and its bias",
       {{"weight", "weight", {.axes = {1, 0}, .ones_after = 2}}, bias}},
      {"norm", "factor and shift of a norm: gamma and beta here", {gamma, beta}},
      {"batch_norm",
       "the same and running statistics",
       {gamma,
        beta,
        {"running_mean", "running_mean", as_is()},
        {"running_var", "running_var", as_is()}},
       true},
      {"tensor", "one tensor as it stands", {{"", "", as_is()}}},
      {"transposed", "one matrix [B,A], here [A,B]", {{"", "", transposed()}}},
      {"row", "one tensor, [1,...] there", {{"", "", {.ones_before = 1}}}},
      {"channels", "one vector [C], [C,1,1] there", {{"", "", {.ones_after = 2}}}},
  };
}

Shape in_their_order(const Layout& l, const Shape& ours) {
  std::vector<int64_t> dims(ours.dims().begin(), ours.dims().end());
  if (!l.axes.empty()) {
    require(l.axes.size() == dims.size(), "a tensor ", ours, " has not the ", l.axes.size(),
            " axes of this layout");
    for (size_t i = 0; i < dims.size(); ++i) dims[i] = ours[l.axes[i]];
  }
  return Shape(dims);
}

Shape with_ones(const Layout& l, const Shape& shape) {
  std::vector<int64_t> dims(size_t(l.ones_before), 1);
  dims.insert(dims.end(), shape.dims().begin(), shape.dims().end());
  if (l.ones_after >= 0) {
    dims.insert(dims.end(), size_t(l.ones_after), 1);
  } else {
    for (int i = l.ones_after; i < 0; ++i) {
      require(!dims.empty() && dims.back() == 1, "a tensor ", shape, " does not end in 1");
      dims.pop_back();
    }
  }
  return Shape(dims);
}

// The elements of `from`, whose axes `axes` of a tensor `shape` stand one behind the other, back
// (`back`) or forth.
void permute(const float* from, float* to, const Shape& shape, const std::vector<int>& axes,
             bool back) {
  const int rank = shape.rank();
  std::vector<int64_t> stride(size_t(rank), 1), at(size_t(rank), 0);
  for (int i = rank - 2; i >= 0; --i) stride[size_t(i)] = stride[size_t(i + 1)] * shape[i + 1];
  for (int64_t n = 0, count = shape.count(); n < count; ++n) {
    int64_t place = 0;
    for (int i = 0; i < rank; ++i) place += at[size_t(i)] * stride[size_t(axes[size_t(i)])];
    if (back)
      to[place] = from[n];
    else
      to[n] = from[place];
    for (int i = rank - 1; i >= 0; --i) {
      if (++at[size_t(i)] < shape[axes[size_t(i)]]) break;
      at[size_t(i)] = 0;
    }
  }
}

void move_axes(const Layout& l, const float* from, float* to, const Shape& ours, bool back) {
  if (l.axes.empty())
    std::copy_n(from, ours.count(), to);
  else
    permute(from, to, ours, l.axes, back);
}

// Copies `part`, a piece of `whole` that starts `begin` along `axis`, in or out.
void copy_piece(float* whole, const Shape& all, float* part, const Shape& piece, int axis,
                int64_t begin, bool into_whole) {
  const int64_t outer = all.count_between(0, axis), inner = all.count_between(axis + 1, all.rank());
  const int64_t run = piece[axis] * inner;
  for (int64_t o = 0; o < outer; ++o) {
    float* at = whole + (o * all[axis] + begin) * inner;
    if (into_whole)
      std::copy_n(part + o * run, run, at);
    else
      std::copy_n(at, run, part + o * run);
  }
}
}  // namespace

std::span<const LayerKind> layer_kinds() {
  static const std::vector<LayerKind> kinds = make_kinds();
  return kinds;
}

Shape their_shape(const Layout& layout, std::span<const Shape> ours) {
  Shape all = with_ones(layout, in_their_order(layout, ours[0]));
  for (const Shape& next : ours.subspan(1)) {
    const Shape one = with_ones(layout, in_their_order(layout, next));
    const int axis = std::min(layout.fused_along, one.rank() - 1);
    all.set(axis, all[axis] + one[axis]);
  }
  return all;
}

Tensor to_theirs(const Layout& layout, std::span<const Tensor* const> ours) {
  std::vector<Shape> shapes;
  for (const Tensor* t : ours) shapes.push_back(t->shape());
  Tensor all(DType::kF32, their_shape(layout, shapes));
  if (ours.size() == 1) {
    move_axes(layout, ours[0]->f32().data(), all.f32().data(), ours[0]->shape(), false);
    return all;
  }
  int64_t begin = 0;
  for (const Tensor* t : ours) {
    Tensor one(DType::kF32, with_ones(layout, in_their_order(layout, t->shape())));
    move_axes(layout, t->f32().data(), one.f32().data(), t->shape(), false);
    const int axis = std::min(layout.fused_along, one.shape().rank() - 1);
    copy_piece(all.f32().data(), all.shape(), one.f32().data(), one.shape(), axis, begin, true);
    begin += one.shape()[axis];
  }
  return all;
}

std::vector<Tensor> to_ours(const Layout& layout, const Tensor& theirs,
                            std::span<const Shape> ours) {
  ensure(theirs.shape() == their_shape(layout, ours), "a tensor ", theirs.shape(), " in place of ",
         their_shape(layout, ours));
  std::vector<Tensor> out;
  int64_t begin = 0;
  for (const Shape& shape : ours) {
    Tensor one(DType::kF32, with_ones(layout, in_their_order(layout, shape)));
    const int axis = std::min(layout.fused_along, std::max(one.shape().rank() - 1, 0));
    Tensor mine(DType::kF32, shape);
    if (ours.size() == 1) {
      move_axes(layout, theirs.f32().data(), mine.f32().data(), shape, true);
    } else {
      copy_piece(const_cast<float*>(theirs.f32().data()), theirs.shape(), one.f32().data(),
                 one.shape(), axis, begin, false);
      begin += one.shape()[axis];
      move_axes(layout, one.f32().data(), mine.f32().data(), shape, true);
    }
    out.push_back(std::move(mine));
  }
  return out;
}
}  // namespace cambium
