#include "ops/norm/support/norm.h"

namespace cambium {
void require_norm_inputs(const Call& c, int x, std::span<const int> parameters) {
  require_f32(c, x);
  require_channels(c, x, parameters, c.shape(x));
}

void require_channels(const Call& c, int x, std::span<const int> parameters,
                      const Shape& channels_last) {
  require(channels_last.rank() >= 1, "a norm needs an axis of channels, got a scalar");
  const int64_t channels = channels_last.last();
  for (int p : parameters) {
    require_f32(c, p);
    require(c.shape(p) == Shape{channels}, "input ", p, " is ", c.shape(p), ", x is ", c.shape(x),
            " with ", channels, " channels");
  }
}

std::optional<Absorbed> absorb_cast(const Call& c, std::string_view reader,
                                    const Attrs& reader_attrs, Value) {
  NormAttrs attrs = c.as<NormAttrs>();
  if (!is_narrowing(reader, reader_attrs) || attrs.to == "bf16") return {};
  attrs.to = "bf16";
  return Absorbed{{c.in.begin(), c.in.end()}, attrs};
}

std::optional<Absorbed> absorb_gradient_sum(const Call& c, int residual, std::string_view reader,
                                            Value operand) {
  if (reader != "add" || !operand || c.has(residual) || operand.type() != c.out[0].type())
    return {};
  std::vector<Value> inputs(c.in.begin(), c.in.end());
  inputs.resize(size_t(residual) + 1);
  inputs[size_t(residual)] = operand;
  return Absorbed{inputs, c.attrs};
}

void require_gradient_residual(const Call& c, int x, int residual) {
  if (!c.has(residual)) return;
  require_f32(c, residual);
  require(c.shape(residual) == c.shape(x), "the residual is ", c.shape(residual), ", x ",
          c.shape(x));
}

std::vector<InPlace> gradient_in_place(const Call& c, int residual) {
  std::vector<InPlace> options = {{0, 0}};
  if (c.has(residual)) options.push_back({0, residual});
  return options;
}

Kernel norm_kernel(int64_t rows, int64_t n, DType dtype, NormRows f) {
  if (dtype == DType::kF32)
    return {.run = [=](const KernelArgs& k) {
      parallel_for(rows, kPointwiseGrain / (n + 1) + 1, [&](int64_t begin, int64_t end) {
        f(k, begin, end - begin, k.out_f32() + begin * n);
      });
    }};
  constexpr int64_t kRows = 16;  // stay in the cache between f32 and bf16
  const int64_t parts = rows * n <= kPointwiseGrain ? 1 : part_count(rows);
  Scratch scratch;
  scratch.add_f32(kRows * n);
  const int64_t piece = scratch.bytes;
  const auto run = [=](const KernelArgs& k) {
    for_each_part(rows, parts, [&](int64_t part, int64_t begin, int64_t end) {
      auto* wide = reinterpret_cast<float*>(k.scratch + part * piece);
      for (int64_t r = begin; r < end; r += kRows) {
        const int64_t count = std::min(kRows, end - r);
        f(k, r, count, wide);
        narrow_range(wide, static_cast<uint16_t*>(k.out[0]) + r * n, count * n);
      }
    });
  };
  return {.run = run, .scratch_bytes = parts * piece};
}

void require_row_statistics(const Call& c, int x, std::span<const int> statistics) {
  for (int s : statistics) {
    require_f32(c, s);
    require(c.shape(s) == row_shape(c.shape(x)), "input ", s, " is ", c.shape(s),
            ", one number a row of ", c.shape(x), " is ", row_shape(c.shape(x)));
  }
}
}  // namespace cambium
