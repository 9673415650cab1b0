#include "train/onnx/export.h"

#include <algorithm>
#include <array>

#include "graph/onnx/use.h"
#include "graph/run/executor.h"
#include "train/graphs/answers_graph.h"
#include "train/onnx/sizes.h"

namespace cambium {
namespace {
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

// Data of one graph, which is all there is.
bool is_lone_graph(const Experiment& e) {
  const DataShape s = e.data->shape(1);
  if (s.domain != Domain::kGraph || s.masked) return false;
  try {
    return e.data->shape(2).graphs == 1;
  } catch (const UserError&) {  // "an example is the whole graph"
    return true;
  }
}

OnnxTraces traces_of(const Experiment& e, std::span<const TraceSizes> sizes) {
  OnnxTraces t;
  OnnxSize batch, length, decoder, nodes;
  for (const TraceSizes& at : sizes) {
    const DataShape s = shape_at(e, at);
    t.graphs.push_back(answers_graph_of(e, s));
    batch.push_back(at.batch);
    length.push_back(at.length);
    decoder.push_back(at.decoder);
    nodes.push_back(s.domain == Domain::kGraph ? s.x.shape[0] : 0);
  }
  const DataShape s = e.data->shape(1);
  t.open = {{"batch", batch}, {"nodes", nodes}};
  if (has_length(s)) t.open.emplace_back("length", length);
  if (s.decoder) t.open.emplace_back("decoder_length", decoder);
  std::erase_if(t.open, [](const auto& o) { return is_fixed(o.second); });
  if (is_padded_graphs(s)) t.padded = OnnxTraces::Padded{batch, length};
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

// Four sizes at which length and batch are told apart, for each pair of other lengths.
std::vector<std::array<TraceSizes, 4>> open_sizes(const Experiment& e, bool lone) {
  const DataShape s = e.data->shape(1);
  const int64_t own = length_of(s), full = s.decoder ? s.decoder->shape[1] : 0;
  const int64_t less = full > 4 ? full - 1 : full, least = full > 4 ? full - 3 : full;
  std::vector<std::array<TraceSizes, 4>> out;
  if (!has_length(s) && !is_padded_graphs(s) && !lone) return out;
  for (const auto& [a, b] : other_lengths(own)) {
    if (lone)
      out.push_back({{{1, own, full}, {1, a, full}, {1, b, full}, {1, (own + a) / 2, full}}});
    else
      out.push_back({{{2, own, full}, {3, a, less}, {5, own, least}, {7, b, full}}});
  }
  return out;
}
}  // namespace

OnnxExport export_onnx(const Experiment& e,
                       const std::map<std::string, Tensor, std::less<>>* tensors) {
  require_onnx();
  const auto seed = uint64_t(e.train.options.seed);
  const auto parameter = [&](const Node& n) { return tensor_of_parameter(n, seed, tensors); };
  const DataShape s = e.data->shape(1);
  const int64_t own = length_of(s), decoder = s.decoder ? s.decoder->shape[1] : 0;
  const bool lone = is_lone_graph(e);
  OnnxExport out;
  const auto done = [&](std::span<const TraceSizes> sizes) {
    OnnxTraces t = traces_of(e, sizes);
    out.model = onnx_of(t, parameter);
    for (const auto& [name, size] : t.open) out.open.push_back(name);
    return std::move(out);
  };
  const auto tries = open_sizes(e, lone);
  std::string reason;
  for (const auto& sizes : tries) try {
      return done(sizes);
    } catch (const UserErrors& errors) {
      if (reason.empty() && !errors.all.empty()) reason = errors.all.front().what();
    } catch (const UserError& error) {
      if (reason.empty()) reason = error.what();
    }
  const char* what = s.domain == Domain::kGraph ? "the nodes of a graph are" : "the length is";
  if (!tries.empty() || has_length(s))
    out.notes.push_back(str(
        what, " fixed at ", own,
        tries.empty() ? std::string(": it is too short to vary") : ": at another one " + reason));
  const TraceSizes sizes[] = {{2, own, decoder}, {3, own, decoder}, {5, own, decoder}};
  const TraceSizes one[] = {{1, own, decoder}};
  return done(lone ? std::span<const TraceSizes>(one) : std::span<const TraceSizes>(sizes));
}
}  // namespace cambium
