#include "train/experiment.h"

#include <algorithm>

#include "blocks/check.h"
#include "blocks/model.h"
#include "core/hash.h"
#include "ops/ops.h"

namespace cambium {
namespace {
constexpr std::string_view kSections[] = {"name",   "vars",  "data",     "model",
                                          "define", "train", "precision"};

void check_sections(const Yaml& root, Diagnostics& errors) {
  std::vector<std::string> known(std::begin(kSections), std::end(kSections));
  for (const YamlEntry& e : root.entries)
    if (!std::ranges::count(known, e.key))
      errors.add(
          UserError(str("unknown section '", e.key, "'"), suggestion(e.key, known), e.key_mark));
}

// Runs `f` and keeps what the user did wrong instead of stopping at it.
template <class F> void collect(Diagnostics& errors, const F& f) {
  try {
    f();
  } catch (const UserErrors& e) {
    errors.add_all(e);
  } catch (const UserError& e) {
    errors.add(e);
  }
}

void add_data_vars(Experiment& e) {
  const std::vector<std::string> own = e.vars.names();
  for (auto& [name, value] : e.data->vars())
    if (!std::ranges::count(own, name)) e.vars.set(name, value);
}

DType parse_precision(const Yaml* precision, Diagnostics& errors) {
  if (!precision || (precision->is_scalar() && precision->text == "f32")) return DType::kF32;
  if (precision->is_scalar() && precision->text == "bf16") return DType::kBf16;
  const std::string text = precision->is_scalar() ? precision->text : "a list or a map";
  errors.add(UserError(str("precision is f32 or bf16, got ", text),
                       "bf16: products take 16-bit operands and add up in f32", precision->mark));
  return DType::kF32;
}

// Without data there are no shapes to build with, but names and values of the model can be checked.
// What the data would have provided stands in with some number: only shapes depend on it.
void check_without_data(const Experiment& e, const Yaml& model, Diagnostics& errors) {
  Vars vars = e.vars;
  const std::vector<std::string> own = e.vars.names();
  for (const char* name : {"classes", "vocab", "context", "height", "width", "channels"})
    if (!std::ranges::count(own, name)) vars.set(name, 8);
  const Report report = [&](UserError error) { errors.add(std::move(error)); };
  Definitions definitions;
  if (const Yaml* define = e.spec.section("define"); define && define->is_map())
    for (const YamlEntry& d : define->entries) definitions[d.key] = &d.value;
  check_definitions(definitions, report);
  check_model(model, vars, definitions, report);
}

Shape logits_shape(const DataShape& data) {
  std::vector<int64_t> extents(data.target.shape.dims().begin(), data.target.shape.dims().end());
  extents.push_back(data.classes);
  return Shape(std::span<const int64_t>(extents));
}

void check_logits(const Stream& out, const DataShape& data, const Yaml& model) {
  const Shape wanted = logits_shape(data);
  if (out.shape() == wanted) return;
  const Mark mark = model.items.empty() ? model.mark : model.items.back().mark;
  const bool pooled = out.shape().rank() == wanted.rank();
  throw UserError(str("the model ends in ", name_of(out.domain), " ", out.shape(),
                      ", the data needs one score a class: ", wanted),
                  pooled ? "end the model with - linear: $classes"
                         : "end the model with - pool: mean and - linear: $classes",
                  mark);
}

struct Model {
  Graph graph;
  std::vector<RecomputeMark> recompute;
};

Model build(const Experiment& e, int64_t batch, bool training) {
  const Yaml* model = e.spec.section("model");
  ensure(model != nullptr, "a spec without a model was not refused");
  const DataShape shape = e.data->shape(batch);
  Graph g(builtin_ops());
  Builder builder(g, e.vars, training);
  const Stream in = build_input(g, {shape.domain, shape.x, shape.adjacency, shape.graphs,
                                    shape.masked ? std::optional(mask_type(shape)) : std::nullopt});
  builder.note_density(in.x, shape.density);
  const Stream out = build_model(builder, *model, e.spec.section("define"), in);
  check_logits(out, shape, *model);
  g.outputs.push_back({"logits", port_of(out.x)});
  return {std::move(g), std::move(builder.recompute)};
}

// Of what training moves.
std::vector<std::string> parameter_names(const Graph& g) {
  std::vector<std::string> names;
  for (const Node& n : g.nodes())
    if (n.role == Role::kParameter && !n.parameter.frozen) names.push_back(n.scope.path);
  return names;
}

// A schedule that reacts to evaluations needs some.
void check_schedule(const Experiment& e, Diagnostics& errors) {
  const Choice<Schedule>& s = e.train.schedule;
  if (s && s.record->observe && e.data->count(Split::kValidation) == 0)
    errors.add(UserError(str("schedule '", s.record->name,
                             "' follows the validation metric, and the data has no such split"),
                         "give the data a validation split, or use schedule: cosine", s.mark));
}

void check_class_weights(const Experiment& e, Diagnostics& errors) {
  const std::vector<double>& weights = e.train.options.class_weights;
  const int64_t classes = e.data->shape(1).classes;
  if (weights.empty()) return;
  const Mark mark = e.spec.section("train")->find("class_weights")->mark;
  if (int64_t(weights.size()) != classes)
    errors.add(UserError(
        str("'class_weights' has ", weights.size(), " numbers, the data ", classes, " classes"),
        "give one number a class, in the order of the classes", mark));
  else if (std::ranges::all_of(weights, [](double w) { return w == 0; }))
    errors.add(UserError("'class_weights' are all 0, so nothing would be learnt",
                         "give at least one class a positive weight", mark));
}
}  // namespace

int64_t Experiment::batches_per_epoch() const {
  return std::max<int64_t>(1, data->count(Split::kTrain) / train.options.batch);
}

int64_t Experiment::total_steps() const {
  const TrainOptions& o = train.options;
  if (o.steps > 0) return o.steps;
  const int64_t batches = std::max<int64_t>(1, o.epochs) * batches_per_epoch();
  return (batches + o.accumulate - 1) / o.accumulate;
}

Graph step_model_graph(const Experiment& e, int64_t batch) {
  const DataShape shape = e.data->shape(batch);
  const int64_t context = shape.x.shape[1];
  Graph g(builtin_ops());
  Builder builder(g, e.vars, false);
  builder.step = {g.input("position", {DType::kI32, {1, 1}}), context};
  const ValueType x{shape.x.dtype, {batch, 1}};
  const Stream in = build_input(g, {shape.domain, x, shape.adjacency, shape.graphs});
  const Stream out = build_model(builder, *e.spec.section("model"), e.spec.section("define"), in);
  require(out.shape() == Shape{batch, 1, shape.classes}, "the model ends in ", out.shape());
  g.outputs.push_back({"logits", port_of(out.x)});
  return g;
}

Graph model_graph(const Experiment& e, int64_t batch, bool training) {
  return build(e, batch, training).graph;
}

bool recomputes(const Experiment& e) {
  return e.train.options.recompute != "none" ||
         std::ranges::any_of(e.recompute, [](const RecomputeMark& m) { return m.on; });
}

Experiment open_experiment(Spec spec, std::shared_ptr<const Dataset> opened) {
  Experiment e;
  e.spec = std::move(spec);
  e.vars = vars_of(e.spec);
  Diagnostics errors;
  check_sections(e.spec.root, errors);
  const Mark start = e.spec.root.mark;
  const Yaml *data = e.spec.section("data"), *model = e.spec.section("model");
  if (!data)
    errors.add(UserError("the spec has no 'data' section", "add a line such as data: fashion_mnist",
                         start));
  if (!model || !model->is_list())
    errors.add(UserError(model ? "'model' is a list of blocks" : "the spec has no 'model' section",
                         "write model: and one - block: value a line below it",
                         model ? model->mark : start));
  e.train = parse_train(e.spec.section("train"), e.vars, errors);
  e.precision = parse_precision(e.spec.section("precision"), errors);
  if (data)
    collect(errors, [&] {
      e.data = opened ? std::move(opened)
                      : open_dataset(*data, e.vars, uint64_t(e.train.options.data_seed));
      add_data_vars(e);
    });
  const int64_t batch = std::max<int64_t>(1, e.train.options.batch);  // 0 was reported above
  if (e.data && model && model->is_list())
    collect(errors, [&] {
      Model built = build(e, batch, true);
      e.recompute = std::move(built.recompute);
      check_groups(e.train.groups, parameter_names(built.graph), errors);
      check_class_weights(e, errors);
      check_schedule(e, errors);
    });
  else if (model && model->is_list())
    check_without_data(e, *model, errors);
  errors.throw_if_any();
  return e;
}

uint64_t spec_hash(const Spec& spec) {
  constexpr std::string_view free[] = {"log_every", "checkpoint_every", "recompute"};
  Yaml tree = spec.root;
  if (Yaml* train = tree.find("train"))
    std::erase_if(train->entries,
                  [&](const YamlEntry& e) { return std::ranges::count(free, e.key) > 0; });
  return hash_text(canonical_text(tree));
}
}  // namespace cambium
