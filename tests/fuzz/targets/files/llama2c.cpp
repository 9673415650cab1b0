// A model of llama2.c, up to the spec that is written for it.
#include "core/yaml/yaml.h"
#include "tests/fuzz/target.h"
#include "train/weights/import.h"

namespace cambium::fuzz_llama2c {
extern const FuzzTarget fuzz_llama2c = {
    .name = "llama2c", .reads = {"train/weights/import.cpp"}, .run = [](std::string_view bytes) {
      const ImportedModel model = import_llama2c(file_of("model.bin", bytes), "t.bin", "a'\n.txt");
      parse_yaml(model.spec, "spec.yaml");
    }};
}  // namespace cambium::fuzz_llama2c
