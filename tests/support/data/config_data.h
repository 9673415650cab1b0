// Where the test data stands that configs name through a variable.
#pragma once
#include <map>
#include <vector>

#include "core/yaml/spec.h"
#include "tests/support/data/test_data.h"

namespace cambium::test {
// What --set gives for the variables of a spec that are paths; skips the test, and answers none,
// where the data is not there.
inline std::optional<std::vector<std::string>> data_overrides(const Spec& spec) {
  static const std::map<std::string, std::string> paths = {
      {"cora", "graphs/planetoid_cora"},
      {"labelled", "text/sentconv/TREC.train.all"},
      {"mutag", "graphs/tu_dgcnn/MUTAG.txt"},
      {"text", "text/tinyshakespeare/input.txt"}};
  std::vector<std::string> out;
  const Yaml* vars = spec.section("vars");
  for (const auto& [name, path] : paths) {
    if (!vars || !vars->find(name)) continue;
    if (skip_without(data_path(path))) return std::nullopt;
    out.push_back("vars." + name + "=" + data_path(path));
  }
  return out;
}
}  // namespace cambium::test
