// A citation graph: nodes and edges.
#include "tests/fuzz/dataset.h"

namespace cambium::fuzz_planetoid {
extern const FuzzTarget fuzz_planetoid = {
    .name = "planetoid", .reads = {"data/text/lines.cpp"}, .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 2);
      const std::string nodes = file_of("planetoid/g.nodes.tsv", parts[0]);
      file_of("planetoid/g.edges.tsv", parts[1]);
      read_all(str("planetoid: {path: ", nodes.substr(0, nodes.find(".nodes")), "}"), 1);
    }};
}  // namespace cambium::fuzz_planetoid
