// A model of llama2.c, up to the spec that is written for it.
#include "train/hub/llama2c.h"

#include "core/yaml/yaml.h"
#include "places.h"
#include "tests/fuzz/target.h"

namespace cambium::fuzz_llama2c {
extern const FuzzTarget fuzz_llama2c = {
    .name = "llama2c", .reads = {"train/hub/llama2c.cpp"}, .run = [](std::string_view bytes) {
      const HubModel model = import_llama2c(file_of("model.bin", bytes), "", "",
                                            CAMBIUM_SOURCE_DIR "/configs/weights");
      parse_yaml(model.model.spec, "spec.yaml");
    }};
}  // namespace cambium::fuzz_llama2c
