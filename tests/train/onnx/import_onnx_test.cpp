// Files of ONNX that others made: Debian's libonnx-testdata, and a classifier of digits.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "blocks/onnx/support/reader.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "ops/ops.h"
#include "places.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "train/graphs/answers_graph.h"
#include "train/onnx/import.h"

namespace cambium::import_onnx_test {
namespace {
namespace fs = std::filesystem;
constexpr const char* kCases = "/usr/share/libonnx-testdata/data/";

Ref numbers_of(const OnnxTensor& t) {
  Ref r;
  if (t.type == OnnxType::kF32)
    for (const float v : t.as<float>()) r.data.push_back(double(v));
  if (t.type == OnnxType::kI64)
    for (const int64_t v : t.as<int64_t>()) r.data.push_back(double(v));
  return r;
}

// What the references answer for the inputs of a test data set, as the largest difference from what
// it says.
double difference(const OnnxModel& m, const std::vector<OnnxTensor>& in,
                  const std::vector<OnnxTensor>& want) {
  Graph g(builtin_ops());
  std::map<std::string, Ref> leaves;
  std::vector<Value> x;
  for (size_t i = 0; i < in.size(); ++i) {
    const std::string name = str("input ", i);
    const DType type = in[i].type == OnnxType::kF32 ? DType::kF32 : DType::kI32;
    x.push_back(g.input(name, {type, Shape(in[i].dims)}));
    leaves[name] = numbers_of(in[i]);
  }
  OnnxReader reader(g, m, [&](const std::string& name, const OnnxTensor& t, bool) {
    leaves[name] = numbers_of(t);
    return g.parameter(name, Shape(t.dims), {});
  });
  const std::vector<Value> y = reader.read(x);
  for (size_t i = 0; i < y.size(); ++i) g.outputs.push_back({str("y", i), port_of(y[i])});
  const Interpreted got = interpret(g, [&](const Node& n) { return leaves.at(n.scope.path); });
  double worst = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const Ref right = numbers_of(want[i]);
    if (got.outputs.at(i).size() != right.size()) return HUGE_VAL;
    double size = 1;
    for (const double v : right.data) size = std::max(size, std::abs(v));
    for (int64_t k = 0; k < right.size(); ++k)
      worst = std::max(worst, std::abs(got.outputs[i][k] - right[k]) / size);
  }
  return worst;
}

std::vector<OnnxTensor> tensors_in(const std::string& folder, const std::string& kind) {
  std::vector<OnnxTensor> out;
  for (int i = 0;; ++i) {
    const std::string path = str(folder, "/", kind, "_", i, ".pb");
    if (!file_exists(path)) return out;
    out.push_back(parse_onnx_tensor(read_file(path), path));
  }
}

struct Tally {
  int right = 0, all = 0;
  std::vector<std::string> refused, wrong;
};

Tally read_all(const std::string& folder) {
  Tally t;
  for (const auto& at : fs::directory_iterator(folder)) {
    const std::string path = at.path().string() + "/model.onnx";
    if (!file_exists(path)) continue;
    ++t.all;
    const std::string name = at.path().filename().string();
    try {
      const OnnxModel m = parse_onnx(read_file(path), path);
      const double d = difference(m, tensors_in(at.path().string() + "/test_data_set_0", "input"),
                                  tensors_in(at.path().string() + "/test_data_set_0", "output"));
      if (d <= 1e-4)
        ++t.right;
      else
        t.wrong.push_back(str(name, ": ", d));
    } catch (const UserError& error) {
      t.refused.push_back(str(name, ": ", error.what()));
    }
  }
  std::ranges::sort(t.refused);
  return t;
}

// `least`: how many of the files are read; the others say what they lack.
void expect_read(const std::string& folder, int least) {
  if (test::skip_without(kCases + folder, "install libonnx-testdata")) return;
  const Tally t = read_all(kCases + folder);
  EXPECT_EQ(t.wrong, std::vector<std::string>());
  EXPECT_GE(t.right, least);
  std::cout << folder << ": " << t.right << " of " << t.all << " read and right\n";
  for (const std::string& line : t.refused) {
    std::cout << "  " << line << "\n";
    EXPECT_NE(line.find("node '"), line.npos) << line;
  }
}

TEST(ImportOnnx, ReadsWhatPyTorchConverted) {
  expect_read("pytorch-converted", 60);
}

TEST(ImportOnnx, ReadsOperatorsOfPyTorch) {
  expect_read("pytorch-operator", 25);
}

// Sixteen digits, 0 to 255, and what onnxruntime answered.
struct Digits {
  std::string file;
  std::vector<float> x, y;
};

constexpr int64_t kDigits = 16;

std::optional<Digits> digits_of_cntk() {
  constexpr int64_t kPixels = 784, kHeader = 16;
  const std::string folder = test::data_path("weights/mnist_onnx_cntk");
  const std::string images = test::data_path("images/mnist_t10k/t10k-images-idx3-ubyte.gz");
  if (test::skip_without(folder) || test::skip_without(images)) return std::nullopt;
  Digits d{folder + "/opt-mnist.onnx", {}, {}};
  const std::vector<std::byte> file = read_maybe_gzip(images);
  for (int64_t i = 0; i < kDigits * kPixels; ++i) d.x.push_back(float(file[size_t(kHeader + i)]));
  const Json reference = load_json(folder + "/reference_scale_raw.json");
  for (const Json& row : reference["logits_first16"])
    for (const Json& v : row) d.y.push_back(v.get<float>());
  return d;
}

// The file says a batch of one, and is asked sixteen at once.
TEST(ImportOnnx, TheDigitsOfCntkAreRecognisedAsItDoes) {
  const auto d = digits_of_cntk();
  if (!d) return;
  const OnnxModel m = parse_onnx(read_file(d->file), d->file);
  EXPECT_LT(difference(m, {onnx_f32({kDigits, 1, 28, 28}, d->x)}, {onnx_f32({kDigits, 10}, d->y)}),
            1e-5);
}

TEST(ImportOnnx, TheDigitsOfCntkAreAChainOfOurBlocks) {
  const auto d = digits_of_cntk();
  if (!d) return;
  const ImportedModel made = import_onnx(d->file);
  EXPECT_EQ(made.spec.find("onnx:"), made.spec.npos) << made.spec;
  const std::string path = (fs::temp_directory_path() / "cambium_onnx_chain.yaml").string();
  replace_file(path, made.spec);
  const Experiment e = open_to_measure(load_spec(path));
  fs::remove(path);
  const Graph g = answers_graph(e, kDigits);
  const Interpreted got = interpret(g, [&](const Node& n) {
    Ref r;
    const bool x = n.role == Role::kInput;
    const std::span<const float> from = x ? d->x : made.tensors.at(n.scope.path).f32();
    r.data.assign(from.begin(), from.end());
    return r;
  });
  ASSERT_EQ(got.outputs[0].size(), int64_t(d->y.size()));
  for (size_t i = 0; i < d->y.size(); ++i)
    EXPECT_NEAR(got.outputs[0].data[i], double(d->y[i]), 1e-5 * 8063) << i;
}

TEST(ImportOnnx, AnUnknownOperatorIsNamedWithItsNode) {
  const std::string file = CAMBIUM_SOURCE_DIR "/tests/fuzz/corpus/onnx/unknown";
  const UserError error = test::error_of([&] { import_onnx(file); });
  EXPECT_NE(std::string(error.what()).find("node 'y': the operator NonMaxSuppression is not read"),
            std::string::npos)
      << error.what();
}
}  // namespace
}  // namespace cambium::import_onnx_test
