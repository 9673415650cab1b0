// latents: n trained tokens, the same for every example: registers, memory, prompts, queries.
// [B,T,C] -> [B,T+n,C]; alone: any stream -> [B,n,width], which then looks at a tap through
// cross_attention. drop_latents takes them out again, keep_latents the others.
#include "blocks/tokens.h"

namespace cambium::block_latents {
namespace {
struct LatentsBlock {
  int64_t count = 0, width = 0;
  std::string place = "first";
  double std = 0.02;
  static constexpr auto fields = std::tuple{
      field("count", &LatentsBlock::count, "n: how many").in(1, 1 << 20),
      field("place", &LatentsBlock::place,
            "before, amid or behind the tokens (in padded data behind the last real one); alone: "
            "in their place, for what a tap holds to be looked at")
          .one_of("first|middle|last|alone"),
      field("width", &LatentsBlock::width, "alone: their channels; 0: those of the stream").in(0),
      field("std", &LatentsBlock::std, "starts as N(0, std)").in(0, 10)};
};

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<LatentsBlock>();
  if (a.count == 0)
    throw OptionError("count", "count is missing", "write latents: 8, or another number of tokens");
  const bool alone = a.place == "alone";
  if (!alone && s.domain != Domain::kTokens)
    throw OptionError(
        "place", str("place = ", a.place, " puts them among tokens, here is a ", name_of(s.domain)),
        "use place: alone, or make tokens of it before");
  const int64_t width = a.width > 0 ? a.width : s.channels();
  if (!alone && width != s.channels())
    throw OptionError("width",
                      str("width = ", a.width, " differs from the C = ", s.channels(),
                          " of the tokens beside them"),
                      "leave width out, or use place: alone", s.channels());
  const Value trained = trained_tokens(b, "tokens", s, a.count, width, a.std);
  if (!alone) return with_latents(b, s, trained, a.place);
  Stream out;
  out.x = trained;
  return out;
}
}  // namespace

extern const Block block_latents = {
    .name = "latents",
    .family = "adapters",
    .doc =
        "Trained tokens before, amid or behind those of every example, or in their place: "
        "registers, memory, and the queries of a Perceiver or a decoder of sets",
    .formula = "y = [l_1 ... l_n, x_1 ... x_T], [x_1 ... x_T, l_1 ... l_n] or [l_1 ... l_n]",
    .paper =
        "Jaegle et al. 2021, arXiv 2103.03206 (alone); Carion et al. 2020, arXiv 2005.12872 "
        "(queries); Darcet et al. 2024, arXiv 2309.16588 (registers)",
    .attrs = fields_of<LatentsBlock>,
    .primary = "count",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .looks_back_with = "place: first, or leave them out: answers are asked for at the tokens alone",
    .build = build,
    .samples = {{"latents: 2", Domain::kTokens, {2, 3, 4}},
                {"latents: {count: 3, place: last, std: 0.1}", Domain::kTokens, {2, 4, 3}},
                {"latents: {count: 2, place: middle}", Domain::kTokens, {1, 3, 2}},
                {"[{tap: source}, {latents: {count: 2, width: 6, place: alone}}, {cross_attention: "
                 "{context: source, heads: 2}}]",
                 Domain::kTokens,
                 {2, 5, 4}},
                {"latents: {count: 2, place: alone}", Domain::kVector, {3, 4}}}};
}  // namespace cambium::block_latents
