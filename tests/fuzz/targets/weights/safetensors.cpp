// Safetensors: the header's claims against the bytes that follow.
#include "core/tensor/safetensors.h"

#include "tests/fuzz/target.h"

namespace cambium::fuzz_safetensors {
extern const FuzzTarget fuzz_safetensors = {
    .name = "safetensors",
    .reads = {"core/tensor/safetensors.cpp"},
    .run = [](std::string_view bytes) { read_safetensors(file_of("x.safetensors", bytes)); }};
}  // namespace cambium::fuzz_safetensors
