// How far our logits are from torchvision's, for files that `scripts/torch_zoo.py make` wrote.
// usage: zoo_values FILE...
#include <cstdio>

#include "tests/support/model_values.h"
#include "tests/support/relative_error.h"

namespace cambium {
namespace {
int run(int argc, char** argv) {
  require(argc > 1, "usage: zoo_values FILE...");
  std::printf("%-20s%12s%10s  made by\n", "model", "parameters", "error");
  for (int i = 1; i < argc; ++i) {
    const SafeTensors file = read_safetensors(argv[i]);
    ModelValues model(file);
    const double error = relative_error(model.logits(file), file.tensors.at("logits"));
    std::printf("%-20s%12lld%10.1e  %s\n", file.metadata.at("config").c_str(),
                static_cast<long long>(model.parameters()), error,
                file.metadata.at("made_by").c_str());
  }
  return 0;
}
}  // namespace
}  // namespace cambium

int main(int argc, char** argv) {
  try {
    return cambium::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "zoo_values: %s\n", e.what());
    return 1;
  }
}
