// Generate: continues a text with a trained causal model, one symbol at a time.
#pragma once
#include <functional>

#include "train/experiment.h"
#include "train/plans.h"

namespace cambium {
struct SamplingOptions {
  double temperature = 1;  // 0: always the likeliest symbol
  int64_t top_k = 0;       // sample among the k likeliest; 0: among all
  int64_t seed = 0;

  static constexpr auto fields = std::tuple{
      field("temperature", &SamplingOptions::temperature,
            "divides the logits; 0: always the likeliest symbol")
          .in(0, 1e3),
      field("top_k", &SamplingOptions::top_k, "sample among the k likeliest symbols; 0: all").in(0),
      field("seed", &SamplingOptions::seed, "of the drawn symbols").in(0, 0x1p53)};
};

// Draws one symbol: the argmax (the first of equals) at temperature 0, else from
// softmax(logits / temperature) cut to the top k; `u` is uniform in [0, 1).
int32_t sample_symbol(std::span<const float> logits, const SamplingOptions& options, double u);

// Holds the plan for one sequence. The whole context is computed for every symbol.
class Generator {
 public:
  // UserError when the data is no text or the model is not trained on the next token.
  Generator(const Experiment& e, const std::map<std::string, Tensor, std::less<>>& weights,
            const std::string& origin);

  // Calls `emit` with each new symbol's text until `count` are made or it answers false. Only the
  // last T symbols are seen. UserError when the prompt has a symbol the model does not know.
  void run(std::string_view prompt, int64_t count, const SamplingOptions& options,
           const std::function<bool(std::string_view)>& emit);

 private:
  std::span<const float> logits_after(std::span<const int32_t> window);

  const Experiment& e_;
  DataShape shape_;
  Engine engine_;
  Plan plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
};
}  // namespace cambium
