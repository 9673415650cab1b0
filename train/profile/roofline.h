// Roofline: what this machine can do at best, measured (Williams et al. 2009, "Roofline: An
// Insightful Visual Performance Model").
#pragma once

namespace cambium {
struct Roofline {
  double gemm_gflops = 0;    // f32, 10^9 operations a second
  double stream_gbytes = 0;  // 10^9 bytes read and written a second, from memory

  // The least time that so much work takes: the longer of computing and moving.
  double least_ms(double flops, double bytes) const;
};

// Both on all threads, the fastest of several runs; about a second and 200 MB. The product is
// 1024^3 through `linear`, the sum y = a + b of 64 MB each through `add`: what models run.
Roofline measure_roofline();
}  // namespace cambium
