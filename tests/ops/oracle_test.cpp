// Operators against the calls of a double-precision reference of another project (WebNN's baseline,
// 561 calls): whatever both can say is translated, interpreted in double and run by its kernel.
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/text/json.h"
#include "graph/run/executor.h"
#include "ops/ops.h"
#include "ops/support/dnnl.h"
#include "tests/support/data/test_data.h"

namespace cambium::oracle_test {
namespace {
using Numbers = std::vector<double>;
using Axes = std::vector<int64_t>;

struct Unsaid {};  // our operator cannot say what the call asks for

// JSON has no infinities: they came as null, and we let such calls be.
Numbers numbers_of(const Json& tensor) {
  Numbers out;
  for (const Json& n : tensor.at("data")) {
    if (n.is_null()) throw Unsaid();
    out.push_back(n.get<double>());
  }
  return out;
}

// One call becoming a graph.
class Translation {
 public:
  explicit Translation(const Json& call) : call_(call), graph(builtin_ops()) {}

  const Json& arg(size_t i) const { return call_.at("args").at(i); }

  Json options() const {
    const Json& args = call_.at("args");
    const bool has = !args.empty() && args.back().is_object() && !args.back().contains("data");
    Json o = Json::object();
    if (has)
      for (const auto& [key, value] : args.back().items())
        if (!value.is_null()) o[key] = value;
    return o;
  }

  Value tensor(const Json& t) {
    Axes extents;
    for (const Json& e : t.at("shape")) extents.push_back(e.get<int64_t>());
    if (extents.size() > size_t(Shape::kMaxRank)) throw Unsaid();
    const std::string name = str("x", data.size());
    data[name] = numbers_of(t);
    return graph.input(name, {DType::kF32, Shape(std::span<const int64_t>(extents))});
  }

  Value input(size_t i) { return tensor(arg(i)); }

  // An option's tensor, or `value` at every place of `shape`.
  Value option(const char* key, const Shape& shape, double value) {
    const Json o = options();
    if (o.contains(key)) return tensor(o.at(key));
    const std::string name = str("x", data.size());
    data[name] = Numbers(size_t(shape.count()), value);
    return graph.input(name, {DType::kF32, shape});
  }

  Value emit(std::string_view op, std::vector<Value> in, const Args& args = {}) {
    return graph.emit(op, std::move(in), args);
  }

  Value transpose(Value x, const Axes& perm) { return emit("transpose", {x}, {{"perm", perm}}); }

 private:
  const Json& call_;

 public:
  Graph graph;
  std::map<std::string, Numbers> data;
};

using Translator = std::function<Value(Translation&)>;

void allow_only(const Json& options, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : options.items())
    if (std::ranges::find(known, key) == known.end()) throw Unsaid();
}

Translator unary(std::string_view op, Args args = {}) {
  return [=](Translation& t) {
    if (!t.options().empty()) throw Unsaid();
    return t.emit(op, {t.input(0)}, args);
  };
}

Translator with_alpha(std::string_view op, std::string_view ours, double usual) {
  return [=](Translation& t) {
    const double alpha = t.options().value("alpha", usual);
    if (alpha < 0) throw Unsaid();
    return t.emit(op, {t.input(0)}, {{std::string(ours), alpha}});
  };
}

Translator binary(std::string_view op) {
  return [=](Translation& t) { return t.emit(op, {t.input(0), t.input(1)}); };
}

Value reduced(Translation& t, std::string_view op, Value x) {
  const Json o = t.options();
  if (o.contains("axes") && o.at("axes").empty()) throw Unsaid();  // none, where ours means all
  Axes axes = o.value("axes", Axes{});
  if (axes.empty())
    for (int i = 0; i < x.shape().rank(); ++i) axes.push_back(i);
  return t.emit(op, {x}, {{"axes", axes}, {"keep", o.value("keepDimensions", false)}});
}

Translator reduction(std::string_view op, std::string_view before = "",
                     std::string_view after = "") {
  return [=](Translation& t) {
    Value x = t.input(0);
    if (!before.empty()) x = t.emit(before, {x});
    x = reduced(t, op, x);
    return after.empty() ? x : t.emit(after, {x});
  };
}

Value gemm(Translation& t) {
  const Json o = t.options();
  Value y = t.emit("matmul", {t.input(0), t.input(1)},
                   {{"transpose_a", o.value("aTranspose", false)},
                    {"transpose_b", o.value("bTranspose", false)}});
  y = t.emit("scale", {y}, {{"a", o.value("alpha", 1.0)}});
  if (!o.contains("c")) return y;
  if (!o.at("c").is_object()) throw Unsaid();
  return t.emit("add", {y, t.emit("scale", {t.tensor(o.at("c"))}, {{"a", o.value("beta", 1.0)}})});
}

Value matmul(Translation& t) {
  const Value a = t.input(0), b = t.input(1);
  if (a.shape().rank() < 2 || b.shape().rank() < 2) throw Unsaid();
  return t.emit("matmul", {a, b});
}

Value layer_norm(Translation& t) {
  const Value x = t.input(0);
  const Json o = t.options();
  const int last = x.shape().rank() - 1;
  const Axes axes = o.value("axes", last == 1 ? Axes{1} : Axes{});
  if (axes != Axes{last}) throw Unsaid();
  const Shape c{x.shape().last()};
  return t.emit("layer_norm", {x, t.option("scale", c, 1), t.option("bias", c, 0)},
                {{"eps", o.value("epsilon", 1e-5)}});
}

Value batch_norm(Translation& t) {
  const Value x = t.input(0);
  const Json o = t.options();
  const int64_t axis = o.value("axis", int64_t(1));
  const int rank = x.shape().rank();
  Axes last, back(static_cast<size_t>(rank));  // the channels go last, and home again
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis) last.push_back(i);
  last.push_back(axis);
  for (int64_t i = 0; i < rank; ++i) back[size_t(last[size_t(i)])] = i;
  const Shape c{x.shape()[int(axis)]};
  const Value y = t.emit("batch_norm_apply",
                         {t.transpose(x, last), t.option("scale", c, 1), t.option("bias", c, 0),
                          t.input(1), t.input(2)},
                         {{"eps", o.value("epsilon", 1e-5)}});
  return t.transpose(y, back);
}

// WebNN pads [top, bottom, left, right].
Value padded(Translation& t, Value x, const Json& o) {
  const Axes pad = o.value("padding", Axes{0, 0, 0, 0});
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t before = pad[size_t(2 * axis)], after = pad[size_t(2 * axis + 1)];
    if (before + after > 0)
      x = t.emit("pad", {x}, {{"axis", int64_t(axis + 1)}, {"before", before}, {"after", after}});
  }
  return x;
}

int64_t only_of(const Json& o, const char* key) {
  const Axes both = o.value(key, Axes{1, 1});
  if (both[0] != both[1]) throw Unsaid();
  return both[0];
}

Value conv2d(Translation& t) {
  const Json o = t.options();
  allow_only(o,
             {"padding", "strides", "dilations", "groups", "inputLayout", "filterLayout", "bias"});
  const bool first = o.value("inputLayout", "nchw") == "nchw";
  static const std::map<std::string, Axes> to_hwio = {{"oihw", {2, 3, 1, 0}},
                                                      {"hwio", {0, 1, 2, 3}},
                                                      {"ohwi", {1, 2, 3, 0}},
                                                      {"ihwo", {1, 2, 0, 3}}};
  Value x = first ? t.transpose(t.input(0), {0, 2, 3, 1}) : t.input(0);
  x = padded(t, x, o);
  const Value w = t.transpose(t.input(1), to_hwio.at(o.value("filterLayout", "oihw")));
  std::vector<Value> in = {x, w};
  if (o.contains("bias")) in.push_back(t.tensor(o.at("bias")));
  const Value y = t.emit("conv2d", in,
                         {{"stride", only_of(o, "strides")},
                          {"dilation", only_of(o, "dilations")},
                          {"groups", o.value("groups", int64_t(1))},
                          {"pad", int64_t(0)}});
  return first ? t.transpose(y, {0, 3, 1, 2}) : y;
}

Translator pool2d(std::string_view kind) {
  return [=](Translation& t) {
    const Json o = t.options();
    allow_only(o, {"padding", "strides", "windowDimensions", "layout"});
    const Axes pad = o.value("padding", Axes{0, 0, 0, 0});
    if (!o.contains("windowDimensions") || pad != Axes(4, pad[0])) throw Unsaid();
    const bool first = o.value("layout", "nchw") == "nchw";
    const Value x = first ? t.transpose(t.input(0), {0, 2, 3, 1}) : t.input(0);
    const Value y = t.emit("pool2d", {x},
                           {{"kind", std::string(kind)},
                            {"kernel", only_of(o, "windowDimensions")},
                            {"stride", only_of(o, "strides")},
                            {"pad", pad[0]}});
    return first ? t.transpose(y, {0, 3, 1, 2}) : y;
  };
}

Value concat(Translation& t) {
  std::vector<Value> in;
  for (const Json& x : t.arg(0)) in.push_back(t.tensor(x));
  return t.emit("concat", in, {{"axis", t.arg(1).get<int64_t>()}});
}

Value transposed(Translation& t) {
  const Value x = t.input(0);
  Axes perm = t.options().value("permutation", Axes{});
  if (perm.empty())
    for (int64_t i = x.shape().rank() - 1; i >= 0; --i) perm.push_back(i);
  return t.transpose(x, perm);
}

Value sliced(Translation& t) {
  if (!t.options().empty()) throw Unsaid();
  Value x = t.input(0);
  const Axes starts = t.arg(1).get<Axes>(), sizes = t.arg(2).get<Axes>();
  for (size_t i = 0; i < starts.size(); ++i)
    x = t.emit("slice", {x},
               {{"axis", int64_t(i)}, {"begin", starts[i]}, {"end", starts[i] + sizes[i]}});
  return x;
}

Value zero_pad(Translation& t) {
  if (!t.options().empty()) throw Unsaid();
  Value x = t.input(0);
  const Axes before = t.arg(1).get<Axes>(), after = t.arg(2).get<Axes>();
  for (size_t i = 0; i < before.size(); ++i)
    x = t.emit("pad", {x}, {{"axis", int64_t(i)}, {"before", before[i]}, {"after", after[i]}});
  return x;
}

const std::map<std::string, Translator>& translators() {
  static const std::map<std::string, Translator> all = {
      {"add", binary("add")},
      {"averagePool2d", pool2d("avg")},
      {"batchNormalization", batch_norm},
      {"concat", concat},
      {"conv2d", conv2d},
      {"cos", unary("cos")},
      {"div", binary("div")},
      {"elu", with_alpha("elu", "alpha", 1)},
      {"exp", unary("exp")},
      {"gelu", unary("gelu", {{"approximate", "none"}})},
      {"gemm", gemm},
      {"hardSwish", unary("hardswish")},
      {"layerNormalization", layer_norm},
      {"leakyRelu", with_alpha("leaky_relu", "slope", 0.01)},
      {"log", unary("log")},
      {"matmul", matmul},
      {"max", binary("maximum")},
      {"maxPool2d", pool2d("max")},
      {"mul", binary("mul")},
      {"neg", unary("neg")},
      {"pad", zero_pad},
      {"reduceL2", reduction("reduce_sum", "square", "sqrt")},
      {"reduceLogSum", reduction("reduce_sum", "", "log")},
      {"reduceLogSumExp", reduction("reduce_sum", "exp", "log")},
      {"reduceMax", reduction("reduce_max")},
      {"reduceMean", reduction("reduce_mean")},
      {"reduceSum", reduction("reduce_sum")},
      {"reduceSumSquare", reduction("reduce_sum", "square")},
      {"relu", unary("relu")},
      {"reshape",
       [](Translation& t) {
         Axes shape;
         for (const Json& n : t.arg(1)) shape.push_back(n.is_null() ? -1 : n.get<int64_t>());
         return t.emit("reshape", {t.input(0)}, {{"shape", shape}});
       }},
      {"sigmoid", unary("sigmoid")},
      {"sin", unary("sin")},
      {"slice", sliced},
      {"softmax",
       [](Translation& t) {
         return t.emit("softmax", {t.input(0)}, {{"axis", t.arg(1).get<int64_t>()}});
       }},
      {"softplus", unary("softplus")},
      {"sqrt", unary("sqrt")},
      {"sub", binary("sub")},
      {"tanh", unary("tanh")},
      {"transpose", transposed},
  };
  return all;
}

std::vector<Json> calls() {
  const auto bytes =
      read_maybe_gzip(test::data_path("oracles/webnn_baseline/webnn_baseline_cases.jsonl.gz"));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<Json> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out.push_back(Json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

void expect_close(const Numbers& got, const Numbers& want, double tolerance,
                  const std::string& name) {
  ASSERT_EQ(got.size(), want.size()) << name;
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(want[i]) && std::isnan(got[i])) continue;
    if (got[i] == want[i]) continue;  // infinities
    EXPECT_LE(std::abs(got[i] - want[i]), tolerance * std::max(1.0, std::abs(want[i])))
        << name << " element " << i << ": " << got[i] << ", not " << want[i];
  }
}

Numbers run_kernels(const Translation& t) {
  Engine engine;
  const Plan plan = compile(t.graph.clone(), engine);
  Store store;
  store.add(plan, 1);
  Executor executor(plan, store);
  for (const auto& [name, values] : t.data) {
    Tensor x(plan.inputs[0].type);
    for (const Leaf& leaf : plan.inputs)
      if (leaf.name == name) x = Tensor(leaf.type);
    for (size_t i = 0; i < values.size(); ++i) x.f32()[i] = float(values[i]);
    if (executor.has_input(name)) executor.set_input(name, x);
  }
  executor.run();
  const auto bytes = executor.output("y");
  const auto* y = reinterpret_cast<const float*>(bytes.data());
  return {y, y + bytes.size() / sizeof(float)};
}

// False when our operators cannot say the call.
bool check(const Json& call) {
  const auto translator = translators().find(call.at("op").get<std::string>());
  if (translator == translators().end() || !call.at("out").is_object()) return false;
  Translation t(call);
  Numbers want;
  try {
    want = numbers_of(call.at("out"));
    t.graph.outputs = {{"y", port_of(translator->second(t))}};
  } catch (const Unsaid&) {
    return false;
  }
  const auto name = call.at("test").get<std::string>();
  const auto leaves = [&](const Node& n) { return Ref{t.data.at(n.scope.path)}; };
  expect_close(interpret(t.graph, leaves).outputs[0].data, want, 1e-6, name);
  expect_close(run_kernels(t), want, 2e-5, name);
  return true;
}

TEST(Oracle, OperatorsAgreeWithEveryCallThatBothCanSay) {
  const std::string file = test::data_path("oracles/webnn_baseline/webnn_baseline_cases.jsonl.gz");
  if (test::skip_without(file)) return;
  std::map<std::string, std::pair<int, int>> counts;  // op -> checked, all
  int checked = 0;
  for (const Json& call : calls()) {
    auto& [said, all] = counts[call.at("op").get<std::string>()];
    ++all;
    if (!check(call)) continue;
    ++said;
    ++checked;
  }
  for (const auto& [op, translator] : translators()) EXPECT_GT(counts[op].first, 0) << op;
  RecordProperty("checked", checked);
  EXPECT_GE(checked, 233);
}
}  // namespace
}  // namespace cambium::oracle_test
