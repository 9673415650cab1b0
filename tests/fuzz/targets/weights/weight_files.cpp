// Weight files: an index of shards, with one shard beside it.
#include "core/tensor/weight_files.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_weight_files {
extern const FuzzTarget fuzz_weight_files = {.name = "weight_files",
                                             .reads = {"core/tensor/weight_files.cpp"},
                                             .run = [](std::string_view bytes) {
                                               const auto parts = parts_of(bytes, 2);
                                               file_of("a.safetensors", parts[1]);
                                               read_weight_files(file_of("x.index.json", parts[0]));
                                             }};
}  // namespace cambium::fuzz_weight_files
