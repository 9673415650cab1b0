// linear: y = act(x W + b) over the last axis, of any domain. [...,C] -> [...,width]
// tie: the table [V,C] of an `embed` before it serves as W^T (Press and Wolf 2017).
#include "blocks/compose/model.h"
#include "blocks/layers.h"

namespace cambium::block_linear {
namespace {
struct Linear {
  int64_t width = 0;
  bool bias = true, tie_bias = false;
  std::string activation = "none", tie = "";
  static constexpr auto fields = std::tuple{
      field("width", &Linear::width, "channels of the output; with tie: the vocabulary's size")
          .in(1),
      field("bias", &Linear::bias, "add a trainable bias; never with tie"),
      field("activation", &Linear::activation, "applied to the output").one_of(kActivations),
      field("tie", &Linear::tie, "name of an embed block whose table, transposed, is the weight"),
      field("tie_bias", &Linear::tie_bias, "with tie: add a trainable bias that starts at 0")};
};

Value tied(Builder& b, const BlockUse& use, Value x) {
  const auto& a = use.attrs.as<Linear>();
  Value table;
  try {
    table = find_parameter(b.graph, a.tie, "table");  // [V,C]
  } catch (UserError& e) {
    e.mark = use.mark_of("tie");
    throw;
  }
  const int64_t vocab = table.shape()[0], c = table.shape()[1];
  if (const int64_t in = x.shape().last(); in != c)
    throw OptionError("tie", str("tie = ", a.tie, " has a table ", table.shape(), ", but C = ", in),
                      {}, in);
  require_option("width", a.width == 0 || a.width == vocab, "width = ", a.width,
                 " differs from the ", vocab, " rows of '", a.tie, "'");
  x = b.read_out(x, table);
  const Value rows = b.emit("reshape", {x}, {{"shape", std::vector<int64_t>{x.shape().rows(), c}}});
  Value y = b.emit("matmul", {rows, table}, {{"transpose_b", true}});  // [rows,V]
  if (a.tie_bias) y = b.emit("add", {y, b.weight("bias", Weight::bias(vocab))});
  const Shape out = x.shape().with_last(vocab);
  return b.emit("reshape", {y},
                {{"shape", std::vector<int64_t>(out.dims().begin(), out.dims().end())}});
}

Stream build(Builder& b, const BlockUse& use, Stream s) {
  const auto& a = use.attrs.as<Linear>();
  require_option("width", a.width > 0 || !a.tie.empty(), "width is missing");
  require_option("tie_bias", !a.tie_bias || !a.tie.empty(),
                 "tie_bias = true goes with tie; a layer of its own has bias");
  const Value y = a.tie.empty() ? b.linear("", s.x, a.width, a.bias) : tied(b, use, s.x);
  s.x = activate(b, a.activation, y);
  return s;
}
}  // namespace

extern const Block block_linear = {
    .name = "linear",
    .family = "structure",
    .doc = "A matrix product over the channels, the same at every place",
    .formula = "y = act(x W + b)",
    .paper = "Press and Wolf 2017, arXiv 1608.05859 (tie)",
    .attrs = fields_of<Linear>,
    .primary = "width",
    .accepts = {Domain::kTokens, Domain::kGrid, Domain::kGraph, Domain::kVector},
    .steps = true,
    .build = build,
    .samples = {{"linear: 5", Domain::kVector, {3, 4}},
                {"linear: {width: 7, bias: false, activation: gelu}", Domain::kTokens, {2, 3, 4}},
                {"linear: {width: 1, activation: tanh}", Domain::kGrid, {1, 2, 3, 2}},
                {"linear: 3", Domain::kGraph, {6, 5}}}};
}  // namespace cambium::block_linear
