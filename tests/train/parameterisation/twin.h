// Twin: a wide network made of copies of a narrow one's channels, which must train as it does.
// Every channel becomes `k` equal ones; a matrix is divided by k, so that what its results hear
// stays the same. In a parameterisation that transfers, gradients and steps of the wide network are
// those of the narrow one, copied, so that both losses agree step by step. This knows nothing of
// tables of factors.
#pragma once
#include <cstring>

#include "data/loader.h"
#include "tests/support/tiny_experiment.h"
#include "train/graphs/plans.h"
#include "train/run/evaluate.h"

namespace cambium::test {
class Twin {
 public:
  explicit Twin(Experiment e) : e_(std::move(e)), plans_(compile_plans(e_, engine_)) {
    store_.add(plans_.step, 1);
    step_ = std::make_unique<Executor>(plans_.step, store_);
    const SamplerOptions order{.batch = e_.train.options.batch, .seed = 1, .drop_last = true};
    loader_ = std::make_unique<Loader>(*e_.data, Split::kTrain, LoaderOptions{.order = order});
  }

  // Starts with the narrow one's parameters, copied.
  void become(const Twin& narrow) {
    for (const Node& n : step_of(e_).training.nodes()) {
      if (n.role != Role::kParameter) continue;
      Tensor& to = store_.at(n.scope.path);
      copy(narrow.store_.at(n.scope.path), to, n.parameter);
    }
    store_.refresh_copies();
  }

  // The loss of the next step.
  double step(double rate) {
    ++number_;
    const float lr = float(rate);
    const std::array<int64_t, 2> draw = {1, number_};
    put("lr", &lr, sizeof lr);
    put("step", &number_, sizeof number_);
    put("rng", draw.data(), sizeof draw);
    feed(*step_, loader_->next());
    step_->run();
    return step_->output_scalar("loss");
  }

  const Tensor& tensor(const std::string& name) const { return store_.at(name); }

  const Experiment& experiment() const { return e_; }

 private:
  void put(std::string_view name, const void* from, size_t bytes) {
    if (step_->has_input(name)) std::memcpy(step_->input(name).data(), from, bytes);
  }

  static void copy(const Tensor& from, Tensor& to, const ParameterInfo& info) {
    const Shape &small = from.type().shape, &large = to.type().shape;
    std::vector<int64_t> ratio;
    double in = 1;
    bool out = false;
    for (int axis = 0; axis < small.rank(); ++axis) {
      ratio.push_back(large[axis] / small[axis]);
      if (ratio.back() == 1) continue;
      if (std::ranges::count(info.fan_in, axis)) in *= double(ratio.back());
      out |= std::ranges::count(info.fan_out, axis) > 0;
    }
    for (int64_t i = 0; i < large.count(); ++i) {
      int64_t rest = i, at = 0, stride = 1;
      for (int axis = large.rank() - 1; axis >= 0; --axis) {
        at += rest % large[axis] / ratio[size_t(axis)] * stride;
        rest /= large[axis];
        stride *= small[axis];
      }
      to.f32()[size_t(i)] = float(double(from.f32()[size_t(at)]) / (out ? in : 1));
    }
  }

  Experiment e_;
  Engine engine_;
  TrainPlans plans_;
  Store store_;
  std::unique_ptr<Executor> step_;
  std::unique_ptr<Loader> loader_;
  int64_t number_ = 0;
};
}  // namespace cambium::test
