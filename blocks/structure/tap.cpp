// tap: names the stream at this place, for `from` later on. The stream goes on unchanged.
#include "blocks/block.h"

namespace cambium::block_tap {
namespace {
struct Tap {
  std::string label = "";
  static constexpr auto fields = std::tuple{field(
      "label", &Tap::label, "the name that `from` uses later; `as:` on any block does the same")};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const std::string& label = use.attrs.as<Tap>().label;
  require_option("label", !label.empty(), "label is missing");
  b.set_tap(label, use.mark_of("label"), s);
  return s;
}
}  // namespace

extern const Block block_tap = {
    .name = "tap",
    .family = "structure",
    .doc = "Names the stream at this place, so that a later block can start `from` it",
    .formula = "y = x",
    .paper = "",
    .attrs = fields_of<Tap>,
    .primary = "label",
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"tap: skip", Domain::kTokens, {2, 3, 4}}}};
}  // namespace cambium::block_tap
