// keep_blocked: which images lie in blocks of 16 channels, and where they are copied.
#include <algorithm>
#include <set>

#include "ops/conv/support/conv.h"
#include "ops/norm/support/batch_norm.h"

namespace cambium {
namespace {
// The inputs of a node that are images of one layout, and whether output 0 is one of them too.
struct Images {
  std::vector<size_t> in;
  bool out = true;
};

std::vector<size_t> present(const Node& n, std::initializer_list<size_t> inputs) {
  std::vector<size_t> found;
  for (size_t i : inputs)
    if (i < n.inputs.size() && n.inputs[i].node >= 0) found.push_back(i);
  return found;
}

ConvSizes sizes_of(const Graph& g, const Node& n) {
  if (n.op->name == "conv2d")
    return conv_sizes(n.attrs.as<Conv>(), g.type(n.inputs[0]).shape, g.type(n.inputs[1]).shape);
  const Shape& x =
      n.op->name == "conv2d_grad_input" ? n.outputs[0].shape : g.type(n.inputs[0]).shape;
  if (n.op->name == "conv2d_grad_input")
    return conv_sizes(n.attrs.as<ConvGradInput>(), x, g.type(n.inputs[1]).shape);
  return conv_sizes(n.attrs.as<ConvGradWeights>(), x, n.outputs[0].shape);
}

bool is_f32_convolution(const Graph& g, const Node& n) {
  return n.op && n.op->name.starts_with("conv2d") && g.type(n.inputs[0]).dtype == DType::kF32 &&
         n.outputs[0].dtype == DType::kF32;
}

Images images_of_convolution(const Node& n) {
  if (n.op->name == "conv2d") return {present(n, {0, 3})};
  if (n.op->name == "conv2d_grad_input") return {present(n, {0})};
  return {present(n, {0, 1}), false};
}

// What takes either layout: convolutions, batch norm without a mask, and pointwise ops.
std::optional<Images> images_of(const Graph& g, const Node& n) {
  if (is_f32_convolution(g, n)) {
    const ConvSizes z = sizes_of(g, n);
    if (z.groups > 1 || z.C % kBlockChannels != 0 || z.O % kBlockChannels != 0) return std::nullopt;
    return images_of_convolution(n);
  }
  const Shape& s = n.outputs[0].shape;
  if (!n.op || s.rank() != 4 || s[3] % kBlockChannels != 0) return std::nullopt;
  const auto left_out = [&](size_t i) { return present(n, {i}).empty(); };
  if (n.op->name == "batch_norm" && left_out(4)) return Images{present(n, {0, 3})};
  if (n.op->name == "batch_norm_apply") return Images{present(n, {0, 5})};
  if (n.op->name == "batch_norm_grad" && left_out(6)) return Images{present(n, {0, 1, 5})};
  if (!is_plain_pointwise(g, n) && n.op->name != "cast") return std::nullopt;
  Images all;
  for (size_t i = 0; i < n.inputs.size(); ++i) all.in.push_back(i);
  return all;
}

bool leaves_blocks(Value v) {
  const Op* op = v.graph->node(v.node).op;
  return op && op->name == "unblock_channels";
}

Value into_blocks(Value v) {
  if (leaves_blocks(v)) return v.graph->value(v.graph->node(v.node).inputs[0]);
  return v.graph->emit("block_channels", {v});
}

Attrs attrs_in_blocks(const Node& n) {
  if (!n.op->name.starts_with("batch_norm")) return n.attrs;
  BatchNormAttrs a = n.attrs.as<BatchNormAttrs>();
  a.blocked = true;
  return a;
}

std::vector<Value> emit_in_blocks(Graph& out, const Node& n, std::span<const Value> in,
                                  const Images& images) {
  std::vector<Value> operands(in.begin(), in.end());
  for (size_t i : images.in) operands[i] = into_blocks(operands[i]);
  std::vector<Value> results =
      out.outputs_of(out.emit(n.op->name, operands, attrs_in_blocks(n)).node);
  if (images.out) results[0] = out.emit("unblock_channels", {results[0]});
  return results;
}
}  // namespace

Graph keep_blocked(const Graph& g) {
  std::set<int> starts;   // the convolutions that suit Winograd's filtering
  std::set<Port> copied;  // what they want in blocks in any case
  for (int id = 0; const Node& n : g.nodes()) {
    if (is_f32_convolution(g, n) && suits_winograd(sizes_of(g, n))) {
      for (size_t i : images_of_convolution(n).in) copied.insert(n.inputs[i]);
      starts.insert(id);
    }
    ++id;
  }
  return rewrite(g,
                 [&](Graph& out, int id, const Node& n,
                     std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   if (starts.empty()) return std::nullopt;
                   const auto images = images_of(g, n);
                   if (!images) return std::nullopt;
                   const auto there = std::ranges::count_if(
                       images->in, [&](size_t i) { return leaves_blocks(in[i]); });
                   const auto extra = std::ranges::count_if(images->in, [&](size_t i) {
                     return !leaves_blocks(in[i]) && !copied.contains(n.inputs[i]);
                   });
                   const bool follows = there > 0 && extra <= there;  // no more copies than without
                   if (!follows && !starts.contains(id)) return std::nullopt;
                   return emit_in_blocks(out, n, in, *images);
                 });
}
}  // namespace cambium
