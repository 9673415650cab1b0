// Block: a named, configurable way to extend a stream; one file in blocks/*/ defines one.
#pragma once
#include <functional>
#include <map>
#include <set>

#include "blocks/scaling.h"
#include "blocks/stream.h"
#include "core/yaml/expr.h"
#include "graph/passes/passes.h"

namespace cambium {
class Builder;

// One use of a block in a spec, normalised: `- linear: 64`, `- {linear: {width: 64}}` and
// `- {linear: 64, bias: false}` all become options. Modifiers (name, as, from, share, freeze,
// recompute) are gone.
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
  std::string_view primary = "";              // the option or body that `- block: value` sets
  std::vector<std::string_view> bodies = {};  // options that hold nested blocks, not fields
  bool any_option = false;                    // repeat: letters of the pattern are options too
  std::string_view variable = "";    // what its bodies may use beside the variables around it
  bool repeats = false;              // its copies are "<path>.0", "<path>.1" ...
  std::vector<Domain> accepts = {};  // empty: every domain
  bool steps = false;        // works one token at a time, with a cache if it must (Builder::step)
  bool keeps_shape = false;  // the stream leaves as it came, so checking can go on after an error
  // What keeps it from hearing later tokens, where it may: an option of it, or another block.
  std::string_view looks_back_with = "";
  // Why no rule is known by which its rates carry over to other widths; empty: those of its
  // weights' kinds hold (blocks/scaling.h).
  std::string_view no_width_rule = "";
  Stream (*build)(Builder&, const BlockUse&, Stream) = nullptr;
  std::vector<BlockSample> samples = {};
};

using BlockRegistry = std::span<const Block* const>;
BlockRegistry builtin_blocks();

// How weight matrices start when the spec says so (`- init:`); 0 = the field's default of each
// kind.
struct WeightStart {
  double std = 0;           // N(0, std) for linear layers
  double residual_std = 0;  // for the projections that end a residual branch
};

// What a block asks of the builder when it wants a parameter.
struct Weight {
  ParameterKind kind;  // products ask for kMatrix; it also says whether weight decay applies
  Shape shape;
  Init init = {};
  std::vector<int> fan_in = {}, fan_out = {};  // as in ParameterInfo
  // Not empty: as if what asks stood under `share: <label>`, whose other parameters stay its own.
  std::string share = {};

  // y = x W for W [in,out].
  static Weight matrix(int64_t in, int64_t out, Init init) {
    return {ParameterKind::kMatrix, {in, out}, init, {0}, {1}};
  }

  // The kernel [KY,KX,C,O] of a convolution.
  static Weight kernel(Shape shape, Init init) {
    return {ParameterKind::kMatrix, std::move(shape), init, {0, 1, 2}, {3}};
  }

  // A vector [H,D] for each of H heads, whose result is one number a head.
  static Weight head_vectors(int64_t heads, int64_t width, Init init) {
    return {ParameterKind::kMatrix, {heads, width}, init, {1}, {}};
  }

  static Weight bias(int64_t width, Init init = {}) {
    return {ParameterKind::kBias, {width}, init};
  }

  static Weight scale(int64_t width, double start) {
    return {ParameterKind::kScale, {width}, {Init::kConstant, start}};
  }
};

struct Entry;  // blocks/compose/entry.h

// More would take seconds and the memory of a small machine before anything is trained.
inline constexpr int64_t kMostTableBytes = int64_t(128) << 20;
// Channels: what a weight's row holds. Products with any option of a block fit 64 bits.
inline constexpr int64_t kMostChannels = int64_t(1) << 24;

// Below this share of non-zeros, finding them costs less than multiplying by zeros.
inline constexpr double kSparseDensity = 0.1;

// Where blocks stand while they build: the graph, the scope, the variables, and what blocks of one
// model share (taps, shared weights, definitions).
class Builder {
 public:
  // `training` false: dropout is the identity, batch norm uses running statistics. `vars` must
  // outlive the builder.
  Builder(Graph& graph, const Vars& vars, bool training);

  Graph& graph;
  bool training;  // of the place that is built: false in all of them, or in one that is `still`
  const bool differentiated;  // the graph is for training: every operator needs a gradient
  // Which blocks and parameters of a graph for training are as in evaluation (blocks/frozen.h).
  std::function<bool(const std::string& path)> still;
  const Scaling* scaling = nullptr;  // null: weights start and add up as blocks say

  // Generation one token at a time: the stream is [B,1,...], `position` the place of its token, and
  // blocks keep what they must remember of `context` tokens in states. A decoder's first token
  // comes with the encoder's stream under the tap "encoder", and what blocks need of it for the
  // tokens after that they keep in states too.
  struct Step {
    enum class Encoder { kNone, kNew, kKept };

    Value position;  // i32 [1,1]
    int64_t context;
    Encoder encoder = Encoder::kNone;
  };

  std::optional<Step> step;

  // Builds a list of entries in order; a single entry is a list of one, and a list inside a list is
  // built in place. Errors are reported, not thrown: what is thrown after one only unwinds.
  Stream build_list(const Yaml& list, Stream in, const Vars& vars);
  Stream build_entry(const Yaml& entry, Stream in, const Vars& vars);

  const Vars& vars() const { return *vars_; }

  // A parameter under the current scope: "<path>.<name>". Every parameter of every block is made
  // here. Under `share:` the second asker gets the first one's (UserError when the shapes differ).
  Value weight(std::string_view name, const Weight& w);
  // A state "<path>.<name>". `share:` leaves states separate: statistics differ from place to
  // place.
  Value state(std::string_view name, ValueType type, Init init);

  // Numbers known before training, which `fill` writes into a zeroed tensor. UserError when the
  // tables of a model come to more than kMostTableBytes.
  Value table(DType dtype, Shape shape, const std::function<void(Tensor&)>& fill);
  Value filled(Shape shape, double value);  // the f32 table of one number

  void update_state(Value state, Value value);  // after each training step

  // A number of the current scope that depends on the model's sizes and must not grow with them:
  // what it is at the base sizes; `value` itself without scaling.
  double at_base(std::string_view name, double value);
  // The factor of products over `width` channels whose sizes are compared, such as attention's
  // scores: `given` (0: 1 / sqrt(width)) at the base width, and 1 / width of it beyond.
  double score_scale(double given, int64_t width);
  // What a residual branch ends in, as it is added to its shortcut.
  Value branch(Value f);
  // x as it is multiplied by the rows of `table` [V,C], a parameter that serves elsewhere too.
  Value read_out(Value x, Value table);

  Value emit(std::string_view op, std::vector<Value> in, const Args& args = {}) {
    return graph.emit(op, std::move(in), args);
  }

  // y = x W + b over the last axis, parameters "<name>.weight" and "<name>.bias" ("weight", "bias"
  // when the name is empty). W [C,width] and b ~ U(+-1/sqrt(C)) (PyTorch's nn.Linear) unless the
  // spec or `init` says otherwise; then b starts at zero.
  Value linear(std::string_view name, Value x, int64_t width, bool bias = true);
  Value linear(std::string_view name, Value x, int64_t width, bool bias, Init init);
  // linear(name, dropout(x, p), ...); one operator when x is mostly zeros.
  Value dropped_linear(std::string_view name, Value x, double p, int64_t width, bool bias,
                       std::optional<Init> init = {});
  // The bias "<name>.bias" of linear(name, x with `fan_in` channels, width), for a block that puts
  // something between the product and its bias.
  Value linear_bias(std::string_view name, int64_t fan_in, int64_t width);
  // The linear layer that ends a residual branch (attention's output, ffn's second layer).
  Value residual_linear(std::string_view name, Value x, int64_t width, bool bias = true);

  // Dropout with this place's own stream of numbers; the identity when p = 0 or not training. Two
  // dropouts of one block need different names.
  Value dropout(Value x, double p, std::string_view name = "dropout");
  Value rng();                                         // the input "rng": i64 [2] = {seed, step}
  int64_t random_stream(std::string_view name) const;  // of "<path>.<name>", for ops with dropout
  // For what a block draws once, when it is built: under `share:` all places draw the same.
  int64_t start_stream(std::string_view name) const;

  // Says which share of an input of the model is not zero. Linear layers on an input below
  // kSparseDensity skip its zeros.
  void note_density(Value input, double density);

  bool mostly_zero(Value x) const { return sparse_ && x == sparse_; }

  // Named streams for any DAG: `as:` sets, `from:` asks. Asking for an unknown tap is an error at
  // `mark`, and so is setting one in two places.
  Stream tap(const std::string& name, const Mark& mark);

  bool has_tap(const std::string& name) const { return taps_.contains(name); }

  void set_tap(const std::string& name, const Mark& mark, const Stream& s);

  Diagnostics& errors() { return errors_; }

  // Adds an error unless the same one (place and text, whatever the path) is there already.
  void report(UserError error);

  // Runs `body` with the scope "<path>.<segment>".
  template <class F> auto in_scope(std::string_view segment, const F& body) {
    Scope s = graph.scope;
    s.path = path_of(segment);
    paths_.insert(s.path);
    const Settled here(*this, s.path);
    ScopeGuard guard(graph, std::move(s));
    return body();
  }

  // The same, and of all segments built with one `label` in this place the later ones have the
  // parameters of the first, as under `share:`; states are their own.
  void in_shared_scope(std::string_view segment, std::string_view label,
                       const std::function<void()>& body);

  // The segment, or with a number behind it when a block that the user wrote has that name here.
  std::string free_segment(std::string_view segment) const;

  std::string path_of(std::string_view segment) const {
    return graph.scope.path.empty() ? std::string(segment) : str(graph.scope.path, ".", segment);
  }

  std::map<std::string, const Yaml*> definitions;  // `define:` -> its value
  std::map<std::string, const Block*> blocks;      // those that were built, by path
  std::vector<RecomputeMark> recompute;            // of `recompute:`, outer blocks first
  WeightStart weight_start;                        // until the end of the list that set it
  double depth = 1;        // copies of the repeats around this place, over those at base
  bool in_branch = false;  // what is built here ends in branch()
  std::map<std::string, double> numbers;       // what at_base was asked for, by path
  std::map<std::string, WeightGrowth> growth;  // with scaling: of each weight, by path

 private:
  // Until the end of a place, `training` is what it is there.
  class Settled {
   public:
    Settled(Builder& b, const std::string& path) : b_(b), was_(b.training) {
      b.training = was_ && !(b.still && b.still(path));
    }

    Settled(const Settled&) = delete;
    Settled& operator=(const Settled&) = delete;

    ~Settled() { b_.training = was_; }

   private:
    Builder& b_;
    bool was_;
  };

  struct Shared {
    Value value;
    bool frozen;
    Mark mark;
  };

  std::string unique_path(const Entry& entry) const;
  Value new_weight(const std::string& path, const Weight& w, ParameterInfo info);
  // UserError unless all who share under a name ask for the same parameters.
  void check_shared(const std::string& name, const Mark& mark, const std::set<std::string>& asked);
  Stream build_checked(const Entry& entry, Stream in, const std::string& path);
  Stream build_definition(const Entry& entry, Stream in);
  std::pair<Init, Init> linear_init(int64_t fan_in) const;  // of the weight and the bias

  const Vars* root_;
  const Vars* vars_;
  Diagnostics errors_;
  std::set<std::string> reported_, paths_;
  std::map<std::string, Shared> shared_;
  std::map<std::string, std::string> share_roots_;  // of each name's first place
  std::map<std::string, std::pair<std::set<std::string>, Mark>> sharers_;  // the first of each name
  std::map<std::string, std::pair<Stream, Mark>> taps_;
  std::string share_name_, share_root_;     // inside `share:`: its name, and the path of its entry
  std::set<std::string>* asked_ = nullptr;  // inside `share:`: the parameters asked for
  std::vector<std::string> defining_;       // definitions being built, outermost first
  bool frozen_ = false;
  int64_t table_bytes_ = 0;
  Value rng_;
  Value sparse_;  // the input that is mostly zeros
  double density_ = 1;
};

// Builds `model:` from the input stream; UserErrors with everything that is wrong with it.
Stream build_model(Builder& builder, const Yaml& model, const Yaml* define, Stream input);
}  // namespace cambium
