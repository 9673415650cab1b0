// Scaling: how the weights of a model start and what they are multiplied by when it is larger than
// the model its settings were found with, its base. Yang et al. 2022, arXiv 2203.03466: what is
// larger than at base counts as infinite.
#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace cambium {
// How many times larger than at base the extents of a weight's axes are, multiplied: those along
// which it fans in and out, and those of equal copies, such as heads; and how many times more
// copies of the layer it stands in follow each other.
struct WeightGrowth {
  double fan_in = 1, fan_out = 1, copies = 1, depth = 1;
  bool in_differs = false, out_differs = false;  // whether the axes do: factors may cancel

  bool operator==(const WeightGrowth&) const = default;
};

// kFixed and kVector: each result hears as many numbers as at base. kReadout: of a growing number
// of numbers a fixed number of results is made.
enum class WidthKind { kFixed, kVector, kMatrix, kReadout };

WidthKind width_kind(const WeightGrowth& g);
std::string_view name_of(WidthKind kind);  // "fixed", "vector", "matrix", "readout"

// Of the scale a weight starts with at base, and of the weight wherever it is used.
struct WeightFactors {
  double start = 1, forward = 1;
};

// Values by their place in the model. A place of a repeated body that has no value of its own has
// that of the other copies, where they agree: "3.ffn" that of "0.ffn" and "1.ffn".
template <class T> class ByPlace {
 public:
  void add(const std::string& path, T value);
  const T* find(const std::string& path) const;  // null: none, or more than one

 private:
  std::map<std::string, T> exact_;
  std::map<std::string, std::vector<T>> alike_;  // different values of places that differ by copy
};

std::string without_copies(std::string_view path);  // "repeat.3.ffn" -> "repeat.*.ffn"

struct BaseWeight {
  Shape shape;
  Init init;

  bool operator==(const BaseWeight&) const = default;
};

// What a model is made of at the base sizes.
struct BaseModel {
  ByPlace<BaseWeight> weights;
  ByPlace<double> numbers;  // Builder::at_base
};

struct Scaling {
  std::string_view name;  // "mup"
  const BaseModel* base;
  WeightFactors (*weight)(const WeightGrowth&);
  // Factor of each residual branch where there are `depth` times as many; null: no matter of this
  // rule.
  double (*branch)(double depth);
};

// How an axis counts: UserError when `shape` has other axes than at base.
WeightGrowth growth_between(const Shape& shape, const Shape& base, const std::vector<int>& fan_in,
                            const std::vector<int>& fan_out);

template <class T> void ByPlace<T>::add(const std::string& path, T value) {
  std::vector<T>& values = alike_[without_copies(path)];
  if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  exact_.insert_or_assign(path, std::move(value));
}

template <class T> const T* ByPlace<T>::find(const std::string& path) const {
  if (const auto own = exact_.find(path); own != exact_.end()) return &own->second;
  const auto others = alike_.find(without_copies(path));
  return others != alike_.end() && others->second.size() == 1 ? &others->second.front() : nullptr;
}
}  // namespace cambium
