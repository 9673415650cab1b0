// shuffle: channels of `groups` groups take turns, so that what comes from one group is spread over
// the groups of the next convolution.
//   y[..., k groups + g] = x[..., g C / groups + k]
#include "blocks/layers.h"
#include "core/text/number.h"

namespace cambium::block_shuffle {
namespace {
struct Shuffle {
  int64_t groups = 0;
  static constexpr auto fields =
      std::tuple{field("groups", &Shuffle::groups, "how many take turns; divides C").in(1)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const int64_t groups = use.attrs.as<Shuffle>().groups, c = s.channels();
  require_option("groups", groups > 0, "groups is missing");
  if (c % groups != 0) {
    std::string fits;
    for (const int64_t g : divisors_of(c))
      if (fits.size() < 40) fits += str(fits.empty() ? "" : ", ", g);
    throw OptionError("groups", str("groups = ", groups, " does not divide C = ", c),
                      str("groups that do: ", fits), c);
  }
  const Shape in = s.shape();
  const Value parts = reshaped(b, s.x, {in.rows(), groups, c / groups});
  const Value turned = b.emit("transpose", {parts}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
  s.x = reshaped(b, turned, {in.dims().begin(), in.dims().end()});
  return s;
}
}  // namespace

extern const Block block_shuffle = {
    .name = "shuffle",
    .family = "structure",
    .doc = "Mixes the channels of groups: one of each in turn",
    .formula = "y[k groups + g] = x[g C / groups + k]",
    .paper = "Zhang et al. 2018, arXiv 1707.01083, figure 1",
    .attrs = fields_of<Shuffle>,
    .primary = "groups",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .keeps_shape = true,
    .build = build,
    .samples = {{"shuffle: 2", Domain::kGrid, {2, 2, 3, 6}},
                {"shuffle: 3", Domain::kTokens, {2, 3, 6}},
                {"shuffle: 1", Domain::kGraph, {4, 3}},
                {"shuffle: 5", Domain::kVector, {2, 5}}}};
}  // namespace cambium::block_shuffle
