// Generate: continues a text with a trained causal model, or writes what an encoder's text is
// turned into by a decoder, one symbol at a time.
#pragma once
#include <functional>

#include "train/graphs/plans.h"
#include "train/spec/experiment.h"

namespace cambium {
struct SamplingOptions {
  double temperature = 1;  // 0: always the likeliest symbol
  int64_t top_k = 0;       // sample among the k likeliest; 0: among all
  double top_p = 1;        // and among the fewest likeliest that hold this share
  int64_t seed = 0;

  static constexpr auto fields = std::tuple{
      field("temperature", &SamplingOptions::temperature,
            "divides the logits; 0: always the likeliest symbol")
          .in(0, 1e3),
      field("top_k", &SamplingOptions::top_k, "sample among the k likeliest symbols; 0: all").in(0),
      field("top_p", &SamplingOptions::top_p,
            "sample among the fewest symbols that together have this probability; 1: all")
          .in(1e-6, 1),
      field("seed", &SamplingOptions::seed, "of the drawn symbols").in(0, 0x1p53)};
};

// Draws one symbol: the argmax (the first of equals) at temperature 0, else from
// softmax(logits / temperature) cut to the top k and then to the top p (Holtzman et al. 2019, arXiv
// 1904.09751); `u` is uniform in [0, 1). RuntimeError when a logit is NaN or infinity, or all -inf.
int32_t sample_symbol(std::span<const float> logits, const SamplingOptions& options, double u);

// Holds the plans for one sequence. Where every block can, a symbol costs one token's work: keys
// and values stay in caches, and recurrences in their states. Past the context, and for other
// models, the whole context is computed for every symbol. Both give the same logits but for
// rounding. An encoder reads the prompt once; then the decoder writes at most U symbols.
class Generator {
 public:
  // UserError when the data is no text or the model is not trained on the next token.
  Generator(const Experiment& e, const std::map<std::string, Tensor, std::less<>>& weights,
            const std::string& origin, bool cache = true);

  // Calls `emit` with each new symbol's text until `count` are made or it answers false. Only the
  // last T symbols are seen. UserError when the prompt has a symbol the model does not know, or for
  // an encoder not as many as it reads.
  void run(std::string_view prompt, int64_t count, const SamplingOptions& options,
           const std::function<bool(std::string_view)>& emit);

  // The likeliest continuation of `count` symbols that a beam of `width` finds (no cache).
  std::string beam(std::string_view prompt, int64_t count, int64_t width,
                   const std::function<bool()>& go_on);

  bool cached() const { return step_ != nullptr; }

  bool has_encoder() const { return shape_.decoder.has_value(); }

  // The logits after the symbols, of which the last T are seen; with an encoder, after those that
  // were written, the first of which is DataShape::begin, from what start() was given.
  std::span<const float> logits_after(std::span<const int32_t> symbols);

  // What stands before the first new symbol: the prompt, or with an encoder, which reads the
  // prompt, the symbol that begins.
  std::vector<int32_t> start(std::string_view prompt);

 private:
  std::span<const float> whole_logits(std::span<const int32_t> window);
  std::span<const float> step_logits(std::span<const int32_t> symbols);
  void make_step_plan();
  void forget();  // what blocks remember is as before the first symbol

  std::string_view written() const { return has_encoder() ? "decoder" : "x"; }  // the input's name

  int64_t context() const { return (has_encoder() ? *shape_.decoder : shape_.x).shape[1]; }

  const Experiment& e_;
  DataShape shape_;
  Engine engine_;
  Plan plan_;
  Store store_;
  std::unique_ptr<Executor> executor_;
  // Of one token; with an encoder the first token's plan is another.
  std::optional<Plan> step_plan_, first_plan_;
  std::unique_ptr<Executor> step_, first_;
  std::vector<Leaf> running_;    // states that follow the symbols and cannot be turned back
  std::vector<int32_t> cached_;  // the symbols in the caches and states
};
}  // namespace cambium
