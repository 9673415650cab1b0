// The passes of gat_attention_grad, whose formulas stand there; kHeads is as in load_heads.
#pragma once
#include <algorithm>

#include "ops/message/support/gat.h"

namespace cambium {
struct GatGradBuffers {
  const Adjacency* g;
  const float *z, *a_src, *a_dst, *y, *alpha, *s, *t, *dy;
  float *dz, *da_src, *da_dst;
  float *du, *weight;  // [E,H]
  float *ds, *dt;      // [N,H]
  float* partial;      // [blocks,2,H*D]
  int64_t heads, width;
  float slope;
};

// Whether no edge leads to or from node n: then nobody hears it, and zero times NaN is NaN.
inline bool is_alone(const Adjacency& g, int64_t n) {
  const auto i = size_t(n);
  return g.in.begin[i] == g.in.begin[i + 1] && g.out.begin[i] == g.out.begin[i + 1];
}

// <dy_h, x_h> of heads [from, from + n) of a row, n <= 16.
template <int64_t kHeads>
[[gnu::always_inline]] inline Lanes dots_of_heads(const GatGradBuffers& b, const float* dy,
                                                  const float* x, int64_t from, int64_t n) {
  alignas(64) float lane[kLanes] = {};
  for (int64_t h = 0; h < n; ++h) {
    const int64_t at = (from + h) * b.width;
    lane[h] = head_dot(dy + at, x + at, b.width);
  }
  return load_lanes(lane);
}

template <>
[[gnu::always_inline]] inline Lanes dots_of_heads<8>(const GatGradBuffers&, const float* dy,
                                                     const float* x, int64_t, int64_t) {
  return EightByEight(dy).dots(x);
}

// Pass 1, rows of destinations: du and the weights after dropout, for heads [from, from + n).
// `weight` holds the mask on entry when there is dropout, else 1 is meant.
template <int64_t kHeads>
[[gnu::always_inline]] inline void score_gat_row(const GatGradBuffers& b, bool masked, int64_t i,
                                                 int64_t from, int64_t n) {
  const int64_t channels = b.heads * b.width;
  const Csr& in = b.g->in;
  const float* dy = b.dy + i * channels;
  const Lanes mean = dots_of_heads<kHeads>(b, dy, b.y + i * channels, from, n);
  const Lanes t = load_heads<kHeads>(b.t + i * b.heads + from, n);
  const Lanes up = Lanes{} + 1.0f, down = Lanes{} + b.slope;
  Lanes dt = {};
  for (int32_t e = in.begin[size_t(i)]; e < in.begin[size_t(i) + 1]; ++e) {
    const int64_t j = in.neighbour[size_t(e)], edge = e * b.heads + from;
    const Lanes m = masked ? load_heads<kHeads>(b.weight + edge, n) : up;
    const Lanes alpha = load_heads<kHeads>(b.alpha + edge, n);
    const Lanes u = load_heads<kHeads>(b.s + j * b.heads + from, n) + t;
    const IntLanes positive = -std::bit_cast<IntLanes>(u) >> 31;
    Lanes du = alpha * (m * dots_of_heads<kHeads>(b, dy, b.z + j * channels, from, n) - mean);
    du *= select_lanes(positive, up, down);
    store_heads<kHeads>(b.du + edge, n, du);
    store_heads<kHeads>(b.weight + edge, n, m * alpha);
    dt += du;
  }
  store_heads<kHeads>(b.dt + i * b.heads + from, n, dt);
}

template <int64_t kHeads>
CAMBIUM_SIMD void score_gat_rows(const GatGradBuffers& b, bool masked, int64_t first,
                                 int64_t last) {
  for (int64_t i = first; i < last; ++i)
    for (int64_t h = 0; h < b.heads; h += kLanes)
      score_gat_row<kHeads>(b, masked, i, h, std::min(kLanes, b.heads - h));
}

// What row j of the sources hears: the weighted sum of dy into dz, the sum of du into ds.
template <int64_t kHeads>
[[gnu::always_inline]] inline void gather_gat_row(const GatGradBuffers& b, int64_t j, float* dz,
                                                  float* ds) {
  const int64_t channels = b.heads * b.width;
  const Csr& out = b.g->out;
  const int32_t begin = out.begin[size_t(j)], end = out.begin[size_t(j) + 1];
  if constexpr (kHeads == 8) {
    EightByEight sum(dz);
    Lanes slopes = {};
    for (int32_t k = begin; k < end; ++k) {
      const int64_t edge = b.g->out_edge[size_t(k)] * 8;
      slopes += load_heads<8>(b.du + edge, 8);
      sum.add(load_heads<8>(b.weight + edge, 8), b.dy + out.neighbour[size_t(k)] * channels);
    }
    sum.store(dz);
    store_heads<8>(ds, 8, slopes);
    return;
  }
  for (int32_t k = begin; k < end; ++k) {
    const float* dy = b.dy + out.neighbour[size_t(k)] * channels;
    const int64_t edge = b.g->out_edge[size_t(k)] * b.heads;
    for (int64_t h = 0; h < b.heads; ++h) {
      ds[h] += b.du[edge + h];
      const float w = b.weight[edge + h];
      for (int64_t d = h * b.width; d < (h + 1) * b.width; ++d) dz[d] += w * dy[d];
    }
  }
}

// Pass 2, rows of sources.
template <int64_t kHeads>
CAMBIUM_SIMD void gather_gat_rows(const GatGradBuffers& b, int64_t first, int64_t last) {
  const int64_t channels = b.heads * b.width;
  for (int64_t j = first; j < last; ++j) {
    float *dz = b.dz + j * channels, *ds = b.ds + j * b.heads;
    const float* dt = b.dt + j * b.heads;
    std::fill_n(dz, channels, 0.0f);
    std::fill_n(ds, b.heads, 0.0f);
    if (is_alone(*b.g, j)) continue;
    gather_gat_row<kHeads>(b, j, dz, ds);
    if constexpr (kHeads == 8) {
      EightByEight sum(dz);
      sum.add(load_heads<8>(ds, 8), b.a_src);
      sum.add(load_heads<8>(dt, 8), b.a_dst);
      sum.store(dz);
      continue;
    }
    for (int64_t h = 0; h < b.heads; ++h)
      for (int64_t d = h * b.width; d < (h + 1) * b.width; ++d)
        dz[d] += ds[h] * b.a_src[d] + dt[h] * b.a_dst[d];
  }
}

constexpr int64_t kGatNodesOfBlock = 128;

inline int64_t gat_blocks(int64_t nodes) {
  return (nodes + kGatNodesOfBlock - 1) / kGatNodesOfBlock;
}

// Pass 3: da_src and da_dst of each block of nodes, then of all.
template <int64_t kHeads>
CAMBIUM_SIMD void sum_gat_blocks(const GatGradBuffers& b, int64_t first, int64_t last) {
  const int64_t channels = b.heads * b.width;
  for (int64_t block = first; block < last; ++block) {
    float *src = b.partial + 2 * block * channels, *dst = src + channels;
    std::fill_n(src, 2 * channels, 0.0f);
    const int64_t end = std::min(b.g->nodes, (block + 1) * kGatNodesOfBlock);
    if constexpr (kHeads == 8) {
      EightByEight of_src(src), of_dst(dst);
      for (int64_t n = block * kGatNodesOfBlock; n < end; ++n) {
        if (is_alone(*b.g, n)) continue;
        of_src.add(load_heads<8>(b.ds + n * 8, 8), b.z + n * channels);
        of_dst.add(load_heads<8>(b.dt + n * 8, 8), b.z + n * channels);
      }
      of_src.store(src);
      of_dst.store(dst);
      continue;
    }
    for (int64_t n = block * kGatNodesOfBlock; n < end; ++n)
      for (int64_t h = 0; h < b.heads && !is_alone(*b.g, n); ++h) {
        const float ds = b.ds[n * b.heads + h], dt = b.dt[n * b.heads + h];
        const float* z = b.z + n * channels;
        for (int64_t d = h * b.width; d < (h + 1) * b.width; ++d) {
          src[d] += ds * z[d];
          dst[d] += dt * z[d];
        }
      }
  }
}

template <int64_t kHeads> void sum_gat_nodes(const GatGradBuffers& b) {
  const int64_t channels = b.heads * b.width, blocks = gat_blocks(b.g->nodes);
  parallel_for(blocks, 100'000 / (kGatNodesOfBlock * (channels + 1)) + 1,
               [&](int64_t first, int64_t last) { sum_gat_blocks<kHeads>(b, first, last); });
  std::fill_n(b.da_src, channels, 0.0f);
  std::fill_n(b.da_dst, channels, 0.0f);
  for (int64_t k = 0; k < blocks; ++k)
    for (int64_t d = 0; d < channels; ++d) {
      b.da_src[d] += b.partial[2 * k * channels + d];
      b.da_dst[d] += b.partial[(2 * k + 1) * channels + d];
    }
}
}  // namespace cambium
