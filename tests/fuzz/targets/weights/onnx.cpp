// Files of ONNX: read, and made into operators of ours.
#include "graph/onnx/model.h"
#include "tests/fuzz/target.h"
#include "train/onnx/import.h"

namespace cambium::fuzz_onnx {
extern const FuzzTarget fuzz_onnx = {
    .name = "onnx",
    .reads = {"graph/onnx/read.cpp", "train/onnx/import.cpp", "blocks/onnx/onnx.cpp"},
    .run = [](std::string_view bytes) {
      const std::string path = file_of("model.onnx", bytes);
      try {
        parse_onnx_tensor(bytes, path);
      } catch (const UserError&) {  // most are models, not tensors
      }
      const OnnxModel m = parse_onnx(bytes, path);
      const OnnxModel again = parse_onnx(onnx_bytes(m), path);
      expect(again.graph.nodes.size() == m.graph.nodes.size(),
             "a model is another when written again");
      import_onnx(path);
    }};
}  // namespace cambium::fuzz_onnx
