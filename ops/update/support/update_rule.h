// Updates that treat every element alike, from one rule. An op of such a rule has the inputs
//   lr [], scale [], (step i64 [] when A::kStep), (A::kScalars further f32 []),
//   p1..pn, g1..gn, then kStates groups of n states
// and answers p', then the states, all in place, then the p' of A::narrow in bf16. A rule is
//   template <class T> struct Rule {
//     Rule(const A&, const TensorStep&);         // its numbers for one tensor in one step
//     T operator()(T p, T g, T* states) const;   // answers p', changes the states; always_inline
//   };
// and serves the reference with T = double and the kernel with T = float.
#pragma once
#include <array>
#include <cmath>

#include "ops/support/bf16.h"
#include "ops/support/reach.h"
#include "ops/update/support/update.h"

namespace cambium {
// What the attributes of every update by a rule hold.
struct PerTensor {
  std::vector<double> weight_decay, lr_scale;
  std::vector<int64_t> narrow;
  static constexpr auto fields = std::tuple{
      field("weight_decay", &PerTensor::weight_decay, "decay of each tensor; empty: 0").in(0),
      field("lr_scale", &PerTensor::lr_scale, "factor on lr of each tensor; empty: 1").in(0),
      field("narrow", &PerTensor::narrow, "numbers of the tensors that are answered in bf16 too")
          .in(0)};
};

// What an update knows of a tensor in a step, in double. `decay` is what the spec says, without lr;
// `scalars` follow step; `once` is A::once(step), computed once for all tensors.
struct TensorStep {
  double lr = 0, scale = 1, decay = 0, step = 0;
  std::array<double, 2> scalars = {};
  std::array<double, 3> once = {};
};

template <int N> struct StatePointers {
  std::array<const float*, N> from;
  std::array<float*, N> to;
};

template <class R, size_t... I>
CAMBIUM_SIMD void update_range(const float* p, const float* g, float* to,
                               StatePointers<int(sizeof...(I))> s, int64_t n, R rule,
                               std::index_sequence<I...>) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    float state[sizeof...(I) + 1] = {s.from[I][i]...};
    to[i] = rule(p[i], g[i], state);
    ((s.to[I][i] = state[I]), ...);
  }
}

template <class A, template <class> class Rule, int kStates> struct UpdateRule {
  static constexpr int kFirst = 2 + int(A::kStep) + A::kScalars;  // input of p1

  static int tensors(const Call& c) { return (c.inputs() - kFirst) / (2 + kStates); }

  static std::vector<ValueType> shape(const Call& c) {
    const auto& a = c.as<A>();
    const int n = tensors(c);
    require((c.inputs() - kFirst) % (2 + kStates) == 0, c.inputs() - kFirst, " tensors are not ",
            2 + kStates, " groups of one size");
    check_update_inputs(c, 2, kFirst, 2 + kStates, n);
    if (A::kStep)
      require(c.has(2) && c.in[2].type() == ValueType{DType::kI64, {}}, "step must be i64 []");
    for (int i = 2 + int(A::kStep); i < kFirst; ++i)
      require(c.has(i) && c.in[size_t(i)].type() == ValueType{DType::kF32, {}}, "input ", i,
              " must be f32 []");
    per_tensor(a.weight_decay, n, 0, "weight_decay");
    per_tensor(a.lr_scale, n, 1, "lr_scale");
    std::vector<ValueType> types = types_of(c, kFirst, n);
    for (const ValueType& t : types_of(c, kFirst + 2 * n, kStates * n)) types.push_back(t);
    for (int64_t k : a.narrow) {
      require(k < n, "narrow names tensor ", k, " of ", n);
      types.push_back({DType::kBf16, c.shape(kFirst + int(k))});
    }
    return types;
  }

  // `number(i)` is input i as a double.
  template <class F> static TensorStep step_of(const A& a, const F& number) {
    TensorStep s{.lr = number(0), .scale = number(1)};
    if (A::kStep) s.step = number(2);
    for (int i = 0; i < A::kScalars; ++i) s.scalars[size_t(i)] = number(2 + int(A::kStep) + i);
    if constexpr (requires { a.once(s.step); }) s.once = a.once(s.step);
    return s;
  }

  static void reference(const Call& c, std::span<const Ref> in, std::span<Ref> out) {
    const auto& a = c.as<A>();
    const size_t n = size_t(tensors(c));
    const auto decay = per_tensor(a.weight_decay, int(n), 0, ""),
               lr_scale = per_tensor(a.lr_scale, int(n), 1, "");
    const TensorStep all = step_of(a, [&](int i) { return in[size_t(i)][0]; });
    for (size_t k = 0; k < n; ++k) {
      TensorStep s = all;
      s.lr *= lr_scale[k];
      s.decay = decay[k];
      const Rule<double> rule(a, s);
      for (int64_t i = 0; i < out[k].size(); ++i) {
        double state[kStates + 1] = {};
        for (size_t j = 0; j < kStates; ++j) state[j] = in[kFirst + (2 + j) * n + k][i];
        out[k][i] = rule(in[kFirst + k][i], in[kFirst + n + k][i], state);
        for (size_t j = 0; j < kStates; ++j) out[(1 + j) * n + k][i] = state[j];
      }
    }
    for (size_t j = 0; j < a.narrow.size(); ++j) {
      Ref& copy = out[(1 + kStates) * n + j];
      copy.data = out[size_t(a.narrow[j])].data;
      round_to_bf16(copy);
    }
  }

  static Kernel kernel(const Call& c, Engine&) {
    const auto& a = c.as<A>();
    const int n = tensors(c);
    const auto decay = per_tensor(a.weight_decay, n, 0, ""),
               lr_scale = per_tensor(a.lr_scale, n, 1, "");
    std::vector<int> copy_of(size_t(n), -1);  // tensor -> the output that is its copy
    for (int j = 0; int64_t k : a.narrow) copy_of[size_t(k)] = (1 + kStates) * n + j++;
    return {.run = [=, chunks = UpdateChunks(c, kFirst, n)](const KernelArgs& args) {
      const TensorStep all = step_of(a, [&](int i) {
        return A::kStep && i == 2 ? double(args.i64(2)[0]) : double(args.f32(i)[0]);
      });
      chunks.each([&](UpdatePiece piece) {
        const int k = piece.tensor;
        const int64_t at = piece.begin;
        TensorStep s = all;
        s.lr *= lr_scale[size_t(k)];
        s.decay = decay[size_t(k)];
        StatePointers<kStates> states;
        for (int j = 0; j < kStates; ++j) {
          states.from[size_t(j)] = args.f32(kFirst + (2 + j) * n + k) + at;
          states.to[size_t(j)] = args.out_f32((1 + j) * n + k) + at;
        }
        update_range(args.f32(kFirst + k) + at, args.f32(kFirst + n + k) + at, args.out_f32(k) + at,
                     states, piece.end - at, Rule<float>(a, s),
                     std::make_index_sequence<size_t(kStates)>());
        if (const int copy = copy_of[size_t(k)]; copy >= 0)  // while p' is in the cache
          narrow_range(args.out_f32(k) + at, static_cast<uint16_t*>(args.out[copy]) + at,
                       piece.end - at);
      });
    }};
  }

  static Attrs narrowed(const Attrs& attrs, const std::vector<int64_t>& tensors) {
    A a = attrs.as<A>();
    a.narrow = tensors;
    return a;
  }

  template <int kFlops> static Cost cost(const Call& c) {
    double elements = 0;
    for (int k = 0; k < tensors(c); ++k) elements += double(c.shape(kFirst + k).count());
    double narrow = 0;
    for (int64_t k : c.as<A>().narrow) narrow += double(c.shape(kFirst + int(k)).count());
    return {.flops = kFlops * elements + narrow,
            .bytes = 4.0 * (3 + 2 * kStates) * elements + 2 * narrow};
  }

  static std::vector<InPlace> in_place(const Call& c) {
    const int n = tensors(c);
    std::vector<InPlace> pairs;
    for (int k = 0; k < n; ++k) pairs.push_back({k, kFirst + k});
    for (int k = 0; k < kStates * n; ++k) pairs.push_back({n + k, kFirst + 2 * n + k});
    return pairs;
  }

  template <int kFlops>
  static Op op(std::string_view name, std::string_view doc, std::vector<Sample> samples) {
    return {.name = name,
            .doc = doc,
            .min_inputs = kFirst + 2 + kStates,
            .max_inputs = -1,
            .attrs = fields_of<A>,
            .shape = shape,
            .reference = reference,
            .kernel = kernel,
            .cost = cost<kFlops>,
            .reach = reach_all,
            .in_place = in_place,
            .narrowed = narrowed,
            .not_onnx = kOnnxUpdate,
            .smooth = false,
            .samples = std::move(samples)};
  }

  // A sample of tensors of these shapes; states lie in [0.1, 2), so that squares suit.
  static Sample sample(std::initializer_list<Shape> shapes, Args args = {}) {
    Sample s{{SampleInput(Shape{}, 0.01, 0.1), SampleInput(Shape{}, 0.5, 1)}, std::move(args)};
    if (A::kStep) s.inputs.emplace_back(DType::kI64, Shape{}, 1, 50);
    for (int i = 0; i < A::kScalars; ++i) s.inputs.emplace_back(Shape{}, 0.1, 0.9);
    for (int group = 0; group < 2 + kStates; ++group)
      for (const Shape& shape : shapes)
        s.inputs.push_back(group < 2 ? SampleInput(shape) : SampleInput(shape, 0.1, 2));
    return s;
  }

  // Odd, one-sized, empty and large tensors, with settings of each tensor.
  static std::vector<Sample> samples(const Args& args = {}) {
    const auto with = [&](Args more) {
      more.insert(more.end(), args.begin(), args.end());
      return more;
    };
    return {sample({{3, 5}}, args),
            sample({{3, 5}, {1}}, with({{"weight_decay", std::vector<double>{0.1, 0}}})),
            sample({{0}, {3, 5}}, with({{"weight_decay", std::vector<double>{0.1, 0.5}},
                                        {"lr_scale", std::vector<double>{0.5, 2}}})),
            sample({{130, 257}, {7}}, with({{"narrow", std::vector<int64_t>{0}}})),
            sample({{3}, {0}, {2, 5}}, with({{"narrow", std::vector<int64_t>{2, 1}}}))};
  }
};
}  // namespace cambium
