// performer: softmax attention estimated through positive random features, at a cost linear in T
// (FAVOR+). [B,T,C] -> [B,T,C], D = C / heads
//   phi(x) = e^(W x' - |x'|^2 / 2) / sqrt(M) + eps,  x' = x / D^(1/4),  E phi(q) . phi(k) =
//   e^(q . k / sqrt(D));   relu: phi(x) = relu(W x') / sqrt(M) + eps
//   o_t = sum_s (phi(q_t) . phi(k_s)) v_s / sum_s phi(q_t) . phi(k_s);  y = o Wo
// W [M,D] has orthogonal rows in blocks of D, with the lengths of normal vectors; it is fixed by
// (seed, the block's path). No exponent is shifted: e^(|w|^2 / 2) bounds phi, and fits f32 up to
// D = 128.
#include "blocks/linear_attention/heads.h"
#include "core/rng.h"

namespace cambium::block_performer {
namespace {
struct Performer {
  int64_t heads = 1, features = 0, seed = 0;
  std::string kernel = "softmax";
  bool causal = false, bias = true;
  double eps = 1e-4;
  static constexpr auto fields = std::tuple{
      field("heads", &Performer::heads, "heads of width C / heads").in(1, 1024),
      field("features", &Performer::features, "random features M; 0: D ln D, rounded up")
          .in(0, 4096),
      field("kernel", &Performer::kernel, "what the features estimate, or plain relu features")
          .one_of("softmax|relu"),
      field("causal", &Performer::causal, "position t sees 0..t only"),
      field("eps", &Performer::eps, "added to each feature").in(0, 1),
      field("seed", &Performer::seed, "of the fixed projection").in(0),
      field("bias", &Performer::bias, "biases in the four projections")};
};

constexpr int64_t kMostWidth = 128;

// W^T [D,M] / D^(1/4).
Value projection(Builder& b, const Performer& a, int64_t d, int64_t features) {
  const auto fill = [&](Tensor& t) {
    Random random(uint64_t(a.seed), uint64_t(b.start_stream("projection")));
    std::vector<std::vector<double>> rows;  // of the block that is being made, of unit length
    for (int64_t m = 0; m < features; ++m) {
      if (int64_t(rows.size()) == d) rows.clear();
      std::vector<double> row(static_cast<size_t>(d));
      double length = 0, norm = 0;
      for (double& x : row) {
        x = random.normal();
        const double y = random.normal();
        length += y * y;
      }
      for (const auto& other : rows) {  // Gram and Schmidt
        double dot = 0;
        for (size_t i = 0; i < row.size(); ++i) dot += row[i] * other[i];
        for (size_t i = 0; i < row.size(); ++i) row[i] -= dot * other[i];
      }
      for (double x : row) norm += x * x;
      for (double& x : row) x /= std::sqrt(norm);
      const double factor = std::sqrt(length) * std::pow(double(d), -0.25);
      for (int64_t i = 0; i < d; ++i)
        t.f32()[size_t(i * features + m)] = float(row[size_t(i)] * factor);
      rows.push_back(std::move(row));
    }
  };
  return b.table(DType::kF32, {d, features}, fill);
}

Value feature_map(Builder& b, const Performer& a, Value x, Value w) {
  const auto d = double(x.shape().last()), m = double(w.shape().last());
  Value y = b.emit("linear", {x, w});  // [B,T,H,M]
  if (a.kernel == "relu") {
    y = b.emit("relu", {y});
  } else {
    const Value square = b.emit("reduce_sum", {b.emit("square", {x})},
                                {{"axes", std::vector<int64_t>{3}}, {"keep", true}});
    const Value half = b.emit("scale", {square}, {{"a", 0.5 / std::sqrt(d)}});  // [B,T,H,1]
    y = b.emit("exp", {b.emit("sub", {y, half})});
  }
  return plus(b, b.emit("scale", {y}, {{"a", 1 / std::sqrt(m)}}), a.eps);
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Performer>();
  const int64_t c = s.channels();
  require_heads(a.heads, c);
  const int64_t d = c / a.heads;
  require_base_width(b, d, a.heads);
  if (d > kMostWidth)
    throw OptionError("heads",
                      str("heads = ", a.heads, " of C = ", c, " are ", d,
                          " wide, random features of e^(q . k) overflow above ", kMostWidth),
                      str("use heads: ", (c + kMostWidth - 1) / kMostWidth, " or more"), c);
  const int64_t wanted = int64_t(std::ceil(double(d) * std::log(double(std::max<int64_t>(2, d)))));
  const Value w = projection(b, a, d, a.features > 0 ? a.features : wanted);
  const auto project = [&](std::string_view name) {
    return split_heads(b, b.linear(name, s.x, c, a.bias), a.heads);
  };
  const Value q = feature_map(b, a, project("q"), w), k = feature_map(b, a, project("k"), w);
  const Value v = project("v");
  const Value o = linear_mix(b, q, k, v, padding_mask(s), a.causal, true, 0);
  s.x = b.residual_linear("o", merge_heads(b, o), c, a.bias);
  return s;
}
}  // namespace

extern const Block block_performer = {
    .name = "performer",
    .family = "linear attention",
    .doc = "Softmax attention estimated with positive orthogonal random features",
    .formula = "phi(x) = e^(W x' - |x'|^2 / 2) / sqrt(M); y = linear attention with phi",
    .paper = "Choromanski et al. 2020, arXiv 2009.14794",
    .attrs = fields_of<Performer>,
    .primary = "heads",
    .accepts = {Domain::kTokens},
    .steps = true,
    .keeps_shape = true,
    .looks_back_with = "causal: true",
    .build = build,
    .samples = {{"performer: {heads: 2, causal: true}", Domain::kTokens, {2, 5, 6}},
                {"performer: {features: 7, seed: 3}", Domain::kTokens, {1, 6, 4}},
                {"performer: {heads: 3, kernel: relu, bias: false, eps: 0.1}",
                 Domain::kTokens,
                 {2, 3, 6}}}};
}  // namespace cambium::block_performer
