// A model of ONNX as operators of ours: opsets 7 to 17 (and 6, where it differs in nothing used).
// Extents are those of our graph, so shapes are numbers while it is read, and what is computed from
// shapes and constants alone is computed then.
#pragma once
#include <map>

#include "graph/graph.h"
#include "graph/onnx/model.h"

namespace cambium {
// What stands for a name: a value of the graph, or numbers that are known.
struct OnnxTerm {
  Value value;
  std::shared_ptr<const OnnxTensor> known;

  explicit operator bool() const { return value || known; }
};

class OnnxReader;

struct OnnxRule {
  std::string_view op;
  void (*run)(OnnxReader& r);
};

class OnnxReader {
 public:
  // Makes a parameter of the initializer of that name, or what is never trained.
  using MakeWeight = std::function<Value(const std::string& name, const OnnxTensor&, bool trained)>;

  OnnxReader(Graph& graph, const OnnxModel& model, MakeWeight weight);

  // The outputs for these inputs, in the order of the file, of the extents that its graph says but
  // for the batch: axis 0 may be another. UserError naming node and operator for what cannot be
  // read.
  std::vector<Value> read(const std::vector<Value>& inputs);

  // Of the node that is being read:
  const OnnxNode& node() const { return *node_; }

  int64_t opset() const { return model_.opset; }

  Graph& graph() { return graph_; }

  bool has(size_t i) const;
  OnnxTerm term(size_t i);
  Value value(size_t i);                        // known numbers become a constant
  Value weight(size_t i, bool trained = true);  // known numbers become a parameter
  std::vector<int64_t> whole(size_t i);         // known ones, cut to 32 bits; UserError otherwise
  bool is_known(size_t i) const;
  const OnnxTensor& known(size_t i);  // UserError when it is not
  double number(size_t i);            // of one element
  int64_t attribute(std::string_view name, int64_t otherwise) const;
  double attribute(std::string_view name, double otherwise) const;
  std::string attribute(std::string_view name, const char* otherwise) const;
  std::vector<int64_t> attributes(std::string_view name) const;  // empty when it is not there
  std::vector<float> numbers(std::string_view name) const;

  // From the start; UserError for an axis that there is not.
  int64_t axis(int64_t named, int rank) const;
  // UserError unless all lie within.
  void require_within(const std::vector<int64_t>& v, int64_t lo, int64_t hi,
                      std::string_view what) const;

  void out(Value v, size_t k = 0);
  void out(OnnxTensor t, size_t k = 0);

  Value emit(std::string_view op, std::vector<Value> in, const Args& args = {}) {
    return graph_.emit(op, std::move(in), args);
  }

  // Images: theirs [B,C,Y,X], ours [B,Y,X,C]; which of them belong together is remembered.
  Value channels_last(Value x);
  Value channels_first(Value x);

  Value reshape(Value x, const std::vector<int64_t>& to);  // axis 0 may be the file's batch
  Value constant(const OnnxTensor& t);

  [[noreturn]] void refuse(const std::string& why) const;

 private:
  void read_node(const OnnxNode& n);
  bool fold();

  Graph& graph_;
  const OnnxModel& model_;
  MakeWeight make_weight_;
  std::map<std::string, OnnxTerm> terms_;
  std::map<std::string, Value> weights_;
  std::map<int, Value> last_;  // of a value [B,C,Y,X], by its node: the same [B,Y,X,C]
  const OnnxNode* node_ = nullptr;
  int64_t declared_batch_ = 0, batch_ = 0;
};

// What can be read, a file of rules each.
std::span<const OnnxRule> onnx_pointwise_rules();
std::span<const OnnxRule> onnx_image_rules();
std::span<const OnnxRule> onnx_shape_rules();
std::span<const OnnxRule> onnx_product_rules();

// Computes a node whose inputs are all known; none when that is not done here.
std::optional<OnnxTensor> fold_onnx(const OnnxNode& n, const std::vector<const OnnxTensor*>& in,
                                    int64_t opset);
}  // namespace cambium
