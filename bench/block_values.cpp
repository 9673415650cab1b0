// Writes what our kernels compute for the blocks of tests/golden/torch, on weights as the blocks
// draw them and inputs of our own, for `scripts/torch_blocks.py check`.
// usage: block_values GOLDEN_FOLDER OUTPUT_FOLDER [SEED]
#include "tests/support/block_values.h"

#include <cstdio>
#include <filesystem>

#include "core/version.h"

namespace cambium {
namespace {
namespace fs = std::filesystem;

void draw(Tensor& t, uint64_t seed, std::string_view name) {
  Random random(seed, stream_of(name));
  for (float& x : t.f32()) x = float(random.normal());
}

void write_case(const fs::path& golden, const fs::path& folder, uint64_t seed) {
  const SafeTensors file = read_safetensors(golden.string());
  BlockValues values(file);
  BlockValues::Tensors all = values.start(seed);
  all.emplace("x", Tensor(file.tensors.at("x").type()));
  all.emplace("cotangent", Tensor(DType::kF32, values.output_shape()));
  for (const char* name : {"x", "cotangent"}) draw(all.at(name), seed, name);
  if (const auto edges = file.tensors.find("edges"); edges != file.tensors.end())
    all.emplace("edges", edges->second.clone());
  for (auto& [name, tensor] : values.run(all)) all.insert_or_assign(name, std::move(tensor));
  std::map<std::string, const Tensor*, std::less<>> tensors;
  for (const auto& [name, tensor] : all) tensors[name] = &tensor;
  auto metadata = file.metadata;
  metadata["made_by"] = str("Cambium ", kVersion, ", seed ", seed);
  write_safetensors((folder / golden.filename()).string(), tensors, metadata);
}

int run(int argc, char** argv) {
  require(argc == 3 || argc == 4, "usage: block_values GOLDEN_FOLDER OUTPUT_FOLDER [SEED]");
  fs::create_directories(argv[2]);
  int written = 0;
  for (const auto& f : fs::directory_iterator(argv[1]))
    if (f.path().extension() == ".safetensors") {
      write_case(f.path(), argv[2], argc == 4 ? std::stoull(argv[3]) : 0);
      ++written;
    }
  std::printf("%d files in %s\n", written, argv[2]);
  return 0;
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    return cambium::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "block_values: %s\n", e.what());
    return 1;
  }
}
