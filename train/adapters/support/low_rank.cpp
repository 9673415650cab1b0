#include "train/adapters/support/low_rank.h"

namespace cambium {
namespace {
Value scaled(Value x, double s) {
  return s == 1 ? x : x.graph->emit("scale", {x}, {{"a", s}});
}
}  // namespace

LowRankPair low_rank_pair(AdapterSite& site, const AdaptedWeight& w, int64_t rank) {
  const LowRankShape s = low_rank_shape(w);
  const bool experts = s.copies > 1;
  const auto shape = [&](int64_t rows, int64_t columns) {
    return experts ? Shape{s.copies, rows, columns} : Shape{rows, columns};
  };
  const auto info = [&](Init init) {
    ParameterInfo i{.init = init, .kind = ParameterKind::kMatrix};
    i.fan_in = {experts ? 1 : 0};
    i.fan_out = {experts ? 2 : 1};
    return i;
  };
  // Rows of a table are looked up, not summed: there A starts at zero and B as N(0, 1), as in PEFT.
  const bool table = w.info.kind == ParameterKind::kEmbedding;
  const Init drawn{Init::kUniform, 1 / std::sqrt(double(std::max<int64_t>(1, s.in)))};
  const Init a = table ? Init{} : drawn, b = table ? Init{Init::kNormal, 1} : Init{};
  return {site.parameter("lora_A", shape(s.in, rank), info(a)),
          site.parameter("lora_B", shape(rank, s.out), info(b))};
}

std::string low_rank_refusal(const AdaptedWeight& w, int64_t rank, int64_t more) {
  if (w.shape.rank() < 2) return str("it is a vector ", w.shape);
  const LowRankShape s = low_rank_shape(w);
  const int64_t count = s.copies * rank * (s.in + s.out) + more;
  if (count < w.shape.count()) return {};
  return str("an adapter of rank ", rank, " has ", count, " numbers, ", w.shape, " itself ",
             w.shape.count());
}

Value low_rank_whole(AdapterSite& site, const AdaptedWeight& w, Value weight, const LowRank& a,
                     double s) {
  Graph& g = site.graph;
  const LowRankPair p = low_rank_pair(site, w, a.rank);
  Value delta = g.emit("matmul", {scaled(p.a, s), p.b});
  if (delta.shape() != w.shape) {
    const std::vector<int64_t> shape(w.shape.dims().begin(), w.shape.dims().end());
    delta = g.emit("reshape", {delta}, {{"shape", shape}});
  }
  return g.emit("add", {weight, delta});
}

Value low_rank_term(AdapterSite& site, const AdaptedWeight& w, const ProductUse& use,
                    const LowRank& a, double s, Value scale) {
  const LowRankPair p = low_rank_pair(site, w, a.rank);
  const Value low = scaled(use.apply(use.transposed ? p.b : p.a, a.dropout, scale), s);
  if (use.transposed) return site.graph.emit("matmul", {low, p.a}, {{"transpose_b", true}});
  return site.graph.emit("linear", {low, p.b});
}
}  // namespace cambium
