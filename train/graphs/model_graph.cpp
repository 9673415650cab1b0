// From an experiment to its forward graphs.
#include "blocks/compose/model.h"
#include "blocks/frozen.h"
#include "blocks/padding.h"
#include "ops/ops.h"
#include "train/adapters/adapt.h"
#include "train/graphs/freeze.h"
#include "train/graphs/step/scored_head.h"
#include "train/spec/experiment.h"
#include "train/spec/sections.h"

namespace cambium {
namespace {
std::string places_of(const DataShape& data) {
  return data.domain == Domain::kGraph ? "node" : "token";
}

// What must end the model, or what must not stand in it, by how its output differs.
std::string output_help(const Stream& out, const DataShape& data) {
  const bool values = data.target_kind() == TargetKind::kValues;
  const std::string last = values ? "- linear: $outputs" : "- linear: $classes";
  const Shape wanted = data.output();
  const bool nodes = data.domain == Domain::kGraph && wanted[0] != data.graphs;
  const bool each_place = nodes || wanted.rank() > 2;
  const bool vector = out.domain == Domain::kVector;
  if (data.target_kind() == TargetKind::kSequences)
    return str("keep the frames as tokens (no pool, no flatten) up to ", last);
  if (each_place && vector)
    return str("leave out what makes one vector of an example (pool, flatten): the data wants ",
               values ? "values" : "scores", " at each ", places_of(data));
  if (out.shape().rank() > wanted.rank()) return str("end the model with - pool: mean and ", last);
  if (out.shape().last() != wanted.last()) return str("end the model with ", last);
  return str("keep the ", places_of(data), "s as they are: a block on the way (a stride, a patch, ",
             "a class token) changed their number");
}

UserError wrong_output(const Stream& out, const DataShape& data, const Mark& mark) {
  const bool values = data.target_kind() == TargetKind::kValues;
  const bool sequences = data.target_kind() == TargetKind::kSequences;
  return UserError(
      str("the model ends in ", name_of(out.domain), " ", out.shape(), ", the data needs ",
          values      ? "values"
          : sequences ? "one score a class at each frame"
                      : "one score a class",
          ": ", data.output()),
      output_help(out, data), mark);
}

// A model may say more than one frame of x at once, as long as its frames can say every target.
bool can_say_sequences(const Stream& out, const DataShape& data, const Mark& mark) {
  const Shape wanted = data.output();
  if (out.domain != Domain::kTokens || out.shape()[0] != wanted[0] || out.shape()[2] != wanted[2])
    return false;
  if (out.shape()[1] < data.least_frames)
    throw UserError(str("the model ends in ", out.shape()[1], " frames, and a target may need ",
                        data.least_frames, ": one a symbol, and a blank between equal neighbours"),
                    "let it join fewer frames (smaller strides), or give the data more of them",
                    mark);
  return true;
}

void check_output(const Stream& out, const DataShape& data, const Yaml& blocks) {
  const Mark& mark = blocks.items.empty() ? blocks.mark : blocks.items.back().mark;
  if (data.target_kind() == TargetKind::kSequences) {
    if (can_say_sequences(out, data, mark)) return;
  } else if (out.shape() == data.output()) {
    return;
  }
  if (data.pairs && out.domain == Domain::kGraph)
    throw UserError("the model ends in a graph, the data asks about pairs of its nodes",
                    "end the model with - link: dot", mark);
  throw wrong_output(out, data, mark);
}

// Makes all inputs but the target.
Stream input_of(Graph& g, const DataShape& shape) {
  std::vector<InputType> inputs = shape.inputs();
  std::erase_if(inputs, [](const InputType& i) { return i.name == kTarget || i.name == kGroup; });
  return build_input(g, {shape.domain, inputs, shape.graphs});
}

// What a decoder begins with, among the inputs that were made.
Stream decoder_input(Graph& g) {
  Stream s;
  s.domain = Domain::kIds;
  s.x = g.value({*g.find(Role::kInput, "decoder"), 0});
  return s;
}

// Whether the value depends on the graph's input of that name.
bool depends_on(Graph& g, Value v, std::string_view input) {
  const auto from = g.find(Role::kInput, input);
  if (!from) return false;
  std::vector<bool> reached(g.nodes().size(), false);
  reached[size_t(*from)] = true;
  for (int id = 0; id < int(g.nodes().size()); ++id)
    for (const Port p : g.node(id).inputs)
      if (p.node >= 0 && reached[size_t(p.node)]) reached[size_t(id)] = true;
  return reached[size_t(v.node)];
}
}  // namespace

std::string_view output_name(const DataShape& shape) {
  return shape.target_kind() == TargetKind::kValues ? "prediction" : "logits";
}

namespace {
Model built_model(const Experiment& e, const DataShape& shape, bool training,
                  const StillParts& still) {
  const ModelSections sections = sections_of(e.spec);
  Graph g(builtin_ops());
  Builder builder(g, e.vars, training);
  const std::optional<Scaling> scaling = scaling_of(e);
  builder.scaling = scaling ? &*scaling : nullptr;
  if (!still.empty()) builder.still = still;
  const Stream in = input_of(g, shape);
  builder.note_density(in.x, shape.density);
  std::vector<ModelPart> parts;
  if (sections.encoder) {
    parts.push_back({"encoder", sections.encoder, in, {}});
    parts.push_back({"decoder", sections.decoder, decoder_input(g), {}});
  } else {
    parts.push_back({"", sections.model, in, {}});
  }
  const Stream out = build_parts(builder, parts, e.spec.section("define"));
  check_output(out, shape, sections.last());
  if (sections.encoder && !depends_on(g, out.x, "x"))
    throw UserError("the decoder never looks at the encoder",
                    "put - cross_attention: {heads: 4} into its blocks", sections.decoder->mark);
  g.outputs.push_back({std::string(output_name(shape)), port_of(out.x)});
  if (out.mask && shape.target_kind() == TargetKind::kSequences)
    g.outputs.push_back({std::string(kRealFrames), port_of(out.mask)});
  return {with_frozen(e, std::move(g)), std::move(builder.recompute), std::move(builder.blocks),
          std::move(builder.growth),    std::move(builder.numbers),   nullptr};
}
}  // namespace

// Which blocks are frozen as a whole is known once all parameters are: then it is built again.
Model build_model_graph(const Experiment& e, const DataShape& shape, bool training) {
  Model model = built_model(e, shape, training, {});
  const StillParts still = training ? still_parts(e, model.graph) : StillParts();
  if (!still.empty()) model = built_model(e, shape, training, still);
  AdaptedGraph adapted = with_adapters(e, std::move(model.graph), model.blocks, training);
  model.graph = std::move(adapted.graph);
  model.adapters = std::move(adapted.report);
  return model;
}

Model build_model_graph(const Experiment& e, int64_t batch, bool training) {
  return build_model_graph(e, e.data->shape(batch), training);
}

const Model& model_of(const Experiment& e, int64_t batch, bool training) {
  std::shared_ptr<const Model>& kept = e.built.models[{batch, training}];
  if (!kept) kept = std::make_shared<const Model>(build_model_graph(e, batch, training));
  return *kept;
}

Graph model_graph(const Experiment& e, int64_t batch, bool training) {
  return model_of(e, batch, training).graph.clone();
}

void forget_models(const Experiment& e) {
  e.built = {};
}

Graph step_model_graph(const Experiment& e, int64_t batch) {
  const DataShape shape = e.data->shape(batch);
  Graph g(builtin_ops());
  Builder builder(g, e.vars, false);
  const std::optional<Scaling> scaling = scaling_of(e);
  builder.scaling = scaling ? &*scaling : nullptr;
  builder.step = {g.input("position", {DType::kI32, {1, 1}}), shape.x.shape[1]};
  const Stream in =
      build_input(g, {shape.domain, {{"x", {shape.x.dtype, {batch, 1}}}}, shape.graphs});
  const Stream out = build_model(builder, *e.spec.section("model"), e.spec.section("define"), in);
  require(out.shape() == Shape{batch, 1, shape.classes}, "the model ends in ", out.shape());
  g.outputs.push_back({"logits", port_of(out.x)});
  return with_adapters(e, std::move(g), builder.blocks, false).graph;
}

DecoderGraphs decoder_graphs(const Experiment& e, int64_t batch) {
  const DataShape shape = e.data->shape(batch);
  const ModelSections sections = sections_of(e.spec);
  const Yaml* define = e.spec.section("define");
  DataShape one = shape;
  one.decoder = ValueType{DType::kI32, {batch, 1}};
  using Encoder = Builder::Step::Encoder;
  Graph first(builtin_ops()), next(builtin_ops());
  const auto step = [&](Graph& g, Encoder encoder) {
    return Builder::Step{g.input("position", {DType::kI32, {1, 1}}), shape.decoder->shape[1],
                         encoder};
  };
  const auto finish = [&](Graph& g, const Stream& out) {
    require(out.shape() == Shape{batch, 1, shape.classes}, "the decoder ends in ", out.shape());
    g.outputs.push_back({"logits", port_of(out.x)});
  };
  const std::optional<Scaling> scaling = scaling_of(e);
  Builder a(first, e.vars, false);
  a.scaling = scaling ? &*scaling : nullptr;
  const ModelPart both[] = {
      {"encoder", sections.encoder, input_of(first, one), {}},
      {"decoder", sections.decoder, decoder_input(first), step(first, Encoder::kNew)}};
  finish(first, build_parts(a, both, define));
  const Stream encoded = a.tap("encoder", {});
  const Value kept = first.state("encoder.output", encoded.x.type(), {});
  first.updates.push_back({kept.node, port_of(encoded.x)});
  const Value mask = padding_mask(encoded);
  if (mask) {
    const Value kept_mask = first.state("encoder.mask", mask.type(), {});
    first.updates.push_back({kept_mask.node, port_of(mask)});
  }
  // The encoder is built again for the names of what it shares with the decoder; nothing runs of
  // it.
  Builder b(next, e.vars, false);
  b.scaling = a.scaling;
  Stream memory = encoded;
  memory.x = next.state("encoder.output", encoded.x.type(), {});
  memory.mask = mask ? next.state("encoder.mask", mask.type(), {}) : Value{};
  const ModelPart again[] = {
      {"encoder", sections.encoder, input_of(next, one), {}, memory},
      {"decoder", sections.decoder, decoder_input(next), step(next, Encoder::kKept)}};
  const Stream out = build_parts(b, again, define);
  require(!depends_on(next, out.x, "x"), "the decoder taps what is inside the encoder");
  finish(next, out);
  return {with_adapters(e, std::move(first), a.blocks, false).graph,
          with_adapters(e, std::move(next), b.blocks, false).graph};
}
}  // namespace cambium
