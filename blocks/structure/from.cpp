// from: goes on from named taps instead of the stream: one as it is, several joined.
#include "blocks/compose/combine.h"

namespace cambium::block_from {
namespace {
struct From {
  std::vector<std::string> taps = {};
  std::string combine = "concat";
  static constexpr auto fields = std::tuple{
      field("taps", &From::taps, "one name or a list of names set by `as:` or `tap`"),
      field("combine", &From::combine, "how several taps join; subtract: the first less the second")
          .one_of(kCombines)};
};

Stream build(Builder& b, const BlockUse& use, Stream) {
  const auto& a = use.attrs.as<From>();
  require_option("taps", !a.taps.empty(), "taps is missing");
  std::vector<Joint> joints;
  for (const std::string& tap : a.taps)
    joints.push_back({str("tap '", tap, "'"), b.tap(tap, use.mark_of("taps"))});
  return join(b, a.combine, joints);
}
}  // namespace

extern const Block block_from = {
    .name = "from",
    .family = "structure",
    .doc =
        "Goes on from one tap, or from several joined; `from:` beside a block feeds only that "
        "block",
    .formula =
        "y = tap, [tap_1, tap_2 ...], tap_1 + tap_2 + ..., their mean, product or "
        "maximum, or tap_1 - tap_2",
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
         {2, 4}},
        {"{repeat: 1, body: [{tap: a}, {linear: {width: 4, activation: tanh}, as: b}, {linear: 4, "
         "as: c}, {from: [a, b, c], combine: max}]}",
         Domain::kGrid,
         {1, 2, 3, 4}},
        {"{repeat: 1, body: [{tap: a}, {linear: 4, as: b}, {from: [a, b], combine: product}, "
         "{linear: 4, as: c}, {from: [c, a], combine: subtract, as: d}, {from: [a, c, d], combine: "
         "mean}]}",
         Domain::kTokens,
         {2, 3, 4}}}};
}  // namespace cambium::block_from
