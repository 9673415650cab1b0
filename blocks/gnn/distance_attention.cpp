// distance_attention: attention among all nodes of a graph, whose scores get a learned number for
// each distance between two nodes. [N,C] -> [N,C]
//   s_ij = q_i . k_j / sqrt(D) + b[edges of the shortest way between i and j];  y = softmax(s) v Wo
// Distances are searched for once a step, O(nodes edges) a graph; scores and biases of all pairs of
// a graph's nodes are stored, H n^2 numbers a graph. Nobody looks at padding.
#include "blocks/gnn/support.h"
#include "blocks/transformer/attend.h"

namespace cambium::block_distance_attention {
namespace {
struct DistanceAttention {
  int64_t heads = 4, head_dim = 0, max_distance = 16;
  double dropout = 0;
  bool bias = true, qk_norm = false;
  std::string share_bias = "";
  static constexpr auto fields = std::tuple{
      field("heads", &DistanceAttention::heads,
            "attention heads, of width C / heads unless head_dim says another")
          .in(1, 1024),
      field("head_dim", &DistanceAttention::head_dim,
            "width of a head; 0: C / heads, which heads must divide")
          .in(0, kMostHeadWidth),
      field("max_distance", &DistanceAttention::max_distance,
            "the farthest that is told apart; nodes farther away, and those that no way leads to, "
            "have one number")
          .in(0, 65536),
      field("share_bias", &DistanceAttention::share_bias,
            "a label; blocks with the same one have one table of biases, such as all of a repeat"),
      field("dropout", &DistanceAttention::dropout, "of the attention weights").in(0, 0.99),
      field("bias", &DistanceAttention::bias, "biases in the projections"),
      field("qk_norm", &DistanceAttention::qk_norm, "RMS-normalise queries and keys per head")};
};

Heads heads_of(const DistanceAttention& a) {
  Heads h;
  h.heads = a.heads;
  h.head_dim = a.head_dim;
  h.dropout = a.dropout;
  h.bias = a.bias;
  h.qk_norm = a.qk_norm;
  return h;
}

// [graphs,H,n,n], keys before queries.
Value distance_bias(Builder& b, const DistanceAttention& a, const Stream& s) {
  const Value table = b.weight("distance", {.kind = ParameterKind::kPosition,
                                            .shape = {a.max_distance + 2, a.heads},
                                            .init = {Init::kNormal, 0.02},
                                            .share = a.share_bias});
  const Value steps =
      b.emit("graph_distances", {s.adjacency}, {{"graphs", s.batch}, {"most", a.max_distance}});
  return b.emit("transpose", {b.emit("embed", {table, steps})},
                {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<DistanceAttention>();
  const int64_t c = s.channels(), nodes = s.shape()[0];
  require(s.batch > 0 && nodes % s.batch == 0, "attention needs graphs of one size, got ", nodes,
          " nodes in ", s.batch, " graphs");
  Heads h = heads_of(a);
  check_heads(h, c);
  const int64_t d = h.width(c);
  h.scale = b.score_scale(0, d);
  Stream tokens{.domain = Domain::kTokens};
  tokens.x = reshaped(b, s.x, {s.batch, nodes / s.batch, c});
  tokens.mask = s.mask;
  const Value q = project_heads(b, h, "q", tokens, h.heads, d);
  const Value k = project_heads(b, h, "k", tokens, h.heads, d);
  const Value v = project_heads(b, h, "v", tokens, h.heads, d, false);
  const Value o = emit_attention(
      b, h, {q, k, v}, {.mask = real_keys(b, tokens), .pairs = distance_bias(b, a, s)}, {});
  s.x = reshaped(b, join_heads(b, h, tokens.x, o), {nodes, c});
  return s;
}
}  // namespace

extern const Block block_distance_attention = {
    .name = "distance_attention",
    .family = "gnn",
    .doc =
        "attention among all nodes of a graph that knows how many edges lie between two of them "
        "(Graphormer)",
    .formula = "s_ij = q_i . k_j / sqrt(D) + b[distance(i, j)]; y = softmax_j(s) v Wo",
    .paper = "Ying et al. 2021, arXiv 2106.05234, section 3.1.2",
    .attrs = fields_of<DistanceAttention>,
    .primary = "heads",
    .accepts = {Domain::kGraph},
    .keeps_shape = true,
    .build = build,
    .samples = {{"distance_attention: 2", Domain::kGraph, {6, 4}},
                {"distance_attention: {heads: 3, head_dim: 2, max_distance: 2, bias: false}",
                 Domain::kGraph,
                 {7, 4}},
                {"distance_attention: {heads: 1, max_distance: 0, qk_norm: true, dropout: 0.3}",
                 Domain::kGraph,
                 {5, 3}}},
};
}  // namespace cambium::block_distance_attention
