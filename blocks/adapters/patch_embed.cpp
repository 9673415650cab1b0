// patch_embed: a grid cut into square patches, each projected to one token.
// [B,Y,X,C] -> [B,(Y/patch)*(X/patch),dim]; the tokens remember their rows and columns. In padded
// data a patch is real when its first place is, and holds zeros where there is padding.
#include <cmath>

#include "blocks/padding.h"

namespace cambium::block_patch_embed {
namespace {
struct PatchEmbed {
  int64_t patch = 4, dim = 0;
  static constexpr auto fields =
      std::tuple{field("patch", &PatchEmbed::patch, "rows and columns of a patch").in(1, 1024),
                 field("dim", &PatchEmbed::dim, "channels of a token").in(1)};
};

void check(const PatchEmbed& a, const Shape& x) {
  require_option("dim", a.dim > 0, "dim is missing");
  if (x[1] % a.patch == 0 && x[2] % a.patch == 0) return;
  std::string fits;
  for (int64_t p = 2; p <= std::min(x[1], x[2]); ++p)
    if (x[1] % p == 0 && x[2] % p == 0) fits += str(fits.empty() ? "" : ", ", p);
  throw OptionError("patch",
                    str("patch = ", a.patch, " does not divide the grid ", x[1], " x ", x[2]),
                    fits.empty() ? "" : str("patches that do: ", fits));
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<PatchEmbed>();
  const Shape in = s.shape();
  check(a, in);
  const int64_t fan_in = a.patch * a.patch * in.last();
  const Init init = b.weight_start.std > 0 ? Init{Init::kNormal, b.weight_start.std}
                                           : Init{Init::kUniform, 1 / std::sqrt(double(fan_in))};
  const Value w = b.weight("weight", Weight::kernel({a.patch, a.patch, in.last(), a.dim}, init));
  const Value bias = b.weight("bias", Weight::bias(a.dim));
  s = with_padding_zeroed(b, std::move(s));
  const Windows patches{a.patch, a.patch, a.patch};
  if (const Value mask = as_grid(b, s).mask)
    s.mask = flat_mask(b, mask_of_windows(b, mask, patches));
  const Value y = b.emit("conv2d", {s.x, w, bias}, {{"stride", a.patch}, {"padding", "valid"}});
  s.rows = in[1] / a.patch;
  s.columns = in[2] / a.patch;
  s.x = b.emit("reshape", {y}, {{"shape", std::vector<int64_t>{in[0], s.rows * s.columns, a.dim}}});
  s.domain = Domain::kTokens;
  return s;
}
}  // namespace

extern const Block block_patch_embed = {
    .name = "patch_embed",
    .family = "adapters",
    .doc = "Cuts a grid into patches and makes each a token",
    .formula = "token = patch W + b",
    .paper = "Dosovitskiy et al. 2021, arXiv 2010.11929",
    .attrs = fields_of<PatchEmbed>,
    .primary = "dim",
    .accepts = {Domain::kGrid},
    .build = build,
    .samples = {{"patch_embed: {patch: 2, dim: 3}", Domain::kGrid, {2, 4, 6, 1}},
                {"patch_embed: {patch: 1, dim: 2}", Domain::kGrid, {1, 2, 2, 3}}}};
}  // namespace cambium::block_patch_embed
