// Threads: one OpenMP team for the whole run, static partitions, no atomics, no dynamic schedules.
#pragma once
#include <algorithm>
#include <cstdint>

#include <omp.h>

namespace cambium {
// Compiles a function three times (AVX-512, AVX2, baseline) and picks one at program start; Clang
// cannot clone a template. Only plain loops belong in it: OpenMP outlines others at the baseline.
#if __x86_64__ && !__clang__ && !__SANITIZE_ADDRESS__ && !__SANITIZE_THREAD__
#define CAMBIUM_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CAMBIUM_SIMD
#endif

inline int thread_count() {
  return omp_get_max_threads();
}

inline void set_thread_count(int n) {
  omp_set_num_threads(std::max(1, n));
}

// Calls f(begin, end) on disjoint ranges that cover [0, n), one range a thread. Runs serially when
// n <= grain, so that small work pays no synchronisation (about 20 microseconds of work is a good
// grain).
template <class F> void parallel_for(int64_t n, int64_t grain, const F& f) {
  const int64_t wanted = (n + grain - 1) / std::max<int64_t>(grain, 1);
  const int threads = int(std::clamp<int64_t>(wanted, 1, thread_count()));
  if (threads == 1 || omp_in_parallel()) {
    if (n > 0) f(int64_t(0), n);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    const int64_t t = omp_get_thread_num(), count = omp_get_num_threads();
    const int64_t begin = n * t / count, end = n * (t + 1) / count;
    if (begin < end) f(begin, end);
  }
}
}  // namespace cambium
