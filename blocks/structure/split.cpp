// split: the channels in parts, a branch of its own for each; the branches are joined again.
//   x = [x_1 ... x_n];  y = [f_1(x_1) ... f_n(x_n)]
// `chain` (Res2Net): a branch with blocks hears what the branch with blocks before it ended with,
// too:
//   y_i = f_i(x_i + y_(i-1))
#include "blocks/compose/combine.h"
#include "blocks/domains.h"

namespace cambium::block_split {
namespace {
struct Split {
  std::vector<int64_t> parts = {};
  std::string combine = "concat";
  bool chain = false;
  static constexpr auto fields = std::tuple{
      field("parts", &Split::parts,
            "channels of each branch, which add up to C; without: as many for each")
          .in(1),
      field("combine", &Split::combine,
            "how the branches join; subtract: the first less the second")
          .one_of(kCombines),
      field("chain", &Split::chain,
            "a branch also hears, added to its part, what the one before it ends with; empty "
            "branches neither hear nor tell")};
};

// The widths of the parts.
std::vector<int64_t> widths_of(const Split& a, int64_t c, int64_t branches) {
  if (a.parts.empty()) {
    if (c % branches != 0)
      throw OptionError("branches", str(branches, " branches do not divide C = ", c),
                        "say how many channels each takes: parts: [...]", c);
    return std::vector<int64_t>(size_t(branches), c / branches);
  }
  if (int64_t(a.parts.size()) != branches)
    throw OptionError("parts",
                      str("parts has ", a.parts.size(), " widths for ", branches, " branches"),
                      "give one for each branch; [] is a branch that leaves its part as it is");
  int64_t sum = 0;
  for (const int64_t p : a.parts) sum += p;
  if (sum != c)
    throw OptionError("parts", str("parts add up to ", sum, ", but C = ", c),
                      "let them add up, or leave them out for equal ones", c);
  return a.parts;
}

// The part [begin, begin + width) of s; with `heard`, that is added.
Stream part_of(Builder& b, Stream s, int64_t begin, int64_t width, const Joint* heard, size_t n) {
  s.x = b.emit("slice", {s.x}, {{"axis", -1}, {"begin", begin}, {"end", begin + width}});
  if (!heard) return s;
  if (heard->stream.domain != s.domain || heard->stream.shape() != s.shape())
    throw UserError(str("chain: ", heard->name, " is ", describe(heard->stream), ", part ", n,
                        " is ", describe(s)),
                    "end each branch with the places and channels of the next part");
  return join(b, "sum", {{str("part ", n), s}, *heard});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Split>();
  const std::vector<Yaml>& branches = branches_of(use, "split: [[], [{linear: 8}]]");
  const std::vector<int64_t> widths = widths_of(a, s.channels(), int64_t(branches.size()));
  std::vector<Joint> ends;
  std::optional<Joint> before;
  int64_t begin = 0;
  for (const Yaml& branch : branches) {
    const size_t n = ends.size() + 1;
    const bool blocks = !branch.is_list() || !branch.items.empty();
    const Stream end = b.in_scope(str("branch_", n), [&] {
      const Joint* heard = a.chain && blocks && before ? &*before : nullptr;
      Stream in = part_of(b, s, begin, widths[n - 1], heard, n);
      in.width_by = use.name;
      in.width_mark = use.mark;
      return b.build_list(branch, in, b.vars());
    });
    ends.push_back({str("branch ", n), end});
    if (blocks) before = ends.back();
    begin += widths[n - 1];
  }
  Stream out = join(b, a.combine, ends);
  out.width_by = use.name;
  out.width_mark = use.mark;
  return out;
}
}  // namespace

extern const Block block_split = {
    .name = "split",
    .family = "structure",
    .doc =
        "Divides the channels among branches; an empty list [] is a branch that leaves its part as "
        "it is",
    .formula = "y = [f_1(x_1), f_2(x_2) ...]; chain: y_i = f_i(x_i + y_(i-1))",
    .paper =
        "Ma et al. 2018, arXiv 1807.11164 (ShuffleNet); Wang et al. 2020, arXiv 1911.11929 "
        "(CSPNet); Gao et al. 2019, arXiv 1904.01169 (Res2Net: chain)",
    .attrs = fields_of<Split>,
    .primary = "branches",
    .bodies = {"branches"},
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .build = build,
    .samples = {
        {"split: [[], [{linear: 2}, {activation: tanh}]]", Domain::kTokens, {2, 3, 4}},
        {"{split: [{linear: 3}, []], parts: [1, 4]}", Domain::kVector, {3, 5}},
        {"{split: [[], [{activation: sigmoid}]], combine: product}", Domain::kTokens, {2, 3, 4}},
        {"{split: [[], [{conv2d: 2}], [{conv2d: 2}], [{conv2d: 2}]], chain: true}",
         Domain::kGrid,
         {1, 3, 3, 8}},
        {"{split: [{linear: 2}, {linear: 2}, []], chain: true}", Domain::kGraph, {5, 6}}}};
}  // namespace cambium::block_split
