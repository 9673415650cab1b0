#include "train/run/session.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/system/memory.h"
#include "train/graphs/pipeline.h"
#include "train/prefix/open_features.h"
#include "train/run/diagnose.h"

namespace cambium {
namespace {
template <class T>
void set_values(Executor& executor, std::string_view name, std::initializer_list<T> values) {
  if (!executor.has_input(name)) return;
  const std::span<std::byte> to = executor.input(name);
  ensure(to.size() == values.size() * sizeof(T), "input '", name, "' has ", to.size(), " bytes");
  std::memcpy(to.data(), values.begin(), to.size());
}

void check_finite(Executor& executor, const Store& store, int64_t step, std::string_view what) {
  const double value = executor.output_scalar(what == "loss" ? "loss" : "grad_norm");
  if (!std::isfinite(value)) explain_non_finite(executor, store, step, what, value);
}
}  // namespace

Session::Session(const Experiment& e, int64_t available_bytes)
    : e_(e), phases_(phases_of(e, e.total_steps())) {
  for (size_t k = phases_.size(); k-- > 0;) {
    compile_phase(k);
    need_.cover(memory_need(e, *plans_));
  }
  check_memory(e, need_, available_bytes);
  peak_bytes_ = std::max(peak_resident_bytes(), cambium::predicted_peak_bytes(need_));
  bind();
}

void Session::compile_phase(size_t phase) {
  plans_.reset();
  phase_ = phase;
  if (phases_[phase].thawed == e_.thawed) {
    plans_ = compile_plans(e_, engine_);
    forget_models(e_);
  } else {
    plans_ = compile_plans(in_phase(e_, phases_[phase]), engine_);
  }
}

void Session::bind() {
  for (const Plan* plan : plans_->all()) store_.add(*plan, uint64_t(e_.train.options.seed));
  // One at a time runs, and its outputs are read before the next does.
  const auto workspace = std::make_shared<Workspace>(plans_->all());
  step_ = std::make_unique<Executor>(plans_->step, store_, workspace);
  if (plans_->apply) apply_ = std::make_unique<Executor>(*plans_->apply, store_, workspace);
  if (plans_->shares) shares_ = std::make_unique<Executor>(*plans_->shares, store_, workspace);
  if (plans_->curvature)
    curvature_ = std::make_unique<Executor>(*plans_->curvature, store_, workspace);
  evaluation_ = std::make_unique<Executor>(plans_->evaluation, store_, workspace);
  averaged_.clear();
  for (const Leaf& leaf : plans_->evaluation.store)
    if (const std::string average = average_name(leaf.name); store_.has(average))
      averaged_.emplace_back(&store_.at(leaf.name), &store_.at(average));
}

// The old phase gives its memory back before the new one takes any.
void Session::enter(size_t phase) {
  if (phase == phase_) return;
  unbind();
  compile_phase(phase);
  release_free_memory();
  bind();
  store_.refresh_copies();
}

void Session::keep_features(FeatureSettings settings,
                            std::function<void(const std::string&)> note) {
  feature_settings_ = std::move(settings);
  feature_settings_.note = std::move(note);
}

void Session::unbind() {
  for (auto* executor : {&step_, &apply_, &shares_, &curvature_, &evaluation_}) executor->reset();
}

// In the middle of a run, behind `step`.
void Session::go_to(size_t phase, int64_t step) {
  if (phase == phase_) return;
  const std::string stream = loader_->stream_state();
  loader_.reset();
  ahead_.reset();
  features_.reset();
  enter(phase);
  start(step, stream);
}

// Of one batch, what its gradients are like, on the present plan.
static std::vector<float> outcome_of(Executor& step, const Dataset& data,
                                     std::span<const int64_t> examples, const TrainOptions& o) {
  Batch batch = allocate_batch(data.shape(o.batch));
  data.read(Split::kTrain, examples, epoch_seed(uint64_t(o.seed), 0), batch);
  feed(step, batch);
  set_values(step, "rng", {o.seed, int64_t(1)});
  step.run_gradients();
  return {step.output_scalar("loss"), step.output_scalar("scored"),
          step.output_scalar("grad_norm")};
}

void Session::use_features(int64_t step) {
  if (feature_settings_.folder.empty() || features_) return;
  const bool last = phase_ + 1 == phases_.size();
  const int64_t end = last ? e_.total_steps() : phases_[phase_ + 1].begin;
  unbind();
  auto opened = open_features(e_, *plans_, store_, engine_, feature_settings_,
                              std::max<int64_t>(0, end - step));
  bind();
  if (!opened) return;
  const TrainOptions& o = e_.train.options;
  std::vector<int64_t> examples(size_t(o.batch));
  std::iota(examples.begin(), examples.end(), 0);
  const std::vector<float> whole = outcome_of(*step_, *e_.data, examples, o);
  unbind();
  plans_->step =
      compile(std::move(opened->rest), engine_, {.chains = runs_pass(e_, "form_chains")});
  bind();
  const std::vector<float> kept = outcome_of(*step_, *opened->data, examples, o);
  if (std::memcmp(whole.data(), kept.data(), whole.size() * sizeof(float)) == 0) {
    features_ = std::move(opened->data);
    return;
  }
  feature_settings_.note(
      "the frozen prefix is computed in every step: what follows it has other bits without it");
  unbind();
  compile_phase(phase_);
  bind();
}

// The whole step takes its place again.
void Session::drop_features() {
  if (!features_) return;
  features_.reset();
  unbind();
  compile_phase(phase_);
  bind();
}

void Session::start(int64_t step, const std::string& stream) {
  const TrainOptions& o = e_.train.options;
  use_features(step);
  const Dataset& data = features_ ? static_cast<const Dataset&>(*features_) : *e_.data;
  const int64_t batches = step * o.accumulate, per_epoch = e_.batches_per_epoch();
  const LoaderOptions options{.order = {.batch = o.batch,
                                        .seed = uint64_t(o.seed),
                                        .drop_last = true,
                                        .group = o.accumulate},
                              .total = e_.training_examples()};
  const Cursor at{batches / per_epoch, batches % per_epoch};
  loader_ = std::make_unique<Loader>(data, Split::kTrain, options, at, stream);
  if (shares_) ahead_ = std::make_unique<Loader>(*e_.data, Split::kTrain, options, at, stream);
  ensure(loader_->batches_per_epoch() == per_epoch, "an epoch has ", loader_->batches_per_epoch(),
         " batches, planned ", per_epoch);
}

void Session::restore_from(const Checkpoint& c, const std::string& origin) {
  drop_features();
  enter(phase_at(phases_, c.state.step));  // whose tensors it holds
  restore(store_, c.tensors, origin);
  best_.clear();
  for (const auto& [name, t] : c.best) best_.emplace(name, t.clone());
}

void Session::start_from(const Transfer& t) {
  cambium::start_from(store_, t);
}

void Session::start_from(const Tensors& tensors) {
  for (const auto& [name, t] : tensors) {
    ensure(store_.at(name).type() == t.type(), "'", name, "' is of another type");
    std::ranges::copy(t.raw(), store_.at(name).raw().begin());
  }
  store_.refresh_copies();
}

void Session::set_step_inputs(Executor& executor, int64_t number, double lr) {
  set_values(executor, "lr", {float(lr)});
  set_values(executor, "step", {number});
  for (const int rule : phases_[phase_].thawed)
    set_values(executor, step_input(rule), {number - begin_of(phases_, rule)});
}

int64_t Session::draw(int64_t number, int64_t batch) const {
  return (number - 1) * e_.train.options.accumulate + batch + 1;
}

// Of all batches of the step, with the dropout that the step will have.
void Session::count_shares(int64_t number) {
  for (int64_t k = 0; k < e_.train.options.accumulate; ++k) {
    feed(*shares_, ahead_->next());
    set_values(*shares_, "rng", {e_.train.options.seed, draw(number, k)});
    shares_->run();
  }
}

// On the first batch of the step, with the dropout that the step will have, before the step itself
// fills the workspace.
void Session::estimate_curvature(const Batch& batch, int64_t number) {
  feed(*curvature_, batch);
  set_values(*curvature_, "rng", {e_.train.options.seed, draw(number, 0)});
  curvature_->run_gradients();
  check_finite(*curvature_, store_, number, "loss");
  check_finite(*curvature_, store_, number, "gradient norm");
  curvature_->run_updates();
}

StepOutcome Session::step(int64_t number, double lr) {
  const TrainOptions& o = e_.train.options;
  StepOutcome out{};
  double scored = 0;
  go_to(phase_at(phases_, number), number - 1);
  if (shares_) count_shares(number);
  set_step_inputs(*step_, number, lr);
  for (int64_t k = 0; k < o.accumulate; ++k) {
    const Batch& batch = loader_->next();
    if (k == 0 && estimates_curvature(e_, number)) estimate_curvature(batch, number);
    feed(*step_, batch);
    set_values(*step_, "rng", {o.seed, draw(number, k)});
    step_->run_gradients();
    check_finite(*step_, store_, number, "loss");
    check_finite(*step_, store_, number, "gradient norm");
    const double weight = step_->output_scalar("scored");
    out.loss += step_->output_scalar("loss") * weight;
    scored += weight;
    out.grad_norm = step_->output_scalar("grad_norm");
    out.examples += batch.examples;
    step_->run_updates();
  }
  if (scored > 0) out.loss /= scored;
  if (!apply_) return out;
  set_step_inputs(*apply_, number, lr);
  apply_->run_gradients();
  check_finite(*apply_, store_, number, "gradient norm");
  out.grad_norm = apply_->output_scalar("grad_norm");
  apply_->run_updates();
  return out;
}

void Session::swap_averages() {
  for (const auto& [weight, average] : averaged_)
    std::ranges::swap_ranges(weight->raw(), average->raw());
}

Metrics Session::evaluate_on(Split split, int64_t most_batches) {
  swap_averages();
  const Metrics m = evaluate(*evaluation_, e_, split, most_batches);
  swap_averages();
  return m;
}

void Session::keep_as_best() {
  for (const Leaf& leaf : plans_->evaluation.store) {
    const std::string average = average_name(leaf.name);
    const Tensor& from = store_.at(store_.has(average) ? average : leaf.name);
    Tensor& to = best_.try_emplace(leaf.name, from.type()).first->second;
    if (from.bytes() > 0) std::memcpy(to.data(), from.data(), size_t(from.bytes()));
  }
}

void Session::use_best() {
  for (const auto& [name, t] : best_) {
    const std::string average = average_name(name);
    for (const std::string& to : {name, average})
      if (t.bytes() > 0 && store_.has(to))
        std::memcpy(store_.at(to).data(), t.data(), size_t(t.bytes()));
  }
  store_.refresh_copies();
}

NamedTensors Session::tensors() const {
  NamedTensors out;
  for (const auto& [name, t] : store_.tensors()) out.emplace(name, &t);
  return out;
}

std::vector<Executor*> Session::executors() const {
  std::vector<Executor*> out = {step_.get()};
  for (const auto* more : {&apply_, &shares_, &curvature_})
    if (*more) out.push_back(more->get());
  return out;
}

NamedTensors Session::best() const {
  NamedTensors out;
  for (const auto& [name, t] : best_) out.emplace(name, &t);
  return out;
}
}  // namespace cambium
