// Graph: an append-only list of nodes; a node's inputs always precede it, so ids are a topological
// order. Forward, backward and update of one training step live in one list.
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/tensor/tensor.h"
#include "graph/op.h"

namespace cambium {
enum class Role { kOp, kInput, kParameter, kState, kConstant };
enum class Phase { kForward, kBackward, kUpdate };

// How a parameter or a state starts. Shapes follow the builder; numbers come from
// Philox(seed, stream_of(path), element), so a weight does not depend on what else is in the model.
struct Init {
  enum Kind { kZeros, kConstant, kNormal, kUniform } kind = kZeros;

  double scale = 0;  // the constant, the standard deviation, or the half width of the interval

  bool operator==(const Init&) const = default;
};

// What a parameter is to whoever freezes, scales, adapts or loads parameters.
enum class ParameterKind {
  kNone,       // not said: made by no block
  kMatrix,     // of a product whose input other weights have made and whose result others hear
  kInput,      // of a product that stands first: what it hears is the data
  kOutput,     // of a product that stands last, first or not: no other hears its result
  kEmbedding,  // a row for each id
  kPosition,   // what a place or a token is, without hearing one: positions, class tokens
  kBias,       // added to a result
  kNorm,       // the factor of each channel behind a norm
  kScale,      // another factor of channels or of everything: layer scale, slopes, skips, shares
  kDynamics,   // of a recurrence or a filter: decays, step sizes, frequencies
};

std::string_view name_of(ParameterKind kind);  // "matrix", "input" ...

// kMatrix, kInput or kOutput: the last two where the model is seen whole (build_parts).
inline bool is_product(ParameterKind kind) {
  return kind == ParameterKind::kMatrix || kind == ParameterKind::kInput ||
         kind == ParameterKind::kOutput;
}

// Whether weight decay applies: to what products are made of and to rows of embeddings.
inline bool decays(ParameterKind kind) {
  return is_product(kind) || kind == ParameterKind::kEmbedding || kind == ParameterKind::kNone;
}

struct ParameterInfo {
  Init init;
  bool decay = true;    // weight decay applies; off for norms, biases and embeddings of position
  bool frozen = false;  // never updated
  ParameterKind kind = ParameterKind::kNone;
  bool shared = false;  // asked for under a name that several places may give (`share:`)
  // Of products and embeddings, the axes whose extents multiply to how many numbers each result
  // hears, and to how many results hear each number; the axes in neither count equal copies (heads,
  // experts, channels). Groups of a convolution share fan_out's axis.
  std::vector<int> fan_in = {}, fan_out = {};

  bool operator==(const ParameterInfo&) const = default;
};

struct Port {  // one output of one node, by id: what nodes store
  int node = -1, output = 0;

  bool operator==(const Port&) const = default;
  auto operator<=>(const Port&) const = default;  // NOLINT(modernize-use-nullptr): its 0
};

// Where emitted nodes stand: "stage1.3.attn", its YAML line, and the part of the step.
struct Scope {
  std::string path;
  Mark mark;
  Phase phase = Phase::kForward;
};

struct Node {
  Role role = Role::kOp;
  const Op* op = nullptr;    // null unless role is kOp
  std::vector<Port> inputs;  // a port with node -1: optional input left out
  Attrs attrs;
  std::vector<ValueType> outputs;
  Scope scope;              // for parameters, states and inputs scope.path is the unique name
  ParameterInfo parameter;  // kParameter and kState (init only)
  std::string copy_of;      // kState: the parameter that it holds in bf16
  std::shared_ptr<const Tensor> constant;          // kConstant of a dense type
  std::shared_ptr<const LazyAdjacency> adjacency;  // kConstant of dtype kAdjacency

  std::string_view kind() const;  // the op's name, or "input", "parameter", "state", "constant"
};

struct Output {  // a named result of the step: "loss", "logits"
  std::string name;
  Port port;
};

struct Update {  // after the step, the state or parameter node holds this value
  int node;
  Port value;
};

// Move-only. Moving it invalidates Values (they point at the Graph), never Ports.
class Graph {
 public:
  explicit Graph(Registry ops) : ops_(ops) {}

  Graph(Graph&&) = default;
  Graph& operator=(Graph&&) = default;
  Graph(const Graph&) = delete;
  Graph clone() const;

  // Named leaves. Names are unique per role: InternalError on a repeat.
  Value input(std::string name, ValueType type);
  Value parameter(std::string name, Shape shape, ParameterInfo info);
  Value state(std::string name, ValueType type, Init init = {});
  Value narrow_copy(std::string_view parameter, Shape shape);  // the state narrow_copy_name says
  void set_kind(int parameter, ParameterKind kind);            // once the model is seen whole
  Value constant(std::shared_ptr<const Tensor> value);
  Value constant(std::shared_ptr<const Adjacency> value);
  Value constant(std::shared_ptr<const LazyAdjacency> value);
  Value scalar(double value);  // an f32 constant of rank 0

  // Every value that is appended has a size that Shape::count() knows: UserError otherwise.
  //
  // Appends one op at the current scope and returns its first output. UserError carries the scope's
  // path and mark: "attention 'stage1.mix': heads = 6 does not divide C = 64".
  Value emit(std::string_view op, std::vector<Value> in, const Args& args = {});
  Value emit(std::string_view op, std::vector<Value> in, Attrs attrs);
  // The same node again with new inputs, for rewriting. Leaves are copied as they are.
  Value copy(const Node& node, std::vector<Value> in);

  const Op& op(std::string_view name) const;  // InternalError when there is none

  const std::deque<Node>& nodes() const { return nodes_; }

  const Node& node(int id) const { return nodes_[size_t(id)]; }

  const ValueType& type(Port p) const { return node(p.node).outputs[size_t(p.output)]; }

  Value value(Port p) { return p.node < 0 ? Value{} : Value{this, p.node, p.output}; }

  std::vector<Value> inputs_of(int id);
  std::vector<Value> outputs_of(int id);

  std::optional<int> find(Role role, std::string_view name) const;  // of a named leaf

  Port output(std::string_view name) const;  // InternalError when there is none

  Registry ops() const { return ops_; }

  Scope scope;
  std::vector<Output> outputs;
  std::vector<Update> updates;

 private:
  Value append(Node node);
  Registry ops_;
  std::deque<Node> nodes_;
  std::map<std::pair<Role, std::string>, int> named_;  // inputs, parameters, states
};

std::string narrow_copy_name(std::string_view parameter);  // "bf16.<parameter>"

inline Port port_of(Value v) {
  return {v.node, v.output};
}

// Restores the graph's scope when it ends.
class ScopeGuard {
 public:
  ScopeGuard(Graph& g, Scope s) : graph_(g), saved_(std::exchange(g.scope, std::move(s))) {}

  ~ScopeGuard() { graph_.scope = std::move(saved_); }

  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  Graph& graph_;
  Scope saved_;
};

// One line a node; golden tests read this.
std::string to_text(const Graph& g);
// Every node and edge in Graphviz's language, for debugging passes. User pictures: viz/.
std::string to_dot(const Graph& g);

// Appends the backward pass of the scalar `loss` and answers dLoss/dw for each w (a none Value
// where nothing flows). UserError when a needed op has no gradient.
std::vector<Value> grad(Value loss, std::span<const Value> wrt);

// The rule sees each op node in order with its inputs in the new graph, and may answer with values
// that replace all its outputs; nullopt copies the node. Outputs and updates follow.
using Rule = std::function<std::optional<std::vector<Value>>(Graph& out, int id, const Node& node,
                                                             std::span<const Value> in)>;
Graph rewrite(const Graph& g, const Rule& rule);

// Checks what every pass must keep: topological order, port ranges, types equal to a fresh
// inference. InternalError naming the first broken node.
void verify(const Graph& g);

// Double-precision oracle: values of the named leaves in, values of outputs and updates out.
struct Interpreted {
  std::vector<Ref> outputs, updates;
};

// `leaves(node)` gives the data of each input, parameter and state. O(everything): small graphs
// only.
Interpreted interpret(const Graph& g, const std::function<Ref(const Node&)>& leaves);
}  // namespace cambium
