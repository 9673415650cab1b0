// Op: everything the system knows about one operator, in one record. One file in ops/ defines one.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fields.h"
#include "core/tensor/adjacency.h"
#include "core/tensor/shape.h"

namespace cambium {
class Graph;
struct Reach;   // which inputs an element can hear; defined in graph/reach/reach.h
class OnnxUse;  // how one use is said in ONNX; defined in graph/onnx/use.h
struct Engine;  // oneDNN engine and stream; defined in ops/support/dnnl.h

// A handle on one output of one node, for builders. Valid while the Graph stays where it is;
// a default Value means "none" (no gradient, optional input left out).
struct Value {
  Graph* graph = nullptr;
  int node = -1;
  int output = 0;

  explicit operator bool() const { return node >= 0; }

  bool operator==(const Value& o) const { return node == o.node && output == o.output; }

  Value nth(int k) const { return {graph, node, k}; }  // another output of the same node

  const ValueType& type() const;

  const Shape& shape() const { return type().shape; }
};

// One use of an op. `out` is empty while types are being inferred.
struct Call {
  std::span<const Value> in;
  const Attrs& attrs;
  std::span<const Value> out = {};

  template <class A> const A& as() const { return attrs.as<A>(); }

  int inputs() const { return int(in.size()); }

  bool has(int i) const { return i < inputs() && in[size_t(i)]; }

  const Shape& shape(int i) const { return in[size_t(i)].shape(); }

  DType dtype(int i) const { return in[size_t(i)].type().dtype; }

  const Shape& out_shape(int i = 0) const { return out[size_t(i)].shape(); }
};

// Reference data: doubles whatever the dtype (integers exactly), row-major; or an adjacency.
struct Ref {
  std::vector<double> data;
  const Adjacency* adjacency = nullptr;

  double& operator[](int64_t i) { return data[size_t(i)]; }

  double operator[](int64_t i) const { return data[size_t(i)]; }

  int64_t size() const { return int64_t(data.size()); }
};

// The buffers of one execution. Never null, 64-byte aligned unless a view starts inside a buffer.
struct KernelArgs {
  const void* const* in;
  void* const* out;
  std::byte* scratch;  // Kernel::scratch_bytes, shared by all kernels of a plan

  const float* f32(int i) const { return static_cast<const float*>(in[i]); }

  const int32_t* i32(int i) const { return static_cast<const int32_t*>(in[i]); }

  const int64_t* i64(int i) const { return static_cast<const int64_t*>(in[i]); }

  const Adjacency& adjacency(int i) const { return **static_cast<const Adjacency* const*>(in[i]); }

  float* out_f32(int i = 0) const { return static_cast<float*>(out[i]); }
};

// Copies of operands and results between our layout and the one a kernel works in.
struct LayoutCopies {
  int64_t bytes = 0;    // read and written by one run
  double total_ms = 0;  // of all runs so far
  std::string impl;
};

// Made once per plan, run every step; must not allocate when it runs.
struct Kernel {
  std::function<void(const KernelArgs&)> run;
  int64_t scratch_bytes = 0;
  std::string impl = "own";                         // oneDNN's implementation string, or "own"
  std::shared_ptr<const LayoutCopies> copies = {};  // null: it works on our layout
};

// y[i] = f(in[0][i], in[1][i], ...) for i < n; y may be one of the operands.
using RangeFunction = std::function<void(const float* const* in, float* y, int64_t n)>;

struct Cost {
  double flops = 0;     // multiply and add count separately
  double bytes = 0;     // read + written, each operand once
  double products = 0;  // the part of flops that is products of matrices, convolutions, scores
};

struct InPlace {  // output `out` may be written over input `in` when that input dies here
  int out, in;
};

struct Absorbed {  // a use of an op that has taken its reader in
  std::vector<Value> inputs;
  Attrs attrs;
};

// What one use of an op can do with bf16.
struct Bf16Use {
  std::vector<int> operands = {};    // of a product: rounded to bf16 they save time; sums stay f32
  std::vector<int> reads = {};       // inputs that it takes in bf16 as well as in f32
  std::optional<Attrs> writes = {};  // attributes with which output 0 is bf16; none: it cannot be
};

// One use of an op on images that lie in blocks of 16 channels.
struct BlockedUse {
  std::vector<int> images;  // inputs that do, all or none
  bool result = true;       // so does output 0
  Attrs attrs;
  bool wanted = false;  // worth copies into blocks and out of them
};

// A use that is a product of rows with weights: row i of output 0 is made of row i of input `rows`
// alone, all axes but the last counting as rows.
struct RowProduct {
  int rows = 0, weights = 1, bias = -1;  // inputs; -1: none
  bool transposed = false;               // of the weights
  bool plain = true;                     // nothing follows the product and the bias
};

// A use that takes means over the rows of a batch.
struct BatchMeans {
  int64_t rows;
  int64_t shares = 0;  // among how many the rows are dealt out, as among experts; 0: they are not
};

// Pairs of numbers, turned by their place along axis 1: wavelengths up to 2 pi base.
struct Turn {
  double base;
  bool back;
  int64_t channels = 0;  // those that turn, the first of the last axis; 0: all
};

// An op that can turn inputs 0 and 1 so itself.
struct TurnsInputs {
  double (*base)(const Attrs&);  // of a use that does; 0: it does not
  Attrs (*with)(const Attrs&, const Turn&);
  bool gradient = false;  // outputs 0 and 1 are gradients of those inputs, turned back with them
};

enum class Places { kAny, kGrid, kTokens, kNodes };

// Inputs of a generated test: floats are standard normal (or uniform in [lo, hi) when lo < hi),
// integers uniform in [lo, hi), adjacencies random.
struct SampleInput {
  ValueType type;
  double lo = 0, hi = 0;
  bool absent = false;  // an optional input left out

  static SampleInput none() {
    SampleInput input{Shape{}};
    input.absent = true;
    return input;
  }

  SampleInput(Shape shape) : type{DType::kF32, shape} {}

  SampleInput(Shape shape, double lo, double hi) : type{DType::kF32, shape}, lo(lo), hi(hi) {}

  SampleInput(DType dtype, Shape shape, double lo = 0, double hi = 2)
      : type{dtype, shape}, lo(lo), hi(hi) {}
};

struct Sample {
  std::vector<SampleInput> inputs;
  Args args = {};
};

// `shape` types all outputs (UserError on bad input, without name or place: emit adds them). `vjp`
// takes dLoss/doutput of each output, emits ordinary nodes and answers one Value per input, none
// where nothing flows; outputs after the first are saved statistics without gradient. `reference`
// is the truth: plain loops in double; `out` arrives sized and zeroed. `kernel` runs in f32.
struct Op {
  std::string_view name, doc;
  int min_inputs = 1, max_inputs = 1;  // max -1: any number
  FieldSet attrs = {};
  std::vector<ValueType> (*shape)(const Call&) = nullptr;
  std::vector<Value> (*vjp)(const Call&, std::span<const Value> dy) = nullptr;  // null: no gradient
  void (*reference)(const Call&, std::span<const Ref> in, std::span<Ref> out) = nullptr;
  Kernel (*kernel)(const Call&, Engine&) = nullptr;
  // A pointwise op on a piece of its operands, in f32 whatever their type; operands of one element
  // are repeated by the caller, and a result in bf16 is rounded here. Null: not pointwise.
  RangeFunction (*range)(const Call&) = nullptr;
  Cost (*cost)(const Call&) = nullptr;  // null: one flop per output element
  // Which elements of its inputs each element of its outputs can depend on: graph/reach/reach.h. No
  // operator is without an answer; a new one is checked against its reference.
  void (*reach)(const Call&, std::span<const Reach> in, std::span<Reach> out) = nullptr;
  // Not null: a product, or an op whose kernel takes bf16. Products that stay in f32 say so:
  // ops/support/bf16.h.
  Bf16Use (*bf16)(const Call&) = nullptr;
  // Of images [B,Y,X,C] whose channels make whole blocks; pointwise ops need not say. Null: never.
  std::optional<BlockedUse> (*blocked)(const Call&) = nullptr;
  std::vector<InPlace> (*in_place)(const Call&) = nullptr;  // null: never
  // Whether this use can compute its only reader too: the reader's name, attributes and, when it
  // has two inputs, its other operand. Null: never.
  std::optional<Absorbed> (*absorb)(const Call&, std::string_view reader, const Attrs& reader_attrs,
                                    Value operand) = nullptr;
  // How the rows of the result are products with weights. Null: they are not.
  std::optional<RowProduct> (*row_product)(const Call&) = nullptr;
  // What is turned in output 0, else input 0 as it is. Null: nothing.
  Turn (*turn)(const Attrs&) = nullptr;
  const TurnsInputs* turns_inputs = nullptr;
  BatchMeans (*batch_means)(const Call&) = nullptr;  // null: takes none
  // Of a state that it writes at a place: whether what stands there later need not be taken back
  // before it is written again. Null: never.
  bool (*rewinds)(const Attrs&) = nullptr;
  // Attributes of the use that answers these outputs in bf16 too, after all others. Null: cannot.
  Attrs (*narrowed)(const Attrs&, const std::vector<int64_t>& outputs) = nullptr;
  bool cheap = false;  // computing it again costs about a pass over its values; so with `range`
  bool view = false;   // output 0 is input 0's bytes under another shape; no kernel
  bool moves = false;  // output 0 is input 0's elements elsewhere
  // Of pictures: the places that its result lies in, whatever its shape; kAny: those it is given.
  Places places = Places::kAny;
  // Of pictures: what a reader wants to know of this use beside its name. Null: nothing.
  std::string (*detail)(const Call&) = nullptr;
  // Of files for other programs: writes one use in operators of ONNX, or why none can be written.
  // Exactly one of the two is there.
  void (*onnx)(OnnxUse&) = nullptr;
  std::string_view not_onnx = {};
  double tolerance = 2e-6;  // kernel against reference, relative to max(1, |value|)
  bool smooth = true;       // false: the gradient check cannot apply (integers, dropout of ties)
  std::vector<Sample> samples =
      {};  // tests are generated from these: odd, one-sized, empty extents
};

// Op::not_onnx of what is not for files that answer.
inline constexpr std::string_view kOnnxGradient = "it is a gradient, and files are for answers";
inline constexpr std::string_view kOnnxUpdate = "it changes weights, and files are for answers";
inline constexpr std::string_view kOnnxLoss = "it judges answers, and files are for answers";
inline constexpr std::string_view kOnnxStep =
    "it goes on from a state that one token leaves to the next, and a file of ONNX keeps none";
inline constexpr std::string_view kOnnxLayout = "it is of a layout of this machine";

using Registry = std::span<const Op* const>;

// For in_place: output 0 over input 0.
std::vector<InPlace> first_in_place(const Call&);
}  // namespace cambium
