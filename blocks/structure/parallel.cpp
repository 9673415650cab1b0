// parallel: several branches of one stream, joined by their sum, by concatenated channels, or by a
// gate that weighs the branches at every place.
#include "blocks/domains.h"
#include "blocks/padding.h"

namespace cambium::block_parallel {
namespace {
struct Parallel {
  std::string combine = "sum";
  static constexpr auto fields = std::tuple{
      field("combine", &Parallel::combine,
            "how branches join; gate: softmax weights computed from the stream at each place")
          .one_of("sum|concat|gate")};
};

void check_alike(const std::vector<Stream>& ends, bool channels_too) {
  const Shape& first = ends[0].shape();
  for (size_t i = 1; i < ends.size(); ++i) {
    const Shape& other = ends[i].shape();
    const bool alike = ends[i].domain == ends[0].domain &&
                       (channels_too ? other == first : other.with_last(1) == first.with_last(1));
    if (alike) continue;
    const bool places =
        ends[i].domain != ends[0].domain || other.with_last(1) != first.with_last(1);
    throw UserError(
        str("branch 1 ends with ", describe(ends[0]), ", branch ", i + 1, " with ",
            describe(ends[i])),
        places ? "end the branches in one domain with the same places"
               : str("end each branch with `linear: ", first.last(), "`, or use combine: concat"));
  }
}

// What the branches end with beside x must be one, or whatever follows would see that of branch 1.
void check_structure(const std::vector<Stream>& ends) {
  const Stream& first = ends[0];
  for (size_t i = 1; i < ends.size(); ++i) {
    const Stream& other = ends[i];
    const auto differ = [&](std::string_view what, std::string help) {
      throw UserError(str("branch ", i + 1, " ends with other ", what, " than branch 1"),
                      std::move(help));
    };
    if (!(other.adjacency == first.adjacency) || other.batch != first.batch)
      differ("edges", "make the graph before `parallel`, or return to tokens in each branch");
    if (!(other.mask == first.mask))
      differ("padding", "put what changes the padding before `parallel`, or in no branch");
  }
}

// y = sum_i g_i branch_i, g = softmax(x W + b) over the branches.
Value gated(Builder& b, const Stream& s, const std::vector<Stream>& ends) {
  require_option(
      "combine",
      ends[0].domain == s.domain && ends[0].shape().with_last(1) == s.shape().with_last(1),
      "combine = gate needs branches that keep the places of ", describe(s), ", got ",
      describe(ends[0]));
  const auto n = int64_t(ends.size());
  const Value g = b.emit("softmax", {b.linear("gate", s.x, n)}, {{"axis", -1}});  // [...,n]
  Value sum;
  for (int64_t i = 0; i < n; ++i) {
    const Value weight = b.emit("slice", {g}, {{"axis", -1}, {"begin", i}, {"end", i + 1}});
    const Value term = b.emit("mul", {ends[size_t(i)].x, weight});
    sum = i ? b.emit("add", {sum, term}) : term;
  }
  return sum;
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Parallel>();
  const Yaml* branches = use.body("branches");
  require(branches && branches->is_list() && !branches->items.empty(), "has no branches");
  std::vector<Stream> ends;
  for (const Yaml& branch : branches->items)
    ends.push_back(b.in_scope(str("branch_", ends.size() + 1),
                              [&] { return b.build_list(branch, s, b.vars()); }));
  check_alike(ends, a.combine != "concat");
  check_structure(ends);
  Stream out = ends[0];
  for (const Stream& e : ends)  // a grid is remembered only where all know it
    if (e.rows != out.rows || e.columns != out.columns) out.rows = out.columns = 0;
  out.mask = joined_mask(b, ends);
  if (a.combine == "concat") {
    std::vector<Value> parts;
    for (const Stream& e : ends) parts.push_back(e.x);
    out.x = b.emit("concat", parts, {{"axis", -1}});
    out.width_by = use.name;
    out.width_mark = use.mark;
  } else if (a.combine == "gate") {
    out.x = gated(b, s, ends);
  } else {
    for (size_t i = 1; i < ends.size(); ++i) out.x = b.emit("add", {out.x, ends[i].x});
  }
  return out;
}
}  // namespace

extern const Block block_parallel = {
    .name = "parallel",
    .family = "structure",
    .doc = "Branches side by side; an empty list [] is the stream itself",
    .formula = "y = sum_i f_i(x), [f_1(x), f_2(x) ...] or sum_i g_i(x) f_i(x)",
    .paper = "Szegedy et al. 2015, arXiv 1409.4842; Jacobs et al. 1991 (gate)",
    .attrs = fields_of<Parallel>,
    .primary = "branches",
    .bodies = {"branches"},
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .build = build,
    .samples = {
        {"parallel: [[], [{linear: 4}, {activation: tanh}]]", Domain::kTokens, {2, 3, 4}},
        {"{parallel: [{linear: 2}, {linear: 3}], combine: concat}", Domain::kGrid, {1, 2, 3, 2}},
        {"{parallel: [{linear: 4}, {linear: 4}, []], combine: gate}", Domain::kGraph, {5, 4}},
        {"{parallel: [[{linear: 4}], []], combine: gate}", Domain::kVector, {3, 4}}}};
}  // namespace cambium::block_parallel
