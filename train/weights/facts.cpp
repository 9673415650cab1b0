#include "train/weights/facts.h"

#include <algorithm>

#include "data/held_documents.h"
#include "data/text/token_names.h"

namespace cambium {
namespace {
std::string parent_of(std::string_view path) {
  const size_t dot = path.rfind('.');
  return std::string(path.substr(0, dot == path.npos ? 0 : dot));
}
}  // namespace

Facts::Facts(const InitSpec& init, const Experiment& e, const Graph& model)
    : init_(init), model_(model), tokens_(token_names(*e.data)) {
  if (const auto* named = dynamic_cast<const NamesClasses*>(e.data.get()))
    classes_ = named->class_names();
}

ResizeCase Facts::of(const WarmRow& row) const {
  const auto node = model_.find(Role::kParameter, row.to);
  return {.from = row.has.shape,
          .to = row.wants.shape,
          .kind = node ? model_.node(*node).parameter.kind : ParameterKind::kNone,
          .head_width = head_width_of(model_, row.to),
          .vocabulary = int64_t(tokens_.size()),
          .classes = int64_t(classes_.size()),
          .named_classes = !classes_.empty()};
}

ResizeHow Facts::by_names(const ResizeCase& c, ResizeBy by) {
  const bool tokens = by == ResizeBy::kTokens;
  const std::string_view what = tokens ? "token" : "class";
  if (!source_) source_ = names_of_source(init_);
  const std::vector<std::string>& was = tokens ? source_->tokens : source_->classes;
  if (was.empty())
    throw UserError(str("'", init_.from, "' does not say what its ", tokens ? "tokens" : "classes",
                        " are called"),
                    tokens ? "put its tokenizer.json beside the weights, name the folder of a run "
                             "on texts, or say by_rows"
                           : "name the folder of a run whose data names its classes, such as "
                             "labelled_text, or say fresh");
  ResizeHow how{.axis = named_axis(c, by)};
  const int64_t rows = c.from[how.axis];
  if (rows < int64_t(was.size()))
    throw UserError(
        str("it has ", rows, " rows for the source's ", was.size(), " ", what, tokens ? "s" : "es"),
        "say by_rows, or fresh");
  how.rows = rows_of_names(was, tokens ? tokens_ : classes_);
  if (std::ranges::all_of(how.rows, [](int64_t r) { return r < 0; }))
    throw UserError(str("no ", what, " of the data is one of the source's"), "say fresh");
  return how;
}

int64_t head_width_of(const Graph& model, std::string_view parameter) {
  const auto start = model.find(Role::kParameter, parameter);
  if (!start) return 0;
  const std::string layer = parent_of(parameter), block = parent_of(layer);
  const int64_t width = model.node(*start).outputs[0].shape.last();
  std::vector<bool> heard(model.nodes().size(), false);
  heard[size_t(*start)] = true;
  for (int id = *start + 1; id < int(model.nodes().size()); ++id) {
    const Node& n = model.node(id);
    if (!n.op || (n.scope.path != layer && n.scope.path != block)) continue;
    if (std::ranges::none_of(n.inputs,
                             [&](Port p) { return p.node >= 0 && heard[size_t(p.node)]; }))
      continue;
    heard[size_t(id)] = true;
    const Shape& s = n.outputs[0].shape;
    if (n.op->view && s.rank() >= 3 && s[-1] * s[-2] == width) return s[-1];
  }
  return 0;
}

}  // namespace cambium
