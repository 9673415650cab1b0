// Filters as long as a sequence.
#include <cmath>
#include <limits>

#include "ops/support/onnx/parts.h"

namespace cambium {
// In double: powers of e^p lose digits with the length. Of complex numbers both parts.
void onnx_s4d_kernel(OnnxUse& u) {
  enum Input { kLogDt, kLogA, kImaginary, kRe, kIm };

  u.options_may_differ();
  const auto wide = [&](const std::string& x) { return u.op("Cast", {x}, {{"to", int64_t{11}}}); };
  const auto number = [&](double v) {
    OnnxTensor t{OnnxType::kF64, {}, std::vector<std::byte>(sizeof v)};
    std::memcpy(t.data.data(), &v, sizeof v);
    return u.tensor(std::move(t));
  };
  const auto mul = [&](const std::string& a, const std::string& b) { return u.op("Mul", {a, b}); };
  const auto add = [&](const std::string& a, const std::string& b) { return u.op("Add", {a, b}); };
  const auto sub = [&](const std::string& a, const std::string& b) { return u.op("Sub", {a, b}); };
  const auto sine = [&](const std::string& x) { return u.op("Sin", {x}); };
  const auto cosine = [&](const std::string& x) { return sine(add(x, number(std::acos(0.0)))); };
  const std::string dt = u.unsqueeze(u.op("Exp", {wide(u.in(kLogDt))}), {1});  // [C,1]
  const std::string re = u.op("Neg", {mul(dt, u.op("Exp", {wide(u.in(kLogA))}))});
  const std::string im = mul(dt, wide(u.in(kImaginary)));  // pole = re + i im, [C,N]
  // (e^pole - 1) / pole
  const std::string size = u.op("Exp", {re});
  const std::string top_re = sub(mul(size, cosine(im)), number(1)), top_im = mul(size, sine(im));
  const std::string square = add(mul(re, re), mul(im, im));
  const std::string ratio_re = u.op("Div", {add(mul(top_re, re), mul(top_im, im)), square});
  const std::string ratio_im = u.op("Div", {sub(mul(top_im, re), mul(top_re, im)), square});
  // weight = c dt ratio
  const std::string c_re = mul(dt, wide(u.in(kRe))), c_im = mul(dt, wide(u.in(kIm)));
  const std::string w_re = sub(mul(c_re, ratio_re), mul(c_im, ratio_im));
  const std::string w_im = add(mul(c_re, ratio_im), mul(c_im, ratio_re));
  const std::string place = u.unsqueeze(wide(u.range(u.size_of(u.out_dim(0)))), {1, 2});  // [L,1,1]
  const std::string power = u.op("Exp", {mul(place, re)}), angle = mul(place, im);
  const std::string part =
      mul(power, sub(mul(w_re, cosine(angle)), mul(w_im, sine(angle))));  // [L,C,N]
  u.out(0, u.to_f32(mul(u.sum(part, {2}, false), number(2))));
}

// As a convolution of each channel with its filter, behind T - 1 zeros.
void onnx_long_conv(OnnxUse& u) {
  if (u.flag("correlate")) u.refuse("it looks ahead, as gradients do");
  const OnnxSize T = u.dim(0, 1);
  const int64_t C = u.shape(0)[2];
  const std::string rest = u.op("Sub", {u.size_of(T), u.i64(1)});
  const std::string pads =
      u.op("Concat", {u.i64s({0, 0}), rest, u.i64s({0, 0, 0})}, {{"axis", int64_t{0}}});
  const std::string x = u.op("Pad", {u.transpose(u.in(0), {0, 2, 1}), pads});
  const std::string back =
      u.op("Slice",
           {u.in(1), u.i64(-1), u.i64(std::numeric_limits<int64_t>::min()), u.i64(0), u.i64(-1)});
  const std::string w = u.unsqueeze(u.transpose(back, {1, 0}), {1});  // [C,1,T]
  u.out(0, u.transpose(u.op("Conv", {x, w}, {{"group", C}}), {0, 2, 1}));
}

void onnx_reverse_sequence(OnnxUse& u) {
  if (!u.has(1)) {
    u.out(0, u.op("Slice", {u.in(0), u.i64(-1), u.i64(std::numeric_limits<int64_t>::min()),
                            u.i64(1), u.i64(-1)}));
    return;
  }
  const std::string real = u.to_i64(u.op("GreaterOrEqual", {u.in(1), u.f32(0.5)}));
  const std::string length = u.op("Max", {u.sum(real, {1}, false), u.i64(1)});
  u.out(0, u.op("ReverseSequence", {u.in(0), length},
                {{"batch_axis", int64_t{0}}, {"time_axis", int64_t{1}}}));
}
}  // namespace cambium
