// Files of ONNX beside what we answer, and what onnxruntime answers (npm's onnxruntime-node, where
// CAMBIUM_ORT_MODULES or build/ort/node_modules holds it).
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "graph/onnx/use.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "train/onnx/examples.h"

namespace cambium::test {
inline std::string onnx_modules() {
  const char* told = std::getenv("CAMBIUM_ORT_MODULES");
  return told ? told : CAMBIUM_SOURCE_DIR "/build/ort/node_modules";
}

// Whether the test cannot ask onnxruntime, which it then says.
inline bool skip_without_onnxruntime() {
  return skip_without(onnx_modules() + "/onnxruntime-node", "scripts/test.sh installs it");
}

// A folder of cases, removed at the end.
class OnnxCases {
 public:
  explicit OnnxCases(const std::string& name)
      : folder_(str(std::filesystem::temp_directory_path().string(), "/cambium_onnx_", name)) {
    std::filesystem::remove_all(folder_);
    make_folders(folder_);
  }

  ~OnnxCases() { std::filesystem::remove_all(folder_); }

  OnnxCases(const OnnxCases&) = delete;
  OnnxCases& operator=(const OnnxCases&) = delete;

  void add(const std::string& name, const OnnxModel& model,
           const std::vector<OnnxExample>& examples) {
    make_folders(folder_ + "/" + name);
    replace_file(folder_ + "/" + name + "/model.onnx", onnx_bytes(model));
    write_onnx_examples(examples, folder_ + "/" + name);
  }

  // "name: what is wrong" of each whose answers differ by more than `most`, relative to 1 and to
  // the value.
  std::vector<std::string> wrong(double most) const {
    const std::string out = folder_ + "/answers.txt";
    const std::string command =
        str("node ", CAMBIUM_SOURCE_DIR, "/tests/support/onnx/check.cjs ", onnx_modules(), " ",
            folder_, " > ", out, " 2>", folder_, "/errors.txt");
    std::vector<std::string> bad;
    if (std::system(command.c_str()) != 0) bad.push_back("node failed");
    std::ifstream in(out);
    size_t seen = 0;
    for (std::string line; std::getline(in, line); ++seen) {
      std::istringstream words(line);
      std::string name;
      double difference = 0;
      words >> name;
      if (!(words >> difference) || !(difference <= most)) bad.push_back(line);
    }
    if (seen == 0) bad.push_back("onnxruntime was asked nothing");
    return bad;
  }

 private:
  std::string folder_;
};
}  // namespace cambium::test
