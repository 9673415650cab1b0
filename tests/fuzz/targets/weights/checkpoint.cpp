// Checkpoints: an index, and files that it may or may not name rightly.
#include "train/run/checkpoint.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_checkpoint {
extern const FuzzTarget fuzz_checkpoint = {
    .name = "checkpoint", .reads = {"train/run/checkpoint.cpp"}, .run = [](std::string_view bytes) {
      const std::vector<std::string_view> parts = parts_of(bytes, 3);
      const std::string index = file_of("run/checkpoints/index.json", parts[0]);
      file_of("run/checkpoints/step-1.json", parts[1]);
      file_of("run/checkpoints/step-1.safetensors", parts[2]);
      const std::string run = index.substr(0, index.find("/checkpoints"));
      try {
        load_weights(run, false);
      } catch (const Error&) {
        load_checkpoint(run);
        throw;
      }
      load_checkpoint(run);
    }};
}  // namespace cambium::fuzz_checkpoint
