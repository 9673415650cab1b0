// What rnn, lstm and gru share: layers, directions, and parameters as PyTorch has them.
#pragma once
#include <cmath>
#include <functional>

#include "blocks/steps.h"
#include "blocks/tokens.h"

namespace cambium {
struct RecurrentStack {
  int64_t width = 0, layers = 1;
  bool bidirectional = false, bias = true;
  double dropout = 0;
  static constexpr auto fields = std::tuple{
      field("width", &RecurrentStack::width, "hidden width H; 0: C").in(0, 65536),
      field("layers", &RecurrentStack::layers, "layers on top of each other").in(1, 64),
      field("bidirectional", &RecurrentStack::bidirectional,
            "a second walk from the last token to the first; the results stand side by side"),
      field("bias", &RecurrentStack::bias, "two biases a layer, as in PyTorch"),
      field("dropout", &RecurrentStack::dropout, "between layers, in training").in(0, 0.99)};
};

// One walk: x [B,T,C] -> [B,T,H] with parameters "input.weight" [C,gates H], "hidden.weight"
// [H,gates H] and biases [gates H], all U(+-1/sqrt(H)).
struct RecurrentParts {
  Value input_weight, hidden_weight, input_bias, hidden_bias;  // biases none without `bias`
};

inline RecurrentParts recurrent_parts(Builder& b, int64_t c, int64_t width, int64_t gates,
                                      bool bias) {
  const double reach = 1 / std::sqrt(double(width)), std = b.weight_start.std;
  const Init uniform{Init::kUniform, reach};
  const Init start = std > 0 ? Init{Init::kNormal, std} : uniform;
  const Init bias_start = std > 0 ? Init{} : uniform;
  RecurrentParts p;
  b.in_scope("input", [&] {
    p.input_weight = b.weight("weight", Weight::matrix(c, gates * width, start));
    if (bias) p.input_bias = b.weight("bias", Weight::bias(gates * width, bias_start));
  });
  b.in_scope("hidden", [&] {
    p.hidden_weight = b.weight("weight", Weight::matrix(width, gates * width, start));
    if (bias) p.hidden_bias = b.weight("bias", Weight::bias(gates * width, bias_start));
  });
  return p;
}

// x times the input's weights plus `bias`, which may be none.
inline Value recurrent_input(Builder& b, Value x, const RecurrentParts& p, Value bias) {
  return bias ? b.emit("linear", {x, p.input_weight, bias}) : b.emit("linear", {x, p.input_weight});
}

// The sum of both biases, for cells to which they are one.
inline Value both_biases(Builder& b, const RecurrentParts& p) {
  return p.input_bias ? b.emit("add", {p.input_bias, p.hidden_bias}) : Value{};
}

// cell(x, parts, reverse) emits one walk. Backward it begins at the last real token of each
// example.
inline Stream build_stack(Builder& b, const RecurrentStack& a, Stream s, int64_t gates,
                          const std::function<Value(Value, const RecurrentParts&, bool)>& cell) {
  const int64_t width = a.width > 0 ? a.width : s.channels();
  for (int64_t layer = 0; layer < a.layers; ++layer)
    b.in_scope(str("layer", layer), [&] {
      if (layer > 0) s.x = b.dropout(s.x, a.dropout);
      const auto walk = [&](std::string_view name, bool reverse) {
        return b.in_scope(name, [&] {
          const RecurrentParts p = recurrent_parts(b, s.channels(), width, gates, a.bias);
          if (reverse && s.mask) return reversed(b, s, cell(reversed(b, s, s.x), p, false));
          return cell(s.x, p, reverse);
        });
      };
      const Value forward = walk("forward", false);
      s.x = a.bidirectional ? b.emit("concat", {forward, walk("backward", true)}) : forward;
    });
  return s;
}
}  // namespace cambium
