#include "train/onnx/export.h"

#include <algorithm>

#include "graph/onnx/use.h"
#include "graph/run/executor.h"
#include "train/graphs/answers_graph.h"
#include "train/onnx/sizes.h"

namespace cambium {
namespace {
Graph trace(const Experiment& e, const TraceSizes& at) {
  return answers_graph_of(e, shape_at(e, at));
}

// Lengths to build at beside the data's own: shorter, since tables of positions end there; odd ones
// first, of which fewer rules are true by chance.
std::vector<std::pair<int64_t, int64_t>> other_lengths(int64_t own) {
  std::vector<std::pair<int64_t, int64_t>> out;
  const auto add = [&](int64_t a, int64_t b) {
    if (a > 0 && b > 0 && a < own && b < own && a != b) out.emplace_back(a, b);
  };
  add((own * 3 / 4) | 1, (own / 2) | 1);
  add(own - 1, own - 2);
  add(own * 3 / 4, own / 2);
  add(own / 2, own / 4);
  return out;
}

OnnxTraces traces_of(const Experiment& e, std::span<const TraceSizes> sizes) {
  OnnxTraces t;
  OnnxSize batch, length, decoder;
  for (const TraceSizes& at : sizes) {
    t.graphs.push_back(trace(e, at));
    batch.push_back(at.batch);
    length.push_back(at.length);
    decoder.push_back(at.decoder);
  }
  const DataShape s = e.data->shape(1);
  t.open.emplace_back("batch", batch);
  if (has_length(s) && !is_fixed(length)) t.open.emplace_back("length", length);
  if (s.decoder && !is_fixed(decoder)) t.open.emplace_back("decoder_length", decoder);
  if (s.domain == Domain::kGraph) {
    OnnxSize nodes;
    for (size_t i = 0; i < batch.size(); ++i)
      nodes.push_back(e.data->shape(batch[i]).graphs * length[i]);
    if (!is_fixed(nodes)) t.open.emplace_back("nodes", nodes);
    if (is_padded_graphs(s)) t.padded = OnnxTraces::Padded{batch, length};
  }
  return t;
}

OnnxTensor tensor_of_parameter(const Node& n, uint64_t seed,
                               const std::map<std::string, Tensor, std::less<>>* tensors) {
  const std::string& name = n.scope.path;
  const ValueType& type = n.outputs[0];
  const auto of = [&](const Tensor& t) {
    const auto dims = t.shape().dims();
    return onnx_f32({dims.begin(), dims.end()}, t.f32());
  };
  if (type.dtype != DType::kF32)
    throw UserError(str("the state '", name, "' holds ", name_of(type.dtype)));
  if (!tensors) {
    Tensor t(type);
    initialise(t, n.parameter.init, seed, name);
    return of(t);
  }
  const auto found = tensors->find(name);
  if (found == tensors->end() || found->second.type() != type)
    throw UserError(str("the run holds no tensor '", name, "' of ", type.text()));
  return of(found->second);
}

}  // namespace

OnnxExport export_onnx(const Experiment& e,
                       const std::map<std::string, Tensor, std::less<>>* tensors) {
  require_onnx();
  const auto seed = uint64_t(e.train.options.seed);
  const auto parameter = [&](const Node& n) { return tensor_of_parameter(n, seed, tensors); };
  const DataShape s = e.data->shape(1);
  const int64_t own = length_of(s), own_decoder = s.decoder ? s.decoder->shape[1] : 0;
  const bool lone = s.domain == Domain::kGraph && s.graphs == 1 && !s.masked;
  OnnxExport out;
  const auto done = [&](std::span<const TraceSizes> sizes) {
    OnnxTraces t = traces_of(e, sizes);
    OnnxModel model = onnx_of(t, parameter);
    for (const auto& [name, size] : t.open) out.open.push_back(name);
    out.model = std::move(model);
    return std::move(out);
  };
  std::string reason;
  const bool may_vary = has_length(s) || is_padded_graphs(s) || lone;
  if (may_vary)
    for (const auto& [a, b] : other_lengths(own)) {
      const int64_t less = own_decoder > 4 ? own_decoder - 1 : own_decoder;
      const int64_t least = own_decoder > 4 ? own_decoder - 3 : own_decoder;
      const TraceSizes sizes[] = {
          {2, own, own_decoder}, {3, a, less}, {5, own, least}, {7, b, own_decoder}};
      try {
        return done(sizes);
      } catch (const UserErrors& errors) {
        if (reason.empty() && !errors.all.empty()) reason = errors.all.front().what();
      } catch (const UserError& error) {
        if (reason.empty()) reason = error.what();
      }
    }
  if (may_vary)
    out.notes.push_back(str(
        "the length is fixed at ", own,
        reason.empty() ? std::string(": it is too short to vary") : ": at another one " + reason));
  const TraceSizes sizes[] = {{2, own, own_decoder}, {3, own, own_decoder}, {5, own, own_decoder}};
  return done(sizes);
}
}  // namespace cambium
