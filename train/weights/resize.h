// Resize: how a tensor of one shape starts one of another.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace cambium {
// What is known of a tensor of the source and of the model's in its place; both f32.
struct ResizeCase {
  Shape from, to;
  ParameterKind kind = ParameterKind::kNone;
  int64_t head_width = 0;               // of the model's heads that it makes; 0: of none
  int64_t vocabulary = 0, classes = 0;  // of the model's data, in the model's sizes
  bool named_classes = false;           // whether those have names
};

// What a rule needs beside the numbers.
struct ResizeHow {
  int64_t head_width = 0;
  int axis = 0;               // of named rows: which axis stands for them
  std::vector<int64_t> rows;  // of each of the model: which of the source's, -1: none
};

enum class ResizeBy { kShape, kTokens, kClasses };

struct ResizeKind {
  std::string_view name, doc;
  // Why it cannot make the second of the first, as "...". Empty where it can.
  std::string (*objection)(const ResizeCase&);
  // Fills `to`, which holds what it starts as without the source.
  void (*apply)(const ResizeHow&, const Tensor& from, Tensor& to);
  // Names decide: it has something to do where shapes are equal, too.
  ResizeBy by = ResizeBy::kShape;
};

//   by_rows           [R,...] -> [S,...]: the first min(R, S) rows; further ones stay fresh
//   by_token          the axis of V becomes that of W, each with the numbers of the token of its
//                     name; the others stay fresh. [V,C], [C,V] and [V]
//   by_class          the same of classes, the last axis first
//   regroup_heads     [...,G D] -> [...,H D], D the width of a head: fewer heads are the mean of
//                     those of their group, more are copies (Ainslie et al. 2023, arXiv 2305.13245)
//   sum_channels      [..,3,O] -> [..,1,O], kernels of rank 4: the sum over the channels, so that a
//                     grey image answers as the same image in three equal channels did
//   interpolate       [T,C] -> [S,C]: linear between the middles of rows, as PyTorch's interpolate
//                     with align_corners=False; rows beyond the outer middles are the outer ones
//   interpolate_grid  the same of [h*h,C] -> [k*k,C] in both directions of a square
std::span<const ResizeKind> resize_kinds();

// The axis that stands for the tokens or classes of the model's data, all other axes being equal;
// -1: there is none. Of several the first in an embedding of tokens, the last elsewhere.
int named_axis(const ResizeCase& c, ResizeBy by);

// For each name of the model's, where the source has it; -1: nowhere. A name that is empty or
// stands twice on either side is nobody's.
std::vector<int64_t> rows_of_names(std::span<const std::string> was,
                                   std::span<const std::string> is);
}  // namespace cambium
