// PaddedCase: a block list on padded data, run in double together with its gradients. What it
// answers for real places must depend neither on how much padding there is nor on what it holds.
#pragma once
#include "blocks/auxiliary.h"
#include "blocks/padding.h"
#include "tests/support/block_case.h"

namespace cambium {
// Texts (ids), frames (tokens) or graphs of `places` places each, of which `real` are.
struct PaddedInput {
  Domain domain = Domain::kTokens;
  int64_t places = 0, channels = 0;
  std::vector<int64_t> real;  // one an example

  int64_t batch() const { return int64_t(real.size()); }

  PaddedInput with_places(int64_t n) const {
    PaddedInput out = *this;
    out.places = n;
    return out;
  }

  // The same without padding.
  PaddedInput full() const {
    PaddedInput out = *this;
    out.real.assign(real.size(), places);
    return out;
  }
};

// A path along the real nodes of each graph and a few edges more, all of them directed.
inline std::shared_ptr<const Adjacency> padded_adjacency(const PaddedInput& in) {
  std::vector<Edge> edges;
  for (int64_t b = 0; b < in.batch(); ++b) {
    const auto first = int32_t(b * in.places), n = int32_t(in.real[size_t(b)]);
    for (int32_t i = 0; i + 1 < n; ++i) edges.emplace_back(first + i, first + i + 1);
    for (int32_t i = 0; i + 2 < n; i += 2) edges.emplace_back(first + i + 2, first + i);
  }
  return std::make_shared<const Adjacency>(make_adjacency(in.batch() * in.places, edges, false));
}

class PaddedCase {
 public:
  // Numbers by name, real places alone: "y", "gradient of <leaf>", "update of <state>" ...
  using Answers = std::map<std::string, std::vector<double>>;

  // Throws what build_model throws. Without `masked` the model is not told of the padding.
  PaddedCase(const std::string& yaml, PaddedInput input, bool training, bool masked = true)
      : graph_(builtin_ops()), input_(std::move(input)), model_(parse_yaml(yaml, "model.yaml")) {
    Builder builder(graph_, vars_, training);
    const Stream in = build_input(graph_, shapes(yaml, masked));
    const Stream out = build_model(builder, model_, nullptr, in);
    domain_ = out.domain;
    std::vector<Value> terms = {weighed("y", out)};
    if (out.domain != Domain::kVector)
      for (const std::string kind : {"mean", "sum", "max", "attention", "first", "last"}) {
        if (out.domain == Domain::kGraph && (kind == "first" || kind == "last")) continue;
        const Yaml pool = parse_yaml("- pool: " + kind, "pool.yaml");
        terms.push_back(weighed("pool " + kind, build_model(builder, pool, nullptr, out)));
      }
    for (const Output& o : graph_.outputs)
      if (o.name == kAuxiliaryLoss) terms.push_back(graph_.value(o.port));
    std::erase_if(graph_.outputs, [](const Output& o) { return o.name == kAuxiliaryLoss; });
    Value loss = terms[0];
    for (size_t i = 1; i < terms.size(); ++i) loss = graph_.emit("add", {loss, terms[i]});
    add_output("loss", loss);
    if (training) add_gradients(loss, in);  // evaluation has none: running statistics are fixed
  }

  Domain domain() const { return domain_; }  // of what the list answers

  // Padding holds `filling` times normal numbers.
  Answers run(double filling) const {
    const Interpreted done = interpret(graph_, [&](const Node& n) { return leaf(n, filling); });
    std::map<std::string, const std::vector<double>*> by_name;
    for (size_t i = 0; i < graph_.outputs.size(); ++i)
      by_name[graph_.outputs[i].name] = &done.outputs[i].data;
    Answers answers;
    for (const auto& [name, data] : by_name) {
      if (name.starts_with("mask of ")) continue;
      const auto mask = by_name.find("mask of " + name);
      answers[name] = mask == by_name.end() ? *data : real_rows(*data, *mask->second);
    }
    for (size_t i = 0; i < graph_.updates.size(); ++i)
      answers["update of " + graph_.node(graph_.updates[i].node).scope.path] = done.updates[i].data;
    return answers;
  }

 private:
  InputShape shapes(const std::string& yaml, bool masked) {
    const int64_t batch = input_.batch(), n = input_.places;
    InputShape s{input_.domain, {}};
    const auto add = [&](std::string_view name, const ValueType& type) {
      s.inputs.push_back({name, type});
    };
    if (input_.domain != Domain::kGraph) {
      add("x", input_.domain == Domain::kIds ? ValueType{DType::kI32, {batch, n}}
                                             : ValueType{DType::kF32, {batch, n, input_.channels}});
      if (masked) add("mask", {DType::kF32, {batch, n}});
      return s;
    }
    adjacency_ = padded_adjacency(input_);
    const int64_t nodes = batch * n, edges = adjacency_->edges + n;  // the last rows hold nothing
    s.graphs = batch;
    add("x", {DType::kF32, {nodes, input_.channels}});
    if (masked) add("mask", {DType::kF32, {nodes}});
    if (yaml.find("link") != yaml.npos) add("pairs", {DType::kI32, {batch, 2}});
    if (yaml.find("edges: true") != yaml.npos) add("edges", {DType::kF32, {edges, 3}});
    add("adjacency", {DType::kAdjacency, {nodes, nodes, edges}});
    return s;
  }

  void add_output(const std::string& name, Value v) {
    graph_.outputs.push_back({name, port_of(v)});
  }

  // The sum of what is real in s, each number times a random one.
  Value weighed(const std::string& name, const Stream& s) {
    ensure(s.x.type().dtype == DType::kF32, "ids have no gradient");
    const Value w = graph_.input("weights of " + name, s.x.type());
    Value y = graph_.emit("mul", {s.x, w});
    add_output(name, s.x);
    if (s.domain != Domain::kVector && s.mask) {
      const std::vector<int64_t> rows = {s.shape().rows(), 1};
      const Value mask = graph_.emit("reshape", {s.mask}, {{"shape", rows}});
      add_output("mask of " + name, mask);
      y = graph_.emit("reshape", {y}, {{"shape", std::vector{rows[0], s.channels()}}});
      y = graph_.emit("mul", {y, mask});
    }
    return graph_.emit("reduce_sum", {y});
  }

  void add_gradients(Value loss, const Stream& in) {
    std::vector<Value> wrt;
    for (int id = 0; id < int(graph_.nodes().size()); ++id)
      if (graph_.node(id).role == Role::kParameter) wrt.push_back(graph_.value({id, 0}));
    if (in.x.type().dtype == DType::kF32) wrt.push_back(in.x);
    const std::vector<Value> d = grad(loss, wrt);
    for (size_t i = 0; i < wrt.size(); ++i) {
      if (!d[i]) continue;
      const std::string& of = graph_.node(wrt[i].node).scope.path;
      add_output("gradient of " + of, d[i]);
      if (wrt[i] == in.x && in.mask) add_output("mask of gradient of " + of, in.mask);
    }
  }

  static std::vector<double> real_rows(const std::vector<double>& y,
                                       const std::vector<double>& mask) {
    std::vector<double> out;
    const size_t width = mask.empty() ? 0 : y.size() / mask.size();
    for (size_t i = 0; i < y.size(); ++i)
      if (mask[i / width] > 0.5) out.push_back(y[i]);
    return out;
  }

  // Rows of the example b that are real hold numbers of their own, whatever the others are.
  Ref leaf(const Node& n, double filling) const {
    const std::string& name = n.scope.path;
    const ValueType& type = n.outputs[0];
    Ref r;
    if (type.dtype == DType::kAdjacency) return {{}, adjacency_.get()};
    if (name == "mask")
      for (int64_t i = 0; i < type.shape.count(); ++i) r.data.push_back(is_real(i));
    if (name == "pairs")
      for (int64_t b = 0; b < input_.batch(); ++b) {
        const int64_t of = input_.real[size_t(b)] > 0 ? b : 0;  // both ends are real
        for (int64_t at : {int64_t(0), input_.real[size_t(of)] - 1})
          r.data.push_back(double(of * input_.places + at));
      }
    if (!r.data.empty()) return r;
    const bool ids = type.dtype == DType::kI32, wide = ids || n.role == Role::kInput;
    if (!wide || name == "rng") return numbers(n);
    const int64_t width = ids ? 1 : type.shape.last();
    for (int64_t row = 0; row < (ids ? type.shape.count() : type.shape.rows()); ++row)
      add_row(name, type, row, width, filling, r);
    return r;
  }

  bool is_real(int64_t place) const {
    return place % input_.places < input_.real[size_t(place / input_.places)];
  }

  // One row of x, of edges, or of the weights of an answer.
  void add_row(const std::string& name, const ValueType& type, int64_t row, int64_t width,
               double filling, Ref& r) const {
    int64_t example = 0, place = row;
    const int64_t rows = type.dtype == DType::kI32 ? type.shape.count() : type.shape.rows();
    if (name != "edges" && rows % input_.batch() == 0) {
      example = row / (rows / input_.batch());
      place = row % (rows / input_.batch());
    }
    const bool real = name == "x" ? is_real(row) : name == "edges" ? row < adjacency_->edges : true;
    Random random(real ? 3 : uint64_t(1000 * std::abs(filling)),
                  stream_of(str(name, " ", example, " ", place)));
    for (int64_t i = 0; i < width; ++i) {
      const double x = type.dtype == DType::kI32 ? random.below(2) : random.normal();
      r.data.push_back(real || type.dtype == DType::kI32 ? x : filling * x);
    }
  }

  // Parameters, states and the seed of dropout: the first numbers of a longer one are those of a
  // shorter one.
  static Ref numbers(const Node& n) {
    Ref r;
    const std::string_view name = n.scope.path;
    Random random(5, stream_of(n.scope.path));
    for (int64_t i = 0; i < n.outputs[0].shape.count(); ++i) {
      const double x = random.normal();
      r.data.push_back(name == "rng"                   ? double(i + 1)
                       : name.ends_with("running_var") ? 0.5 + x * x
                       : name.ends_with("gamma")       ? 1 + 0.3 * x
                                                       : 0.5 * x);
    }
    return r;
  }

  Graph graph_;
  PaddedInput input_;
  Yaml model_;
  Vars vars_;
  std::shared_ptr<const Adjacency> adjacency_;
  Domain domain_{};
};

// What differs between two sets of answers by more than 1e-12 of the largest number of its kind
// (gradients are one kind); a longer one (of a parameter with a row a place) must go on with zeros.
// Empty: nothing.
inline std::string difference(const PaddedCase::Answers& a, const PaddedCase::Answers& b) {
  constexpr double kTolerance = 1e-12;
  double steepest = 1;
  for (const auto& [name, x] : a)
    for (double v : x)
      if (name.starts_with("gradient of ")) steepest = std::max(steepest, std::abs(v));
  for (const auto& [name, x] : a) {
    const auto found = b.find(name);
    if (found == b.end()) return str(name, " is missing");
    const std::vector<double>& y = found->second;
    const bool grows = name.starts_with("gradient of ") && name != "gradient of x";
    if (x.size() != y.size() && !(grows && x.size() < y.size()))
      return str(name, " has ", x.size(), " numbers and ", y.size());
    double largest = name.starts_with("gradient of ") ? steepest : 1;
    for (double v : x) largest = std::max(largest, std::abs(v));
    for (size_t i = 0; i < y.size(); ++i) {
      const double want = i < x.size() ? x[i] : 0;
      if (!(std::abs(y[i] - want) <= kTolerance * largest))
        return str(name, "[", i, "] is ", want, " and ", y[i]);
    }
  }
  return a.size() == b.size() ? "" : str(a.size(), " answers and ", b.size());
}
}  // namespace cambium
