#include "train/spec/experiment.h"

#include <algorithm>
#include <utility>

#include "blocks/compose/check.h"
#include "core/hash.h"
#include "train/adapters/source.h"
#include "train/graphs/freeze.h"
#include "train/graphs/leaks.h"
#include "train/parameterisation/support/check_rules.h"
#include "train/spec/notes.h"
#include "train/spec/sections.h"
#include "train/spec/settle.h"
#include "train/thaw/learners.h"
#include "train/thaw/unfreeze.h"
#include "train/weights/transfer.h"

namespace cambium {
namespace {
constexpr std::string_view kSections[] = {
    "name",    "vars",  "data",      "evaluate",         "model", "encoder", "decoder",
    "define",  "train", "precision", "parameterisation", "init",  "freeze",  "adapt",
    "unfreeze"};

void check_sections(Yaml& root, Diagnostics& errors) {
  std::vector<std::string> known(std::begin(kSections), std::end(kSections));
  for (const YamlEntry& e : root.entries) {
    if (std::ranges::count(known, e.key)) continue;
    const std::string under = train_key_help(e.key);
    errors.add(UserError(str("unknown section '", e.key, "'"),
                         under.empty() ? suggestion(e.key, known) : under, e.key_mark));
  }
  mend_keys(root.entries, known);
}

// Whoever gives a study to a command for models needs one sentence, not a list of unknown sections.
void refuse_study(const Spec& spec) {
  if (const Yaml* variants = spec.section("variants"))
    throw UserError(str("'", spec.file, "' is a study, and this takes one model"),
                    str("run it with `cambium compare ", spec.file,
                        "`, or give one of the models that it names"),
                    variants->mark);
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
void check_without_data(const Experiment& e, Diagnostics& errors) {
  Vars vars = e.vars;
  const std::vector<std::string> own = e.vars.names();
  for (const char* name :
       {"classes", "outputs", "vocab", "context", "source", "height", "width", "channels"})
    if (!std::ranges::count(own, name)) vars.set(name, 8);
  const Report report = [&](UserError error) { errors.add(std::move(error)); };
  Definitions definitions;
  if (const Yaml* define = e.spec.section("define"); define && define->is_map())
    for (const YamlEntry& d : define->entries) definitions[d.key] = &d.value;
  check_definitions(definitions, report);
  const ModelSections sections = sections_of(e.spec);
  std::vector<ModelPart> parts;
  if (sections.model) parts.push_back({"", sections.model});
  if (sections.encoder) parts.push_back({"encoder", sections.encoder});
  if (sections.decoder) parts.push_back({"decoder", sections.decoder});
  check_parts(parts, vars, definitions, report);
}

void note_leak(Experiment& e, const UserError& leak) {
  e.leak = leak.what();
  e.notes.emplace_back(str("this model sees its answers: ", leak.what()),
                       "its numbers are no achievement; allow_leaks trains it all the same",
                       leak.mark);
}

void check_leaks(Experiment& e, Diagnostics& errors) {
  const std::optional<Leak> leak = find_leak(e);
  if (leak && e.train.options.allow_leaks)
    note_leak(e, leak->error);
  else if (leak)
    errors.add(leak->error);
}

// Groups of what never moves are legal, as freezing more of a model is, and do nothing.
void check_groups(Experiment& e, int64_t batch, Diagnostics& errors) {
  const std::vector<std::string> learners = names_of_learners(e, batch);
  std::vector<std::string> frozen;
  for (const Node& n : model_of(e, batch, true).graph.nodes())
    if (n.role == Role::kParameter && !std::ranges::count(learners, n.scope.path))
      frozen.push_back(n.scope.path);
  check_groups(e.train.groups, learners, errors, frozen);
  for (const GroupRule& rule : groups_of_none(e.train.groups, learners, frozen))
    e.notes.emplace_back(str("the group '", rule.match, "' meets frozen parameters alone"),
                         "leave it out, or freeze less", rule.mark);
}

// What the data says of a training of this length.
void check_use(const Experiment& e) {
  const std::string objection = e.data->objection(e.training_examples());
  if (!objection.empty())
    throw UserError(objection, "train for fewer steps, give it a smaller share, or allow more",
                    e.spec.section("data")->mark);
}

// Opens what `data:` and `evaluate:` name, unless the caller has.
void open_data(Experiment& e, std::shared_ptr<const Dataset> opened,
               std::vector<EvaluationSet> sets, Diagnostics& errors) {
  const auto seed = uint64_t(e.train.options.data_seed);
  collect(errors, [&] {
    e.data = opened ? std::move(opened) : open_dataset(*e.spec.section("data"), e.vars, seed);
  });
  const Yaml* section = e.spec.section("evaluate");
  e.sets = section && sets.empty() ? open_evaluation_sets(*section, e.vars, seed, errors)
                                   : std::move(sets);
  if (!e.data) return;
  check_evaluation_sets(e.sets, *e.data, errors);
  if (e.data->count(Split::kTrain) == 0)
    errors.add(UserError("the data has nothing to train on: " + e.data->describe(),
                         "name other data; under evaluate: it may judge",
                         e.spec.section("data")->mark));
  add_data_vars(e);
}

Experiment open_spec(Spec spec, std::shared_ptr<const Dataset> opened,
                     std::vector<EvaluationSet> sets, bool checked) {
  refuse_study(spec);
  Experiment e;
  e.spec = std::move(spec);
  Diagnostics errors;
  check_sections(e.spec.root, errors);
  e.vars = vars_of(e.spec);
  const Mark start = e.spec.root.mark;
  const Yaml* data = e.spec.section("data");
  const bool complete = sections_of(e.spec).complete();
  if (!data)
    errors.add(UserError("the spec has no 'data' section", "add a line such as data: fashion_mnist",
                         e.spec.root.mark));
  check_model_sections(e.spec, errors);
  e.train = parse_train(e.spec.section("train"), e.vars, errors);
  e.precision = parse_precision(e.spec.section("precision"), errors);
  e.parameterisation = parse_parameterisation(e.spec, errors);
  check_rules(e, errors);
  collect(errors, [&] { settle_adapters(e.spec, e.vars); });
  check_adapt_section(e, errors);
  if (data) open_data(e, std::move(opened), std::move(sets), errors);
  bool is_model = false;
  if (e.data && e.data->count(Split::kTrain) > 0 && complete)
    collect(errors, [&] {
      settle_targets(e, errors);
      fit_batch(e);
      const int64_t batch = std::max<int64_t>(1, e.train.options.batch);  // 0 was reported above
      check_sections_fit(e.spec, e.data->shape(batch).decoder.has_value(), e.data->describe());
      const Model& built = model_of(e, batch, true);
      is_model = true;
      e.recompute = built.recompute;
      check_use(e);
      if (!checked) return;
      check_freeze(e, built.graph, errors);
      check_adapt(e, built, errors);
      collect(errors, [&] { check_adapter_source(e, built); });
      check_unfreeze(e, built.graph, errors);
      check_groups(e, batch, errors);
      collect(errors, [&] { check_transfer(e); });
      note_what_cannot_be(e, built.graph, errors);
      if (errors.empty()) check_leaks(e, errors);
    });
  else if (!e.data)
    check_without_data(e, errors);
  if (checked && !is_model) check_source(e, errors);
  errors.throw_if_any();
  return e;
}
}  // namespace

int64_t Experiment::updates_per_epoch() const {
  const TrainOptions& o = train.options;
  return std::max<int64_t>(1, data->count(Split::kTrain) / (o.batch * o.accumulate));
}

int64_t Experiment::examples_per_update() const {
  return std::min(data->count(Split::kTrain), train.options.batch * train.options.accumulate);
}

int64_t Experiment::batches_per_epoch() const {
  return updates_per_epoch() * train.options.accumulate;
}

int64_t Experiment::total_steps() const {
  const TrainOptions& o = train.options;
  if (o.steps > 0) return o.steps;
  return std::max<int64_t>(1, o.epochs) * updates_per_epoch();
}

int64_t Experiment::evaluated_examples(Split split) const {
  return data->count(split) + set_examples(sets, split);
}

bool Experiment::predicts_values() const {
  return data->shape(1).target_kind() == TargetKind::kValues;
}

bool recomputes(const Experiment& e) {
  return e.train.options.recompute != "none" ||
         std::ranges::any_of(e.recompute, [](const RecomputeMark& m) { return m.on; });
}

Experiment open_experiment(Spec spec, std::shared_ptr<const Dataset> data,
                           std::vector<EvaluationSet> sets) {
  return open_spec(std::move(spec), std::move(data), std::move(sets), true);
}

Experiment open_to_measure(Spec spec, std::shared_ptr<const Dataset> data,
                           std::vector<EvaluationSet> sets) {
  return open_spec(std::move(spec), std::move(data), std::move(sets), false);
}

Identity identity_of(const Experiment& e) {
  return identity_of(*e.data, e.sets);
}

void change_length(Experiment& e, Spec spec) {
  const std::vector<UserError> before = std::exchange(e.notes, {});
  Diagnostics errors;
  e.spec = std::move(spec);
  e.train = parse_train(e.spec.section("train"), vars_of(e.spec), errors);
  settle_targets(e, errors);
  fit_batch(e);
  errors.throw_if_any();
  note_what_cannot_be(e, model_of(e, e.train.options.batch, true).graph, errors);
  check_unfreeze_times(e, errors);
  errors.throw_if_any();
  if (!e.leak.empty()) e.notes.push_back(before.back());  // the last thing that is looked for
}

uint64_t spec_hash(const Spec& spec) {
  Yaml tree = spec.root;
  if (Yaml* train = tree.find("train"))
    std::erase_if(train->entries,
                  [](const YamlEntry& e) { return std::ranges::count(kFreeTrainKeys, e.key) > 0; });
  return hash_text(canonical_text(tree));
}
}  // namespace cambium
