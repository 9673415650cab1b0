// A^T B in bf16 on matrix tiles (Intel AMX). oneDNN 2.6 runs these products, whose left operand
// lies transposed, at two fifths of the rate of its others (mad-128: 303 GF/s of 690 to 845).
#include "ops/product/support/gemm_tn.h"
#include "ops/support/dnnl.h"
#include "ops/support/partition.h"
#include "ops/support/scratch.h"

#if defined(__x86_64__) && !defined(__clang__)
#include <immintrin.h>

// GCC 12 takes the undefined operand inside its own intrinsics for a mistake of their caller.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

namespace cambium {
namespace {
// A tile is 16 rows of 64 bytes: f32 [16,16] of C, bf16 [16,32] of A^T, or 16 pairs of rows of B's
// 16 columns. A block is 32 by 32 of C: four tiles of it, two of A and two of B are all there are.
constexpr int64_t kTileBlock = 32, kStep = 32,
                  kTileSide = 512;      // kTileSide: bf16 numbers of a tile
constexpr int64_t kPackedTiles = 1024;  // of A at a time: 1 MB of the L2 cache

#define CAMBIUM_TILES __attribute__((target("arch=x86-64-v4,amx-tile,amx-bf16")))

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

CAMBIUM_TILES inline __m512i widen_row(const uint16_t* x) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
}

// Rows p and q of 16 numbers, side by side in 32 bits each; null: zeros.
CAMBIUM_TILES inline __m512i pair_rows(const uint16_t* p, const uint16_t* q) {
  const __m512i low = p ? widen_row(p) : _mm512_setzero_si512();
  return q ? _mm512_or_si512(low, _mm512_slli_epi32(widen_row(q), 16)) : low;
}

// The 16 pairs of rows of a step at column x, `rows` of which exist. Those of the next step are
// asked for: rows are far apart, which the processor does not foresee.
CAMBIUM_TILES inline void load_pairs(const uint16_t* x, int64_t ld, int64_t rows, __m512i* r) {
  for (int64_t u = 0; u < 16; ++u, x += 2 * ld) {
    const int64_t left = rows - 2 * u;
    __builtin_prefetch(x + kStep * ld);
    __builtin_prefetch(x + (kStep + 1) * ld);
    r[u] = pair_rows(left > 0 ? x : nullptr, left > 1 ? x + ld : nullptr);
  }
}

// Transposes 16 x 16 numbers of 32 bits.
CAMBIUM_TILES inline void transpose(__m512i* r) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int half = 0; half < 16; half += 8)
    for (int i = half; i < half + 4; ++i) {
      t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
      t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    }
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
  }
}

// One tile of A^T, or of B's pairs, of a step at column x.
CAMBIUM_TILES void pack_tile(const uint16_t* x, int64_t ld, int64_t rows, bool transposed,
                             uint16_t* to) {
  __m512i r[16];
  load_pairs(x, ld, rows, r);
  if (transposed) transpose(r);
  for (int64_t u = 0; u < 16; ++u) _mm512_storeu_si512(to + u * 32, r[u]);
}

// c [32,32] (+)= A^T B over `steps`; packed a [2][steps] tiles, b [steps][2].
CAMBIUM_TILES void multiply_block(int64_t steps, const uint16_t* a, const uint16_t* b, float* c,
                                  int64_t ldc, bool accumulate) {
  const int64_t row = ldc * int64_t(sizeof(float));
  float *right = c + 16, *below = c + 16 * ldc, *last = below + 16;
  if (accumulate) {
    _tile_loadd(0, c, row);
    _tile_loadd(1, right, row);
    _tile_loadd(2, below, row);
    _tile_loadd(3, last, row);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const uint16_t* a_below = a + steps * kTileSide;
  for (int64_t s = 0; s < steps; ++s, a += kTileSide, a_below += kTileSide, b += 2 * kTileSide) {
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + kTileSide, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, a_below, 64);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, c, row);
  _tile_stored(1, right, row);
  _tile_stored(2, below, row);
  _tile_stored(3, last, row);
}

// sums[0..32) (+)= the columns of packed b: rows of ones times B.
CAMBIUM_TILES void add_columns(int64_t steps, const uint16_t* b, const uint16_t* ones, float* sums,
                               bool accumulate) {
  alignas(64) float products[2][256];
  _tile_zero(0);
  _tile_zero(1);
  _tile_loadd(4, ones, 64);
  for (int64_t s = 0; s < steps; ++s, b += 2 * kTileSide) {
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + kTileSide, 64);
    _tile_dpbf16ps(1, 4, 7);
  }
  _tile_stored(0, products[0], 64);
  _tile_stored(1, products[1], 64);
  for (int half = 0; half < 2; ++half)
    for (int i = 0; i < 16; ++i)
      sums[16 * half + i] = products[half][i] + (accumulate ? sums[16 * half + i] : 0);
}

struct TilePart {
  int64_t block, blocks, panel, panels;  // first and how many, of 32 columns of A and of B
};

// Steps of 32 rows that are packed at a time.
int64_t steps_at_once(int64_t blocks) {
  return std::clamp<int64_t>(kPackedTiles / (2 * blocks), 4, 16);
}

CAMBIUM_TILES void multiply(const GemmTn& g, const TilePart& part, const KernelArgs& k,
                            uint16_t* scratch) {
  const TileConfig config;
  _tile_loadconfig(&config);
  const int64_t most = steps_at_once(part.blocks);
  uint16_t *packed = scratch, *panel = packed + part.blocks * 2 * most * kTileSide;
  uint16_t* ones = panel + 2 * most * kTileSide;
  std::fill_n(ones, kTileSide, uint16_t(0x3f80));
  const auto *a = static_cast<const uint16_t*>(k.in[0]), *b = static_cast<const uint16_t*>(k.in[1]);
  for (int64_t row = 0; row < g.rows; row += most * kStep) {
    const int64_t rows = std::min(most * kStep, g.rows - row), steps = (rows + kStep - 1) / kStep;
    for (int64_t s = 0; s < steps; ++s)
      for (int64_t i = 0; i < 2 * part.blocks; ++i)
        pack_tile(a + (row + s * kStep) * g.m + part.block * kTileBlock + i * 16, g.m,
                  rows - s * kStep, true, packed + (i * steps + s) * kTileSide);
    for (int64_t p = part.panel; p < part.panel + part.panels; ++p) {
      for (int64_t i = 0; i < 2 * steps; ++i)
        pack_tile(b + (row + i / 2 * kStep) * g.n + p * kTileBlock + i % 2 * 16, g.n,
                  rows - i / 2 * kStep, false, panel + i * kTileSide);
      for (int64_t i = 0; i < part.blocks; ++i)
        multiply_block(steps, packed + 2 * i * steps * kTileSide, panel,
                       k.out_f32() + (part.block + i) * kTileBlock * g.n + p * kTileBlock, g.n,
                       row > 0);
      if (g.column_sums && part.block == 0)
        add_columns(steps, panel, ones, k.out_f32(1) + p * kTileBlock, row > 0);
    }
  }
  _tile_release();
}
}  // namespace

bool suits_gemm_tn_tiles(const GemmTn& g) {
  return g.dtype == DType::kBf16 && has_matrix_tiles() && g.rows >= kStep && g.m > 0 && g.n > 0 &&
         g.m % kTileBlock == 0 && g.n % kTileBlock == 0;
}

Kernel gemm_tn_tiles_kernel(const GemmTn& g) {
  const int64_t blocks = g.m / kTileBlock, panels = g.n / kTileBlock;
  const Grid grid = best_grid(blocks, panels, thread_count());
  const int64_t parts = grid.blocks * grid.panels, most = (blocks + grid.blocks - 1) / grid.blocks;
  const int64_t piece = ((2 * most + 2) * 16 + 1) * kTileSide;  // of the scratch, in numbers
  const auto run = [=](const KernelArgs& k) {
    auto* scratch = reinterpret_cast<uint16_t*>(k.scratch);
    for_each_part(parts, parts, [&](int64_t, int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        const Range rows = slice_of(blocks, i / grid.panels, grid.blocks);
        const Range columns = slice_of(panels, i % grid.panels, grid.panels);
        multiply(g, {rows.begin, rows.count(), columns.begin, columns.count()}, k,
                 scratch + i * piece);
      }
    });
  };
  return {.run = run, .scratch_bytes = parts * piece * 2, .impl = "own:amx"};
}
}  // namespace cambium
#else
namespace cambium {
bool suits_gemm_tn_tiles(const GemmTn&) {
  return false;
}

Kernel gemm_tn_tiles_kernel(const GemmTn&) {
  return {};
}
}  // namespace cambium
#endif
