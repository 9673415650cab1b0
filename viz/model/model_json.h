// The model of a picture as JSON, for a page that lets its reader open, close and search boxes.
#pragma once
#include "core/text/json_forward.h"
#include "viz/model/model_picture.h"

namespace cambium {
// Ids are places in `boxes`; box 0 is the model, parents precede children, children stand in order
// of execution. What is not known or does not apply is null. Valid by model_schema():
//   {"version": 1, "title": "hybrid.yaml",
//    "boxes": [{"id", "parent", "path", "label", "kind": "block" | "op" | "input" | "state" |
//       "output", "op", "detail", "attributes", "domain": "grid" | "tokens" | "graph" | "vector" |
//       "adapter" | "reorder" | "plain", "repeat", "chained", "parameters", "flops", "ms",
//       "out": {"dtype": "f32", "shape": [8, 49, 32]}, "place": {"file", "line", "column"},
//       "children": [ids]}],
//    "arrows": [{"from", "to", "kind": "data" | "residual" | "adjacency" | "state", "shapes"}],
//    "heat": {"step_ms", "hottest_ms", "elsewhere": [{"what", "ms"}]}}
// `parameters` and `flops` (forward, for the batch of the shapes) are of one of `repeat` equal
// neighbours, `ms` of all.
Json to_json(const ModelPicture& m);

// The JSON Schema (draft 7) of the above.
Json model_schema();
}  // namespace cambium
