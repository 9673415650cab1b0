#include "ops/support/bf16.h"

#include <algorithm>

#include "graph/graph.h"
#include "ops/conv/support/conv.h"

namespace cambium {
namespace {
constexpr std::string_view kProducts[] = {"linear",
                                          "matmul",
                                          "conv2d",
                                          "grouped_linear",
                                          "linear_cross_entropy",
                                          "linear_grad_weights",
                                          "grouped_linear_grad_weights",
                                          "conv2d_grad_input",
                                          "conv2d_grad_weights"};

int64_t groups_of(const Node& n) {
  if (n.op->name == "conv2d") return n.attrs.as<Conv>().groups;
  if (n.op->name == "conv2d_grad_input") return n.attrs.as<ConvGradInput>().groups;
  if (n.op->name == "conv2d_grad_weights") return n.attrs.as<ConvGradWeights>().groups;
  return 1;
}

ConvSizes sizes_of(const Node& n, std::span<const Value> in) {
  const Shape &first = in[0].shape(), &second = in[1].shape();
  if (n.op->name == "conv2d") return conv_sizes(n.attrs.as<Conv>(), first, second);
  if (n.op->name == "conv2d_grad_input") {
    const auto& a = n.attrs.as<ConvGradInput>();
    return conv_sizes(a, {first[0], a.input[0], a.input[1], second[2] * a.groups}, second);
  }
  const auto& a = n.attrs.as<ConvGradWeights>();
  return conv_sizes(a, first, {a.kernel[0], a.kernel[1], first[3] / a.groups, second[3]});
}

// From 128 channels on, Winograd's filtering in f32 beats the plain sum in bf16, unless that runs
// on matrix tiles.
bool faster_in_f32(const Node& n, std::span<const Value> in) {
  if (!n.op->name.starts_with("conv2d") || has_matrix_tiles()) return false;
  const ConvSizes z = sizes_of(n, in);
  return std::min(z.C, z.O) >= 128 && suits_winograd(z);
}

// Small operands are not worth a pass over them, and grouped convolutions are bound by memory.
bool worthwhile(const Node& n, std::span<const Value> in) {
  if (std::ranges::find(kProducts, n.op->name) == std::end(kProducts)) return false;
  const int64_t first = in[0].shape().count(), second = in[1].shape().count();
  if (n.scope.phase == Phase::kUpdate) return false;  // the optimizer is f32
  return groups_of(n) == 1 && std::min(first, second) >= 256 && std::max(first, second) >= 4096 &&
         !faster_in_f32(n, in);
}
}  // namespace

bool is_narrowing(std::string_view reader, const Attrs& reader_attrs) {
  return reader == "cast" && reader_attrs.as<Cast>().to == "bf16";
}

bool has_bf16_products() {
  try {
    Engine e;
    const MemoryDesc x = dense_md({16, 16}, DType::kBf16), y = dense_md({16, 16});
    make_pd<dnnl::matmul>(e, caller_scratch(), x, x, y);
    return true;
  } catch (const dnnl::error&) {
    return false;
  }
}

void require_product(const Call& c, int a, int b) {
  const DType left = c.dtype(a), right = c.dtype(b);
  require(left == right && (left == DType::kF32 || left == DType::kBf16), "inputs ", a, " and ", b,
          " are ", name_of(left), " and ", name_of(right), ", not both f32 or both bf16");
}

void require_result(const Call& c, std::string_view to, int operand) {
  require(to != "bf16" || c.dtype(operand) == DType::kBf16, "a result in bf16 needs operands in ",
          "bf16, input ", operand, " is ", name_of(c.dtype(operand)));
}

Graph place_casts(const Graph& g) {
  return rewrite(g,
                 [](Graph& out, int, const Node& n,
                    std::span<const Value> in) -> std::optional<std::vector<Value>> {
                   if (!worthwhile(n, in)) return std::nullopt;
                   ScopeGuard guard(out, n.scope);
                   std::vector<Value> operands(in.begin(), in.end());
                   for (size_t i = 0; i < 2; ++i)
                     operands[i] = out.emit("cast", {in[i]}, {{"to", "bf16"}});
                   return out.outputs_of(out.copy(n, operands).node);
                 });
}
}  // namespace cambium
