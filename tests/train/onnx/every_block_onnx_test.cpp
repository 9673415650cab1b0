// Every sample of every block goes out, at several batches and lengths, and onnxruntime answers
// what our references do.
#include <deque>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/block_case.h"
#include "tests/support/onnx/cases.h"

namespace cambium::every_block_onnx_test {
namespace {
struct Size {
  int64_t batch, length;  // 0: as the sample has it
};

Shape shape_of(const BlockSample& s, const Size& at) {
  Shape shape = s.shape;
  if (at.batch > 0) shape.set(0, at.batch);
  if (at.length > 0 && (s.domain == Domain::kIds || s.domain == Domain::kTokens))
    shape.set(1, at.length);
  return shape;
}

OnnxTensor numbers(const Node& n, const Ref& r) {
  const auto dims = n.outputs[0].shape.dims();
  const std::vector<int64_t> extents(dims.begin(), dims.end());
  if (n.outputs[0].dtype == DType::kF32) {
    const std::vector<float> values(r.data.begin(), r.data.end());
    return onnx_f32(extents, values);
  }
  const std::vector<int64_t> values(r.data.begin(), r.data.end());
  return onnx_i64(extents, values);
}

OnnxTensor edge_index(const Adjacency& a) {
  std::vector<int64_t> source, target;
  for (int64_t i = 0; i < a.nodes; ++i)
    for (int32_t e = a.in.begin[size_t(i)]; e < a.in.begin[size_t(i) + 1]; ++e) {
      source.push_back(a.in.neighbour[size_t(e)]);
      target.push_back(i);
    }
  source.insert(source.end(), target.begin(), target.end());
  return onnx_i64({2, a.edges}, source);
}

struct Made {
  OnnxModel model;
  std::vector<OnnxExample> examples;
};

// Throws when the block cannot be built or written at these sizes.
Made make(const BlockSample& s, const std::vector<Size>& sizes) {
  Made out;
  OnnxTraces traces;
  OnnxSize batch, length;
  std::map<std::string, Ref> parameters;
  std::deque<BlockCase> cases;
  for (const Size& at : sizes)
    cases.emplace_back("- " + s.yaml, s.domain, shape_of(s, at),
                       BlockCase::Options{.training = false});
  for (BlockCase& c : cases) {
    traces.graphs.push_back(c.graph.clone());
    batch.push_back(c.in.shape()[0]);
    length.push_back(c.in.shape().rank() > 1 ? c.in.shape()[1] : 0);
    OnnxExample x;
    const BlockCase::Data data = c.data(3);
    for (const Node& n : c.graph.nodes())
      if (n.role == Role::kParameter || n.role == Role::kState)
        parameters.try_emplace(n.scope.path, data.at(n.scope.path));
      else if (n.role == Role::kInput && n.outputs[0].dtype == DType::kAdjacency)
        x.inputs.emplace_back("edge_index", edge_index(*c.adjacency()));
      else if (n.role == Role::kInput)
        x.inputs.emplace_back(n.scope.path == "edges" ? "edge_attr" : n.scope.path,
                              numbers(n, data.at(n.scope.path)));
    const std::vector<double> y = c.run(data);
    const auto dims = c.out.shape().dims();
    const std::vector<float> answer(y.begin(), y.end());
    x.outputs.emplace_back("y", onnx_f32({dims.begin(), dims.end()}, answer));
    out.examples.push_back(std::move(x));
  }
  traces.open = {{s.domain == Domain::kGraph ? "nodes" : "batch", batch}, {"length", length}};
  std::erase_if(traces.open, [](const auto& o) { return is_fixed(o.second); });
  out.model =
      onnx_of(traces, [&](const Node& n) { return numbers(n, parameters.at(n.scope.path)); });
  return out;
}

// Which sizes are tried, the most open first.
std::vector<std::vector<Size>> plans(const BlockSample& s) {
  const int64_t B = s.shape[0], T = s.shape.rank() > 1 ? s.shape[1] : 0;
  if (s.domain == Domain::kGraph) return {{{0, 0}, {B + 4, 0}, {B + 7, 0}}, {{0, 0}}};
  std::vector<std::vector<Size>> all;
  if (s.domain == Domain::kIds || s.domain == Domain::kTokens) {
    if (T > 4) all.push_back({{B, 0}, {B + 1, T - 1}, {B + 2, 0}, {B + 4, T - 2}});
    if (T > 3) all.push_back({{B, 0}, {B + 1, T / 2}, {B + 2, 0}, {B + 4, T / 4}});
    all.push_back({{B, 0}, {B + 1, 2 * T}, {B + 2, 0}, {B + 4, 3 * T}});
  }
  all.push_back({{B, 0}, {B + 1, 0}, {B + 3, 0}});
  all.push_back({{0, 0}});
  return all;
}

TEST(EveryBlockSlow, AnswersTheSameInOnnxruntime) {
  if (test::skip_without_onnxruntime()) return;
  test::OnnxCases cases("blocks");
  std::set<std::string> all, lost;
  std::map<std::string, std::string> reasons;
  size_t written = 0, open = 0;
  int index = 0;
  for (const BlockTrial& t : block_trials()) {
    const std::string name = str(t.block->name, "_", index++);
    all.insert(std::string(t.block->name));
    std::string why;
    bool done = false;
    size_t tried = 0;
    for (const std::vector<Size>& sizes : plans(t.sample)) {
      try {
        const Made made = make(t.sample, sizes);
        cases.add(name, made.model, made.examples);
        ++written;
        open += tried == 0;
        if (tried > 0) std::cout << "fixed in part: " << t.sample.yaml << ": " << why << "\n";
        done = true;
        break;
      } catch (const UserErrors& e) {
        why = e.all.empty() ? "" : e.all.front().what();
      } catch (const UserError& e) {
        why = e.what();
      }
      ++tried;
    }
    if (done) continue;
    lost.insert(std::string(t.block->name));
    reasons[std::string(t.block->name)] = why;
  }
  for (const auto& [name, why] : reasons)
    std::cout << "not written: " << name << ": " << why << "\n";
  std::cout << written << " samples of " << all.size() << " blocks written, " << open
            << " with all sizes open; " << lost.size() << " blocks with samples that are not\n";
  EXPECT_LE(double(lost.size()), 0.1 * double(all.size()));
  for (const std::string& line : cases.wrong(1e-4)) ADD_FAILURE() << line;
}
}  // namespace
}  // namespace cambium::every_block_onnx_test
