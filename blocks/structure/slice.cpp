// slice: a range of the channels, or of the tokens. [...,C] -> [...,end - begin], or
// [B,T,C] -> [B,end - begin,C]
//   y = x[..., begin:end] or x[:, begin:end]; negative ends count from the last
// In padded data a token's number is counted from the first, since where an example ends differs.
// A slice of tokens that leaves out the first moves the others forward: the answer at token t then
// hears token t + begin.
#include "blocks/domains.h"
#include "blocks/padding.h"

namespace cambium::block_slice {
namespace {
struct Slice {
  int64_t begin = 0, end = 0;
  std::string of = "channels";
  static constexpr auto fields = std::tuple{
      field("begin", &Slice::begin, "the first that is kept; below 0: counted from the last")
          .in(-kMostWhole),
      field("end", &Slice::end,
            "one behind the last that is kept; below 0: counted from the last; 0: to the last")
          .in(-kMostWhole),
      field("of", &Slice::of, "what is counted").one_of("channels|tokens")};
};

struct Range {
  int64_t begin, end;
};

// UserError unless something of the `extent` is kept.
Range range_of(const Slice& a, int64_t extent) {
  const auto from_first = [&](int64_t at) { return at < 0 ? extent + at : at; };
  const Range r{from_first(a.begin), a.end == 0 ? extent : from_first(a.end)};
  const bool channels = a.of == "channels";
  if (a.begin == 0 && a.end == 0)
    throw OptionError("begin", str("keeps all ", a.of),
                      "write slice: 8 for the first 8, or slice: {begin: 8} for the rest");
  const bool both = a.end != 0;
  const std::string asked = str("begin = ", a.begin, both ? str(" and end = ", a.end) : "");
  const bool inside = r.begin >= 0 && r.end <= extent;
  if (!inside || r.begin >= r.end)
    throw OptionError(a.begin != 0 ? "begin" : "end",
                      str(asked, inside ? " keep" : " leave", both ? "" : "s",
                          inside ? " none of " : " the ", extent, " ", a.of),
                      str("choose begin < end within 0 ... ", extent), channels ? extent : 0);
  return r;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Slice>();
  const bool channels = a.of == "channels";
  if (!channels && s.domain != Domain::kTokens)
    throw OptionError("of", str("of = tokens takes tokens, got ", phrase_of(s.domain)),
                      adapter_help(s.domain, std::vector{Domain::kTokens}));
  require(channels || !b.step, "a slice of tokens does not work one token at a time");
  const int axis = channels ? -1 : 1;
  const Range r = range_of(a, channels ? s.channels() : s.shape()[1]);
  if (!channels && (a.begin < 0 || a.end < 0))
    refuse_padding(s, "the last token of an example is not that of the others",
                   "count from the first token, or use `pool: last`");
  const auto cut = [&](Value x) {
    return b.emit("slice", {x}, {{"axis", axis}, {"begin", r.begin}, {"end", r.end}});
  };
  const Value mask = channels ? Value{} : padding_mask(s);
  s.x = cut(s.x);
  if (channels) return s;
  s.rows = s.columns = 0;  // some of the grid's places are gone
  if (mask) s.mask = flat_mask(b, cut(mask));
  return s;
}
}  // namespace

extern const Block block_slice = {
    .name = "slice",
    .family = "structure",
    .doc = "Keeps a range of the channels, or of the tokens",
    .formula = "y = x[..., begin:end], or x[:, begin:end] of tokens",
    .paper = "",
    .attrs = fields_of<Slice>,
    .primary = "end",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .looks_back_with = "a slice of channels, or of tokens from the first on",
    .build = build,
    .samples = {{"slice: 2", Domain::kTokens, {2, 3, 4}},
                {"slice: {begin: -3, end: -1}", Domain::kGrid, {1, 2, 3, 5}},
                {"slice: {begin: 1}", Domain::kGraph, {4, 3}},
                {"slice: {begin: 1, end: 2}", Domain::kVector, {2, 3}},
                {"slice: {of: tokens, begin: 1}", Domain::kTokens, {2, 4, 3}},
                {"slice: {of: tokens, begin: 1, end: 3}", Domain::kTokens, {2, 4, 3}},
                {"slice: {of: tokens, begin: -2}", Domain::kTokens, {2, 3, 2}}}};
}  // namespace cambium::block_slice
