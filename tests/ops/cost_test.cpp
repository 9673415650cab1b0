// Costs against counts: what an operator calls products, counted again from its reference. In a
// product of two operands each pair of an element of one and an element of the result that feels it
// is one multiply-add; attention adds one a pair of query and key for the scores.
#include "graph/cost.h"

#include <map>

#include <gtest/gtest.h>

#include "tests/support/op_case.h"

namespace cambium::cost_test {
namespace {
bool has_attribute(const Call& c, std::string_view text) {
  return str(",", c.attrs.text(), ",").find(str(",", text, ",")) != std::string::npos;
}

std::string describe(const Call& c) {
  return str(c.in[0].type().text(), " ", c.attrs.text());
}

// Products that no pair of elements stands for, by the shapes of the operands.
using Formula = double (*)(const Call&);

// h W in every step: all that a recurrence over x [B,T,gates H] adds to the products around it.
double of_recurrence(const Call& c) {
  return 2 * double(c.shape(0).count()) * double(c.shape(1)[0]);
}

// A state of D x E numbers a step and head takes an outer product and answers a query.
double of_linear_attention(const Call& c) {
  const double columns = double(c.shape(2)[3]) + has_attribute(c, "normalise=true");
  const Shape& v = c.shape(2);
  return 4 * double(v[0] * v[1] * v[2]) * double(c.shape(0)[3]) * columns;
}

// It is read once more, to be corrected.
double of_delta_rule(const Call& c) {
  return 6 * double(c.shape(2).count()) * double(c.shape(0)[3]);
}

double of_selective_scan(const Call& c) {  // N states of a channel of x [B,T,C]
  return 4 * double(c.shape(0).count()) * double(c.shape(2)[1]);
}

double of_s4d_kernel(const Call& c) {  // the real part of a complex product, added
  return 4 * double(c.out_shape().count()) * double(c.shape(1)[1]);
}

double of_s4d_step(const Call& c) {
  return 4 * double(c.out_shape(1).count());
}

double of_gat(const Call& c) {  // two dot products a head of z [N,H,D], then weighted sums
  const Shape &z = c.shape(1), &a = c.shape(0);
  const int64_t edges = a[2] + (has_attribute(c, "self_loops=true") ? a[0] : 0);
  return double(z[1] * z[2]) * (4 * double(z[0]) + 2 * double(edges));
}

double of_chunked_loss(const Call& c) {  // logits, and from them the gradients of x and w
  const double rows = double(c.shape(0).count() / std::max<int64_t>(1, c.shape(0).last()));
  const double product = 2 * rows * double(c.shape(1).count());
  return (has_attribute(c, "gradients=true") ? 3 : 1) * product;
}

const std::map<std::string_view, Formula> kFormulas = {
    {"rnn", of_recurrence},        {"gru", of_recurrence},
    {"lstm", of_recurrence},       {"linear_attention", of_linear_attention},
    {"delta_rule", of_delta_rule}, {"selective_scan", of_selective_scan},
    {"s4d_kernel", of_s4d_kernel}, {"s4d_step", of_s4d_step},
    {"gat_attention", of_gat},     {"linear_cross_entropy", of_chunked_loss},
};

// Counted neither way: long_conv by its Fourier transforms, of whose number the operator alone
// knows; the tokens that a step of generation looks back on are a mean; a sparse operand is.
constexpr std::string_view kEstimated[] = {"long_conv",      "long_conv_grad",
                                           "long_conv_step", "sparse_linear",
                                           "attention_step", "sparse_linear_grad_weights"};

// From types alone: every process that lists the tests asks this of every operator.
double products_of(const Op& op, const Sample& s) {
  Graph g(builtin_ops());
  std::vector<Value> in;
  for (const SampleInput& i : s.inputs)
    in.push_back(i.absent ? Value{} : g.input(str("i", in.size()), i.type));
  return cost_of(g, g.emit(op.name, in, s.args).node).products;
}

bool has_products(const Op& op) {
  return op.cost &&
         std::ranges::any_of(op.samples, [&](const Sample& s) { return products_of(op, s) > 0; });
}

// One whose gradient is another operator's is measured with that one.
bool is_closed_gradient(const Op& op) {
  return op.name.ends_with("_grad");
}

std::vector<const Op*> ops_that(bool (*keep)(const Op&)) {
  std::vector<const Op*> kept;
  for (const Op* op : builtin_ops())
    if (has_products(*op) && keep(*op)) kept.push_back(op);
  return kept;
}

std::string name_of_op(const testing::TestParamInfo<const Op*>& info) {
  return std::string(info.param->name);
}

// As many edges as the type has room for, none twice; none when nodes are too few for that.
std::optional<Adjacency> full_graph(const Shape& s) {
  const int64_t nodes = s[0];
  if (s[2] > nodes * (nodes - 1)) return std::nullopt;
  std::vector<Edge> edges;
  for (int64_t k = 0; k < s[2]; ++k)
    edges.emplace_back(int32_t(k % nodes), int32_t((k % nodes + 1 + k / nodes) % nodes));
  return make_adjacency(nodes, edges, false);
}

// Positive numbers, whole graphs, indices that leave no row out: what the cost speaks of.
class Filled {
 public:
  Filled(const Op& op, const Sample& s) : c(op, s) {
    Random random(1, stream_of("filled"));
    for (size_t i = 0; i < c.in.size(); ++i) {
      if (!c.in[i]) continue;
      const ValueType& type = c.in[i].type();
      std::vector<double>& data = c.data[i].data;
      if (type.dtype == DType::kAdjacency) {
        graph_ = full_graph(type.shape);
        usable = usable && graph_;
        if (graph_) c.data[i].adjacency = &*graph_;
      } else if (type.dtype == DType::kI32) {
        const int64_t rows = c.in[0].shape()[0];
        usable = usable && rows > 0 && op.name != "attention";  // a list of blocks: AttentionCost
        for (size_t k = 0; k < data.size() && rows > 0; ++k)
          data[k] = !op.name.starts_with("grouped") ? double(int64_t(k) % rows)
                    : k == 0                        ? double(rows)
                                                    : 0;
      } else if (type.dtype == DType::kF32) {
        // Small, so that no activation is flat; what comes later may be a mask, which hides below
        // 1/2.
        const double unit = i < 3 ? 0.1 : 1;
        for (double& x : data) x = unit * (0.5 + 0.5 * random.uniform());
      }
    }
  }

  // Pairs of an element of input i and one of output 0 that feels it.
  int64_t pairs(size_t i) {
    const Ref before = c.reference()[0];
    int64_t count = 0;
    for (double& x : c.data[i].data) {
      const double old = x;
      x += 0.02;
      const Ref after = c.reference()[0];
      x = old;
      for (int64_t k = 0; k < after.size(); ++k) count += after[k] != before[k];
    }
    return count;
  }

  OpCase c;
  bool usable = true;

 private:
  std::optional<Adjacency> graph_;
};

// The operand that is moved: values of attention, else the first that is no graph.
size_t counted_operand(const Op& op, const OpCase& c) {
  if (op.name.ends_with("attention")) return 2;
  return c.in[0].type().dtype == DType::kAdjacency ? 1 : 0;
}

bool is_small(const OpCase& c, size_t operand) {
  return c.in[operand].type().dtype == DType::kF32 && c.in[operand].shape().count() <= 700 &&
         c.out[0].type().dtype == DType::kF32 && c.out[0].shape().count() <= 5000;
}

// What the reference skips and the cost counts: taps beside the picture, which are zeros (the
// literature counts them), what dropout took, edges of nodes that nobody tells anything.
bool leaves_products_out(const Op& op, const Call& c) {
  if (op.name.starts_with("conv2d")) {
    const Shape& w = c.shape(1);
    const bool point = op.name != "conv2d_grad_weights" && w[0] == 1 && w[1] == 1;
    const bool pads =
        has_attribute(c, "pad=-1") ? has_attribute(c, "padding=same") : !has_attribute(c, "pad=0");
    return pads && !point;
  }
  if (op.name == "spmm") return has_attribute(c, "norm=sym");
  return c.attrs.text().find("dropout=") != std::string::npos && !has_attribute(c, "dropout=0");
}

// Attention scores the pairs that see each other, of which it may keep few.
double scores(const Op& op, const Call& c) {
  if (!op.name.ends_with("attention")) return 0;
  const Shape &q = c.shape(0), &k = c.shape(1);
  const auto& text = c.attrs.text();
  const size_t at = text.find("window=");
  const int64_t window = at == text.npos ? 0 : std::stoll(text.substr(at + 7));
  int64_t pairs = 0;
  for (int64_t t = 0; t < q[1]; ++t)
    for (int64_t s = 0; s < k[1]; ++s) {
      const int64_t ahead = s - (t + k[1] - q[1]);
      const bool sees = ahead <= 0 || !has_attribute(c, "causal=true");
      pairs += sees && (window == 0 || std::abs(ahead) < window);
    }
  return 2 * double(q[0] * q[2] * pairs) * double(q[3]);
}

class OpProducts : public testing::TestWithParam<const Op*> {};

TEST_P(OpProducts, AreWhatTheReferenceMultiplies) {
  const Op& op = *GetParam();
  int64_t counted = 0;
  for (const Sample& s : op.samples) {
    Filled f(op, s);
    const size_t operand = counted_operand(op, f.c);
    const Cost cost = op.cost(f.c.call());
    if (const auto formula = kFormulas.find(op.name); formula != kFormulas.end()) {
      EXPECT_DOUBLE_EQ(cost.products, formula->second(f.c.call()));
      ++counted;
      continue;
    }
    if (!f.usable || !is_small(f.c, operand)) continue;
    const double products = scores(op, f.c.call()) + 2 * double(f.pairs(operand));
    if (leaves_products_out(op, f.c.call())) {
      EXPECT_GE(cost.products, products) << describe(f.c.call());
      continue;
    }
    counted += products > 0;
    EXPECT_DOUBLE_EQ(cost.products, products) << describe(f.c.call());
  }
  EXPECT_GT(counted, 0) << "no sample was counted";
}

// dLoss/d each operand of a product is a product of the same size: twice for two operands.
const std::map<std::string_view, double> kGradients = {
    {"spmm", 1},                  // an adjacency has no gradient
    {"linear_cross_entropy", 3},  // without `gradients` the backward pass starts again
};

// Operands in bf16 and fused activations appear when gradients have been taken.
bool comes_after_gradients(OpCase& c) {
  const auto is_narrow = [](Value v) { return v && v.type().dtype == DType::kBf16; };
  if (std::ranges::any_of(c.in, is_narrow) || std::ranges::any_of(c.out, is_narrow)) return true;
  const std::string& text = c.call().attrs.text();
  return text.find("activation=") != text.npos && !has_attribute(c.call(), "activation=none");
}

class GradientProducts : public testing::TestWithParam<const Op*> {};

TEST_P(GradientProducts, AreTwiceTheForwardOnes) {
  const Op& op = *GetParam();
  const auto known = kGradients.find(op.name);
  const double times = known == kGradients.end() ? 2 : known->second;
  for (const Sample& s : op.samples) {
    OpCase c(op, s);
    if (comes_after_gradients(c)) continue;
    const double forward = op.cost(c.call()).products;
    const int first = int(c.graph.nodes().size());
    const Value dy = c.graph.input("dy", c.out[0].type());
    std::vector<Value> all(c.out.size());
    all[0] = dy;
    op.vjp(c.call(), all);
    double backward = 0;
    for (int id = first; id < int(c.graph.nodes().size()); ++id)
      backward += cost_of(c.graph, id).products;
    if (op.name == "linear_cross_entropy" && has_attribute(c.call(), "gradients=true"))
      EXPECT_EQ(backward, 0);
    else if (op.name == "top_k_attention")  // which keys are kept has no gradient
      EXPECT_LE(backward, times * forward);
    else if (op.name == "sparse_linear")  // the gradient of the sparse operand is dense
      EXPECT_GE(backward, forward);
    else if (op.name == "long_conv")  // spectra are multiplied after as many transforms
      EXPECT_NEAR(backward, times * forward, 0.1 * backward);
    else
      EXPECT_DOUBLE_EQ(backward, times * forward) << describe(c.call());
  }
}

TEST(AttentionCost, CountsThePairsThatSeeEachOther) {
  const auto pairs = [](int64_t queries, int64_t keys, const Args& args) {
    Graph g(builtin_ops());
    const auto in = [&](const char* name, int64_t n) {
      return g.input(name, {DType::kF32, Shape{1, n, 1, 8}});
    };
    const Value o = g.emit("attention", {in("q", queries), in("k", keys), in("v", keys)}, args);
    return cost_of(g, o.node).products / (4 * 8);
  };
  EXPECT_EQ(pairs(10, 10, {}), 100);
  EXPECT_EQ(pairs(10, 10, {{"causal", true}}), 55);
  EXPECT_EQ(pairs(1, 10, {{"causal", true}}), 10);
  EXPECT_EQ(pairs(10, 10, {{"causal", true}, {"window", int64_t{4}}}), 1 + 2 + 3 + 7 * 4);
  EXPECT_EQ(pairs(10, 10, {{"window", int64_t{4}}}), 100 - 2 * (1 + 2 + 3 + 4 + 5 + 6));
}

const auto is_counted = [](const Op& op) {
  return !is_closed_gradient(op) && std::ranges::find(kEstimated, op.name) == std::end(kEstimated);
};
const auto has_vjp = [](const Op& op) { return op.vjp != nullptr; };
INSTANTIATE_TEST_SUITE_P(Ops, OpProducts, testing::ValuesIn(ops_that(is_counted)), name_of_op);
INSTANTIATE_TEST_SUITE_P(Ops, GradientProducts, testing::ValuesIn(ops_that(has_vjp)), name_of_op);
}  // namespace
}  // namespace cambium::cost_test
