#include "train/graphs/leaks.h"

#include <algorithm>

namespace cambium {
namespace {
// How the first axes of a value are those of the source.
struct Layout {
  int prefix = 0;        // axes that are examples, or examples and places
  int64_t examples = 1;  // rows of one example among them
  bool places = false;   // one row a place
};

Layout layout_of(const Shape& s, int64_t examples, int64_t places) {
  int64_t rows = 1;
  bool whole_examples = examples == 1;  // some of the axes so far are all examples
  for (int i = 0; i < s.rank() && places > 1; ++i) {
    rows *= s[i];
    if (rows == examples * places && (whole_examples || i == 0)) return {i + 1, places, true};
    whole_examples |= rows == examples;
  }
  if (s.rank() > 0 && s[0] > 0 && s[0] % examples == 0) return {1, s[0] / examples, false};
  return {};
}

// Where an answer hears what it must not.
struct Place {
  int64_t example, place;
  Heard heard;
};

// One walk and what is asked of it.
class Search {
 public:
  Search(const Graph& g, const DataShape& shape, const std::string& source)
      : graph_(g),
        shape_(shape),
        probe_(shape, source),
        walk_(g, leaves(), ReachWalk::Keep::kOutputs) {}

  bool ordered(const std::string& source) const {
    return source == "decoder" || (shape_.causal && !shape_.decoder);
  }

  // What output 0 of the model hears against the rule, if anything.
  std::optional<Place> in_output(Leak::Kind kind) const {
    const Port port = graph_.outputs[0].port;
    const Shape& s = graph_.type(port).shape;
    const bool frames = kind == Leak::kPadding && s.rank() == 3 && probe_.places() > 1;
    const Layout layout = frames ? layout_of(s, probe_.examples(), s[1])
                                 : layout_of(s, probe_.examples(), probe_.places());
    return in_value(kind, walk_.at(port), layout);
  }

  // The first node that lets it in; walks again, for all values.
  int culprit(Leak::Kind kind) const {
    const ReachWalk walk(graph_, leaves());
    for (int id = 0; id < int(graph_.nodes().size()); ++id) {
      if (!graph_.node(id).op || !walk.needed(id)) continue;
      const Reach& r = walk.at({id, 0});
      const Layout layout = layout_of(r.shape, probe_.examples(), probe_.places());
      if (layout.prefix > 0 && in_value(kind, r, layout)) return id;
    }
    return graph_.outputs[0].port.node;
  }

 private:
  ReachLeaves leaves() const {
    return [this](const Node& n) { return probe_.leaf(n); };
  }

  bool breaks(Leak::Kind kind, const Layout& layout, const Place& p) const {
    const Heard& h = p.heard;
    if (h.nothing()) return false;
    if (kind == Leak::kOtherExample)
      return h.first_example != p.example || h.last_example != p.example;
    if (kind == Leak::kLater) return layout.places && h.last_place > p.place;
    // Padding may hear what it likes, and in a sum nothing may be of both.
    if (layout.places) return p.place < real_of(layout.examples) && h.last_place >= probe_.real();
    return h.first_place < probe_.real() && h.last_place >= probe_.real();
  }

  // Of an example's `places`, in a model that may have joined some: those that hold something real.
  int64_t real_of(int64_t places) const {
    return (probe_.real() * places + probe_.places() - 1) / probe_.places();
  }

  std::optional<Place> in_value(Leak::Kind kind, const Reach& r, const Layout& layout) const {
    if (layout.prefix == 0 || r.shape.count() == 0) return std::nullopt;
    if (kind == Leak::kLater && !layout.places) return std::nullopt;
    const int64_t rows = r.shape.count_between(0, layout.prefix);
    const Reach each = reduced(r, axes_after(r.shape, layout.prefix), {rows});
    for (int64_t i = 0; i < rows; ++i) {
      const Place p{i / layout.examples, i % layout.examples,
                    each.cells[each.uniform(0) ? 0 : size_t(i)]};
      if (breaks(kind, layout, p)) return p;
    }
    return std::nullopt;
  }

  const Graph& graph_;
  const DataShape& shape_;
  LeakProbe probe_;
  ReachWalk walk_;
};

// The innermost block that a node stands in; null inside a definition that has none.
const Block* block_at(const std::map<std::string, const Block*>& blocks, std::string path,
                      std::string& at) {
  while (true) {
    const auto found = blocks.find(path);
    if (found != blocks.end()) {
      at = path;
      return found->second;
    }
    const size_t dot = path.rfind('.');
    if (dot == path.npos) return nullptr;
    path.resize(dot);
  }
}

std::string what_it_hears(Leak::Kind kind, const Place& p) {
  if (kind == Leak::kLater)
    return str("at token ", p.place + 1, " the model hears token ", p.heard.last_place + 1,
               ", and token ", p.place + 2, " is the answer it is asked for there");
  if (kind == Leak::kOtherExample)
    return str(
        "example ", p.example + 1, " of a batch hears example ",
        (p.heard.first_example != p.example ? p.heard.first_example : p.heard.last_example) + 1,
        ": an answer would change with what else is asked");
  return "what is real hears padding: an answer would change with how far it is padded";
}

std::string cure_of(Leak::Kind kind, const Block* block) {
  const std::string allow = "; train: {allow_leaks: true} trains it all the same, marked";
  if (kind == Leak::kLater && block && !block->looks_back_with.empty())
    return str("use ", block->looks_back_with, allow);
  if (kind == Leak::kLater)
    return "use blocks that hear earlier tokens alone, such as attention: {causal: true}, "
           "causal_conv or mamba" +
           allow;
  if (kind == Leak::kOtherExample)
    return "use a block that works on each example by itself" + allow;
  return "pool with mean, max or attention, and use blocks that leave padding out" + allow;
}

Leak leak_at(Leak::Kind kind, const Place& place, const Model& model, int node) {
  const Node& n = model.graph.node(node);
  std::string path = n.scope.path;
  const Block* block = block_at(model.blocks, path, path);
  const std::string who = block ? std::string(block->name) : std::string(n.kind());
  return {kind, UserError(str(who, " '", path, "': ", what_it_hears(kind, place)),
                          cure_of(kind, block), n.scope.mark)};
}
}  // namespace

std::optional<Leak> find_leak(const Model& model, const DataShape& shape) {
  for (const BatchInput& input : batch_inputs()) {
    if (input.kind != BatchInput::kContent || !input.type(shape)) continue;
    const std::string source(input.name);
    const Search search(model.graph, shape, source);
    std::vector<Leak::Kind> kinds;
    if (!shape.pairs) kinds.push_back(Leak::kOtherExample);
    if (search.ordered(source)) kinds.push_back(Leak::kLater);
    if (shape.masked && source == "x") kinds.push_back(Leak::kPadding);
    for (Leak::Kind kind : kinds)
      if (const std::optional<Place> place = search.in_output(kind))
        return leak_at(kind, *place, model, search.culprit(kind));
  }
  return std::nullopt;
}

std::optional<Leak> find_leak(const Experiment& e) {
  // A model of its own: what an answer hears is followed from each example and place to each, which
  // takes two examples to see and grows with how many there are.
  constexpr int64_t kExamples = 2;
  // One graph is all examples there are, and hears whom its edges say.
  const DataShape own = e.data->shape(std::max<int64_t>(1, e.train.options.batch));
  if (own.domain == Domain::kGraph && own.graphs == 1) return std::nullopt;
  return find_leak(build_model_graph(e, kExamples, false), e.data->shape(kExamples));
}
}  // namespace cambium
