// Blocks on tokens whose numbers tell where they were, padded ones among them.
#pragma once
#include <numeric>

#include "tests/support/expect_error.h"
#include "tests/support/padded_case.h"

namespace cambium::test {
using Numbers = std::vector<double>;

inline BlockCase tokens(const std::string& yaml, const Shape& shape = {2, 5, 4}) {
  return BlockCase(yaml, Domain::kTokens, shape);
}

// 1, 2, 3 ...: numbers that tell where they were.
inline Numbers counted(int64_t n) {
  Numbers x(static_cast<size_t>(n));
  std::iota(x.begin(), x.end(), 1);
  return x;
}

// The answers of a list on x [2,4,1] = 1 ... 8, whose second example has two real tokens; trained
// ones are -1, -2 ... `mask` is told the name of what they end with.
inline Numbers masked(const std::string& yaml, std::string* mask = nullptr) {
  Graph g(builtin_ops());
  const Vars vars;
  Builder b(g, vars, false);
  const Stream in = build_input(
      g, {Domain::kTokens, {{"x", {DType::kF32, {2, 4, 1}}}, {"mask", {DType::kF32, {2, 4}}}}});
  const Yaml model = parse_yaml(yaml, "m.yaml");
  const Stream out = build_model(b, model, nullptr, in);
  g.outputs = {{"y", port_of(out.x)}};
  if (out.mask) g.outputs.push_back({"mask", port_of(out.mask)});
  if (mask) *mask = out.mask ? g.node(out.mask.node).scope.path : "none";
  const Interpreted done = interpret(g, [&](const Node& n) -> Ref {
    if (n.scope.path == "mask") return {{1, 1, 1, 1, 1, 1, 0, 0}};
    Ref r{counted(n.outputs[0].shape.count())};
    if (n.role == Role::kParameter)
      for (double& v : r.data) v = -v;
    return r;
  });
  Numbers y = done.outputs[0].data;
  if (out.mask)
    for (size_t i = 0; i < y.size(); ++i)
      if (done.outputs[1].data[i] < 0.5) y[i] = 0;
  return y;
}

inline UserError first_error(const std::string& yaml, const Shape& shape = {2, 5, 4},
                             Domain domain = Domain::kTokens) {
  return error_of<UserErrors>([&] { BlockCase(yaml, domain, shape); }).all.at(0);
}

inline UserError padded_error(const std::string& yaml) {
  return error_of<UserErrors>([&] {
           PaddedCase(yaml, {Domain::kTokens, 4, 2, {2, 4}}, false);
         })
      .all.at(0);
}

// Under the names of one spec the numbers of another, by pairs of prefixes. What gets a new name
// takes the place of what had it.
inline BlockCase::Data renamed(const BlockCase::Data& from,
                               const std::vector<std::pair<std::string, std::string>>& names) {
  BlockCase::Data to = from;
  for (const auto& [name, numbers] : from)
    for (const auto& [old_prefix, prefix] : names)
      if (name.starts_with(old_prefix)) to[prefix + name.substr(old_prefix.size())] = numbers;
  return to;
}
}  // namespace cambium::test
