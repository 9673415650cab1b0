// Scale goal: what `scale:` says: the sizes and lengths that a study trains to find a scaling law.
//   scale:
//     free: [vars.dim, vars.depth]                  # the first meets each size
//     aspect: {vars.depth: "round(dim / 48)"}       # the others follow
//     follow: {train.batch: "16 * ratio ^ 0.5"}     # params, tokens, steps and ratio are known
//     params: [30k, 400k]
//     sizes: 4                                      # spaced evenly in the logarithm
//     tokens_per_param: [5, 10, 20]                 # or tokens: [1M, 4M], or flops: [1e12, 1e13]
//     hold_out: largest
#pragma once
#include "core/yaml/expr.h"

namespace cambium {
struct ScaleGoal {
  // What the lengths of a size's runs are counted in. Of FLOPs, every size spends each amount.
  enum class Length { kTokensPerParam, kTokens, kFlops };

  Mark mark;                              // of the key's value
  Mark params_mark, length_mark;          // of `params:` and of the list of lengths
  std::vector<YamlEntry> free;            // paths; values are unused
  std::vector<YamlEntry> aspect, follow;  // path -> expression
  double least_params = 0, most_params = 0;
  int64_t sizes = 4;
  Length length = Length::kTokensPerParam;
  std::vector<double> lengths;  // rising, without repeats
  bool hold_out_largest = false;
  double tolerance = 0.25;  // how far from its place among the sizes a model may lie
  std::string law;          // empty: chosen by what varies
  std::string small_task;  // a compare study's folder, whose ranking is set beside the laws'; or ""
  Mark small_task_mark;

  // The sizes, spaced evenly in the logarithm.
  std::vector<double> targets() const;
};

// The name of the key that says the lengths: "tokens_per_param", "tokens", "flops".
std::string_view name_of(ScaleGoal::Length length);

// "round(dim / 48)", 16, "$dim" or "${dim * 4}": what an entry of `aspect` or `follow` says. A
// whole number where the value is one to rounding. UserError at the value.
ArgValue expression_value(const Yaml& value, const Vars& vars);
// Whether the name stands in the expression.
bool mentions(const Yaml& expression, std::string_view name);
}  // namespace cambium
