#include "ops/conv/support/blocked.h"

#include "core/system/parallel.h"

namespace cambium {
namespace {
// Calls f(index in the plain image, index in the blocked one) for every element.
template <class F> void for_each_element(const Shape& blocked, const F& f) {
  const int64_t blocks = blocked[1], pixels = blocked[2] * blocked[3];
  for (int64_t i = 0; i < blocked.count(); ++i) {
    const int64_t lane = i % kBlockChannels, pixel = i / kBlockChannels % pixels;
    const int64_t block = i / kBlockChannels / pixels % blocks;
    const int64_t image = i / kBlockChannels / pixels / blocks;
    f(((image * pixels + pixel) * blocks + block) * kBlockChannels + lane, i);
  }
}

// One row of pixels: `plain` [pixels, blocks, 16], the rows of its blocks `step` apart.
template <bool kInto, class T>
CAMBIUM_SIMD void copy_row(const T* from, T* to, int64_t pixels, int64_t blocks, int64_t step) {
  constexpr size_t kBytes = kBlockChannels * sizeof(T);
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t k = 0; k < blocks; ++k) {
      const int64_t plain = (p * blocks + k) * kBlockChannels, lane = k * step + p * kBlockChannels;
      __builtin_memcpy(to + (kInto ? lane : plain), from + (kInto ? plain : lane), kBytes);
    }
}

template <bool kInto, class T> Kernel copy_kernel(const Shape& blocked) {
  const int64_t images = blocked[0], blocks = blocked[1], rows = blocked[2], pixels = blocked[3];
  const int64_t row = pixels * kBlockChannels, plane = rows * row;
  return {.run = [=](const KernelArgs& k) {
    const auto* const from = static_cast<const T*>(k.in[0]);
    auto* const to = static_cast<T*>(k.out[0]);
    parallel_for(images * rows, 16384 / (row * blocks + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t plain = r * row * blocks;
        const int64_t block = r / rows * plane * blocks + r % rows * row;
        copy_row<kInto>(from + (kInto ? plain : block), to + (kInto ? block : plain), pixels,
                        blocks, plane);
      }
    });
  }};
}
}  // namespace

Kernel block_kernel(const Shape& blocked, DType type, bool into) {
  if (type == DType::kBf16)
    return into ? copy_kernel<true, uint16_t>(blocked) : copy_kernel<false, uint16_t>(blocked);
  return into ? copy_kernel<true, float>(blocked) : copy_kernel<false, float>(blocked);
}

bool is_blocked(const Shape& image) {
  return image.rank() == 5 && image[4] == kBlockChannels;
}

Shape blocked_shape(const Shape& plain) {
  require(plain.rank() == 4, "x must be [B,Y,X,C], got ", plain);
  require(plain[3] % kBlockChannels == 0, "C = ", plain[3], " is not in blocks of ",
          kBlockChannels);
  return {plain[0], plain[3] / kBlockChannels, plain[1], plain[2], kBlockChannels};
}

Shape plain_shape(const Shape& image) {
  if (!is_blocked(image)) return image;
  return {image[0], image[2], image[3], image[1] * kBlockChannels};
}

MemoryDesc blocked_md(const Shape& blocked) {
  const Shape plain = plain_shape(blocked);
  return {{plain[0], plain[3], plain[1], plain[2]},
          dnnl::memory::data_type::f32,
          dnnl::memory::format_tag::nChw16c};
}

Ref plain_ref(const Ref& x, const Shape& image) {
  if (!is_blocked(image)) return x;
  Ref plain{std::vector<double>(x.data.size())};
  for_each_element(image, [&](int64_t to, int64_t from) { plain[to] = x[from]; });
  return plain;
}

Ref blocked_ref(const Ref& plain, const Shape& image) {
  if (!is_blocked(image)) return plain;
  Ref x{std::vector<double>(plain.data.size())};
  for_each_element(image, [&](int64_t from, int64_t to) { x[to] = plain[from]; });
  return x;
}

void in_plain_layout(const Call& c, std::span<const Ref> in, std::span<Ref> out,
                     const std::function<void(std::span<const Ref>, std::span<Ref>)>& reference) {
  std::vector<Ref> operands, results;
  for (int i = 0; i < c.inputs(); ++i)
    operands.push_back(c.has(i) ? plain_ref(in[size_t(i)], c.shape(i)) : Ref{});
  for (const Ref& x : out) results.push_back({std::vector<double>(x.data.size(), 0.0)});
  reference(operands, results);
  for (size_t k = 0; k < out.size(); ++k) out[k] = blocked_ref(results[k], c.out_shape(int(k)));
}

std::vector<int> present(const Call& c, std::initializer_list<int> inputs) {
  std::vector<int> found;
  for (int i : inputs)
    if (c.has(i)) found.push_back(i);
  return found;
}
}  // namespace cambium
