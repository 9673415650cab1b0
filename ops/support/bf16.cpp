#include "ops/support/bf16.h"

#include "graph/graph.h"
#include "ops/support/dnnl.h"

namespace cambium {
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

Value cast_to_bf16(Value v) {
  return v.graph->emit("cast", {v}, {{"to", "bf16"}});
}

Bf16Use rounds_operands(const Call&) {
  return {.operands = {0, 1}};
}

Bf16Use stays_f32(const Call&) {
  return {};
}
}  // namespace cambium
