// Resize: how a tensor of one shape starts one of another.
#pragma once
#include <span>
#include <string_view>

#include "core/tensor/tensor.h"

namespace cambium {
struct ResizeKind {
  std::string_view name, doc;
  // Why it cannot make the second of the first, as "...": both f32. Empty where it can.
  std::string (*objection)(const Shape& from, const Shape& to);
  // Fills `to`, which holds what it starts as without the source.
  void (*apply)(const Tensor& from, Tensor& to);
};

//   by_rows           [R,...] -> [S,...]: the first min(R, S) rows; further ones stay fresh
//   sum_channels      [..,3,O] -> [..,1,O], kernels of rank 4: the sum over the channels, so that a
//                     grey image answers as the same image in three equal channels did
//   interpolate       [T,C] -> [S,C]: linear between the middles of rows, as PyTorch's interpolate
//                     with align_corners=False; rows beyond the outer middles are the outer ones
//   interpolate_grid  the same of [h*h,C] -> [k*k,C] in both directions of a square
std::span<const ResizeKind> resize_kinds();
}  // namespace cambium
