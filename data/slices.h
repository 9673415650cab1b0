// Slices: held-out examples told apart by where they are from, so that what a model loses can be
// said of each.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace cambium {
struct Slicing {
  std::string by;                  // what the slices are: "source"
  std::vector<std::string> names;  // of the slices
  std::vector<int32_t> of = {};    // the slice of each example of the split

  bool empty() const { return names.empty(); }
};

// What a Dataset is too when it knows slices. Every example is of one slice, and the first examples
// hold of each slice about the share that all hold.
class Sliced {
 public:
  virtual ~Sliced() = default;

  virtual Slicing slicing(Split split) const = 0;  // empty: the split has none
};

// Empty for data that knows no slices, and where there is but one.
Slicing slicing_of(const Dataset& data, Split split);

// What slice `k` is called among the parts of an evaluation: "source.docs".
std::string slice_name(const Slicing& s, size_t k);

// A pass over the first `examples` of a split in batches that hold examples of one slice each.
struct SliceBatch {
  size_t slice = 0;
  std::vector<int64_t> examples;
};

std::vector<SliceBatch> slice_batches(const Slicing& s, int64_t examples, int64_t batch);
}  // namespace cambium
