// How operators write themselves in ONNX. A graph of ours has fixed extents, a file of ONNX none
// for batch and length: so the same model is built at several of them (traces), alike node by
// node, and an extent is known by what it is in each. One that differs is computed when the model
// runs, from the extents of a value that has it.
#pragma once
#include <map>

#include "graph/graph.h"
#include "graph/onnx/model.h"

namespace cambium {
using OnnxSize = std::vector<int64_t>;  // in each trace

bool is_fixed(const OnnxSize& size);

// What stands for an adjacency: edges from source to target, i64 [E] each, without loops added, and
// the number of nodes, i64 [1].
struct OnnxEdges {
  std::string source, target, nodes;
  std::string looped_source = {}, looped_target = {};  // with a loop at every node, once asked for
};

// The names of a subgraph's results: what is carried on, then what is kept of each step.
struct OnnxStep {
  std::vector<std::string> states, kept;
};

struct OnnxWriter {
  OnnxGraph graph;
  int64_t opset = 17;

  // A name that is free: the base, or the base with a number.
  std::string free_name(const std::string& base);

  // Appends a node to the graph that is being written and answers its outputs' names.
  std::vector<std::string> emit(const std::string& op, std::vector<std::string> in,
                                std::vector<OnnxAttribute> attributes, int outputs);
  std::string constant(OnnxTensor tensor);  // equal ones are one

  // `axis` of the value is of this size; -1: the value, i64 [1], is it.
  void note_size(const OnnxSize& size, const std::string& value, int axis);

  // i64 [1] of this size. UserError when no value, product or sum of such has it.
  std::string size(const OnnxSize& size);

  std::string prefix;  // of the names of nodes
  std::map<Port, std::string> names;
  std::map<Port, OnnxEdges> edges;
  std::vector<OnnxNode>* into = nullptr;  // null: the graph's own

 private:
  std::map<OnnxSize, std::pair<std::string, int>> places_;
  std::map<OnnxSize, std::string> sizes_;
  std::map<std::string, int> used_;
  std::map<std::string, std::string> constants_;
};

// One use of an op, as it goes out.
class OnnxUse {
 public:
  OnnxUse(OnnxWriter& writer, std::vector<Graph>& traces, int node);

  const Call& call(size_t trace = 0) const { return calls_[trace]; }

  size_t traces() const { return calls_.size(); }

  bool has(int i) const { return call().has(i); }

  const Shape& shape(int i) const { return call().shape(i); }

  int rank(int i) const { return shape(i).rank(); }

  std::string in(int i) const;  // its name; "" where it is left out

  OnnxEdges& edges(int i, bool self_loops);  // with the loops' names filled in if asked

  // Options by name, of the first trace. InternalError for one that there is not. UserError from
  // the walk when options differ among traces, unless the rule says that it looks at them.
  bool flag(std::string_view option) const;
  double number(std::string_view option) const;
  int64_t whole(std::string_view option) const;
  std::string word(std::string_view option) const;
  std::vector<int64_t> list(std::string_view option) const;

  void options_may_differ() { differ_ = true; }

  bool told_of_differing() const { return differ_; }

  OnnxSize size(const std::function<int64_t(const Call&)>& f) const;
  OnnxSize dim(int i, int axis) const;
  OnnxSize out_dim(int axis, int k = 0) const;
  std::vector<OnnxSize> out_dims(int k = 0) const;

  OnnxSize constant_size(int64_t n) const { return OnnxSize(traces(), n); }

  std::string size_of(const OnnxSize& s) { return writer_.size(s); }  // i64 [1]

  std::string shape_of(const std::vector<OnnxSize>& dims);  // i64 [rank]

  std::string op(const std::string& name, std::vector<std::string> in,
                 std::vector<OnnxAttribute> attributes = {});
  std::vector<std::string> ops(const std::string& name, std::vector<std::string> in,
                               std::vector<OnnxAttribute> attributes, int outputs);
  std::string f32(double value);                         // a scalar
  std::string i64(int64_t value);                        // [1]
  std::string i64s(const std::vector<int64_t>& values);  // [n]

  std::string tensor(OnnxTensor t) { return writer_.constant(std::move(t)); }

  std::string reshape(const std::string& x, const std::vector<OnnxSize>& dims);
  std::string unsqueeze(const std::string& x, std::vector<int64_t> axes);
  std::string squeeze(const std::string& x, std::vector<int64_t> axes);
  std::string transpose(const std::string& x, std::vector<int64_t> perm);
  std::string slice(const std::string& x, int64_t axis, int64_t begin, int64_t end);
  std::string einsum(const std::string& equation, std::vector<std::string> in);
  std::string sum(const std::string& x, std::vector<int64_t> axes, bool keep);
  std::string mean(const std::string& x, std::vector<int64_t> axes, bool keep);
  std::string range(const std::string& count);  // i64 [1] n -> i64 [n]
  std::string zeros(const std::vector<OnnxSize>& dims);

  std::string to_f32(const std::string& x) { return op("Cast", {x}, {{"to", int64_t{1}}}); }

  std::string to_i64(const std::string& x) { return op("Cast", {x}, {{"to", int64_t{7}}}); }

  // A loop over axis 0 of `slices`: body(states, a slice of each) says the next states and what is
  // kept. Answers the last states, then what was kept, stacked along axis 0.
  std::vector<std::string> scan(
      const std::vector<std::string>& states, const std::vector<std::string>& slices, bool reverse,
      const std::function<OnnxStep(const std::vector<std::string>& states,
                                   const std::vector<std::string>& slices)>& body);

  // Names output k. Every rule names output 0; what it does not name nobody may read.
  void out(int k, const std::string& name);
  void out_edges(OnnxEdges edges);

  void need_opset(int64_t version) { writer_.opset = std::max(writer_.opset, version); }

  // UserError that says where the use stands and why it cannot go out.
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  ArgValue option(std::string_view name) const;
  OnnxWriter& writer_;
  int node_;
  const Node* at_;
  std::vector<std::vector<Value>> in_, out_;
  std::vector<Call> calls_;
  bool differ_ = false;
};

// What all traces of one graph become. `parameter(node)` gives the numbers of parameters and
// states. Inputs and outputs are those of the graph. UserErrors say what cannot go out and where.
struct OnnxTraces {
  std::vector<Graph> graphs;
  // Extents that are open: their names and what they are in each trace.
  std::vector<std::pair<std::string, OnnxSize>> open;

  // Of graphs that are padded to one size: how many there are, and nodes of one. Files take them as
  // they are, one behind the other, and pad inside.
  struct Padded {
    OnnxSize graphs, nodes;
  };

  std::optional<Padded> padded = {};
};

OnnxModel onnx_of(OnnxTraces& traces, const std::function<OnnxTensor(const Node&)>& parameter);
}  // namespace cambium
