// Groups: learning rates and weight decay of parameters by name.
#pragma once
#include "core/yaml/expr.h"
#include "train/spec/optim.h"

namespace cambium {
// One entry of `groups:`, such as {match: "*.norm*", lr_scale: 0.1, weight_decay: 0}.
struct GroupRule {
  std::string match;
  ParameterGroup group;
  Mark mark;  // of the pattern
};

struct GroupOptions {  // the fields of one entry, for docs and the schema
  std::string match;
  double lr_scale = 1, weight_decay = 0;

  static constexpr auto fields = std::tuple{
      field("match", &GroupOptions::match,
            "names of parameters; * stands for anything. The first group that matches counts"),
      field("lr_scale", &GroupOptions::lr_scale, "factor on the learning rate").in(0),
      field("weight_decay", &GroupOptions::weight_decay,
            "in place of the optimizer's, biases and norms included")
          .in(0)};
};

// Adds every mistake to `errors`.
std::vector<GroupRule> parse_groups(const Yaml& groups, const Vars& vars, Diagnostics& errors);

// An error for each rule that matches none of the names, or only those of earlier rules. One that
// matches none of them but some of `frozen`, which never move, is none.
void check_groups(std::span<const GroupRule> rules, std::span<const std::string> names,
                  Diagnostics& errors, std::span<const std::string> frozen = {});

// The rules that match none of the names, but some of those.
std::vector<GroupRule> groups_of_none(std::span<const GroupRule> rules,
                                      std::span<const std::string> names,
                                      std::span<const std::string> frozen);

// What the first rule that matches says, for each parameter.
std::vector<ParameterGroup> groups_of(std::span<const GroupRule> rules,
                                      std::span<const Value> parameters);
}  // namespace cambium
