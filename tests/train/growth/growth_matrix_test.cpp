// What grows with its function kept: every sample of every block, wider and deeper, between two
// products, in double. tests/golden/growth.txt holds the table; docs/growth.md shows it.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include "core/system/files.h"
#include "places.h"
#include "tests/support/block_case.h"
#include "train/growth/growth.h"

namespace cambium::growth_matrix_test {
namespace {
constexpr double kSame = 1e-5;

enum class Direction { kWidth, kDepth };

// A model around one use of a block, its sample's channels growable in front of it.
Spec spec_around(const BlockSample& s, bool deep) {
  const auto below = [&](int indent) {
    std::string out;
    for (const char c : s.yaml)
      out += c == '\n' ? "\n" + std::string(size_t(indent), ' ') : std::string(1, c);
    return out;
  };
  const std::string body =
      deep ? "- repeat: 1\n  body:\n  - residual:\n    - " + below(6) : "- " + below(2);
  Spec spec;
  spec.root = parse_yaml(str("model:\n- linear: ", s.shape.last(), "\n", body, "\n- linear: 3\n"),
                         "model.yaml");
  return spec;
}

std::string list_of(const Spec& spec) {
  return to_yaml(*spec.root.find("model"));
}

Tensors tensors_of(const BlockCase& c, const BlockCase::Data& data) {
  Tensors out;
  for (const Node& n : c.graph.nodes()) {
    if (n.role != Role::kParameter && n.role != Role::kState) continue;
    Tensor t(n.outputs[0]);
    if (n.outputs[0].dtype != DType::kF32) continue;
    const Ref& from = data.at(n.scope.path);
    for (int64_t i = 0; i < from.size(); ++i) t.f32()[size_t(i)] = float(from[i]);
    out.emplace(n.scope.path, std::move(t));
  }
  return out;
}

BlockCase::Data with(BlockCase::Data data, const Tensors& tensors) {
  for (const auto& [name, t] : tensors) {
    Ref r;
    for (const float v : t.f32()) r.data.push_back(double(v));
    data[name] = std::move(r);
  }
  return data;
}

// "" where the function stayed, else why not.
std::string grown(const BlockSample& s, Direction direction) {
  const bool deep = direction == Direction::kDepth;
  Spec spec = spec_around(s, deep);
  const BlockCase::Options evaluation{.training = false};
  try {
    const BlockCase small(list_of(spec), s.domain, s.shape, evaluation);
    enlarge(spec, deep ? 1 : 2, deep ? 2 : 1);
    const BlockCase large(list_of(spec), s.domain, s.shape, evaluation);
    const BlockCase::Data data = small.data(5);
    const Tensors tensors = tensors_of(small, data);
    const GrownWeights g = grow_weights(small.graph, large.graph, tensors, LayerGrowth::kIdentity);
    const std::vector<double> was = small.run(with(data, tensors)),
                              is = large.run(with(data, g.tensors));
    double largest = 0, scale = 1;
    for (size_t i = 0; i < was.size(); ++i) {
      largest = std::max(largest, std::abs(was[i] - is[i]));
      scale = std::max(scale, std::abs(was[i]));
    }
    return was.size() == is.size() && largest <= kSame * scale ? "" : "another function";
  } catch (const UserError& e) {
    return "refused";
  }
}

std::string column(const Block& b, Direction direction) {
  int tried = 0, kept = 0;
  bool other = false;
  for (const BlockSample& s : b.samples) {
    if (s.domain == Domain::kIds) continue;
    ++tried;
    const std::string why = grown(s, direction);
    kept += why.empty();
    other |= why == "another function";
  }
  if (tried == 0) return "-";
  return str(kept, " of ", tried, other ? "*" : "");
}

std::string matrix() {
  std::string out;
  for (const Block* b : builtin_blocks()) {
    if (b->samples.empty()) continue;
    out += str(b->name, "  width ", column(*b, Direction::kWidth), "  depth ",
               column(*b, Direction::kDepth), "\n");
  }
  return out;
}

TEST(GrowthMatrix, IsWhatTheDocsSay) {
  const std::string path = CAMBIUM_SOURCE_DIR "/tests/golden/growth.txt";
  const std::string now = matrix();
  if (std::getenv("CAMBIUM_UPDATE_GOLDEN")) replace_file(path, now);
  EXPECT_EQ(now, read_file(path)) << "with CAMBIUM_UPDATE_GOLDEN=1 this test writes " << path;
}
}  // namespace
}  // namespace cambium::growth_matrix_test
