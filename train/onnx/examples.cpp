#include "train/onnx/examples.h"

#include <algorithm>
#include <numeric>

#include "core/system/files.h"
#include "graph/run/executor.h"
#include "ops/support/dnnl.h"
#include "train/graphs/answers_graph.h"
#include "train/onnx/sizes.h"

namespace cambium {
namespace {
using Tensors = std::map<std::string, Tensor, std::less<>>;

// The beginning of each row: axis 1 of [B,T,...] is cut to `length`.
Tensor cut(const Tensor& from, ValueType to) {
  if (from.type() == to) return from.clone();
  Tensor t(to);
  const int64_t rows = to.shape[0], bytes = t.bytes() / std::max<int64_t>(1, rows);
  const int64_t step = from.bytes() / std::max<int64_t>(1, from.shape()[0]);
  for (int64_t r = 0; r < rows; ++r)
    std::memcpy(t.data() + r * bytes, from.data() + r * step, size_t(std::min(bytes, step)));
  return t;
}

OnnxTensor as_onnx(const Tensor& t) {
  const auto dims = t.shape().dims();
  const std::vector<int64_t> extents(dims.begin(), dims.end());
  if (t.type().dtype == DType::kF32) return onnx_f32(extents, t.f32());
  const std::vector<int64_t> wide(t.i32().begin(), t.i32().end());
  return onnx_i64(extents, wide);
}

// Of rows [N,...] those that `keep` names.
OnnxTensor rows_of(const OnnxTensor& t, const std::vector<int64_t>& keep) {
  OnnxTensor out{t.type, t.dims, {}};
  out.dims[0] = int64_t(keep.size());
  const size_t row = t.data.size() / size_t(std::max<int64_t>(1, t.dims[0]));
  for (const int64_t r : keep)
    out.data.insert(out.data.end(), t.data.begin() + int64_t(row) * r,
                    t.data.begin() + int64_t(row) * (r + 1));
  return out;
}

// What a file is given in place of padded graphs: their nodes, edges, and whose they are.
class Unpadded {
 public:
  Unpadded(const DataShape& s, const Batch& batch) : all_(s.x.shape[0]), graphs_(s.graphs) {
    const int64_t n = all_ / graphs_;
    std::vector<int64_t> place(size_t(all_), -1);
    for (int64_t i = 0; i < all_; ++i)
      if (!s.masked || batch.mask.f32()[size_t(i)] >= 0.5f) {
        place[size_t(i)] = int64_t(kept_.size());
        kept_.push_back(i);
        owner_.push_back(i / n);
      }
    const Csr& in = batch.adjacency->in;
    for (int64_t i = 0; i < all_; ++i)
      for (int32_t e = in.begin[size_t(i)]; e < in.begin[size_t(i) + 1]; ++e) {
        source_.push_back(place[size_t(in.neighbour[size_t(e)])]);
        target_.push_back(place[size_t(i)]);
      }
  }

  int64_t edges() const { return int64_t(source_.size()); }

  const std::vector<int64_t>& kept() const { return kept_; }

  int64_t all() const { return all_; }

  OnnxTensor edge_index() const {
    std::vector<int64_t> both = source_;
    both.insert(both.end(), target_.begin(), target_.end());
    return onnx_i64({2, edges()}, both);
  }

  OnnxTensor owner() const { return onnx_i64({int64_t(owner_.size())}, owner_); }

  OnnxTensor graphs() const { return onnx_i64({1}, {&graphs_, 1}); }

 private:
  int64_t all_, graphs_;
  std::vector<int64_t> kept_, owner_, source_, target_;
};

// The store of a plan, whose tables of positions may be shorter than those of the model.
void fill(Store& store, const Plan& plan, uint64_t seed, const Tensors* tensors) {
  store.add(plan, seed);
  if (!tensors) return;
  for (const auto& [name, t] : store.tensors()) {
    const auto found = tensors->find(name);
    ensure(found != tensors->end() && found->second.bytes() >= t.bytes(), "no tensor ", name);
    std::memcpy(store.at(name).data(), found->second.data(), size_t(t.bytes()));
  }
  store.refresh_copies();
}

OnnxExample example(const Experiment& e, const Tensors* tensors, const TraceSizes& at,
                    int64_t first) {
  const DataShape own = e.data->shape(at.batch), s = shape_at(e, at);
  Engine engine;
  const Plan plan = compile(answers_graph_of(e, s), engine);
  Store store;
  fill(store, plan, uint64_t(e.train.options.seed), tensors);
  Executor run(plan, store);
  const Split split = e.data->count(Split::kTest) > 0 ? Split::kTest : Split::kTrain;
  const int64_t examples = s.domain == Domain::kGraph && s.graphs == 1 ? 1 : at.batch;
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < examples; ++i)
    indices.push_back((first + i) % std::max<int64_t>(1, e.data->count(split)));
  Batch batch = allocate_batch(own);
  e.data->read(split, indices, 0, batch);
  OnnxExample out;
  const bool graph = s.domain == Domain::kGraph;
  std::optional<Unpadded> bare;
  if (graph) bare.emplace(s, batch);
  for (const BatchInput& input : batch_inputs()) {
    const auto type = input.type(s);
    if (!type || !run.has_input(input.name) || input.kind == BatchInput::kAnswer) continue;
    if (!input.tensor) {
      run.set_input(input.name, *batch.adjacency);
      out.inputs.emplace_back("edge_index", bare->edge_index());
      continue;
    }
    const Tensor t = cut(batch.*input.tensor, *type);
    run.set_input(input.name, t);
    if (s.masked && graph && input.name == "mask") continue;
    OnnxTensor value = as_onnx(t);
    if (s.masked && graph && input.name == "x") value = rows_of(value, bare->kept());
    const bool edges = input.name == "edges";
    if (edges) {
      std::vector<int64_t> real(size_t(bare->edges()));
      std::iota(real.begin(), real.end(), 0);
      value = rows_of(value, real);
    }
    out.inputs.emplace_back(edges ? "edge_attr" : std::string(input.name), std::move(value));
  }
  if (graph && s.masked) {
    out.inputs.emplace_back("batch", bare->owner());
    out.inputs.emplace_back("graphs", bare->graphs());
  }
  run.run();
  const std::string name(output_name(s));
  const Shape& shape = plan.graph.type(plan.graph.output(name)).shape;
  const auto bytes = run.output(name);
  OnnxTensor answer{OnnxType::kF32, {shape.dims().begin(), shape.dims().end()}, {}};
  answer.data.assign(bytes.begin(), bytes.end());
  if (graph && s.masked && shape[0] == bare->all()) answer = rows_of(answer, bare->kept());
  out.outputs.emplace_back(name, std::move(answer));
  return out;
}
}  // namespace

std::vector<OnnxExample> onnx_examples(const Experiment& e, const Tensors* tensors,
                                       const OnnxExport& made) {
  const DataShape s = e.data->shape(1);
  const int64_t own = length_of(s), decoder = s.decoder ? s.decoder->shape[1] : 0;
  const bool free = has_length(s) && std::ranges::count(made.open, "length") > 0;
  std::vector<OnnxExample> out;
  int64_t first = 0;
  const bool one = std::ranges::count(made.open, "batch") == 0;
  for (const int64_t batch : {1, 3, 4}) {
    if (one && batch > 1) break;
    const int64_t length = !free ? own : batch == 1 ? own : batch == 3 ? own * 3 / 4 : own / 2;
    out.push_back(example(e, tensors, {batch, length, decoder}, first));
    first += batch;
  }
  return out;
}

void write_onnx_examples(const std::vector<OnnxExample>& examples, const std::string& folder) {
  int k = 0;
  for (const OnnxExample& x : examples) {
    const std::string set = str(folder, "/test_data_set_", k++);
    make_folders(set);
    int in = 0, out = 0;
    for (const auto& [name, t] : x.inputs)
      replace_file(str(set, "/input_", in++, ".pb"), onnx_tensor_bytes(name, t));
    for (const auto& [name, t] : x.outputs)
      replace_file(str(set, "/output_", out++, ".pb"), onnx_tensor_bytes(name, t));
  }
}
}  // namespace cambium
