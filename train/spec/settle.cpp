#include "train/spec/settle.h"

#include <algorithm>

#include "core/text/suggest.h"

namespace cambium {
Mark mark_of_option(const Experiment& e, std::string_view key) {
  const Yaml* train = e.spec.section("train");
  const Yaml* option = train ? train->find(key) : nullptr;
  return option ? option->mark : Mark{};
}

Mark mark_within(const Experiment& e, std::string_view choice, std::string_view option,
                 const Mark& otherwise) {
  const Yaml* train = e.spec.section("train");
  const Yaml* chosen = train ? train->find(choice) : nullptr;
  if (!chosen || !chosen->is_map() || chosen->entries.empty()) return otherwise;
  const Yaml* found = chosen->entries.front().value.find(option);
  return found ? found->mark : otherwise;
}

namespace {
std::string names_of_losses(TargetKind kind) {
  std::vector<std::string> names;
  for (const Loss* l : builtin_losses())
    if (l->target == kind) names.emplace_back(l->name);
  return join_names(names, " or ");
}

void settle_loss(Experiment& e, TargetKind kind, Diagnostics& errors) {
  Choice<Loss>& loss = e.train.loss;
  if (loss && loss.record->target != kind) {
    errors.add(UserError(str("loss '", loss.record->name, "' is of ", name_of(loss.record->target),
                             ", the data's targets are ", name_of(kind)),
                         str("use loss: ", names_of_losses(kind), ", or leave it out"), loss.mark));
    loss = {};
  }
  if (loss) return;
  const Loss& usual = default_loss(kind);
  loss = {&usual, usual.attrs.parse({}, nullptr), {}};
}

// Options that make sense for class targets alone.
void check_class_options(const Experiment& e, TargetKind kind, Diagnostics& errors) {
  const TrainOptions& o = e.train.options;
  const std::pair<const char*, bool> given[] = {
      {"label_smoothing", o.label_smoothing > 0},
      {"z_loss", o.z_loss > 0},
      {"class_weights", !o.class_weights.empty()},
      {"loss_rows", o.loss_rows > 0},
      {"accuracy", o.accuracy != TrainOptions().accuracy}};
  for (const auto& [name, is_given] : given)
    if (is_given)
      errors.add(
          UserError(str("'", name, "' is of class targets, the data's targets are ", name_of(kind)),
                    str("leave ", name, " out"), mark_of_option(e, name)));
}

void check_class_weights(const Experiment& e, int64_t classes, Diagnostics& errors) {
  const std::vector<double>& weights = e.train.options.class_weights;
  if (weights.empty()) return;
  const Mark mark = mark_of_option(e, "class_weights");
  if (int64_t(weights.size()) != classes)
    errors.add(UserError(
        str("'class_weights' has ", weights.size(), " numbers, the data ", classes, " classes"),
        "give one number a class, in the order of the classes", mark));
  else if (std::ranges::all_of(weights, [](double w) { return w == 0; }))
    errors.add(UserError("'class_weights' are all 0, so nothing would be learnt",
                         "give at least one class a positive weight", mark));
}

void check_best(const Experiment& e, TargetKind kind, Diagnostics& errors) {
  const std::string& best = e.train.options.best;
  std::vector<std::string> known;
  for (const std::string_view name : metric_names(*e.data))
    if (e.data->count(Split::kValidation) > 0 || e.sets.empty()) known.push_back(str("val.", name));
  for (const EvaluationSet& set : e.sets)
    for (const std::string_view name : metric_names(*set.data))
      known.push_back(str("val.", name, ".", set.name));
  for (std::string& name : slice_metrics(*e.data)) known.push_back(std::move(name));
  if (std::ranges::count(known, best)) return;
  const Yaml* sets = e.spec.section("evaluate");
  const Mark said = mark_of_option(e, "best");
  const std::string help =
      str("use ", join_names(known, " or "),
          said.known() || known.empty() ? "" : str(": train: {best: ", known.front(), "}"));
  const Mark mark = said.known() || !sets ? said : sets->mark;
  if (!is_validation_metric(best))
    errors.add(UserError(str("'best' is no metric of an evaluation, got '", best, "'"),
                         suggestion(best, known), mark));
  else if (part_of(best).empty() && e.data->count(Split::kValidation) == 0 && !e.sets.empty())
    errors.add(
        UserError(str("there is no ", best, ": the data has no validation part"), help, mark));
  else if (!part_of(best).empty())
    errors.add(UserError(
        str("there is no ", best, ": nothing to evaluate is called '", part_of(best), "'"), help,
        mark));
  else
    errors.add(
        UserError(str("there is no ", best, ": the data's targets are ", name_of(kind),
                      number_of(best) == "bits_per_byte" ? ", of no known number of bytes" : ""),
                  help, mark));
}

// It looks at the data's own validation part.
void check_stop_at(const Experiment& e, Diagnostics& errors) {
  if (e.train.options.stop_at > 0 && e.data->count(Split::kValidation) == 0)
    errors.add(
        UserError("stop_at is an accuracy on the validation part of the data, and it has none",
                  "leave it out, or hold some of the data out", mark_of_option(e, "stop_at")));
}

// The curvature is estimated with targets that are drawn from the predicted classes.
void check_curvature(const Experiment& e, TargetKind kind, Diagnostics& errors) {
  const Choice<Optimizer>& o = e.train.optimizer;
  if (o && o.record->curvature && kind != TargetKind::kClasses)
    errors.add(UserError(str("optimizer '", o.record->name, "' draws classes from the model's ",
                             "scores, the data's targets are ", name_of(kind)),
                         "use optimizer: adamw", o.mark));
}

// A schedule that reacts to evaluations needs some.
void check_schedule(const Experiment& e, Diagnostics& errors) {
  const Choice<Schedule>& s = e.train.schedule;
  if (s && s.record->observe && e.evaluated_examples(Split::kValidation) == 0)
    errors.add(UserError(str("schedule '", s.record->name,
                             "' follows the validation metric, and the data has no such split"),
                         "give the data a validation split, or use schedule: cosine", s.mark));
}

void check_lowest_rate(const Experiment& e, Diagnostics& errors) {
  const Choice<Schedule>& s = e.train.schedule;
  const Choice<Optimizer>& o = e.train.optimizer;
  if (!s || !o || !s.record->lowest) return;
  const double peak = o.record->peak_lr(o.attrs), lowest = s.record->lowest(s.attrs);
  if (lowest > peak && lowest > 0)
    errors.add(UserError(str("min_lr = ", lowest, " is above the peak, lr = ", peak),
                         "use a min_lr below lr, or leave it out",
                         mark_within(e, "schedule", "min_lr", s.mark)));
}
}  // namespace

void settle_targets(Experiment& e, Diagnostics& errors) {
  const DataShape shape = e.data->shape(1);
  const TargetKind kind = shape.target_kind();
  settle_loss(e, kind, errors);
  if (kind == TargetKind::kClasses)
    check_class_weights(e, shape.classes, errors);
  else
    check_class_options(e, kind, errors);
  check_best(e, kind, errors);
  check_stop_at(e, errors);
  check_curvature(e, kind, errors);
  check_schedule(e, errors);
  check_lowest_rate(e, errors);
}
}  // namespace cambium
