// Block: a named, configurable way to extend a stream; one file in blocks/*/ defines one.
#pragma once
#include <map>
#include <set>

#include "blocks/stream.h"
#include "core/expr.h"

namespace cambium {
class Builder;

// One use of a block in a spec, normalised: `- linear: 64`, `- {linear: {width: 64}}` and
// `- {linear: 64, bias: false}` all become options. Modifiers (name, as, from, share, freeze) are
// gone.
struct BlockUse {
  std::string name;
  Mark mark;                       // of the block's name
  std::vector<YamlEntry> options;  // unevaluated; nested block lists live here
  Attrs attrs;                     // the options that are fields, parsed

  const Yaml* body(std::string_view key) const;  // a nested block list or map, or null
  Mark mark_of(std::string_view option) const;   // of the option's value, else of the block
};

struct BlockSample {
  std::string yaml;  // one entry of a model list: "attention: {heads: 2}"
  Domain domain;
  Shape shape;  // of the incoming stream's x
};

// `build` may throw UserError without name or place: the builder adds the block's name, its path
// and its YAML line (or the line of the option whose mark the error already carries).
struct Block {
  std::string_view name, family, doc, formula, paper;
  FieldSet attrs = {};
  std::string_view primary = "";              // the option that `- block: value` sets
  std::vector<std::string_view> bodies = {};  // options that hold nested blocks, not fields
  bool any_option = false;                    // repeat: letters of the pattern are options too
  std::vector<Domain> accepts = {};
  Stream (*build)(Builder&, const BlockUse&, Stream) = nullptr;
  std::vector<BlockSample> samples = {};
};

using BlockRegistry = std::span<const Block* const>;
BlockRegistry builtin_blocks();

// Where blocks stand while they build: the graph, the scope, the variables, and what blocks of one
// model share (taps, shared weights, definitions, the dropout counter).
class Builder {
 public:
  // `training` false: dropout is the identity, batch norm uses running statistics.
  Builder(Graph& graph, const Vars& vars, bool training);

  Graph& graph;
  const bool training;

  // Builds a list of entries in order; errors in one entry are collected and the rest still checked
  // where the stream's shape is known.
  Stream build_list(const Yaml& list, Stream in, const Vars& vars);
  Stream build_entry(const Yaml& entry, Stream in, const Vars& vars);

  const Vars& vars() const { return *vars_; }

  // A parameter or state under the current scope: "<path>.<name>". Under `share:` the second asker
  // gets the first one's; UserError when the shapes differ.
  Value param(std::string_view name, Shape shape, Init init, bool decay = true);
  Value state(std::string_view name, ValueType type, Init init);
  void update_state(Value state, Value value);  // after each training step

  Value emit(std::string_view op, std::vector<Value> in, const Args& args = {}) {
    return graph.emit(op, std::move(in), args);
  }

  // y = x W + b over the last axis; W [C,width] ~ U(+-1/sqrt(C)) (PyTorch's nn.Linear) unless told.
  Value linear(std::string_view name, Value x, int64_t width, bool bias = true);
  Value linear(std::string_view name, Value x, int64_t width, bool bias, Init init);

  // Dropout with this block's own stream of numbers; the identity when p = 0 or not training.
  Value dropout(Value x, double p, std::string_view name = "dropout");
  Value rng();  // the input "rng": i64 [2] = {seed, step}

  Diagnostics& errors() { return errors_; }

  // Runs `body` with the scope "<path>.<segment>".
  template <class F> auto in_scope(std::string_view segment, const F& body) {
    Scope s = graph.scope;
    s.path = s.path.empty() ? std::string(segment) : str(s.path, ".", segment);
    ScopeGuard guard(graph, std::move(s));
    return body();
  }

  std::map<std::string, Stream> taps;              // `as:` -> stream
  std::map<std::string, const Yaml*> definitions;  // `define:` -> its body

 private:
  friend class SharedScope;
  const Vars* vars_;
  Diagnostics errors_;
  std::string share_path_;  // non-empty inside `share:`
  bool frozen_ = false;
  Value rng_;
};

struct ModelInput {
  Stream stream;
};

// Builds `model:` from the input stream; UserErrors with everything that is wrong with it.
Stream build_model(Builder& builder, const Yaml& model, const Yaml* define, Stream input);
}  // namespace cambium
