// gps: message passing along the edges and attention among all nodes of a graph, side by side.
#include "blocks/domains.h"
#include "blocks/gnn/support.h"

namespace cambium::block_gps {
namespace {
struct Gps {
  int64_t heads = 4;
  double expand = 2, dropout = 0, attention_dropout = 0;
  std::string activation = "relu", norm = "batch";

  static constexpr auto fields = std::tuple{
      field("heads", &Gps::heads, "attention heads; divides C").in(1, 4096),
      field("expand", &Gps::expand, "inner width of the feed-forward part / C").in(0.01, 64),
      field("dropout", &Gps::dropout, "of each branch").in(0, 0.999),
      field("attention_dropout", &Gps::attention_dropout, "of the attention weights").in(0, 0.999),
      field("activation", &Gps::activation, "of the feed-forward part").one_of(kGatedActivations),
      field("norm", &Gps::norm, "after each sum").one_of(kNorms)};
};

// A use of another block, as if the spec had written {name: {key: value, ...}} in this place.
Yaml use_of(const BlockUse& use, std::string name, const std::vector<std::string>& keys,
            const Args& values) {
  Yaml options{.kind = Yaml::kMap, .mark = use.mark};
  for (size_t i = 0; i < keys.size(); ++i) {
    const Mark mark = use.mark_of(keys[i]);
    Yaml value{.kind = Yaml::kScalar, .mark = mark, .text = values[i].value.text()};
    options.entries.push_back({values[i].name, mark, std::move(value)});
  }
  Yaml out{.kind = Yaml::kMap, .mark = use.mark};
  out.entries.push_back({std::move(name), use.mark, std::move(options)});
  return out;
}

// The messages of one layer: what `local:` says, else gin.
Value pass_messages(Builder& b, const BlockUse& use, const Stream& s) {
  return b.in_scope("local", [&] {
    const Yaml* body = use.body("local");
    const Stream out = body ? b.build_list(*body, s, b.vars())
                            : b.build_entry(use_of(use, "gin", {}, {}), s, b.vars());
    require_option("local", out.domain == Domain::kGraph && out.shape() == s.shape(),
                   "local makes ", describe(out), ", but the branch must keep its ", shape_text(s));
    return out.x;
  });
}

// A block of the token domain on the nodes of each graph; [N,C] -> [N,C].
Value build_on_tokens(Builder& b, const Yaml& entry, const Stream& s, Value x) {
  const int64_t nodes = s.shape()[0];
  Stream tokens{.domain = Domain::kTokens};
  tokens.mask = s.mask;
  tokens.width_by = s.width_by;
  tokens.width_mark = s.width_mark;
  tokens.x = b.emit("reshape", {x},
                    {{"shape", std::vector<int64_t>{s.batch, nodes / s.batch, s.channels()}}});
  const Stream out = b.build_entry(entry, tokens, b.vars());
  return b.emit("reshape", {out.x}, {{"shape", std::vector<int64_t>{nodes, s.channels()}}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& o = use.attrs.as<Gps>();
  require_option("attention", s.batch > 0 && s.shape()[0] % s.batch == 0,
                 "attention needs graphs of one size, got ", s.shape()[0], " nodes in ", s.batch,
                 " graphs");
  const auto join = [&](std::string_view name, Value x, Value branch) {
    const Value sum = b.emit("add", {x, b.dropout(branch, o.dropout, str(name, "_dropout"))});
    return b.in_scope(str(name, "_norm"), [&] { return normalise_places(b, o.norm, sum, s); });
  };
  const Yaml attention = use_of(use, "attention", {"heads", "attention_dropout"},
                                {{"heads", o.heads}, {"dropout", o.attention_dropout}});
  const Yaml ffn = use_of(use, "ffn", {"expand", "activation"},
                          {{"expand", o.expand}, {"activation", o.activation}});
  const Value local = join("local", s.x, pass_messages(b, use, s));
  const Value global = join("attention", s.x, build_on_tokens(b, attention, s, s.x));
  const Value both = b.emit("add", {local, global});
  s.x = join("ffn", both, build_on_tokens(b, ffn, s, both));
  return s;
}
}  // namespace

extern const Block block_gps = {
    .name = "gps",
    .family = "gnn",
    .doc =
        "message passing (`local:` any graph blocks, gin if left out) and global attention in "
        "parallel, then a feed-forward part, each with a residual sum and a norm",
    .formula = "m = norm(x + local(x)); a = norm(x + attention(x)); y = norm(m + a + ffn(m + a))",
    .paper = "Rampasek et al. 2022, arXiv 2205.12454, eq. 2",
    .attrs = fields_of<Gps>,
    .primary = "heads",
    .bodies = {"local"},
    .accepts = {Domain::kGraph},
    .build = build,
    .samples = {{"gps: {heads: 2}", Domain::kGraph, {6, 4}},
                {"gps: {heads: 1, norm: layer, local: gcn, activation: gelu}",
                 Domain::kGraph,
                 {4, 3}},
                {"gps: {heads: 2, norm: none, local: [{gat: {width: 3, heads: 2}}], dropout: 0.1}",
                 Domain::kGraph,
                 {4, 6}}},
};
}  // namespace cambium::block_gps
