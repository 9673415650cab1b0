// Tensor: a typed, 64-byte aligned, zero-initialised buffer. Move-only. It owns its memory, or
// together with others a block that it is a part of.
#pragma once
#include <cstring>
#include <memory>
#include <span>

#include "core/tensor/shape.h"

namespace cambium {
using Bytes = std::shared_ptr<std::byte>;

// The bytes that a buffer of so many takes in a block, so that the next starts at a cache line.
constexpr int64_t whole_lines(int64_t bytes) {
  return (bytes + 63) / 64 * 64;
}

// Allocates zeroed bytes at a 64-byte boundary. From 2 MiB on they are the system's own zeros, in
// huge pages, which take memory only when they are first touched. RuntimeError when memory is out.
Bytes allocate_bytes(int64_t bytes);

class Tensor {
 public:
  Tensor() = default;

  explicit Tensor(ValueType type) : type_(type), data_(allocate_bytes(type.bytes())) {}

  Tensor(DType dtype, Shape shape) : Tensor(ValueType{dtype, shape}) {}

  // The part of a block that starts `offset` bytes into it; the block lives as long as a part.
  Tensor(ValueType type, const Bytes& block, int64_t offset)
      : type_(type), data_(block, block.get() + offset) {}

  Tensor(Tensor&&) = default;
  Tensor& operator=(Tensor&&) = default;
  Tensor(const Tensor&) = delete;

  const ValueType& type() const { return type_; }

  const Shape& shape() const { return type_.shape; }

  int64_t count() const { return type_.shape.count(); }

  int64_t bytes() const { return type_.bytes(); }

  std::byte* data() { return data_.get(); }

  const std::byte* data() const { return data_.get(); }

  std::span<std::byte> raw() { return {data_.get(), size_t(bytes())}; }

  std::span<const std::byte> raw() const { return {data_.get(), size_t(bytes())}; }

  std::span<float> f32() { return as<float>(DType::kF32); }

  std::span<const float> f32() const { return as<const float>(DType::kF32); }

  std::span<int32_t> i32() { return as<int32_t>(DType::kI32); }

  std::span<const int32_t> i32() const { return as<const int32_t>(DType::kI32); }

  std::span<int64_t> i64() { return as<int64_t>(DType::kI64); }

  std::span<const int64_t> i64() const { return as<const int64_t>(DType::kI64); }

  Tensor clone() const {
    Tensor t(type_);
    if (bytes() > 0) std::memcpy(t.data(), data(), size_t(bytes()));
    return t;
  }

 private:
  template <class T> std::span<T> as(DType want) const {
    ensure(type_.dtype == want, "tensor holds ", name_of(type_.dtype), ", asked for ",
           name_of(want));
    return {reinterpret_cast<T*>(data_.get()), size_t(count())};
  }

  ValueType type_;
  Bytes data_;
};
}  // namespace cambium
