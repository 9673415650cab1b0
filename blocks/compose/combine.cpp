#include "blocks/compose/combine.h"

#include "blocks/domains.h"
#include "blocks/padding.h"

namespace cambium {
namespace {
// What would make a stream like the first one.
std::string cure(std::string_view how, const Stream& first, const Stream& other) {
  if (first.domain != other.domain) {
    const auto either = [&](Domain d) { return first.domain == d || other.domain == d; };
    std::string_view more;
    if (either(Domain::kVector) && either(Domain::kTokens))
      more = "; `unpool: T` makes T tokens of a vector";
    if (either(Domain::kVector) && either(Domain::kGrid))
      more = "; `squeeze_excite` weighs a grid's channels by their means";
    return str("end all in one domain, with the same places", more);
  }
  if (other.shape().with_last(1) != first.shape().with_last(1))
    return "keep the same places in all: pools, strides and slices of tokens change them";
  return str("end each with `linear: ", first.channels(), "`, or use combine: concat in place of ",
             how);
}

void check_alike(std::string_view how, const Joint& first, const Joint& other) {
  const Stream &a = first.stream, &b = other.stream;
  const bool alike =
      a.domain == b.domain &&
      (how == "concat" ? a.shape().with_last(1) == b.shape().with_last(1) : a.shape() == b.shape());
  if (!alike)
    throw UserError(str(first.name, " is ", describe(a), ", ", other.name, " is ", describe(b)),
                    cure(how, a, b));
  // Whatever follows would see the edges and the padding of the first.
  if (!(b.adjacency == a.adjacency) || b.batch != a.batch)
    throw UserError(str(other.name, " has other edges than ", first.name),
                    "make the graph before they part, or return to tokens in each");
  if (!(b.mask == a.mask))
    throw UserError(str(other.name, " has other padding than ", first.name),
                    "put what changes the padding before they part, or in none of them");
}

std::string_view operator_of(std::string_view how) {
  if (how == "product") return "mul";
  if (how == "max") return "maximum";
  if (how == "subtract") return "sub";
  return "add";
}
}  // namespace

const std::vector<Yaml>& branches_of(const BlockUse& use, std::string_view example) {
  const Yaml* branches = use.body("branches");
  if (!branches || !branches->is_list() || branches->items.empty())
    throw UserError("has no branches", str("give a list of blocks for each: ", example));
  return branches->items;
}

void check_joints(std::string_view how, const std::vector<Joint>& joints) {
  for (size_t i = 1; i < joints.size(); ++i) check_alike(how, joints[0], joints[i]);
  if (how == "subtract" && joints.size() != 2)
    throw OptionError(
        "combine",
        str("combine = subtract takes the second of two from the first, got ", joints.size()),
        joints.size() < 2 ? "an empty branch [] or a tap is the other one"
                          : "join those that are taken away by a sum first");
}

Stream joined_at(Builder& b, Value x, const std::vector<Joint>& joints) {
  Stream out = joints[0].stream;
  std::vector<Stream> streams;
  for (const Joint& j : joints) {
    const Stream& s = j.stream;  // only what all remember alike is remembered
    if (s.rows != out.rows || s.columns != out.columns) out.rows = out.columns = 0;
    if (s.latents != out.latents) out.latents = nullptr;
    if (!(s.edges == out.edges)) out.edges = {};
    streams.push_back(s);
  }
  out.mask = joined_mask(b, streams);
  out.x = x;
  return out;
}

Stream join(Builder& b, std::string_view how, const std::vector<Joint>& joints) {
  check_joints(how, joints);
  std::vector<Value> parts;
  for (const Joint& j : joints) parts.push_back(j.stream.x);
  Value x = parts[0];
  if (parts.size() == 1) return joints[0].stream;
  if (how == "concat") {
    x = b.emit("concat", parts, {{"axis", -1}});
  } else {
    for (size_t i = 1; i < parts.size(); ++i) x = b.emit(operator_of(how), {x, parts[i]});
    if (how == "mean") x = b.emit("scale", {x}, {{"a", 1.0 / double(parts.size())}});
  }
  return joined_at(b, x, joints);
}
}  // namespace cambium
