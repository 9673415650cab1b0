// A model in Hugging Face's layout: config.json, then the safetensors file; taken in and out again.
#include <filesystem>

#include "places.h"
#include "tests/fuzz/target.h"
#include "train/hub/export_hub.h"

namespace cambium::fuzz_hub {
extern const FuzzTarget fuzz_hub = {
    .name = "hub",
    .reads = {"train/hub/import_hub.cpp", "train/hub/export_hub.cpp"},
    .run = [](std::string_view bytes) {
      const std::string maps = CAMBIUM_SOURCE_DIR "/configs/weights";
      const auto parts = parts_of(bytes, 2);
      file_of("hub_model/model.safetensors", parts[1]);
      const std::string config = file_of("hub_model/config.json", parts[0]);
      const std::string folder = std::filesystem::path(config).parent_path().string();
      const HubModel m = import_hub(folder, {.maps = maps});
      const Experiment e = open_experiment({"spec", parse_yaml(m.model.spec, "spec")});
      const HubExport out = export_hub(e, m.model.tensors, &m.origin, {}, "hf", maps);
      expect(!out.tensors.empty(), "a model has tensors");
    }};
}  // namespace cambium::fuzz_hub
