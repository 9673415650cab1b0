// class_token: one trained token more in every example, which may gather what the others say.
// [B,T,C] -> [B,T+1,C]; `pool: first` (or last) takes it out again, keep_latents wherever it
// stands. In padded data the last place is the one behind an example's last real token.
#include "blocks/tokens.h"

namespace cambium::block_class_token {
namespace {
struct ClassToken {
  std::string place = "first";
  double std = 0.02;
  static constexpr auto fields =
      std::tuple{field("place", &ClassToken::place,
                       "before, amid or behind the tokens; causal models need it last")
                     .one_of("first|middle|last"),
                 field("std", &ClassToken::std, "starts as N(0, std)").in(0, 10)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<ClassToken>();
  return with_latents(b, s, trained_tokens(b, "token", s, 1, s.channels(), a.std), a.place);
}
}  // namespace

extern const Block block_class_token = {
    .name = "class_token",
    .family = "adapters",
    .doc = "Adds a trained token to every example, for `pool: first` to read",
    .formula = "y = [c, x_1 ... x_T], [x_1 ... x_T, c] or [x_1 ... c ... x_T]",
    .paper =
        "Devlin et al. 2019, arXiv 1810.04805; Dosovitskiy et al. 2021, arXiv 2010.11929; Zhu et "
        "al. 2024, arXiv 2401.09417 (middle)",
    .attrs = fields_of<ClassToken>,
    .primary = "place",
    .accepts = {Domain::kTokens},
    .looks_back_with = "place: last",
    .build = build,
    .samples = {{"class_token", Domain::kTokens, {2, 3, 4}},
                {"class_token: {place: last, std: 0}", Domain::kTokens, {1, 1, 3}},
                {"class_token: middle", Domain::kTokens, {2, 5, 2}}}};
}  // namespace cambium::block_class_token
