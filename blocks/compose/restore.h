// Restore: sets a variable until the end of a scope.
#pragma once
#include <utility>

namespace cambium {
template <class T> class Restore {
 public:
  Restore(T& variable, T value)
      : variable_(variable), saved_(std::exchange(variable, std::move(value))) {}

  ~Restore() { variable_ = std::move(saved_); }

  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T& variable_;
  T saved_;
};
}  // namespace cambium
