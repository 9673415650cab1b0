#include "train/generate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/rng.h"
#include "train/checkpoint.h"
#include "train/step_graph.h"

namespace cambium {
namespace {
const Experiment& check_text(const Experiment& e) {
  const DataShape shape = e.data->shape(1);
  require(shape.causal && shape.domain == Domain::kIds,
          "only a model of the next token can generate, this one's data is ", e.data->describe());
  return e;
}

Plan sequence_plan(const Experiment& e, Engine& engine) {
  return compile(optimised(e, model_graph(e, 1, false)), engine);
}
}  // namespace

int32_t sample_symbol(std::span<const float> logits, const SamplingOptions& o, double u) {
  ensure(!logits.empty(), "no logits to sample from");
  if (o.temperature == 0) return int32_t(std::ranges::max_element(logits) - logits.begin());
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto larger = [&](int32_t a, int32_t b) { return logits[size_t(a)] > logits[size_t(b)]; };
  std::ranges::stable_sort(order, larger);
  if (o.top_k > 0) order.resize(std::min(order.size(), size_t(o.top_k)));
  std::vector<double> p;
  for (int32_t id : order)
    p.push_back(std::exp((logits[size_t(id)] - logits[size_t(order[0])]) / o.temperature));
  double left = u * std::accumulate(p.begin(), p.end(), 0.0);
  for (size_t i = 0; i < p.size(); ++i)
    if ((left -= p[i]) < 0) return order[i];
  return order.back();
}

Generator::Generator(const Experiment& e, const std::map<std::string, Tensor, std::less<>>& weights,
                     const std::string& origin)
    : e_(check_text(e)), shape_(e.data->shape(1)), plan_(sequence_plan(e, engine_)) {
  store_.add(plan_, 0);
  restore(store_, weights, origin);
  executor_ = std::make_unique<Executor>(plan_, store_);
}

std::span<const float> Generator::logits_after(std::span<const int32_t> window) {
  const std::span<std::byte> x = executor_->input("x");
  std::ranges::fill(x, std::byte(0));  // what follows the window: a causal model never looks there
  std::memcpy(x.data(), window.data(), window.size_bytes());
  executor_->run();
  const std::span<const std::byte> bytes = executor_->output("logits");
  const auto* logits = reinterpret_cast<const float*>(bytes.data());
  return {logits + (int64_t(window.size()) - 1) * shape_.classes, size_t(shape_.classes)};
}

void Generator::run(std::string_view prompt, int64_t count, const SamplingOptions& options,
                    const std::function<bool(std::string_view)>& emit) {
  std::vector<int32_t> ids = e_.data->encode(prompt);
  require(!ids.empty(), "the prompt is empty, or this data has no text to encode it with");
  const size_t context = size_t(shape_.x.shape[1]);
  Random random(uint64_t(options.seed), stream_of("generate"));
  for (int64_t i = 0; i < count; ++i) {
    const std::span<const int32_t> all(ids);
    const auto logits = logits_after(all.last(std::min(context, ids.size())));
    ids.push_back(sample_symbol(logits, options, random.uniform()));
    if (!emit(e_.data->decode(std::span(ids).last(1)))) return;
  }
}
}  // namespace cambium
