// parallel: several branches of one stream, joined element by element, by concatenated channels, or
// by a gate that weighs the branches at every place.
#include "blocks/compose/combine.h"
#include "blocks/domains.h"

namespace cambium::block_parallel {
namespace {
struct Parallel {
  std::string combine = "sum";
  static constexpr auto fields = std::tuple{
      field("combine", &Parallel::combine,
            "how branches join; subtract: the first less the second; gate: softmax weights "
            "computed from the stream at each place")
          .one_of(kGatedCombines)};
};

// y = sum_i g_i branch_i, g = softmax(x W + b) over the branches.
Stream gated(Builder& b, const Stream& s, const std::vector<Joint>& ends) {
  check_joints("gate", ends);
  const Stream& first = ends[0].stream;
  require_option("combine",
                 first.domain == s.domain && first.shape().with_last(1) == s.shape().with_last(1),
                 "combine = gate needs branches that keep the places of ", describe(s), ", got ",
                 describe(first));
  const auto n = int64_t(ends.size());
  const Value g = b.emit("softmax", {b.linear("gate", s.x, n)}, {{"axis", -1}});  // [...,n]
  Value sum;
  for (int64_t i = 0; i < n; ++i) {
    const Value weight = b.emit("slice", {g}, {{"axis", -1}, {"begin", i}, {"end", i + 1}});
    const Value term = b.emit("mul", {ends[size_t(i)].stream.x, weight});
    sum = i ? b.emit("add", {sum, term}) : term;
  }
  return joined_at(b, sum, ends);
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Parallel>();
  std::vector<Joint> ends;
  for (const Yaml& branch : branches_of(use, "parallel: [[], [{linear: 8}]]")) {
    const size_t n = ends.size() + 1;
    ends.push_back({str("branch ", n), b.in_scope(str("branch_", n), [&] {
                      return b.build_list(branch, s, b.vars());
                    })});
  }
  Stream out = a.combine == "gate" ? gated(b, s, ends) : join(b, a.combine, ends);
  if (a.combine != "concat") return out;
  out.width_by = use.name;
  out.width_mark = use.mark;
  return out;
}
}  // namespace

extern const Block block_parallel = {
    .name = "parallel",
    .family = "structure",
    .doc = "Branches side by side; an empty list [] is the stream itself",
    .formula =
        "y = sum_i f_i(x), [f_1(x), f_2(x) ...], the mean, product or maximum of f_i(x), "
        "f_1(x) - f_2(x) or sum_i g_i(x) f_i(x)",
    .paper =
        "Szegedy et al. 2015, arXiv 1409.4842; Srivastava et al. 2015, arXiv 1505.00387 "
        "(product); Jacobs et al. 1991 (gate)",
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
        {"{parallel: [[{linear: 4}], []], combine: gate}", Domain::kVector, {3, 4}},
        {"{parallel: [[{linear: 4}], [{linear: 4, activation: sigmoid}]], combine: product}",
         Domain::kTokens,
         {2, 3, 4}},
        {"{parallel: [[], {linear: 3}, {linear: 3}], combine: mean}", Domain::kVector, {2, 3}},
        {"{parallel: [[], [{linear: 2}], [{linear: 2}]], combine: max}",
         Domain::kGrid,
         {1, 2, 3, 2}},
        {"{parallel: [[], [{linear: 3}]], combine: subtract}", Domain::kGraph, {4, 3}}}};
}  // namespace cambium::block_parallel
