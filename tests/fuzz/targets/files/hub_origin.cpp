// What a run remembers of where it came from.
#include <filesystem>

#include "tests/fuzz/target.h"
#include "train/hub/import_hub.h"

namespace cambium::fuzz_hub_origin {
extern const FuzzTarget fuzz_hub_origin = {
    .name = "hub_origin", .reads = {"train/hub/origin.cpp"}, .run = [](std::string_view bytes) {
      const std::filesystem::path file = file_of("hub_run/hub/origin.json", bytes);
      read_origin(file.parent_path().parent_path().string());
    }};
}  // namespace cambium::fuzz_hub_origin
