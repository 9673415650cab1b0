// reshape: the same elements under another shape; a view, nothing moves.
//   dx = dy reshaped back
#include "graph/graph.h"
#include "ops/support/onnx/rules.h"
#include "ops/support/reach.h"
#include "ops/support/shapes.h"

namespace cambium::op_reshape {
namespace {
struct Reshape {
  std::vector<int64_t> shape;
  static constexpr auto fields = std::tuple{
      field("shape", &Reshape::shape, "the new extents; at most one is -1 and follows").in(-1)};
};

std::vector<ValueType> shape(const Call& c) {
  std::vector<int64_t> extents = c.as<Reshape>().shape;
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < extents.size(); ++i) {
    if (extents[i] >= 0) {
      known *= extents[i];
      continue;
    }
    require(open < 0, "two extents of the new shape are -1");
    open = int64_t(i);
  }
  const int64_t n = c.shape(0).count();
  if (open >= 0) {
    require(known > 0 && n % known == 0, c.shape(0), " has ", n, " elements, not a multiple of ",
            known);
    extents[size_t(open)] = n / known;
  }
  const Shape to(extents);
  require(to.count() == n, c.shape(0), " has ", n, " elements, ", to, " has ", to.count());
  return {{c.dtype(0), to}};
}

std::vector<Value> vjp(const Call& c, std::span<const Value> dy) {
  const auto dims = c.shape(0).dims();
  return {dy[0].graph->emit("reshape", {dy[0]},
                            {{"shape", std::vector<int64_t>(dims.begin(), dims.end())}})};
}

void reach(const Call&, std::span<const Reach> in, std::span<Reach> out) {
  out[0] = reshaped(in[0], out[0].shape);
}
}  // namespace

extern const Op op_reshape = {
    .name = "reshape",
    .doc = "the same elements under another shape",
    .attrs = fields_of<Reshape>,
    .shape = shape,
    .vjp = vjp,
    .reach = reach,
    .view = true,
    .onnx = onnx_reshape,
    .samples = {{{Shape{2, 6}}, {{"shape", std::vector<int64_t>{3, 4}}}},
                {{Shape{4, 1, 3}}, {{"shape", std::vector<int64_t>{-1, 2}}}},
                {{Shape{}}, {{"shape", std::vector<int64_t>{1, 1}}}},
                {{Shape{1}}, {{"shape", std::vector<int64_t>{}}}},
                {{Shape{0, 3}}, {{"shape", std::vector<int64_t>{3, 0}}}}},
};
}  // namespace cambium::op_reshape
