// The attributes of rnn and rnn_grad.
#pragma once
#include "core/fields.h"

namespace cambium {
struct Rnn {
  std::string activation = "tanh";
  bool reverse = false;
  static constexpr auto fields =
      std::tuple{field("activation", &Rnn::activation, "f").one_of("tanh|relu"),
                 field("reverse", &Rnn::reverse, "walk from the last token to the first")};

  bool relu() const { return activation == "relu"; }
};
}  // namespace cambium
