// Every file of configs/models goes out, and onnxruntime answers what our kernels do, at three
// batches and, where it is open, three lengths.
#include <algorithm>
#include <iostream>

#include "tests/support/data/config_data.h"
#include "tests/support/onnx/cases.h"
#include "train/onnx/export.h"

namespace cambium::every_model_onnx_test {
namespace {
// In two of its layers where it has more, on pictures of 64 x 64 and 64 tokens where the size is
// free.
Experiment open_little(const std::string& file, std::vector<std::string> set) {
  const Spec spec = load_spec(file);
  const Yaml* data = spec.section("data");
  if (const Yaml* vars = spec.section("vars"); vars && vars->find("layers"))
    set.push_back("vars.layers=2");
  if (data->find("random_images"))
    for (const char* side : {"height", "width"})
      set.push_back(str("data.random_images.", side, "=64"));
  if (data->find("random_tokens")) set.push_back("data.random_tokens.context=64");
  return open_to_measure(load_spec(file, set));
}

TEST(EveryModelSlow, AnswersTheSameInOnnxruntime) {
  if (test::skip_without_onnxruntime()) return;
  test::OnnxCases cases("models");
  size_t written = 0, open = 0, missing = 0;
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/configs/models"))
    if (f.path().extension() == ".yaml") files.push_back(f.path().string());
  std::ranges::sort(files);
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).stem().string();
    const auto set = test::data_overrides(load_spec(file));
    if (!set) {
      ++missing;
      continue;
    }
    try {
      const Experiment e = open_little(file, *set);
      const OnnxExport made = export_onnx(e, nullptr);
      cases.add(name, made.model, onnx_examples(e, nullptr, made));
      ++written;
      open += std::ranges::count(made.open, "length") + std::ranges::count(made.open, "nodes") > 0;
      for (const std::string& note : made.notes) std::cout << name << ": " << note << "\n";
    } catch (const UserError& error) {
      ADD_FAILURE() << name << ": " << error.what();
    }
  }
  std::cout << written << " of " << files.size() << " models written, " << open
            << " with their length or nodes open, " << missing << " without their data\n";
  for (const std::string& line : cases.wrong(1e-4)) ADD_FAILURE() << line;
}
}  // namespace
}  // namespace cambium::every_model_onnx_test
