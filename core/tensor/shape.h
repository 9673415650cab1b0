// Shape, DType, ValueType: what a tensor is. Row-major; value types.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "core/error.h"

namespace cambium {
// Up to six extents, row-major. Extents are >= 0; a rank-0 shape is a scalar (count 1).
class Shape {
 public:
  static constexpr int kMaxRank = 6;
  // Elements that no machine holds; sums and bytes of several such tensors still fit in 64 bits.
  static constexpr int64_t kMaxCount = int64_t{1} << 44;

  Shape() = default;

  Shape(std::initializer_list<int64_t> extents) { assign({extents.begin(), extents.size()}); }

  explicit Shape(std::span<const int64_t> extents) { assign(extents); }

  int rank() const { return rank_; }

  // Negative positions count from the end: s[-1] is the last extent.
  int64_t operator[](int i) const { return dim_[size_t(i < 0 ? i + rank_ : i)]; }

  void set(int i, int64_t extent) { dim_[size_t(i < 0 ? i + rank_ : i)] = extent; }

  std::span<const int64_t> dims() const { return {dim_.data(), size_t(rank_)}; }

  int64_t count() const { return count_between(0, rank_); }

  // The product of the extents in [begin, end). UserError above kMaxCount.
  int64_t count_between(int begin, int end) const {
    int64_t n = 1;
    bool beyond = false, empty = false;  // an empty tensor may have any other extents
    for (int i = begin; i < end; ++i) {
      empty |= dim_[size_t(i)] == 0;
      beyond |= __builtin_mul_overflow(n, dim_[size_t(i)], &n) || n > kMaxCount;
    }
    if (empty) return 0;
    if (beyond) refuse_count();
    return n;
  }

  // Rows of the matrix view: everything but the last axis.
  int64_t rows() const { return rank_ ? count_between(0, rank_ - 1) : 1; }

  int64_t last() const { return rank_ ? (*this)[-1] : 1; }

  // This shape with the last extent replaced.
  Shape with_last(int64_t extent) const {
    Shape s = *this;
    s.set(-1, extent);
    return s;
  }

  bool operator==(const Shape&) const = default;

  std::string text() const {
    std::string out = "[";
    for (int i = 0; i < rank_; ++i) out += str(i ? "," : "", dim_[size_t(i)]);
    return out + "]";
  }

 private:
  [[noreturn]] void refuse_count() const {
    throw UserError(str("a tensor of ", text(), " is larger than any machine's memory"),
                    "look for a width, a length or a batch that is too large");
  }

  void assign(std::span<const int64_t> extents) {
    ensure(extents.size() <= kMaxRank, "rank ", extents.size(), " is above ", kMaxRank);
    for (int64_t n : extents) {
      ensure(n >= 0, "negative extent ", n);
      dim_[size_t(rank_++)] = n;
    }
  }

  std::array<int64_t, kMaxRank> dim_{};
  int rank_ = 0;
};

// kAdjacency is a handle: the buffer of such a value is one `const Adjacency*`.
enum class DType { kF32, kBf16, kI32, kI64, kU8, kBool, kAdjacency };

constexpr int64_t size_of(DType t) {
  switch (t) {
    case DType::kF32:
    case DType::kI32:
      return 4;
    case DType::kBf16:
      return 2;
    case DType::kI64:
    case DType::kAdjacency:
      return 8;
    case DType::kU8:
    case DType::kBool:
      return 1;
  }
  return 0;
}

constexpr std::string_view name_of(DType t) {
  constexpr std::string_view names[] = {"f32", "bf16", "i32", "i64", "u8", "bool", "adjacency"};
  return names[size_t(t)];
}

struct ValueType {
  DType dtype = DType::kF32;
  Shape shape;

  bool operator==(const ValueType&) const = default;

  // An adjacency is a handle of 8 bytes, whatever its [nodes, nodes, edges].
  int64_t bytes() const {
    return dtype == DType::kAdjacency ? size_of(dtype) : shape.count() * size_of(dtype);
  }

  std::string text() const {
    return dtype == DType::kF32 ? shape.text() : str(name_of(dtype), shape);
  }
};
}  // namespace cambium
