// Gradient of depthwise kernels, 16 channels at a time: both images are packed so that a row of
// taps is a row of registers, dw[ky,kx,c] += x[y + ky, x + kx, c] dy[y,x,c].
#include "core/system/parallel.h"
#include "ops/conv/support/conv.h"
#include "ops/support/partition.h"
#include "ops/support/scratch.h"
#include "ops/support/tile.h"

namespace cambium {
namespace {
constexpr int64_t kBatchGroups = 4;  // fixed, so that sums do not depend on the threads

struct Problem {
  ConvSizes z;
  const float *x, *dy;
  float* partial;  // [groups, KY * KX + 1, blocks * 16]; the last row is db

  int64_t blocks() const { return (z.C + kLanes - 1) / kLanes; }

  int64_t groups() const { return std::min(z.B, kBatchGroups); }

  int64_t taps() const { return z.y.kernel * z.x.kernel; }

  int64_t padded_rows() const { return z.y.extent + z.y.before + z.y.after; }

  int64_t padded_columns() const { return z.x.extent + z.x.before + z.x.after; }

  int64_t image_floats() const {
    return (padded_rows() * padded_columns() + z.y.out * z.x.out) * kLanes;
  }
};

// to[i] = 16 channels of pixel i, zeros beyond the last channel.
[[gnu::always_inline]] inline void pack_channels(const float* from, int64_t pixels, int64_t C,
                                                 int64_t first, float* to) {
  const int64_t count = std::min(kLanes, C - first);
  for (int64_t i = 0; i < pixels; ++i, from += C, to += kLanes) {
    if (count == kLanes) {
      store_lanes(to, load_lanes(from + first));
      continue;
    }
    for (int64_t l = 0; l < kLanes; ++l) to[l] = l < count ? from[first + l] : 0;
  }
}

// sum[k] += over all windows x[tap k] dy, for N neighbouring taps of one kernel row.
template <int N>
[[gnu::always_inline]] inline void add_taps(const Problem& p, const float* x, const float* dy,
                                            float* sums, int64_t stride) {
  Lanes sum[N];
#pragma GCC unroll 8
  for (int k = 0; k < N; ++k) sum[k] = load_lanes(sums + k * stride);
  const int64_t step = p.z.x.stride * kLanes, next = p.z.x.dilation * kLanes;
  for (int64_t oy = 0; oy < p.z.y.out; ++oy) {
    const float* row = x + oy * p.z.y.stride * p.padded_columns() * kLanes;
    for (int64_t ox = 0; ox < p.z.x.out; ++ox, dy += kLanes) {
      const Lanes d = load_lanes(dy);
#pragma GCC unroll 8
      for (int k = 0; k < N; ++k) sum[k] += d * load_lanes(row + ox * step + k * next);
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < N; ++k) store_lanes(sums + k * stride, sum[k]);
}

[[gnu::always_inline]] inline void add_image(const Problem& p, const float* x, const float* dy,
                                             float* sums, int64_t stride) {
  const Window &y_axis = p.z.y, &x_axis = p.z.x;
  for (int64_t ky = 0; ky < y_axis.kernel; ++ky) {
    const float* row = x + ky * y_axis.dilation * p.padded_columns() * kLanes;
    for (int64_t kx = 0; kx < x_axis.kernel;) {
      const float* at = row + kx * x_axis.dilation * kLanes;
      float* to = sums + (ky * x_axis.kernel + kx) * stride;
      const int64_t left = x_axis.kernel - kx;
      if (left == 7) {
        add_taps<7>(p, at, dy, to, stride);
        kx += 7;
      } else if (left >= 5) {
        add_taps<5>(p, at, dy, to, stride);
        kx += 5;
      } else if (left >= 3) {
        add_taps<3>(p, at, dy, to, stride);
        kx += 3;
      } else {
        add_taps<1>(p, at, dy, to, stride);
        kx += 1;
      }
    }
  }
}

// Items [first, last) of (channel block, batch group).
CAMBIUM_SIMD void sum_items(const Problem& p, int64_t first, int64_t last, float* images) {
  const ConvSizes& z = p.z;
  const int64_t stride = p.blocks() * kLanes, pixels = z.y.out * z.x.out;
  const int64_t padded = p.padded_rows() * p.padded_columns() * kLanes;
  float* dy = images + padded;
  std::fill_n(images, padded, 0.0f);  // the border stays zero
  for (int64_t item = first; item < last; ++item) {
    const int64_t group = item % p.groups(), channel = item / p.groups() * kLanes;
    float* sums = p.partial + group * (p.taps() + 1) * stride + channel;
    for (int64_t k = 0; k <= p.taps(); ++k) store_lanes(sums + k * stride, Lanes{});
    const int64_t end = z.B * (group + 1) / p.groups();
    for (int64_t b = z.B * group / p.groups(); b < end; ++b) {
      const float* x = p.x + b * z.y.extent * z.x.extent * z.C;
      for (int64_t r = 0; r < z.y.extent; ++r)
        pack_channels(x + r * z.x.extent * z.C, z.x.extent, z.C, channel,
                      images + ((r + z.y.before) * p.padded_columns() + z.x.before) * kLanes);
      pack_channels(p.dy + b * pixels * z.C, pixels, z.C, channel, dy);
      add_image(p, images, dy, sums, stride);
      Lanes db = load_lanes(sums + p.taps() * stride);
      for (int64_t i = 0; i < pixels; ++i) db += load_lanes(dy + i * kLanes);
      store_lanes(sums + p.taps() * stride, db);
    }
  }
}

// Row `tap` of all groups, added in order.
void add_groups(const Problem& p, int64_t tap, float* to) {
  const int64_t stride = p.blocks() * kLanes;
  for (int64_t c = 0; c < p.z.C; ++c) {
    float sum = 0;
    for (int64_t g = 0; g < p.groups(); ++g)
      sum += p.partial[(g * (p.taps() + 1) + tap) * stride + c];
    to[c] = sum;
  }
}
}  // namespace

Kernel depthwise_grad_weights_kernel(const ConvSizes& z, bool bias) {
  const Problem sizes{z, nullptr, nullptr, nullptr};
  const int64_t items = sizes.blocks() * sizes.groups(), parts = part_count(items);
  Scratch scratch;
  const int64_t partial =
      scratch.add_f32(sizes.groups() * (sizes.taps() + 1) * sizes.blocks() * kLanes);
  const int64_t images = scratch.add_f32(parts * sizes.image_floats());
  const auto run = [=](const KernelArgs& args) {
    Problem p = sizes;
    p.x = args.f32(0);
    p.dy = args.f32(1);
    p.partial = reinterpret_cast<float*>(args.scratch + partial);
    float* all_images = reinterpret_cast<float*>(args.scratch + images);
    for_each_part(items, parts, [&](int64_t part, int64_t first, int64_t last) {
      sum_items(p, first, last, all_images + part * p.image_floats());
    });
    for (int64_t tap = 0; tap < p.taps(); ++tap) add_groups(p, tap, args.out_f32(0) + tap * z.C);
    if (bias) add_groups(p, p.taps(), args.out_f32(1));
  };
  return {.run = run, .scratch_bytes = scratch.bytes};
}
}  // namespace cambium
