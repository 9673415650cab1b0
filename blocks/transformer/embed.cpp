// embed: token ids to vectors, rows of a trainable table [V,dim]. [B,T] -> [B,T,dim]
//   types: BERT's second table [types,dim] of segments; our data has one segment, so its row 0 is
//   added
#include <cmath>

#include "blocks/block.h"

namespace cambium::block_embed {
namespace {
struct Embed {
  int64_t dim = 0, vocab = 0, types = 0;
  double std = 0.02;
  bool scale = false;
  static constexpr auto fields = std::tuple{
      field("dim", &Embed::dim, "channels of a token").in(1),
      field("vocab", &Embed::vocab, "rows of the table; 0: $vocab of the data").in(0),
      field("types", &Embed::types,
            "rows of a second table, of segments; its row 0 is added, as the data has one segment")
          .in(0, 1024),
      field("std", &Embed::std, "rows start as N(0, std)").in(0, 10),
      field("scale", &Embed::scale, "multiply by sqrt(dim), as Vaswani et al. 2017, section 3.4")};
};

int64_t vocabulary(Builder& b, const BlockUse& use) {
  const auto& a = use.attrs.as<Embed>();
  if (a.vocab > 0) return a.vocab;
  const ArgValue v = b.vars().get("vocab", use.mark);
  const auto* n = std::get_if<int64_t>(&v.variant());
  require_option("vocab", n && *n > 0, "vocab = ", v, " is no size of a vocabulary");
  return *n;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Embed>();
  require_option("dim", a.dim > 0, "dim is missing");
  const auto rows = [&](std::string_view name, int64_t ids) {
    return b.weight(name,
                    {ParameterKind::kEmbedding, {ids, a.dim}, {Init::kNormal, a.std}, {0}, {1}});
  };
  const Value table = rows("table", vocabulary(b, use));
  s.x = b.emit("embed", {table, s.x});
  if (a.types > 0) {
    const Value types = rows("types", a.types);
    s.x = b.emit("add", {s.x, b.emit("slice", {types}, {{"axis", 0}, {"begin", 0}, {"end", 1}})});
  }
  if (a.scale) s.x = b.emit("scale", {s.x}, {{"a", b.at_base("scale", std::sqrt(double(a.dim)))}});
  s.domain = Domain::kTokens;
  return s;
}
}  // namespace

extern const Block block_embed = {
    .name = "embed",
    .family = "transformer",
    .doc = "Looks token ids up in a trainable table",
    .formula = "y[b,t] = table[id[b,t]] (+ types[0])",
    .paper =
        "Vaswani et al. 2017, arXiv 1706.03762, section 3.4; Devlin et al. 2019, arXiv 1810.04805 "
        "(types)",
    .attrs = fields_of<Embed>,
    .primary = "dim",
    .accepts = {Domain::kIds},
    .steps = true,
    .build = build,
    .samples = {{"embed: {dim: 4, vocab: 7, std: 1}", Domain::kIds, {2, 5}},
                {"embed: {dim: 3, vocab: 2, scale: true}", Domain::kIds, {1, 1}},
                {"embed: {dim: 3, vocab: 5, types: 2}", Domain::kIds, {2, 3}}}};
}  // namespace cambium::block_embed
