// Dataset: examples by index, in three splits. A dataset knows no order and keeps no cursor.
#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blocks/stream.h"
#include "core/hash.h"
#include "core/tensor/tensor.h"
#include "core/yaml/expr.h"
#include "data/split.h"

namespace cambium {
// What a target is, and so what a model answers and which losses there are.
enum class TargetKind {
  kClasses,  // i32 ids of classes, below 0 = not scored; the model gives a score for each class
  kValues,   // f32 numbers, NaN = not scored; the model gives the numbers
  // i32 symbols in their order, -1 behind the last, none = not scored; the model scores at each of
  // its frames every class, one of them the blank, and nobody says which frames say which symbol.
  kSequences,
};

inline constexpr float kNotScored = std::numeric_limits<float>::quiet_NaN();  // as a value

// What one batch of B examples looks like to a model.
struct DataShape {
  Domain domain;
  ValueType x;  // ids i32 [B,T], tokens f32 [B,T,C], grid f32 [B,Y,X,C] or nodes f32 [N,C]
  // Classes i32 [B], [B,T], [N] or [P]; values f32 [B,K], [B,T,K] or [N,K]; sequences i32 [B,S].
  ValueType target;
  ValueType adjacency;      // kGraph only: [nodes, nodes, most edges]
  int64_t graphs = 1;       // kGraph: equal graphs in a batch
  bool one_graph = false;   // kGraph: all batches have the adjacency that the dataset keeps
  int64_t classes = 0;      // width of the logits; 0 when targets are values
  bool causal = false;      // next-token: the target at t is the input at t+1
  double density = 1;       // share of x that is not zero
  int64_t most_scored = 0;  // targets of a batch that are scored at most; 0: all of them
  bool masked = false;      // padded graphs (nodes), texts (ids), sequences (frames): Batch::mask
  // Sequence to sequence: i32 [B,U], what was written before each of the targets [B,U]: the id
  // `begin`, then the targets one place later. x is what it is written from, padded with `begin`.
  std::optional<ValueType> decoder = {};
  int32_t begin = 0;
  std::optional<ValueType> pairs = {};  // kGraph: i32 [P,2], the two nodes each target is about
  // kGraph: f32 [most edges,F], what each edge carries, in the order of Adjacency::in; zeros behind
  // the last.
  std::optional<ValueType> edges = {};
  // Not 0: the targets are sequences, each of which so many frames can say.
  int64_t least_frames = 0;
  int32_t blank = 0;  // of sequences: the class that says nothing
  // Not empty: each class target is of a group (Batch::group), such as its source, and one of group
  // i counts as so many in training.
  std::vector<double> group_weights = {};

  TargetKind target_kind() const {
    if (target.dtype == DType::kF32) return TargetKind::kValues;
    return least_frames > 0 ? TargetKind::kSequences : TargetKind::kClasses;
  }

  // All that a batch of this shape brings, the target among it: the rows of batch_inputs() that it
  // has.
  std::vector<InputType> inputs() const;

  int64_t bytes() const;  // of their tensors; what the edges of a graph take, only a batch says

  // What a model ends in: [target..., classes], or the target's own shape. Of sequences [B,T,
  // classes] for the T of x; a model may end in another T.
  Shape output() const;
};

struct Batch {
  Tensor x, target;
  Tensor mask;  // f32 [N] or [B,T], 1 where something real is; only with DataShape::masked
  Tensor decoder, pairs, edges;  // only where the shape has them
  Tensor group;  // i32 as the target: the group of each; only with DataShape::group_weights
  std::shared_ptr<const Adjacency> adjacency;  // kGraph
  int64_t examples = 0;  // how many are real; the rest of the batch is padding, not scored
  uint64_t version = 0;  // not 0: batches of this version are equal (Dataset::version)
};

// Inputs of steps that models do not hear.
inline constexpr std::string_view kTarget = "target", kGroup = "group";

// One thing that a batch brings to a graph, as the graph's input of this name. Whoever makes,
// fills, counts, hashes or compares batches walks this list.
struct BatchInput {
  enum Kind {
    kContent,  // what answers are given to: answers must not hear all of it (train/graphs/leaks.h)
    kAbout,    // how that is to be read: what is padding, who is joined with whom
    kAnswer    // the target, and whose it is
  } kind;

  std::string_view name;
  std::optional<ValueType> (*type)(const DataShape&);  // none: such data has none
  Tensor Batch::*tensor;                               // null: Batch::adjacency
};

std::span<const BatchInput> batch_inputs();

// Zeroed tensors of these types; the adjacency is left out.
Batch allocate_batch(const DataShape& shape);

// Marks every target as not scored.
void clear_target(Tensor& target);

// A number that this process has not given before, never 0.
uint64_t new_version();

// A loss to print beside a model's: of values the name says which loss it is of, else it is in
// nats.
struct ReferenceLoss {
  std::string name;
  double loss;
  // No model can expect less of data that it has not seen: the entropy of what is asked for.
  // `deviation` is then that of one target's loss when its true distribution is answered.
  bool floor = false;
  double deviation = 0;
  // The split on whose very targets this is the mean loss of what drew them.
  std::optional<Split> drawn = {};

  bool operator==(const ReferenceLoss&) const = default;

  // Whether a mean over so many targets is below the floor by more than luck gives. A model that
  // does not know the answers saves c nats in all against the true distribution with a chance of
  // at most e^-c, whatever it answers (Markov's inequality on the ratio of likelihoods); the true
  // distribution's own mean spreads by deviation / sqrt(targets).
  bool undercut_by(double mean, int64_t targets) const;
};

// The training examples of one epoch, in the order in which they come. Used by one thread; its
// dataset must outlive it.
class ExampleStream {
 public:
  virtual ~ExampleStream() = default;

  virtual int64_t at() const = 0;  // examples that have come

  // Fills the batch with the next ones and pads the rest, as Dataset::read() does.
  virtual void next(int64_t examples, Batch& into) = 0;

  virtual void skip(int64_t examples) = 0;

  // Where it stands, in one line that a checkpoint keeps; "" is the beginning.
  virtual std::string save() const = 0;

  // Of a stream of the same data and epoch. UserError for what is no such state.
  virtual void restore(const std::string& state) = 0;
};

// Immutable after construction and safe to read from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual DataShape shape(int64_t batch) const = 0;

  virtual int64_t count(Split split) const = 0;  // examples an epoch

  // Not 0 when the split is one example that never changes (one graph): read() sets it in the batch
  // and leaves a batch that has it as it is, and who holds a copy of that batch need not ask again.
  // One dataset's versions are no other's.
  virtual uint64_t version(Split) const { return 0; }

  // Fills the first indices.size() examples and pads the rest. `epoch_seed` is a function of (seed,
  // epoch) and drives augmentation and generation; for kValidation and kTest it is always 0.
  virtual void read(Split split, std::span<const int64_t> indices, uint64_t epoch_seed,
                    Batch& into) const = 0;

  // Not null: no training example can be reached at once. The loader takes an epoch's examples from
  // this stream, which shuffles as it can from the epoch's seed, and sorts nothing itself; example
  // i is the i-th that comes, count() is how many do, and read() of training gives the same ones
  // but reads all that come before them. The other splits are read by index as ever.
  virtual std::unique_ptr<ExampleStream> stream(uint64_t /*epoch_seed*/) const { return nullptr; }

  virtual int64_t stream_bytes() const { return 0; }  // the most that such a stream holds

  // What the spec may use: $classes, $outputs (of values), $vocab, $context, $source, $height,
  // $width, $channels.
  virtual std::vector<std::pair<std::string, ArgValue>> vars() const = 0;

  // A hash of all that its examples are made of: the files' contents, or what generates them
  // (hash_options). Other content, another hash; see data/identity.h.
  virtual uint64_t content() const = 0;

  virtual std::string describe() const = 0;  // one line: sizes and where they come from

  // Token ids to text, for `generate`; empty when this is not text.
  virtual std::string decode(std::span<const int32_t>) const { return {}; }

  virtual std::vector<int32_t> encode(std::string_view) const { return {}; }

  // How many bytes of text each class stands for, as the target of a next-symbol prediction;
  // empty: that is not known, or not one number. What begins a document stands for none.
  virtual std::vector<int32_t> symbol_bytes() const { return {}; }

  // Why a training must not take so many examples; empty: it may.
  virtual std::string objection(int64_t /*examples*/) const { return {}; }

  // What to compare the neural loss with, such as an n-gram's. Empty when there is nothing.
  virtual std::vector<ReferenceLoss> reference_losses() const { return {}; }
};

// The content of data that options and a seed generate.
template <class Options> uint64_t hash_options(const Options& options, uint64_t seed) {
  return hash_text(str(Attrs(options).text(), " ", seed));
}

// OptionError, naming the option, when generated data would hold more numbers than a machine makes
// within a second or two.
void require_room(const std::string& option, double numbers);

// One file in data/sets/*/ defines one: `extern const DatasetKind dataset_fashion_mnist`.
struct DatasetKind {
  std::string_view name, doc, source;
  FieldSet attrs = {};
  std::string_view primary = "";
  // The options that YAML gives as maps of numbers, {a: 0.6}, and attrs as lists, ["a=0.6"]: their
  // names, between spaces. A list of maps comes as a list of their entries, ["a=0.6 b=0.4"].
  std::string_view maps = "";
  // OptionError, at whose option open_dataset sets the mark; UserError, RuntimeError.
  std::unique_ptr<Dataset> (*open)(const Attrs&, uint64_t seed) = nullptr;
  // In place of `open`: changes the data that the option `of` names, as a `data:` section would, or
  // as a list of them.
  std::unique_ptr<Dataset> (*wrap)(const Attrs&, std::vector<std::unique_ptr<Dataset>> of,
                                   uint64_t seed) = nullptr;

  bool is_map(std::string_view option) const;  // whether `maps` names it
};

// For a `wrap` that changes one; OptionError for `of` when there are more.
std::unique_ptr<Dataset> only_one(std::vector<std::unique_ptr<Dataset>> of);

std::span<const DatasetKind* const> builtin_datasets();

// Opens `data: name`, `data: {name: {options}}`, `data: {name: primary, option: value ...}`; the
// model's batch size is given by `train:`. UserErrors with every wrong option, marked.
std::unique_ptr<Dataset> open_dataset(const Yaml& data, const Vars& vars, uint64_t seed);
}  // namespace cambium
