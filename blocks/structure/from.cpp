// from: goes on from named taps instead of the stream: one as it is, several joined.
#include "blocks/domains.h"
#include "blocks/padding.h"

namespace cambium::block_from {
namespace {
struct From {
  std::vector<std::string> taps = {};
  std::string combine = "concat";
  static constexpr auto fields =
      std::tuple{field("taps", &From::taps, "one name or a list of names set by `as:` or `tap`"),
                 field("combine", &From::combine, "how several taps join").one_of("concat|sum")};
};

Stream build(Builder& b, const BlockUse& use, Stream) {
  const auto& a = use.attrs.as<From>();
  require_option("taps", !a.taps.empty(), "taps is missing");
  Stream out = b.tap(a.taps[0], use.mark_of("taps"));
  std::vector<Value> parts = {out.x};
  std::vector<Stream> streams = {out};
  for (size_t i = 1; i < a.taps.size(); ++i) {
    const Stream other = b.tap(a.taps[i], use.mark_of("taps"));
    const bool places =
        other.domain == out.domain && other.shape().with_last(1) == out.shape().with_last(1);
    if (!places || (a.combine == "sum" && other.shape() != out.shape()))
      throw UserError(str("the tap '", a.taps[0], "' holds ", describe(out), ", '", a.taps[i],
                          "' holds ", describe(other)),
                      places ? str("give both the same width, or use combine: concat")
                             : str("bring both to one domain with the same places"));
    if (!(other.adjacency == out.adjacency) || other.batch != out.batch)
      throw UserError(
          str("the taps '", a.taps[0], "' and '", a.taps[i], "' hold graphs of different edges"),
          "make the graph before both taps, or return to tokens first");
    if (!(other.mask == out.mask))
      throw UserError(
          str("the taps '", a.taps[0], "' and '", a.taps[i], "' differ in their padding"),
          "put what changes the padding before both taps");
    if (other.rows != out.rows || other.columns != out.columns) out.rows = out.columns = 0;
    parts.push_back(other.x);
    streams.push_back(other);
  }
  if (parts.size() == 1) return out;
  out.mask = joined_mask(b, streams);
  if (a.combine == "concat") {
    out.x = b.emit("concat", parts, {{"axis", -1}});
    return out;
  }
  for (size_t i = 1; i < parts.size(); ++i) out.x = b.emit("add", {out.x, parts[i]});
  return out;
}
}  // namespace

extern const Block block_from = {
    .name = "from",
    .family = "structure",
    .doc =
        "Goes on from one tap, or from several joined; `from:` beside a block feeds only that "
        "block",
    .formula = "y = tap, [tap_1, tap_2 ...] or tap_1 + tap_2 + ...",
    .paper = "",
    .attrs = fields_of<From>,
    .primary = "taps",
    .steps = true,
    .build = build,
    .samples = {
        {"{repeat: 1, body: [{tap: a}, {linear: 4}, {tap: b}, {from: [a, b], combine: sum}]}",
         Domain::kTokens,
         {2, 3, 4}},
        {"{repeat: 1, body: [{tap: a}, {linear: 3, as: b}, {from: [a, b]}]}",
         Domain::kVector,
         {2, 4}}}};
}  // namespace cambium::block_from
