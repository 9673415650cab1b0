// PEFT's layout: what is written is what the library reads, what is read is what was written, and
// what would compute something else is refused.
#include "train/adapters/peft.h"

#include <filesystem>
#include <fstream>

#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/adapters/source.h"
#include "train/adapters/support/layout.h"
#include "train/run/session.h"

namespace cambium::peft_test {
namespace {
constexpr std::string_view kModel =
    "model:\n"
    "  - embed: 12\n"
    "  - residual: [{norm: layer}, {attention: {heads: 2, causal: true}}]\n"
    "  - {linear: $classes, name: head}\n";

class Peft : public testing::Test {
 protected:
  std::string spec(const std::string& adapt, const std::string& model = std::string(kModel)) const {
    return str("adapt: ", adapt,
               "\ndata: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, "
               "test: 16}}\n",
               model, "train: {batch: 8, steps: 5, optimizer: {adamw: {lr: 0.02}}}\n");
  }

  // The weights of a run.
  Tensors trained(const std::string& text, const std::string& run) {
    test::Remember seen;
    run_training(test::open_text(folder_, text), {.folder = folder_.path(run)}, seen);
    notes_ = seen.notes;
    return load_weights(folder_.path(run), false).tensors;
  }

  void write(const std::string& config, const std::map<std::string, Shape>& shapes) {
    make_folders(at_);
    replace_file(at_ + "/adapter_config.json", config);
    std::map<std::string, Tensor, std::less<>> tensors;
    std::map<std::string, const Tensor*, std::less<>> named;
    for (const auto& [name, shape] : shapes)
      named[name] = &(tensors[name] = Tensor(DType::kF32, shape));
    write_safetensors(at_ + "/adapter_model.safetensors", named, {});
  }

  std::string error() const {
    return test::error_of([&] { read_peft(at_); }).what();
  }

  test::TempFolder folder_;
  test::OneThread one_thread_;
  std::string at_ = folder_.path("adapter");
  std::vector<std::string> notes_;
};

const std::string kLora =
    "{lora: {rank: 2, alpha: 3, dropout: 0.1, on: [\"*.q\", \"*.v\", embed]}, also: [head]}";

TEST_F(Peft, WritesTheNamesAndShapesOfTheLibrary) {
  const std::string text = spec(kLora);
  const Tensors weights = trained(text, "run");
  write_peft(peft_of(test::open_text(folder_, text), weights, "runs/base"), at_);
  const auto file = read_safetensors(at_ + "/adapter_model.safetensors").tensors;
  std::map<std::string, Shape> shapes;
  for (const auto& [name, t] : file) shapes[name] = t.shape();
  const std::string block = "base_model.model.residual.attention.";
  EXPECT_EQ(shapes, (std::map<std::string, Shape>{
                        {"base_model.model.embed.table.lora_embedding_A", {2, 6}},
                        {"base_model.model.embed.table.lora_embedding_B", {12, 2}},
                        {"base_model.model.head.bias", {6}},
                        {"base_model.model.head.weight", {6, 12}},
                        {block + "q.lora_A.weight", {2, 12}},
                        {block + "q.lora_B.weight", {12, 2}},
                        {block + "v.lora_A.weight", {2, 12}},
                        {block + "v.lora_B.weight", {12, 2}}}));
  const Tensor& a = weights.find("residual.attention.q.lora_A")->second;  // [12,2]
  const Tensor& written = file.find(block + "q.lora_A.weight")->second;
  for (int64_t i = 0; i < 12; ++i)
    for (int64_t j = 0; j < 2; ++j)
      EXPECT_EQ(written.f32()[size_t(j * 12 + i)], a.f32()[size_t(i * 2 + j)]);
  const Json config = load_json(at_ + "/adapter_config.json");
  EXPECT_EQ(config.at("peft_type"), "LORA");
  EXPECT_EQ(config.at("r"), 2);
  EXPECT_EQ(config.at("lora_alpha"), 3.0);
  EXPECT_EQ(config.at("modules_to_save"), Json::array({"head"}));
  EXPECT_EQ(config.at("use_rslora"), false);
}

// Of the library's listings: every name has the form that ours have.
TEST_F(Peft, ListingsOfTheLibraryAreNamedSo) {
  for (const char* name : {"peft_gpt2_lora_r8.tsv", "peft_tinyllama_lora_r8.tsv"}) {
    std::ifstream lines(test::data_path(str("weights/hf_layouts/", name)));
    int64_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      const std::string tensor = line.substr(0, line.find('\t'));
      const bool a = tensor.ends_with(".lora_A.weight"), b = tensor.ends_with(".lora_B.weight");
      EXPECT_TRUE(tensor.starts_with("base_model.model.") && (a || b)) << line;
      const std::string shape = line.substr(line.find('\t') + 1);
      EXPECT_TRUE(a ? shape.starts_with("8x") : shape.ends_with("x8")) << line;
    }
    EXPECT_GT(count, 20);
  }
}

TEST_F(Peft, WhatIsWrittenStartsAnotherRunBitForBit) {
  const std::string model(kModel);
  for (const std::string& adapt : {kLora, std::string("{rslora: {rank: 2, on: \"*\"}}")}) {
    SCOPED_TRACE(adapt);
    const std::string text = spec(adapt, model);
    const Tensors weights = trained(text, "run");
    write_peft(peft_of(test::open_text(folder_, text), weights, ""), at_);
    Experiment next = test::open_text(folder_, spec("{from: " + at_ + "}", model));
    EXPECT_TRUE(next.spec.section("adapt")->find("hash"));
    Session session(next, int64_t(1) << 40);
    session.start_from(adapter_start(next)->tensors);
    session.start(0);
    int64_t same = 0;
    for (const std::string& name : adapter_tensors(model_of(next, 8, true))) {
      const Tensor& was = weights.find(name)->second;
      const Tensor& is = *session.tensors().at(name);
      ASSERT_EQ(was.type(), is.type());
      same += std::ranges::equal(was.raw(), is.raw());
    }
    EXPECT_EQ(same, int64_t(adapter_tensors(model_of(next, 8, true)).size()));
    // A run from it says so, and needs the folder no more once it has begun.
    trained(spec("{from: " + at_ + "}", model), "next");
    EXPECT_TRUE(std::ranges::any_of(
        notes_, [](const std::string& n) { return n.starts_with("adapt: ") && n.ends_with("'"); }));
    const std::string begun = folder_.path("next/spec.yaml");
    std::filesystem::remove_all(at_);
    const Experiment again = open_experiment(load_spec(begun));
    EXPECT_TRUE(std::ranges::any_of(again.notes, [](const UserError& n) {
      return std::string(n.what()).ends_with("' is gone or has changed");
    }));
    EXPECT_THROW(adapter_start(again), UserError);
    std::filesystem::remove_all(folder_.path("run"));
    std::filesystem::remove_all(folder_.path("next"));
  }
}

TEST_F(Peft, KernelsComeBackAsTheyWere) {
  // [ky,kx,c,o] of odd sizes through PyTorch's axes and back.
  const Shape weight{3, 2, 5, 7};
  Tensor a(DType::kF32, {30, 4}), b(DType::kF32, {4, 7});
  for (float i = 0; float& x : a.f32()) x = i++;
  for (float i = 0; float& x : b.f32()) x = i++;
  const Tensor there = to_torch(a, weight, false), back = to_torch(b, weight, true);
  EXPECT_EQ(there.shape(), (Shape{4, 5, 3, 2}));
  EXPECT_EQ(back.shape(), (Shape{7, 4, 1, 1}));
  // Row (y, x, c) and column r of A.
  EXPECT_EQ(there.f32()[size_t(((2 * 5 + 3) * 3 + 1) * 2 + 1)],
            a.f32()[size_t(((1 * 2 + 1) * 5 + 3) * 4 + 2)]);
  const auto again = from_torch(there, weight, a.shape(), false);
  const auto once_more = from_torch(back, weight, b.shape(), true);
  ASSERT_TRUE(again && once_more);
  EXPECT_TRUE(std::ranges::equal(again->raw(), a.raw()));
  EXPECT_TRUE(std::ranges::equal(once_more->raw(), b.raw()));
  EXPECT_FALSE(from_torch(there, Shape{2, 3, 5, 7}, a.shape(), false));
}

TEST_F(Peft, RefusesWhatItDoesNotFollow) {
  EXPECT_NE(error().find("holds no adapter"), std::string::npos);
  const std::map<std::string, Shape> pair = {{"base_model.model.x.lora_A.weight", {2, 3}},
                                             {"base_model.model.x.lora_B.weight", {4, 2}}};
  write("{\"r\": 2}", pair);
  EXPECT_EQ(read_peft(at_).modules, std::vector<std::string>{"x"});
  const std::pair<const char*, const char*> keys[] = {
      {"\"peft_type\": \"IA3\"", "'peft_type' is not LORA"},
      {"\"use_dora\": true", "'use_dora' is not followed here"},
      {"\"bias\": \"all\"", "'bias' is not 'none'"},
      {"\"rank_pattern\": {\"x\": 4}", "'rank_pattern' gives modules numbers of their own"},
      {"\"layer_replication\": [[0, 2]]", "'layer_replication' changes what is computed"},
      {"\"lora_alpha\": \"many\"", "'lora_alpha' is \"many\", not a number"},
      {"\"lora_dropout\": 1", "'lora_dropout' is 1, not a number from 0 to 0.99"}};
  for (const auto& [key, text] : keys) {
    write(str("{\"r\": 2, ", key, "}"), pair);
    EXPECT_NE(error().find(text), std::string::npos) << error();
  }
  write("{\"r\": 3}", pair);
  EXPECT_NE(error().find("and r is 3"), std::string::npos) << error();
  write("[]", pair);
  EXPECT_NE(error().find("is no object"), std::string::npos) << error();
  write("{\"r\": 2}", {{"y", {1}}});
  EXPECT_NE(error().find("holds no LoRA tensors"), std::string::npos) << error();
  write("{\"r\": 2}", {{"x.lora_A.weight", {2, 3}}, {"x.lora_A.default.weight", {2, 3}}});
  EXPECT_NE(error().find("two tensors mean 'x.lora_A.weight'"), std::string::npos) << error();
}

TEST_F(Peft, RefusesAnAdapterOfAnotherModel) {
  const std::string a = "base_model.model.residual.attention.q.lora_A.weight",
                    b = "base_model.model.residual.attention.q.lora_B.weight";
  const auto first = [&] {
    return std::string(
        test::error_of<UserErrors>([&] { test::open_text(folder_, spec("{from: " + at_ + "}")); })
            .all.at(0)
            .what());
  };
  write("{\"r\": 2}", {{a, {2, 7}}, {b, {12, 2}}});
  EXPECT_NE(first().find("is [2,7], which does not fit"), std::string::npos) << first();
  write("{\"r\": 2}", {{a, {2, 12}}});
  EXPECT_NE(first().find("the adapter has no 'residual.attention.q.lora_B.weight'"),
            std::string::npos)
      << first();
  write("{\"r\": 2}", {{"base_model.model.other.lora_A.weight", {2, 12}}});
  EXPECT_NE(first().find("'other'"), std::string::npos) << first();
}

TEST_F(Peft, RefusesToWriteWhatTheLayoutDoesNotHold) {
  for (const char* adapt : {"{ia3: {on: \"*.k\"}}", "{bottleneck: {on: \"*attention\"}}",
                            "{dora: {rank: 2, on: \"*.q\"}}"}) {
    const std::string text = spec(adapt);
    const Tensors weights = trained(text, "run");
    const Experiment e = test::open_text(folder_, text);
    EXPECT_THROW(peft_of(e, weights, ""), UserError) << adapt;
    std::filesystem::remove_all(folder_.path("run"));
  }
}
}  // namespace
}  // namespace cambium::peft_test
