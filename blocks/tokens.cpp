#include "blocks/tokens.h"

#include "blocks/domains.h"

namespace cambium {
namespace {
// Places [begin, end); none for none.
Value places(Builder& b, Value x, int64_t begin, int64_t end) {
  if (begin == end) return {};
  if (begin == 0 && end == x.shape()[1]) return x;
  return b.emit("slice", {x}, {{"axis", 1}, {"begin", begin}, {"end", end}});
}

Value joined(Builder& b, std::vector<Value> parts) {
  std::erase_if(parts, [](Value v) { return !v; });
  return parts.size() == 1 ? parts[0] : b.emit("concat", parts, {{"axis", 1}});
}

// x [B,T,...] from the last place to the first; with a mask [B,T] padding stays.
Value turned(Builder& b, Value x, Value mask = {}) {
  if (x.shape()[1] < 2) return x;
  return mask ? b.emit("reverse_sequence", {x, mask}) : b.emit("reverse_sequence", {x});
}

// What tokens remember when their order is reversed. A whole grid is turned by half a circle; the
// nodes of a graph would be others.
Stream turned_memory(Stream s) {
  if (s.mask) s.rows = s.columns = 0;
  s.edges = {};
  if (!s.latents) return s;
  Latents l = *s.latents;
  l.at = l.others.shape()[1] - l.at;
  l.others = turned_memory(l.others);
  s.latents = std::make_shared<const Latents>(std::move(l));
  return s;
}

const Latents& latents_of(const Stream& s) {
  if (!s.latents)
    throw UserError("no trained tokens are among these",
                    "put `latents` or `class_token` before it; pooling and other sections forget "
                    "them");
  const Latents& l = *s.latents;
  const int64_t were = l.others.shape()[1] + l.count;
  if (s.shape()[1] != were)
    throw UserError(str("the tokens were ", were, " with the ", l.count, " trained ones, and are ",
                        s.shape()[1], " now: which of them are trained is not known"),
                    "put it before what changes the number of tokens");
  if (s.mask != l.mask)
    throw UserError("the padding is another than when the trained tokens came to the others",
                    "put it before what changes the padding");
  return l;
}
}  // namespace

Value reversed(Builder& b, const Stream& s, Value x) {
  return turned(b, x, flat_mask(b, padding_mask(s)));
}

Stream reversed(Builder& b, Stream s) {
  s.x = reversed(b, s, s.x);
  return turned_memory(std::move(s));
}

Value trained_tokens(Builder& b, std::string_view name, const Stream& s, int64_t count,
                     int64_t width, double std) {
  const int64_t batch = s.domain == Domain::kGraph ? s.batch : s.shape()[0];
  const Value one =
      b.weight(name, {ParameterKind::kPosition, {1, count, width}, {Init::kNormal, std}});
  return b.emit("broadcast_to", {one}, {{"shape", std::vector<int64_t>{batch, count, width}}});
}

Stream with_latents(Builder& b, const Stream& s, Value trained, std::string_view place) {
  const int64_t others = s.shape()[1], count = trained.shape()[1];
  const bool first = place == "first", last = place == "last";
  if (!first && !last)
    refuse_padding(s, "the middle of an example would depend on how long it is",
                   "use place: first or place: last");
  Latents l{.count = count, .at = first ? 0 : last ? others : others / 2, .others = s, .mask = {}};
  Stream out = s;
  out.rows = out.columns = 0;  // no grid and no graph has such tokens
  out.edges = {};
  const Value mask = padding_mask(s);
  if (mask) out.mask = l.mask = flat_mask(b, mask_behind(b, count, mask));
  if (mask && last) {  // from the last to the first they stand in front
    const Value all = joined(b, {turned(b, trained), reversed(b, s, s.x)});
    out.x = turned(b, all, out.mask);
  } else {
    out.x = joined(b, {places(b, s.x, 0, l.at), trained, places(b, s.x, l.at, others)});
  }
  out.latents = std::make_shared<const Latents>(std::move(l));
  return out;
}

Stream without_latents(Builder& b, const Stream& s) {
  const Latents& l = latents_of(s);
  const int64_t others = l.others.shape()[1];
  Stream out = l.others;
  out.width_by = s.width_by;
  out.width_mark = s.width_mark;
  // Behind real tokens trained ones that go leave places that are padding again.
  out.x = joined(b, {places(b, s.x, 0, l.at), places(b, s.x, l.at + l.count, others + l.count)});
  return out;
}

Stream latents_alone(Builder& b, const Stream& s) {
  const Latents& l = latents_of(s);
  Stream out;
  out.width_by = s.width_by;
  out.width_mark = s.width_mark;
  if (s.mask && l.at > 0)
    out.x = turned(b, places(b, reversed(b, s, s.x), 0, l.count));
  else
    out.x = places(b, s.x, l.at, l.at + l.count);
  return out;
}
}  // namespace cambium
