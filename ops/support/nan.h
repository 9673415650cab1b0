// Comparisons that do not lose NaN: `a > b ? a : b` answers b when either is one.
#pragma once

namespace cambium {
// The larger of a and b, NaN when either is.
template <class T> [[gnu::always_inline]] inline T larger(T a, T b) {
  return (a > b) | (a != a) ? a : b;
}

// x within [-limit, limit], where a function has long reached its limits; NaN stays NaN.
template <class T> [[gnu::always_inline]] inline T within(T x, T limit) {
  x = x < -limit ? -limit : x;
  return x > limit ? limit : x;
}

// y, or NaN where x is NaN: for functions that only compare x.
template <class T> [[gnu::always_inline]] inline T unless_nan(T x, T y) {
  return x != x ? x : y;
}

// 0, or NaN where x is NaN; of vectors too, without masks, which GCC takes apart lane by lane.
template <class T> [[gnu::always_inline]] inline void nan_alone(const T& x, T& zero) {
  const T lowest = T{} - __FLT_MAX__, highest = T{} + __FLT_MAX__;
  zero = x < lowest ? lowest : x;
  zero = (zero > highest ? highest : zero) * 0.0f;
}
}  // namespace cambium
