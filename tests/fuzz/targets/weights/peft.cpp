// An adapter in PEFT's layout: its configuration and its tensors.
#include "train/adapters/peft.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_peft {
extern const FuzzTarget fuzz_peft = {
    .name = "peft", .reads = {"train/adapters/peft.cpp"}, .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 2);
      const std::string config = file_of("adapter/adapter_config.json", parts[0]);
      file_of("adapter/adapter_model.safetensors", parts[1]);
      const PeftAdapter a = read_peft(config.substr(0, config.rfind('/')));
      expect(!a.modules.empty() && a.rank >= 1, "an adapter adapts something");
    }};
}  // namespace cambium::fuzz_peft
