#include "train/generate/generate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/rng.h"
#include "train/generate/generation_state.h"
#include "train/graphs/pipeline.h"
#include "train/graphs/step_graph.h"
#include "train/run/checkpoint.h"

namespace cambium {
namespace {
// The inputs that a prompt and what follows it give, and the target, which is not asked for.
constexpr std::string_view kGiven[] = {"x", "mask", "decoder", kTarget};

const Experiment& check_text(const Experiment& e) {
  const DataShape shape = e.data->shape(1);
  require(shape.domain == Domain::kIds && (shape.decoder || shape.causal),
          "only a model of the next token can generate, this one's data is ", e.data->describe());
  for (const InputType& input : shape.inputs())
    ensure(std::ranges::count(kGiven, input.name), "no prompt gives '", input.name, "'");
  return e;
}

Plan sequence_plan(const Experiment& e, Engine& engine) {
  return compile(optimised(e, model_graph(e, 1, false)), engine);
}

// RuntimeError where logits give no distribution.
void check_logits(std::span<const float> logits) {
  ensure(!logits.empty(), "no logits to sample from");
  auto bad = std::ranges::find_if(logits, [](float x) { return !(x < HUGE_VALF); });
  if (std::ranges::all_of(logits, [](float x) { return x == -HUGE_VALF; })) bad = logits.begin();
  if (bad != logits.end())
    throw RuntimeError(str("the logit of symbol ", bad - logits.begin(), " is ", *bad),
                       "the weights have diverged: use an earlier checkpoint, or a smaller lr");
}
}  // namespace

int32_t sample_symbol(std::span<const float> logits, const SamplingOptions& o, double u) {
  check_logits(logits);
  if (o.temperature == 0) return int32_t(std::ranges::max_element(logits) - logits.begin());
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto larger = [&](int32_t a, int32_t b) { return logits[size_t(a)] > logits[size_t(b)]; };
  std::ranges::stable_sort(order, larger);
  if (o.top_k > 0) order.resize(std::min(order.size(), size_t(o.top_k)));
  std::vector<double> p;
  for (int32_t id : order)
    p.push_back(std::exp((logits[size_t(id)] - logits[size_t(order[0])]) / o.temperature));
  double total = std::accumulate(p.begin(), p.end(), 0.0);
  if (o.top_p < 1) {
    size_t kept = 0;
    double held = 0;
    while (kept < p.size() && held < o.top_p * total) held += p[kept++];
    p.resize(kept);
    total = held;
  }
  double left = u * total;
  for (size_t i = 0; i < p.size(); ++i)
    if ((left -= p[i]) < 0) return order[i];
  return order[p.size() - 1];
}

Generator::Generator(const Experiment& e, const std::map<std::string, Tensor, std::less<>>& weights,
                     const std::string& origin, bool cache)
    : e_(check_text(e)), shape_(e.data->shape(1)), plan_(sequence_plan(e, engine_)) {
  store_.add(plan_, 0);
  restore(store_, weights, origin);
  executor_ = std::make_unique<Executor>(plan_, store_);
  if (cache) make_step_plan();
}

void Generator::make_step_plan() {
  try {
    if (has_encoder()) {
      DecoderGraphs graphs = decoder_graphs(e_, 1);
      first_plan_ = compile(optimised(e_, std::move(graphs.first)), engine_);
      step_plan_ = compile(optimised(e_, std::move(graphs.next)), engine_);
    } else {
      step_plan_ = compile(optimised(e_, step_model_graph(e_, 1)), engine_);
    }
  } catch (const UserErrors&) {
    return;  // some block needs the whole sequence
  } catch (const UserError&) {
    return;
  }
  if (first_plan_) {
    store_.add(*first_plan_, 0);
    first_ = std::make_unique<Executor>(*first_plan_, store_);
  }
  store_.add(*step_plan_, 0);
  const Graph& g = step_plan_->graph;
  for (const Update& u : g.updates)
    if (!is_cache(g, u))
      for (const Leaf& leaf : step_plan_->store)
        if (leaf.name == g.node(u.node).scope.path) running_.push_back(leaf);
  step_ = std::make_unique<Executor>(*step_plan_, store_);
}

std::span<const float> Generator::whole_logits(std::span<const int32_t> window) {
  const std::span<std::byte> x = executor_->input(written());
  std::ranges::fill(x, std::byte(0));  // what follows the window: a causal model never looks there
  std::memcpy(x.data(), window.data(), window.size_bytes());
  executor_->run();
  const std::span<const std::byte> bytes = executor_->output("logits");
  const auto* logits = reinterpret_cast<const float*>(bytes.data());
  return {logits + (int64_t(window.size()) - 1) * shape_.classes, size_t(shape_.classes)};
}

void Generator::forget() {
  for (const Leaf& state : running_)
    initialise(store_.at(state.name), state.parameter.init, 0, state.name);
  cached_.clear();
}

// Runs the symbols that the caches do not hold yet. A cache is written over from any place on; a
// running state only goes on.
std::span<const float> Generator::step_logits(std::span<const int32_t> symbols) {
  size_t same = 0;
  const size_t most = std::min(cached_.size(), symbols.size() - 1);
  while (same < most && cached_[same] == symbols[same]) ++same;
  if (same < cached_.size() && !running_.empty())
    forget();
  else
    cached_.resize(same);
  for (; cached_.size() < symbols.size(); cached_.push_back(symbols[cached_.size()])) {
    const auto position = int32_t(cached_.size());
    Executor& executor = first_ && position == 0 ? *first_ : *step_;
    std::memcpy(executor.input(written()).data(), &symbols[size_t(position)], sizeof(int32_t));
    if (executor.has_input("position"))
      std::memcpy(executor.input("position").data(), &position, sizeof position);
    executor.run();
  }
  const Executor& last = first_ && symbols.size() == 1 ? *first_ : *step_;
  const std::span<const std::byte> bytes = last.output("logits");
  return {reinterpret_cast<const float*>(bytes.data()), size_t(shape_.classes)};
}

std::span<const float> Generator::logits_after(std::span<const int32_t> symbols) {
  const auto most = size_t(context());
  if (step_ && symbols.size() <= most) return step_logits(symbols);
  return whole_logits(symbols.last(std::min(most, symbols.size())));
}

std::vector<int32_t> Generator::start(std::string_view prompt) {
  std::vector<int32_t> ids = e_.data->encode(prompt);
  require(!ids.empty(), "the prompt is empty, or this data has no text to encode it with");
  if (!has_encoder()) return ids;
  const int64_t reads = shape_.x.shape[1];
  require(shape_.masked ? int64_t(ids.size()) <= reads : int64_t(ids.size()) == reads,
          "the prompt has ", ids.size(), " symbols, the encoder reads ",
          shape_.masked ? "at most " : "", reads);
  std::vector<float> mask(size_t(reads), 0.0f);
  std::fill_n(mask.begin(), ids.size(), 1.0f);
  ids.resize(size_t(reads), shape_.begin);  // what pads the data, too
  for (Executor* executor : {executor_.get(), first_.get()}) {
    if (!executor) continue;
    std::memcpy(executor->input("x").data(), ids.data(), ids.size() * sizeof(int32_t));
    if (executor->has_input("mask"))
      std::memcpy(executor->input("mask").data(), mask.data(), mask.size() * sizeof(float));
  }
  forget();
  return {shape_.begin};
}

void Generator::run(std::string_view prompt, int64_t count, const SamplingOptions& options,
                    const std::function<bool(std::string_view)>& emit) {
  std::vector<int32_t> ids = start(prompt);
  if (has_encoder()) count = std::min(count, context());
  Random random(uint64_t(options.seed), stream_of("generate"));
  for (int64_t i = 0; i < count; ++i) {
    ids.push_back(sample_symbol(logits_after(ids), options, random.uniform()));
    if (!emit(e_.data->decode(std::span(ids).last(1)))) return;
  }
}

std::string Generator::beam(std::string_view prompt, int64_t count, int64_t width,
                            const std::function<bool()>& go_on) {
  struct Candidate {
    double log_probability = 0;
    std::vector<int32_t> ids;
  };

  const std::vector<int32_t> begin = start(prompt);
  const auto most = size_t(context());
  if (has_encoder()) count = std::min(count, context());
  std::vector<Candidate> beam = {{0, begin}};
  for (int64_t i = 0; i < count && go_on(); ++i) {
    std::vector<Candidate> next;
    for (const Candidate& c : beam) {
      const std::span<const int32_t> all(c.ids);
      const auto logits = whole_logits(all.last(std::min(most, all.size())));
      check_logits(logits);
      const double highest = *std::ranges::max_element(logits);
      double sum = 0;
      for (const float x : logits) sum += std::exp(double(x) - highest);
      for (int32_t id = 0; id < int32_t(logits.size()); ++id) {
        next.push_back({c.log_probability + logits[size_t(id)] - highest - std::log(sum), c.ids});
        next.back().ids.push_back(id);
      }
      std::ranges::stable_sort(next, std::greater(), &Candidate::log_probability);
      next.resize(std::min(next.size(), size_t(width)));
    }
    beam = std::move(next);
  }
  return e_.data->decode(std::span(beam[0].ids).subspan(begin.size()));
}
}  // namespace cambium
