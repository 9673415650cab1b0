// Options that shape the training loss or its gradient.
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::loss_options_test {
namespace {
using test::markov_spec;
using test::open_text;
using test::Remember;
using test::TempFolder;

class LossOptions : public testing::Test {
 protected:
  // One step from equal weights, with these options.
  std::pair<double, double> losses(const std::string& more) {
    const Experiment e = open_text(
        folder_, markov_spec("{batch: 8, steps: 1, optimizer: {sgd: {lr: 0}}" + more + "}"));
    Remember seen;
    run_training(e, {}, seen);
    return {seen.losses[0], seen.evaluations[0].metrics.loss};
  }

  TempFolder folder_;
  test::OneThread one_thread_;
};

TEST_F(LossOptions, ZLossAndWeightsCountInTrainingAlone) {
  const auto [plain, evaluated] = losses("");
  for (const char* more :
       {", z_loss: 0.5", ", class_weights: [1, 0, 0, 0, 0, 2]", ", label_smoothing: 0.5"}) {
    const auto [training, validation] = losses(more);
    EXPECT_GT(std::abs(training - plain), 1e-3) << more;
    EXPECT_EQ(validation, evaluated) << more;
  }
}

TEST_F(LossOptions, EqualClassWeightsChangeNothing) {
  EXPECT_NEAR(losses(", class_weights: [3, 3, 3, 3, 3, 3]").first, losses("").first, 1e-6);
}

// With a rate of 1, a step is the clipped gradient; batches of 4 added up to one step of 8.
TEST_F(LossOptions, ClipValueBoundsEachNumber) {
  for (const char* batches : {"batch: 8", "batch: 4, accumulate: 2"}) {
    const Experiment e = open_text(folder_, markov_spec(str("{", batches,
                                                            ", steps: 1, clip_value: 1e-3, seed: 3,"
                                                            " optimizer: {sgd: {lr: 1}}}")));
    Remember seen;
    const std::string run = folder_.path(batches);
    run_training(e, {.folder = run}, seen);
    const auto tensors = load_checkpoint(run).tensors;
    const Tensor& w = tensors.at("linear.weight");
    const Graph g = model_graph(e, 1, true);
    Tensor start(w.type());
    initialise(start, g.node(*g.find(Role::kParameter, "linear.weight")).parameter.init, 3,
               "linear.weight");
    double most = 0;
    for (size_t i = 0; i < w.f32().size(); ++i)
      most = std::max(most, std::abs(double(w.f32()[i]) - double(start.f32()[i])));
    EXPECT_NEAR(most, 1e-3, 1e-6) << batches;
  }
}
}  // namespace
}  // namespace cambium::loss_options_test
