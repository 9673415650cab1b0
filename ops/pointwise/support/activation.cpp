#include "ops/pointwise/support/activation.h"

#include <algorithm>

#include "ops/pointwise/support/activation_rows.h"
#include "ops/pointwise/support/gelu.h"

namespace cambium {
namespace {
struct Identity {
  template <class T> [[gnu::always_inline]] T operator()(T x) const { return x; }
};

template <class F> struct PlusResidual {
  F f;

  [[gnu::always_inline]] float operator()(float x, float residual) const { return f(x) + residual; }
};

// Calls use(functor) with the activation of that name.
template <class Use> void with_activation(std::string_view name, const Use& use) {
  if (name == "relu") return use(ValueOf<Relu>{});
  if (name == "gelu") return use(GeluTanh{});
  if (name == "silu") return use(ValueOf<Silu>{});
  if (name == "tanh") return use(ValueOf<Tanh>{});
  if (name == "sigmoid") return use(ValueOf<Sigmoid>{});
  ensure(name == "none", "no activation '", name, "'");
  use(Identity{});
}
}  // namespace

bool can_fuse(std::string_view reader, const Attrs& reader_attrs) {
  if (reader == "gelu") return reader_attrs.as<GeluAttrs>().approximate == "tanh";
  const auto known = detail::split_choices(kFusedActivations);
  return reader != "none" && std::ranges::find(known, reader) != known.end();
}

void append_activation(dnnl::post_ops& post, std::string_view activation) {
  if (activation == "relu") append_eltwise(post, dnnl::algorithm::eltwise_relu, 0, 0);
}

void apply_activation(std::string_view activation, float* y, const float* residual, int64_t n) {
  with_activation(activation, [&](auto f) {
    parallel_for(n, kPointwiseGrain, [&](int64_t begin, int64_t end) {
      if (residual)
        map2_range<true, true>(y + begin, residual + begin, y + begin, end - begin,
                               PlusResidual<decltype(f)>{f});
      else
        map_range(y + begin, y + begin, end - begin, f);
    });
  });
}

double activate(std::string_view activation, double x) {
  double y = 0;
  with_activation(activation, [&](auto f) { y = f(x); });
  return y;
}

Value activation_gradient(std::string_view activation, Value y, const std::function<Value()>& z,
                          Value dy) {
  if (activation == "none") return dy;
  const bool from_input = activation == "gelu" || activation == "silu";
  const Value saved = from_input ? z() : y;
  return dy.graph->emit(str(activation, "_grad"), {saved, dy});
}
}  // namespace cambium
