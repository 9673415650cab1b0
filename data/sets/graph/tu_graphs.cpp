// TU graphs: a file of many small graphs, each with a class (MUTAG, ENZYMES, IMDB and their like;
// the text form of Zhang et al. 2018 and Xu et al. 2019). Numbers, separated by single spaces:
//   the number of graphs
//   per graph:  its nodes n, its label;  then n lines:  tag, degree, the neighbours from 0 on
// Labels and tags are any whole numbers and are counted from 0 in ascending order. Graphs are cut
// into k folds by the seed, every class evenly: fold f is the test part, fold f + 1 (mod k)
// validation. A batch holds equal graphs of the largest one's size; nodes that pad a graph are
// zero, have no edges, and `pool` leaves them out.
#include <algorithm>
#include <map>
#include <numeric>

#include "core/rng.h"
#include "data/text/lines.h"

namespace cambium::dataset_tu_graphs {
namespace {
struct TuGraphs {
  std::string path;
  int64_t folds = 10, fold = 0, most_degree = 64;
  std::vector<std::string> features = {"tag"};

  static constexpr auto fields = std::tuple{
      field("path", &TuGraphs::path, "the text file of the graphs"),
      field("folds", &TuGraphs::folds, "k: parts that the graphs are cut into").in(3, 1000),
      field("fold", &TuGraphs::fold, "which part is for testing, from 0 on").in(0, 999),
      field("features", &TuGraphs::features,
            "of a node: tag: one-hot of its tag; degree: one-hot of its number of edges")
          .one_of("tag|degree"),
      field("most_degree", &TuGraphs::most_degree, "larger degrees count as this one")
          .in(1, 1 << 16)};
};

struct SmallGraph {
  int32_t label = 0;
  std::vector<int32_t> tag, degree;  // one a node
  std::vector<Edge> edges;           // as listed: both directions
};

// Numbers any set of labels from 0 in ascending order.
class Renumber {
 public:
  void add(int32_t label) { number_[label] = 0; }

  void finish() {
    int32_t next = 0;
    for (auto& [label, number] : number_) number = next++;
  }

  int32_t operator()(int32_t label) const { return number_.at(label); }

  int64_t size() const { return int64_t(number_.size()); }

 private:
  std::map<int32_t, int32_t> number_;
};

void next_line(Lines& lines, std::string_view what) {
  if (!lines.next())
    throw OptionError("path", str(lines.path(), " ends where ", what, " should stand"),
                      "it was cut short; get it again");
}

SmallGraph read_graph(Lines& lines, int64_t number) {
  constexpr int64_t kMost = 1 << 20;
  SmallGraph g;
  next_line(lines, str("graph ", number));
  const int64_t nodes = lines.number(lines.field(' '), "nodes", 1, kMost);
  g.label = int32_t(lines.number(lines.field(' '), "label", INT32_MIN, INT32_MAX));
  for (int64_t i = 0; i < nodes; ++i) {
    next_line(lines, str("node ", i, " of graph ", number));
    g.tag.push_back(int32_t(lines.number(lines.field(' '), "tag", INT32_MIN, INT32_MAX)));
    const int64_t degree = lines.number(lines.field(' '), "degree", 0, nodes);
    g.degree.push_back(int32_t(degree));
    for (int64_t k = 0; k < degree; ++k) {
      if (lines.used_up()) lines.fail(str("degree = ", degree, ", but ", k, " neighbours"));
      const int64_t j = lines.number(lines.field(' '), "neighbour", 0, nodes - 1);
      g.edges.emplace_back(int32_t(j), int32_t(i));
    }
    while (!lines.used_up() && lines.field(' ').empty()) {  // spaces at the end
    }
  }
  return g;
}

class TuGraphsSet final : public Dataset {
 public:
  TuGraphsSet(const TuGraphs& a, uint64_t seed) : options_(a) {
    if (a.path.empty())
      throw OptionError("path", "path is not given", "set path to the text file of the graphs");
    if (a.features.empty()) throw OptionError("features", "features is empty");
    if (a.fold >= a.folds)
      throw OptionError("fold", str("fold = ", a.fold, " of ", a.folds, " folds"),
                        str("use fold: 0 to ", a.folds - 1));
    read_file();
    split(seed);
  }

  DataShape shape(int64_t batch) const override {
    const int64_t nodes = batch * most_nodes_;
    return {.domain = Domain::kGraph,
            .x = {DType::kF32, {nodes, channels()}},
            .target = {DType::kI32, {batch}},
            .adjacency = {DType::kAdjacency, {nodes, nodes, batch * most_edges_}},
            .graphs = batch,
            .classes = labels_.size(),
            .masked = true};
  }

  int64_t count(Split split) const override { return int64_t(parts_[size_t(split)].size()); }

  void read(Split split, std::span<const int64_t> indices, uint64_t, Batch& into) const override {
    const std::span<float> x = into.x.f32(), mask = into.mask.f32();
    std::ranges::fill(x, 0.0f);
    std::ranges::fill(mask, 0.0f);
    std::ranges::fill(into.target.i32(), -1);
    std::vector<Edge> edges;
    for (size_t k = 0; k < indices.size(); ++k) {
      const SmallGraph& g = graphs_[size_t(parts_[size_t(split)][size_t(indices[k])])];
      const auto first = int32_t(int64_t(k) * most_nodes_);
      for (const auto& [u, v] : g.edges) edges.emplace_back(u + first, v + first);
      for (size_t i = 0; i < g.tag.size(); ++i) {
        mask[size_t(first) + i] = 1;
        write_features(g, i, x.subspan((size_t(first) + i) * size_t(channels())));
      }
      into.target.i32()[k] = labels_(g.label);
    }
    into.adjacency = std::make_shared<const Adjacency>(make_adjacency(into.x.shape()[0], edges));
    into.examples = int64_t(indices.size());
  }

  std::vector<std::pair<std::string, ArgValue>> vars() const override {
    return {{"classes", labels_.size()}, {"channels", channels()}};
  }

  uint64_t content() const override {
    uint64_t hash = 0;
    for (const SmallGraph& g : graphs_) {
      hash = joined_hash({hash, uint64_t(g.label), hash_of(g.tag)});
      for (const auto& [u, v] : g.edges) hash = joined_hash({hash, uint64_t(u), uint64_t(v)});
    }
    return hash;
  }

  std::string describe() const override {
    return str(count(Split::kTrain), " train, ", count(Split::kValidation), " val, ",
               count(Split::kTest), " test graphs of up to ", most_nodes_, " nodes in ",
               labels_.size(), " classes, fold ", options_.fold, " of ", options_.folds, ", from ",
               options_.path);
  }

 private:
  bool shows(std::string_view feature) const {
    return std::ranges::count(options_.features, feature) > 0;
  }

  int64_t channels() const {
    return (shows("tag") ? tags_.size() : 0) + (shows("degree") ? most_degree_ + 1 : 0);
  }

  void write_features(const SmallGraph& g, size_t node, std::span<float> row) const {
    size_t at = 0;
    if (shows("tag")) {
      row[size_t(tags_(g.tag[node]))] = 1;
      at = size_t(tags_.size());
    }
    if (shows("degree")) row[at + size_t(std::min<int64_t>(g.degree[node], most_degree_))] = 1;
  }

  void read_file() {
    Lines lines(options_.path);
    next_line(lines, "the number of graphs");
    const int64_t n = lines.number(lines.field(' '), "graphs", 1, 1 << 24);
    int64_t largest_degree = 0;
    for (int64_t k = 0; k < n; ++k) {
      const SmallGraph& g = graphs_.emplace_back(read_graph(lines, k));
      labels_.add(g.label);
      for (const int32_t tag : g.tag) tags_.add(tag);
      for (const int32_t d : g.degree) largest_degree = std::max<int64_t>(largest_degree, d);
      most_nodes_ = std::max(most_nodes_, int64_t(g.tag.size()));
      most_edges_ = std::max(most_edges_, 2 * int64_t(g.edges.size()));
    }
    if (lines.next()) lines.fail(str("the file goes on behind its ", n, " graphs"));
    most_degree_ = std::min(options_.most_degree, largest_degree);
    labels_.finish();
    tags_.finish();
    if (labels_.size() < 2)
      throw OptionError("path", str(options_.path, ": every graph has the same label"));
  }

  // Deals the graphs of each class, in random order, to the folds in turn, so that sizes and shares
  // of classes differ by one graph at most.
  void split(uint64_t seed) {
    if (int64_t(graphs_.size()) < options_.folds)
      throw OptionError("folds", str(graphs_.size(), " graphs make no ", options_.folds, " folds"),
                        str("use folds: ", graphs_.size(), " or less"));
    std::vector<int32_t> order(graphs_.size());
    std::iota(order.begin(), order.end(), 0);
    Random(seed, stream_of("tu_graphs.folds")).shuffle(std::span(order));
    std::ranges::stable_sort(order, {}, [&](int32_t g) { return graphs_[size_t(g)].label; });
    for (size_t i = 0; i < order.size(); ++i) {
      const auto fold = int64_t(i) % options_.folds;
      const Split part = fold == options_.fold                          ? Split::kTest
                         : fold == (options_.fold + 1) % options_.folds ? Split::kValidation
                                                                        : Split::kTrain;
      parts_[size_t(part)].push_back(order[i]);
    }
  }

  TuGraphs options_;
  std::vector<SmallGraph> graphs_;
  Renumber labels_, tags_;
  int64_t most_nodes_ = 0, most_edges_ = 0, most_degree_ = 0;
  std::vector<int32_t> parts_[3];  // by Split
};
}  // namespace

extern const DatasetKind dataset_tu_graphs = {
    .name = "tu_graphs",
    .doc = "small graphs with a class each (MUTAG, ENZYMES, IMDB), cut into k folds by the seed",
    .source = "Morris et al. 2020, TUDataset, arXiv 2007.08663",
    .attrs = fields_of<TuGraphs>,
    .primary = "path",
    .open = [](const Attrs& attrs, uint64_t seed) -> std::unique_ptr<Dataset> {
      return std::make_unique<TuGraphsSet>(attrs.as<TuGraphs>(), seed);
    }};
}  // namespace cambium::dataset_tu_graphs
