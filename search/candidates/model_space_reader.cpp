// What is wrong with a search of models, all of it at once.
#include <algorithm>

#include "core/text/suggest.h"
#include "search/candidates/first_model.h"
#include "search/candidates/model_space.h"
#include "search/candidates/patterns.h"
#include "search/space/space_reader.h"
#include "search/study/spec_edit.h"
#include "search/study/study_models.h"

namespace cambium {
namespace {
constexpr std::string_view kMeasured[] = {"step_ms", "token_ms"};
}  // namespace

class ModelSpaceReader {
 public:
  ModelSpaceReader(ModelSpace& to, const Spec& spec) : to_(to), spec_(spec) {}

  void read() {
    to_.study_ = read_search(spec_, errors_);
    to_.vars_ = vars_of(spec_);
    to_.asked_.length = !to_.study_.budget;
    if (!spec_.section("base")) errors_.throw_if_any();
    part([&] { open_base(); }, to_.study_.base.file_mark);
    if (to_.tasks_.empty()) errors_.throw_if_any();
    const size_t before = errors_.errors().size();
    for (const Dimension& d : part_of_study().dimensions) part([&] { check_paths(d); }, d.mark);
    if (const auto& match = to_.study_.match) part([&] { settle_match(*match); }, match->mark);
    if (errors_.errors().size() == before) part([&] { open_models(); }, to_.study_.base.file_mark);
    read_objectives();
    part([&] { make_space(); }, part_of_study().space_mark);
    errors_.throw_if_any();
    to_.method_ = settled_method(part_of_study(), *to_.space_);
    for (const char* name : {"vars", "space", "where", "match", "budget", "objectives", "metric",
                             "evaluations", "tasks"})
      if (const Yaml* section = spec_.section(name))
        to_.said_.emplace_back(name, canonical_text(*section));
    to_.looks_ = true;
    find_a_model();
  }

 private:
  template <class F> void part(const F& f, const Mark& mark) {
    try {
      f();
    } catch (const UserErrors& e) {
      errors_.add_all(e);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = mark;
      errors_.add(e);
    }
  }

  SearchPart& part_of_study() { return *to_.study_.search; }

  void open_base();
  template <class F> void on_each_task(const F& f);
  void check_paths(const Dimension& d);
  void check_path(const Dimension& d, const Yaml& base) const;
  void settle_match(const MatchGoal& goal);
  void open_models();
  void check_metric(const Goal& goal) const;
  void read_objectives();
  void read_objective(const Goal& goal);
  void make_space();
  bool needs_a_model(const Condition& c);
  void find_a_model();

  ModelSpace& to_;
  const Spec& spec_;
  Diagnostics errors_;
  std::vector<std::string> variables_;  // of the base and its data, on every task
  std::vector<TargetKind> targets_;     // one a task; none: the base is no model
};

void ModelSpaceReader::open_base() {
  const Study& study = to_.study_;
  check_model_files({.variants = {study.base}});
  std::vector<SearchTask> tasks;
  for (const Task& t : study.tasks) {
    Variant on_task = study.base;
    on_task.overrides = t.overrides;
    tasks.push_back({t.name, variant_spec(study, on_task), {}, t.mark});
  }
  if (tasks.empty()) tasks.push_back({"", variant_spec(study, study.base)});
  to_.tasks_ = std::move(tasks);
}

// Errors say on which task they are.
template <class F> void ModelSpaceReader::on_each_task(const F& f) {
  for (SearchTask& task : to_.tasks_) {
    const auto noted = [&](UserError e) {
      if (!task.name.empty()) e.notes.push_back({str("on task '", task.name, "'"), task.mark});
      return e;
    };
    try {
      f(task);
    } catch (const UserErrors& e) {
      std::vector<UserError> all;
      for (const UserError& one : e.all) all.push_back(noted(one));
      throw UserErrors(std::move(all));
    } catch (const UserError& e) {
      throw noted(e);
    }
  }
}

void ModelSpaceReader::check_paths(const Dimension& d) {
  for (const Task& t : to_.study_.tasks)
    for (const YamlEntry& e : t.overrides)
      if (e.key == d.name)
        throw UserError(
            str("'", d.name, "' is varied by the space, and task '", t.name, "' sets it"),
            "leave it out of the task or of the space", e.key_mark);
  on_each_task([&](const SearchTask& task) { check_path(d, task.base.root); });
}

void ModelSpaceReader::check_path(const Dimension& d, const Yaml& base) const {
  if (d.kind == DimensionKind::kPattern) {
    check_pattern_letters(d, base);
    return;
  }
  std::string_view name = d.name;
  const Yaml* vars = base.find("vars");
  if (name.starts_with("vars.") && !(vars && vars->find(name.substr(5)))) {
    std::vector<std::string> known;
    if (vars)
      for (const YamlEntry& e : vars->entries) known.push_back("vars." + e.key);
    throw UserError(str("the model has no variable '", name.substr(5), "'"),
                    suggestion(name, known), d.mark);
  }
  if (name == "train.seed")
    throw UserError("a search sets the seed of every training itself",
                    "leave train.seed out of the space", d.mark);
  Yaml tried = base;
  const Gene gene = is_ordered(d) && d.kind != DimensionKind::kInt
                        ? Gene{.active = true, .real = d.low}
                        : gene_at(d, 0);
  apply_override(tried, d.name, yaml_of(d, gene), d.mark);
}

void ModelSpaceReader::settle_match(const MatchGoal& goal) {
  for (const std::string& free : goal.free)
    for (const Dimension& d : part_of_study().dimensions)
      if (d.name == free)
        errors_.add(UserError(str("'", free,
                                  "' is varied by the space, and match would solve for "
                                  "it"),
                              "leave it out of the space, or free another value", goal.mark));
  on_each_task([&](SearchTask& task) {
    task.match = goal;
    if (!goal.target)
      task.match->target = match_cost(to_.data_.open_to_measure(task.base), goal.kind);
  });
}

void ModelSpaceReader::open_models() {
  on_each_task([&](const SearchTask& task) {
    const Experiment e = to_.data_.open(to_.matched_base(task));
    const std::vector<std::string> names = e.vars.names();
    if (targets_.empty()) variables_ = names;
    std::erase_if(variables_, [&](const std::string& v) { return !std::ranges::count(names, v); });
    targets_.push_back(e.data->shape(1).target_kind());
  });
}

void ModelSpaceReader::read_objectives() {
  bool trained = false;
  for (const Goal& g : part_of_study().goals) {
    part([&] { read_objective(g); }, g.mark);
    trained = trained || g.name.starts_with("val.");
  }
  if (!trained && !part_of_study().goals.empty() && errors_.empty())
    errors_.add(UserError("no objective asks for a training",
                          "add a metric of validation data, such as val.loss: min",
                          part_of_study().goals_mark));
}

// A mean over tasks asks for the metric on each.
void ModelSpaceReader::check_metric(const Goal& goal) const {
  for (size_t t = 1; t < targets_.size(); ++t) {
    std::vector<std::string> known;
    for (const std::string_view m : metric_names(targets_[t])) known.push_back(str("val.", m));
    if (!std::ranges::count(known, without_part(goal.name)))
      throw UserError(str("task '", to_.tasks_[t].name, "' gives no '", goal.name,
                          "', and an objective is its mean over tasks"),
                      suggestion(goal.name, known), goal.mark);
  }
}

void ModelSpaceReader::read_objective(const Goal& goal) {
  ModelObjective o{.name = goal.name, .maximize = goal.maximize};
  std::vector<std::string> known;
  if (!targets_.empty())
    for (const std::string_view m : metric_names(targets_.front())) known.push_back(str("val.", m));
  else
    known = validation_metrics();
  const bool metric = std::ranges::count(known, without_part(goal.name)) > 0;
  o.built = std::ranges::count(built_quantities(), goal.name) > 0;
  if (std::ranges::count(kMeasured, goal.name))
    throw UserError(str("'", goal.name,
                        "' is measured, and not the same twice: no list of trials "
                        "may depend on it"),
                    "take flops; finalists are timed", goal.mark);
  known.insert(known.end(), built_quantities().begin(), built_quantities().end());
  if (!metric && !o.built)
    throw UserError(str("nothing gives a '", goal.name, "'"), suggestion(goal.name, known),
                    goal.mark);
  if (metric && higher_is_better(goal.name) != goal.maximize)
    throw UserError(
        str(goal.name, " is better when it is ", higher_is_better(goal.name) ? "large" : "small"),
        str("write ", goal.name, ": ", goal.maximize ? "min" : "max"), goal.mark);
  if (metric) check_metric(goal);
  for (const ReferenceValue& r : part_of_study().reference)
    if (r.name == goal.name) o.reference = r.value;
  to_.asked_.state = to_.asked_.state || goal.name == "state_bytes";
  to_.asked_.peak = to_.asked_.peak || goal.name == "peak_bytes";
  const bool first = std::ranges::none_of(to_.objectives_, [](const auto& x) { return !x.built; });
  if (metric && first && !spec_.section("metric")) {
    to_.study_.metric = goal.name;
    to_.study_.metric_mark = goal.mark;
    to_.study_.maximize = goal.maximize;
  }
  to_.objectives_.push_back(std::move(o));
}

// Whether a condition asks for what only a model tells. UserError for names that nothing has.
bool ModelSpaceReader::needs_a_model(const Condition& c) {
  std::vector<std::string> ours = to_.vars_.names(), words = {"true", "false"};
  for (const Dimension& d : part_of_study().dimensions) {
    ours.emplace_back(d.short_name());
    words.insert(words.end(), d.labels.begin(), d.labels.end());
  }
  std::vector<std::string> of_models = variables_;
  of_models.insert(of_models.end(), built_quantities().begin(), built_quantities().end());
  bool needs = false;
  for (const std::string& name : c.names()) {
    if (std::ranges::count(ours, name)) continue;
    to_.asked_.state = to_.asked_.state || name == "state_bytes";
    to_.asked_.peak = to_.asked_.peak || name == "peak_bytes";
    const bool of_model = std::ranges::count(of_models, name) > 0;
    needs = needs || of_model;
    if (of_model || std::ranges::count(words, name)) continue;
    of_models.insert(of_models.end(), ours.begin(), ours.end());
    throw UserError(str("where: '", c.text(), "' asks for '", name, "', which is nothing here"),
                    suggestion(name, of_models), c.mark());
  }
  return needs;
}

void ModelSpaceReader::make_space() {
  SearchPart& said = part_of_study();
  if (said.dimensions.empty()) {
    if (spec_.section("space") && errors_.empty())
      throw UserError("`space: table` is of a table's search",
                      "name what varies: {vars.heads: [2, 4, 8]}");
    return;
  }
  std::vector<Condition> of_values;
  for (const Condition& c : said.where) {
    if (!targets_.empty() && needs_a_model(c))
      to_.built_where_.push_back(c);
    else if (!targets_.empty())
      of_values.push_back(c);
  }
  const auto is_model = [to = &to_](const Space&, const SpacePoint& p) {
    return !to->looks_ || to->candidate(p).ok();
  };
  to_.space_ = std::make_unique<Space>(said.dimensions, std::move(of_values), to_.vars_,
                                       said.space_mark, is_model);
}

void ModelSpaceReader::find_a_model() {
  to_.looks_ = false;
  require_a_model(*to_.space_,
                  [&](const SpacePoint& p) -> const Candidate& { return to_.candidate(p); });
  to_.looks_ = true;
}

ModelSpace::ModelSpace(const Spec& spec) {
  ModelSpaceReader(*this, spec).read();
}
}  // namespace cambium
