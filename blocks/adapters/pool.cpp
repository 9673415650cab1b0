// pool: one vector for each example, from all its places. Any domain -> [B,C]
//   attention: y = sum_p alpha_p x_p, alpha = softmax over places of <x_p, w>
// Places that pad the data (smaller graphs, shorter texts) are left out: `last` is the last real
// one.
#include "blocks/padding.h"

namespace cambium::block_pool {
namespace {
struct Pool {
  std::string kind = "mean";
  static constexpr auto fields =
      std::tuple{field("kind", &Pool::kind, "over all places; first and last need an order")
                     .one_of("mean|sum|max|attention|first|last")};
};

// Any stream as [B, places, C].
Value as_places(Builder& b, const Stream& s) {
  const Shape in = s.shape();
  const int64_t batch = s.domain == Domain::kGraph ? s.batch : in[0];
  if (s.domain == Domain::kTokens) return s.x;
  return b.emit("reshape", {s.x},
                {{"shape", std::vector<int64_t>{batch, in.rows() / batch, in.last()}}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const std::string& kind = use.attrs.as<Pool>().kind;
  const bool pick = kind == "first" || kind == "last";
  require_option("kind", !pick || s.domain != Domain::kGraph, "kind = ", kind,
                 " needs an order, a graph has none");
  const Value x = as_places(b, s);  // [B,P,C]
  const int64_t places = x.shape()[1];
  require(places > 0, "there is nothing to pool");
  const Value mask = padding_mask(s);
  if (mask) {
    s.x = pool_unpadded(b, kind, x, mask);
  } else if (pick) {
    const int64_t at = kind == "first" ? 0 : places - 1;
    const Value one = b.emit("slice", {x}, {{"axis", 1}, {"begin", at}, {"end", at + 1}});
    s.x = b.emit("reshape", {one}, {{"shape", std::vector<int64_t>{x.shape()[0], x.shape()[2]}}});
  } else if (kind == "attention") {
    const Value scores = b.linear("score", x, 1, false);  // [B,P,1]
    const Value alpha = b.emit("softmax", {scores}, {{"axis", 1}});
    s.x = b.emit("reduce_sum", {b.emit("mul", {x, alpha})}, {{"axes", 1}, {"keep", false}});
  } else {
    s.x = b.emit(kind == "sum"    ? "reduce_sum"
                 : kind == "mean" ? "reduce_mean"
                                  : "reduce_max",
                 {x}, {{"axes", std::vector<int64_t>{1}}, {"keep", false}});
  }
  Stream out;
  out.domain = Domain::kVector;
  out.x = s.x;  // [B,C]
  return out;
}
}  // namespace

extern const Block block_pool = {
    .name = "pool",
    .family = "adapters",
    .doc = "Turns any stream into one vector for each example",
    .formula = "y[b] = mean, sum, max, first, last or softmax-weighted mean of x[b]",
    .paper = "Li et al. 2016, arXiv 1511.05493; Hassani et al. 2021, arXiv 2104.05704 (attention)",
    .attrs = fields_of<Pool>,
    .primary = "kind",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph},
    .looks_back_with = "the tokens as they are: an answer is asked for at each of them",
    .build = build,
    .samples = {{"pool: mean", Domain::kTokens, {2, 3, 4}},
                {"pool: max", Domain::kGrid, {2, 3, 2, 4}},
                {"pool: first", Domain::kTokens, {1, 3, 2}},
                {"pool: last", Domain::kTokens, {2, 3, 2}},
                {"pool: mean", Domain::kGraph, {6, 3}},
                {"pool: sum", Domain::kGraph, {6, 3}},
                {"pool: attention", Domain::kGraph, {5, 3}},
                {"pool: attention", Domain::kGrid, {2, 3, 2, 4}},
                {"pool: sum", Domain::kTokens, {2, 3, 4}}}};
}  // namespace cambium::block_pool
