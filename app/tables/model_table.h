// Model table: a model's blocks with shapes and costs, as rows.
#pragma once
#include "core/text/json_forward.h"
#include "graph/cost.h"

namespace cambium {
struct ModelRow {
  std::string path;  // "repeat.0.attention"; of the first copy
  std::string name;  // "attention", "0..5"; "(own)" for ops beside inner blocks; "total"
  int depth = 0;     // 0: the whole model
  int copies = 1;    // equal neighbours this row stands for
  ValueType out;     // what leaves the (last) scope
  ScopeCost cost;    // forward, of all copies together
};

// Scopes of a forward graph in order of execution down to `depth` (0: all), equal neighbours folded
// into one row. The rows right below a row add up to it.
std::vector<ModelRow> model_rows(const Graph& g, int64_t depth);

std::string to_text(const std::vector<ModelRow>& rows);
Json to_json(const std::vector<ModelRow>& rows);
}  // namespace cambium
