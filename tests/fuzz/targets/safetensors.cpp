// Safetensors: the header's claims against the bytes that follow.
#include "core/safetensors.h"

#include "tests/fuzz/target.h"

namespace cambium {
extern const FuzzTarget fuzz_safetensors = {
    .name = "safetensors", .reads = {"core/safetensors.cpp"}, .run = [](std::string_view bytes) {
      read_safetensors(file_of("x.safetensors", bytes));
    }};
}  // namespace cambium
