#include "ops/product/support/gemm_tn.h"

#include <cmath>

#include "ops/support/dnnl.h"
#include "ops/support/partition.h"
#include "ops/support/scratch.h"
#include "ops/support/tile.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cambium {
namespace {
// A unit is 32 bits: one row in f32, two rows side by side in bf16. Packed A is [blocks][units][8],
// packed B one panel [units][32] that stays in the L1 cache, C [panels][blocks][8][32].
constexpr int64_t kBlock = 8, kPanel = 32, kUnits = 128;
constexpr int64_t kBlockUnits = kUnits * kBlock + 16;  // blocks spread over the cache's sets
constexpr int64_t kTile = kBlock * kPanel;
constexpr int64_t kGroup = 64;  // blocks packed at a time: A's part stays in the L2 cache

// c [8, 32] += a^T b over `units`; units of a are `lda` apart.
using Micro = void (*)(int64_t units, const float* a, int64_t lda, const float* b, float* c);

CAMBIUM_SIMD void micro_f32(int64_t units, const float* a, int64_t lda, const float* b, float* c) {
  Lanes sum[kBlock][2];
#pragma GCC unroll 8
  for (int r = 0; r < kBlock; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) sum[r][v] = load_lanes(c + r * kPanel + v * kLanes);
  for (int64_t u = 0; u < units; ++u) {
    const Lanes low = load_lanes(b + u * kPanel), high = load_lanes(b + u * kPanel + kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < kBlock; ++r) {
      const float x = a[u * lda + r];
      sum[r][0] += x * low;
      sum[r][1] += x * high;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kBlock; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) store_lanes(c + r * kPanel + v * kLanes, sum[r][v]);
}

#if defined(__x86_64__)
__attribute__((target("arch=x86-64-v4,avx512bf16"))) void micro_bf16(int64_t units, const float* a,
                                                                     int64_t lda, const float* b,
                                                                     float* c) {
  __m512 sum[kBlock][2];
#pragma GCC unroll 8
  for (int r = 0; r < kBlock; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) sum[r][v] = _mm512_loadu_ps(c + r * kPanel + v * kLanes);
  for (int64_t u = 0; u < units; ++u) {
    const auto low = __m512bh(_mm512_loadu_ps(b + u * kPanel));
    const auto high = __m512bh(_mm512_loadu_ps(b + u * kPanel + kLanes));
#pragma GCC unroll 8
    for (int r = 0; r < kBlock; ++r) {
      const auto x = __m512bh(_mm512_set1_ps(a[u * lda + r]));
      sum[r][0] = _mm512_dpbf16_ps(sum[r][0], x, low);
      sum[r][1] = _mm512_dpbf16_ps(sum[r][1], x, high);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kBlock; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) _mm512_storeu_ps(c + r * kPanel + v * kLanes, sum[r][v]);
}

bool has_bf16_dot() {
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw");
}

bool has_wide_registers() {
  return __builtin_cpu_supports("avx512f");
}
#else
constexpr Micro micro_bf16 = nullptr;

bool has_bf16_dot() {
  return false;
}

bool has_wide_registers() {
  return true;
}
#endif

struct Part {
  Range blocks, panels;
};

constexpr int64_t kAhead = 8;  // rows that are asked for before they are read

// Copies one unit of W columns, `width` of which exist, and answers through `to`; the rest is zero.
template <int64_t W>
[[gnu::always_inline]] inline void pack_edge(const float* row, int64_t width, float* to) {
  for (int64_t j = 0; j < W; ++j) to[j] = j < width ? row[j] : 0;
}

template <int64_t W>
[[gnu::always_inline]] inline void pack_edge(const uint16_t* row, int64_t ld, bool pair,
                                             int64_t width, float* to) {
  auto* unit = reinterpret_cast<uint32_t*>(to);
  for (int64_t j = 0; j < W; ++j) {
    const uint32_t low = j < width ? row[j] : 0, high = j < width && pair ? row[ld + j] : 0;
    unit[j] = low | high << 16;
  }
}

using Bf16Row [[gnu::vector_size(16), gnu::aligned(2), gnu::may_alias]] = uint16_t;
using UnitRow [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = uint32_t;
using EightLanes [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;

// Rows [rows, width] of f32 into units of W columns, zeros beyond `width`.
template <int64_t W>
[[gnu::always_inline]] inline void pack(const float* from, int64_t ld, int64_t rows, int64_t width,
                                        float* to) {
  for (int64_t r = 0; r < rows; ++r, from += ld, to += W) {
    __builtin_prefetch(from + kAhead * ld);
    if (width < W) {
      pack_edge<W>(from, width, to);
      continue;
    }
#pragma GCC unroll 4
    for (int64_t j = 0; j < W; j += 8)
      *reinterpret_cast<EightLanes*>(to + j) = *reinterpret_cast<const EightLanes*>(from + j);
  }
}

// Rows of bf16 by pairs; a row that is not there counts as zero.
template <int64_t W>
[[gnu::always_inline]] inline void pack(const uint16_t* from, int64_t ld, int64_t rows,
                                        int64_t width, float* to) {
  for (int64_t r = 0; r < rows; r += 2, from += 2 * ld, to += W) {
    __builtin_prefetch(from + kAhead * ld);
    __builtin_prefetch(from + (kAhead + 1) * ld);
    if (width < W || r + 1 == rows) {
      pack_edge<W>(from, ld, r + 1 < rows, width, to);
      continue;
    }
#pragma GCC unroll 4
    for (int64_t j = 0; j < W; j += 8) {
      const auto low = *reinterpret_cast<const Bf16Row*>(from + j);
      const auto high = *reinterpret_cast<const Bf16Row*>(from + ld + j);
      *reinterpret_cast<UnitRow*>(to + j) =
          __builtin_convertvector(low, UnitRow) | __builtin_convertvector(high, UnitRow) << 16;
    }
  }
}

// sums[0..32) += the columns of a packed panel.
[[gnu::always_inline]] inline void add_columns(DType dtype, const float* panel, int64_t units,
                                               float* sums) {
  for (int64_t v = 0; v < kPanel; v += kLanes) {
    Lanes sum = load_lanes(sums + v);
    if (dtype == DType::kF32) {
      for (int64_t u = 0; u < units; ++u) sum += load_lanes(panel + u * kPanel + v);
    } else {
      for (int64_t u = 0; u < units; ++u) {
        const auto pair = std::bit_cast<IntLanes>(load_lanes(panel + u * kPanel + v));
        sum += std::bit_cast<Lanes>(pair << 16) + std::bit_cast<Lanes>(pair & ~0xffff);
      }
    }
    store_lanes(sums + v, sum);
  }
}

CAMBIUM_SIMD void pack_blocks(const GemmTn& g, const void* a, int64_t row, int64_t rows,
                              Range blocks, float* to) {
  for (int64_t b = blocks.begin; b < blocks.end; ++b, to += kBlockUnits) {
    const int64_t at = row * g.m + b * kBlock, width = g.m - b * kBlock;
    if (g.dtype == DType::kF32)
      pack<kBlock>(static_cast<const float*>(a) + at, g.m, rows, width, to);
    else
      pack<kBlock>(static_cast<const uint16_t*>(a) + at, g.m, rows, width, to);
  }
}

// Columns are also added up where `sums` is not null.
CAMBIUM_SIMD void pack_panel(const GemmTn& g, const void* b, int64_t row, int64_t rows,
                             int64_t panel, float* to, float* sums) {
  const int64_t at = row * g.n + panel * kPanel, width = g.n - panel * kPanel;
  if (g.dtype == DType::kF32)
    pack<kPanel>(static_cast<const float*>(b) + at, g.n, rows, width, to);
  else
    pack<kPanel>(static_cast<const uint16_t*>(b) + at, g.n, rows, width, to);
  if (sums) add_columns(g.dtype, to, g.dtype == DType::kF32 ? rows : (rows + 1) / 2, sums);
}

void copy_out(const GemmTn& g, const Part& part, Range blocks, const float* sums, float* c) {
  for (int64_t p = part.panels.begin; p < part.panels.end; ++p)
    for (int64_t i = blocks.begin * kBlock; i < std::min(blocks.end * kBlock, g.m); ++i) {
      const float* row =
          sums + ((p - part.panels.begin) * kGroup * kBlock + i - blocks.begin * kBlock) * kPanel;
      std::copy_n(row, std::min(kPanel, g.n - p * kPanel), c + i * g.n + p * kPanel);
    }
}

struct Pieces {  // of one thread's scratch, in floats
  int64_t a, b, sums, columns, total;

  explicit Pieces(int64_t panels) {
    Scratch s;
    const auto piece = [&](int64_t count) { return s.add_f32(count) / int64_t(sizeof(float)); };
    a = piece(kGroup * kBlockUnits);
    b = piece(kUnits * kPanel);
    sums = piece(panels * kGroup * kTile);
    columns = piece(panels * kPanel);
    total = s.bytes / int64_t(sizeof(float));
  }
};

// Whether A need not be packed: narrow rows of whole blocks keep their part of the L1 cache.
bool reads_in_place(const GemmTn& g) {
  return g.dtype == DType::kF32 && g.m % kBlock == 0 && g.m <= 128;
}

// One thread's part of C.
void multiply(const GemmTn& g, const Part& part, const KernelArgs& k, const Pieces& at,
              float* scratch) {
  const Micro micro = g.dtype == DType::kF32 ? micro_f32 : micro_bf16;
  const int64_t unit_rows = g.dtype == DType::kF32 ? 1 : 2, depth = kUnits * unit_rows;
  const bool in_place = reads_in_place(g);
  const int64_t lda = in_place ? g.m : kBlock, next = in_place ? kBlock : kBlockUnits;
  for (int64_t first = part.blocks.begin; first < part.blocks.end; first += kGroup) {
    const Range blocks{first, std::min(first + kGroup, part.blocks.end)};
    std::fill_n(scratch + at.sums, part.panels.count() * kGroup * kTile, 0.0f);
    std::fill_n(scratch + at.columns, part.panels.count() * kPanel, 0.0f);
    const bool add = g.column_sums && first == 0;
    for (int64_t row = 0; row < g.rows; row += depth) {
      const int64_t rows = std::min(depth, g.rows - row);
      const int64_t units = (rows + unit_rows - 1) / unit_rows;
      if (!in_place) pack_blocks(g, k.in[0], row, rows, blocks, scratch + at.a);
      const float* a = in_place ? k.f32(0) + row * g.m + blocks.begin * kBlock : scratch + at.a;
      for (int64_t p = 0; p < part.panels.count(); ++p) {
        pack_panel(g, k.in[1], row, rows, part.panels.begin + p, scratch + at.b,
                   add ? scratch + at.columns + p * kPanel : nullptr);
        for (int64_t i = 0; i < blocks.count(); ++i)
          micro(units, a + i * next, lda, scratch + at.b,
                scratch + at.sums + (p * kGroup + i) * kTile);
      }
    }
    copy_out(g, part, blocks, scratch + at.sums, k.out_f32());
    const int64_t column = part.panels.begin * kPanel;
    if (add)
      std::copy_n(scratch + at.columns, std::min(part.panels.end * kPanel, g.n) - column,
                  k.out_f32(1) + column);
  }
}
}  // namespace

Grid best_grid(int64_t blocks, int64_t panels, int64_t threads) {
  Grid best{1, 1};
  double least = INFINITY;
  for (int64_t across = std::min(threads, panels); across >= 1; --across) {
    const int64_t down = std::clamp<int64_t>(threads / across, 1, blocks);
    const double largest =
        std::ceil(double(panels) / double(across)) * std::ceil(double(blocks) / double(down));
    if (largest < least) {
      least = largest;
      best = {down, across};
    }
  }
  return best;
}

bool suits_gemm_tn(const GemmTn& g) {
  // Where there are tiles, oneDNN's vector kernels are as fast as the one below or faster (768 rows
  // of 128 by 512: by a tenth of a step).
  if (has_matrix_tiles()) return suits_gemm_tn_tiles(g);
  if (g.dtype == DType::kBf16 && !has_bf16_dot()) return false;
  if (!has_wide_registers()) return false;  // 16 sums of 16 lanes: 1.4 GF/s with AVX2, oneDNN 70
  return g.rows >= 256 && g.m >= kBlock && g.n >= kLanes && g.m * g.n <= int64_t{96} * 1024;
}

Kernel gemm_tn_kernel(const GemmTn& g) {
  if (suits_gemm_tn_tiles(g)) return gemm_tn_tiles_kernel(g);
  const int64_t blocks = (g.m + kBlock - 1) / kBlock, panels = (g.n + kPanel - 1) / kPanel;
  const Grid grid = best_grid(blocks, panels, thread_count());
  const Pieces at((panels + grid.panels - 1) / grid.panels);
  const int64_t parts = grid.blocks * grid.panels;
  const auto run = [=](const KernelArgs& k) {
    auto* scratch = reinterpret_cast<float*>(k.scratch);
    for_each_part(parts, parts, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i)
        multiply(g,
                 {slice_of(blocks, i / grid.panels, grid.blocks),
                  slice_of(panels, i % grid.panels, grid.panels)},
                 k, at, scratch + i * at.total);
    });
  };
  return {.run = run, .scratch_bytes = parts * at.total * int64_t(sizeof(float))};
}
}  // namespace cambium
