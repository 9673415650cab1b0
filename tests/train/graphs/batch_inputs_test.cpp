// Everything that walks what a batch brings agrees on it, for every dataset.
#include <algorithm>
#include <numeric>

#include "tests/support/data/small_data.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/plans.h"
#include "train/run/evaluate.h"

namespace cambium::test::batch_inputs_test {
namespace {
constexpr int64_t kBatch = 4;

class EveryDatasetInputs : public testing::TestWithParam<const DatasetKind*> {
 protected:
  Experiment open() {
    const std::string data = str("data: ", small_section(GetParam()->name, folder_), "\n");
    const auto opened = open_example(small_section(GetParam()->name, folder_));
    return open_text(folder_, data + small_model(opened->shape(1)) +
                                  str("train: {steps: 1, batch: ", kBatch, "}\n"));
  }

  TempFolder folder_;
  OneThread one_thread_;
};

// The inputs of a graph that are of its batch, in their order.
std::vector<std::pair<std::string, std::string>> inputs_of(const Graph& g) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Node& n : g.nodes())
    if (n.role == Role::kInput && n.scope.path != "rng")
      out.emplace_back(n.scope.path, n.outputs[0].text());
  return out;
}

TEST_P(EveryDatasetInputs, AreThoseOfTheGraphsAndOfABatch) {
  const Experiment e = open();
  const int64_t batch = e.train.options.batch;
  const DataShape shape = e.data->shape(batch);
  std::vector<std::pair<std::string, std::string>> listed;
  for (const InputType& input : shape.inputs()) listed.emplace_back(input.name, input.type.text());
  auto of_model = listed;
  std::erase_if(of_model, [](const auto& input) { return input.first == kTarget; });
  EXPECT_EQ(inputs_of(model_graph(e, batch, true)), of_model);
  auto of_evaluation = inputs_of(evaluation_graph(e, batch));
  EXPECT_TRUE(std::ranges::is_permutation(of_evaluation, listed));
}

// What a dataset reads arrives, whole, in the inputs of a plan.
TEST_P(EveryDatasetInputs, ArriveInAPlan) {
  const Experiment e = open();
  const DataShape shape = e.data->shape(e.train.options.batch);
  Batch batch = allocate_batch(shape);
  std::vector<int64_t> first(size_t(std::min(kBatch, e.data->count(Split::kTrain))));
  std::iota(first.begin(), first.end(), 0);
  e.data->read(Split::kTrain, first, 0, batch);
  int64_t bytes = 0, tensors = 0;
  for (const BatchInput& input : batch_inputs()) {
    const auto type = input.type(shape);
    if (!input.tensor) {
      EXPECT_EQ(type.has_value(), batch.adjacency != nullptr);
      continue;
    }
    const Tensor& t = batch.*input.tensor;
    EXPECT_EQ(t.data() != nullptr, type.has_value()) << input.name;
    if (!type) continue;
    EXPECT_EQ(t.type(), *type) << input.name;
    bytes += t.bytes();
    ++tensors;
  }
  EXPECT_EQ(bytes, shape.bytes());
  Engine engine;
  const Plan plan = compile(evaluation_graph(e, e.train.options.batch), engine);
  Store store;
  store.add(plan, 0);
  Executor executor(plan, store);
  feed(executor, batch);
  for (const BatchInput& input : batch_inputs()) {
    if (!input.tensor || !input.type(shape) || !executor.has_input(input.name)) continue;
    const Tensor& t = batch.*input.tensor;
    EXPECT_TRUE(std::ranges::equal(executor.input(input.name), t.raw())) << input.name;
    --tensors;
  }
  EXPECT_EQ(tensors, 0);
}

INSTANTIATE_TEST_SUITE_P(Datasets, EveryDatasetInputs,
                         testing::ValuesIn(builtin_datasets().begin(), builtin_datasets().end()),
                         [](const auto& info) { return std::string(info.param->name); });
}  // namespace
}  // namespace cambium::test::batch_inputs_test
