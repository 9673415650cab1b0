// Planetoid: one citation graph whose nodes are to be classified from a few labels (Cora and its
// like). Two tab-separated files with these lines, ids counted from 0 in order:
//   <name>.nodes.tsv   id, label, split (train|val|test|none), indices of the 1-valued features
//   <name>.edges.tsv   u, v: an undirected edge
// One example is the whole graph; targets are -1 outside the split that is asked for.
#include <algorithm>
#include <filesystem>

#include "core/system/memory.h"
#include "data/graph_text.h"
#include "data/text/lines.h"

namespace cambium::dataset_planetoid {
namespace {
struct Planetoid {
  std::string path;
  bool normalise = true;
  int64_t features = 0, nodes = 0, edges = 0;

  static constexpr auto fields = std::tuple{
      field("path", &Planetoid::path, "folder that holds one *.nodes.tsv and its *.edges.tsv"),
      field("normalise", &Planetoid::normalise, "features of a node sum to 1"),
      field("features", &Planetoid::features, "width of the features; 0: largest index + 1").in(0),
      field("nodes", &Planetoid::nodes, "lines the nodes file must have; 0: any number").in(0),
      field("edges", &Planetoid::edges, "lines the edges file must have; 0: any number").in(0)};
};

constexpr std::string_view kNodes = ".nodes.tsv", kEdges = ".edges.tsv";
constexpr std::string_view kSplits[] = {"train", "val", "test", "none"};

// "folder/cora" from the folder, or from "folder/cora" itself.
std::string find_stem(const std::string& path) {
  namespace fs = std::filesystem;
  if (path.empty())
    throw OptionError("path", "path is not given", "set path to a folder with a *.nodes.tsv");
  if (fs::exists(path + std::string(kNodes))) return path;
  std::error_code error;
  std::vector<std::string> stems;
  for (const auto& entry : fs::directory_iterator(path, error))
    if (const std::string file = entry.path().string(); file.ends_with(kNodes))
      stems.push_back(file.substr(0, file.size() - kNodes.size()));
  if (error)
    throw OptionError("path", str(path, ": ", error.message()),
                      "give the folder of the graph, from where the command runs");
  if (stems.size() != 1)
    throw OptionError("path", str(path, " holds ", stems.size(), " *", kNodes, " files"),
                      stems.empty() ? "give the folder that holds one"
                                    : "give path/name instead, without .nodes.tsv");
  return stems[0];
}

class PlanetoidSet final : public Dataset {
 public:
  explicit PlanetoidSet(const Planetoid& a) : stem_(find_stem(a.path)) {
    read_nodes(a);
    read_edges(a);
  }

  DataShape shape(int64_t batch) const override {
    require(batch == 1, "planetoid: an example is the whole graph, so batch must be 1, got ",
            batch);
    const auto nodes = int64_t(label_.size());
    return {.domain = Domain::kGraph,
            .x = x_.type(),
            .target = {DType::kI32, {nodes}},
            .adjacency = {DType::kAdjacency, {nodes, nodes, adjacency_->edges}},
            .graphs = 1,
            .one_graph = true,
            .classes = classes_,
            .density = density_};
  }

  int64_t count(Split) const override { return 1; }

  uint64_t version(Split split) const override { return version_[size_t(split)]; }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const uint64_t wanted = indices.empty() ? 0 : version(split);
    if (wanted != 0 && into.version == wanted) return;
    into.version = wanted;
    std::ranges::copy(x_.f32(), into.x.f32().begin());
    const std::span<int32_t> target = into.target.i32();
    for (size_t i = 0; i < target.size(); ++i)
      target[i] = !indices.empty() && split_[i] == uint8_t(split) ? label_[i] : -1;
    into.adjacency = adjacency_;
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", classes_}, {"channels", x_.shape()[1]}};
  }

  uint64_t content() const override {
    return joined_hash({hash_bytes(x_.raw()), hash_of(label_), hash_of(split_),
                        hash_of(adjacency_->in.begin), hash_of(adjacency_->in.neighbour)});
  }

  std::string describe() const override {
    return str("a graph of ", label_.size(), " nodes and ", edges_text(*adjacency_), ", ",
               x_.shape()[1], " features, ", classes_, " classes; ", labels(0), " train, ",
               labels(1), " val, ", labels(2), " test labels, from ", stem_, kNodes);
  }

 private:
  int64_t labels(int split) const { return std::ranges::count(split_, uint8_t(split)); }

  void read_nodes(const Planetoid& a) {
    Lines lines(stem_ + std::string(kNodes));
    constexpr int64_t kMostFeatures = 1'000'000, kMostClasses = 10'000;
    const int64_t last = (a.features ? a.features : kMostFeatures) - 1;
    std::vector<std::vector<int64_t>> rows;
    int64_t widest = -1;
    while (lines.next()) {
      const int64_t id = lines.number(lines.field(), "id", 0, INT32_MAX);
      if (id != int64_t(rows.size()))
        lines.fail(str("id = ", id, ", but this is node ", rows.size(), "; ids count from 0"));
      label_.push_back(int32_t(lines.number(lines.field(), "label", -1, kMostClasses - 1)));
      split_.push_back(read_split(lines));
      if (label_.back() < 0 && split_.back() < 3) lines.fail("a node of a split needs a label");
      std::vector<int64_t>& row = rows.emplace_back();
      while (!lines.used_up()) {
        row.push_back(lines.number(lines.field(' '), "feature", 0, last));
        widest = std::max(widest, row.back());
      }
      classes_ = std::max<int64_t>(classes_, label_.back() + 1);
    }
    lines.check_count(a.nodes);
    for (int s = 0; s < 3; ++s)
      if (labels(s) == 0)
        throw OptionError("path",
                          str(lines.path(), ": no node is in the split '", kSplits[s], "'"));
    fill_features(rows, a.features ? a.features : widest + 1, a.normalise);
  }

  static uint8_t read_split(Lines& lines) {
    const std::string_view text = lines.field();
    const auto it = std::ranges::find(kSplits, text);
    if (it == std::end(kSplits))
      lines.fail(str("split is '", text.substr(0, 40), "', not train, val, test or none"));
    return uint8_t(it - std::begin(kSplits));
  }

  void fill_features(const std::vector<std::vector<int64_t>>& rows, int64_t width, bool normalise) {
    constexpr int64_t kMostElements = int64_t(1) << 32;
    const int64_t elements = int64_t(rows.size()) * width, free = available_memory_bytes();
    if (elements > kMostElements || (free >= 0 && elements > free / 4))
      throw OptionError("path",
                        str(stem_, kNodes, ": ", rows.size(), " nodes with ", width,
                            " features would fill ", elements * 4, " bytes, ", free, " are free"),
                        "the largest index of a feature says how many there are; is it right?");
    x_ = Tensor(DType::kF32, {int64_t(rows.size()), width});
    for (size_t i = 0; i < rows.size(); ++i)
      for (int64_t f : rows[i])
        x_.f32()[i * size_t(width) + size_t(f)] = normalise ? 1 / float(rows[i].size()) : 1.0f;
    const auto zeros = std::ranges::count(x_.f32(), 0.0f);
    density_ = 1 - double(zeros) / double(std::max<int64_t>(x_.count(), 1));
  }

  void read_edges(const Planetoid& a) {
    Lines lines(stem_ + std::string(kEdges));
    std::vector<Edge> edges;
    const int64_t last = int64_t(label_.size()) - 1;
    while (lines.next()) {
      const int64_t u = lines.number(lines.field(), "u", 0, last);
      const int64_t v = lines.number(lines.field(), "v", 0, last);
      if (!lines.used_up()) lines.fail("an edge is two node ids");
      edges.emplace_back(int32_t(u), int32_t(v));
    }
    lines.check_count(a.edges);
    adjacency_ = std::make_shared<const Adjacency>(make_adjacency(last + 1, edges));
  }

  std::string stem_;
  std::vector<int32_t> label_;
  std::vector<uint8_t> split_;  // as Split, 3 for none
  int64_t classes_ = 0;
  Tensor x_;  // [N,F]
  double density_ = 1;
  const uint64_t version_[3] = {new_version(), new_version(), new_version()};
  std::shared_ptr<const Adjacency> adjacency_;
};
}  // namespace

extern const DatasetKind dataset_planetoid = {
    .name = "planetoid",
    .doc =
        "one graph with few labelled nodes with 0/1 features (Cora, CiteSeer), from two TSV files",
    .source = "Yang, Cohen and Salakhutdinov 2016, arXiv 1603.08861",
    .attrs = fields_of<Planetoid>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t) -> std::unique_ptr<Dataset> {
      return std::make_unique<PlanetoidSet>(attrs.as<Planetoid>());
    }};
}  // namespace cambium::dataset_planetoid
