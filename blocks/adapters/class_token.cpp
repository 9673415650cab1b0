// class_token: one trained token more in every example, which may gather what the others say.
// [B,T,C] -> [B,T+1,C]; `pool: first` (or last) takes it out again. In padded data the last place
// is the one behind an example's last real token.
#include "blocks/padding.h"

namespace cambium::block_class_token {
namespace {
struct ClassToken {
  std::string place = "first";
  double std = 0.02;
  static constexpr auto fields = std::tuple{
      field("place", &ClassToken::place, "before or behind the tokens; causal models need it last")
          .one_of("first|last"),
      field("std", &ClassToken::std, "starts as N(0, std)").in(0, 10)};
};

// x [B,T,C] with the token [B,1,C] behind the real places of each example, zeros behind it.
// `longer` [B,T+1,1] is the mask of both together.
Value insert_behind(Builder& b, Value x, Value token, Value mask, Value longer) {
  const Args one_more = {{"axis", 1}, {"before", 0}, {"after", 1}};
  const Value real = b.emit("pad", {mask}, one_more);
  const Value kept = b.emit("mul", {b.emit("pad", {x}, one_more), real});
  return b.emit("add", {kept, b.emit("mul", {token, b.emit("sub", {longer, real})})});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<ClassToken>();
  const int64_t batch = s.shape()[0], c = s.channels();
  const Value token =
      b.weight("token", {ParameterKind::kPosition, {1, 1, c}, {Init::kNormal, a.std}});
  const Value tokens =
      b.emit("broadcast_to", {token}, {{"shape", std::vector<int64_t>{batch, 1, c}}});
  const bool first = a.place == "first";
  const Value mask = padding_mask(s), longer = mask ? mask_with_first(b, mask) : Value{};
  s.x = mask && !first
            ? insert_behind(b, s.x, tokens, mask, longer)
            : b.emit("concat", {first ? tokens : s.x, first ? s.x : tokens}, {{"axis", 1}});
  s.mask = flat_mask(b, longer);
  s.rows = s.columns = 0;  // no grid has such a token
  return s;
}
}  // namespace

extern const Block block_class_token = {
    .name = "class_token",
    .family = "adapters",
    .doc = "Adds a trained token to every example, for `pool: first` to read",
    .formula = "y = [c, x_1 ... x_T] or [x_1 ... x_T, c]",
    .paper = "Devlin et al. 2019, arXiv 1810.04805; Dosovitskiy et al. 2021, arXiv 2010.11929",
    .attrs = fields_of<ClassToken>,
    .primary = "place",
    .accepts = {Domain::kTokens},
    .looks_back_with = "place: last",
    .build = build,
    .samples = {{"class_token", Domain::kTokens, {2, 3, 4}},
                {"class_token: {place: last, std: 0}", Domain::kTokens, {1, 1, 3}}}};
}  // namespace cambium::block_class_token
