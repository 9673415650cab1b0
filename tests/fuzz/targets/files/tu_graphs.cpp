// Small graphs with a label each.
#include "tests/fuzz/dataset.h"

namespace cambium::fuzz_tu_graphs {
extern const FuzzTarget fuzz_tu_graphs = {
    .name = "tu_graphs",
    .reads = {"data/sets/graph/tu_graphs.cpp"},
    .run = [](std::string_view bytes) {
      read_all(str("tu_graphs: {folds: 3, path: ", file_of("graphs.txt", bytes), "}"));
    }};
}  // namespace cambium::fuzz_tu_graphs
