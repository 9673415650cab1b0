// ModelSpace: what a search over trained models may try. A point of its space is a model that can
// be built, that costs what `match:` says, fulfils `where:`, and is no other point's model under
// another name where the keys of a search say so; with `tasks:` on each of them.
//   ModelSpace models(load_spec("search.yaml"));
//   const Candidate& c = models.candidate(point);                       // built once, not trained
//   for (const PlannedVariant& p : models.plan("trial-7", point)) ...   // with steps and memory
#pragma once
#include <set>
#include <unordered_map>

#include "search/candidates/candidate.h"

namespace cambium {
struct ModelObjective {
  std::string name;  // "val.accuracy", or one of built_quantities(); with tasks the mean over them
  bool maximize = false;
  bool built = false;                    // known without training
  std::optional<double> reference = {};  // of the hypervolume, where the study says it

  double loss(double value) const { return maximize ? -value : value; }
};

// What points are trained on: the base on one task, or alone where the study has no tasks.
struct SearchTask {
  std::string name;  // empty: there are none
  Spec base;
  std::optional<MatchGoal> match = {};  // with a target: the study's, or what this base costs
  Mark mark = {};
};

class ModelSpace {
 public:
  // Opens base and data. UserErrors with everything that is wrong with the study: paths, letters,
  // free variables, names of objectives and conditions, a base that is no model, a space without
  // one.
  explicit ModelSpace(const Spec& spec);

  ModelSpace(const ModelSpace&) = delete;
  ModelSpace& operator=(const ModelSpace&) = delete;

  const Study& study() const { return study_; }

  const std::vector<SearchTask>& tasks() const { return tasks_; }  // at least one

  const Space& space() const { return *space_; }

  const std::vector<ModelObjective>& objectives() const { return objectives_; }

  const MethodChoice& method() const { return method_; }

  // Kept; not for two threads at once. Refused where it is on any task.
  const Candidate& candidate(const SpacePoint& p);

  // Of a point that is a candidate: its spec, complete but for train.seed.
  Spec spec(const SpacePoint& p, size_t task = 0);
  // The same with steps and cost settled, one for each of tasks(), named by search/study/cell.h;
  // UserErrors of what keeps it from being trained, such as that it sees its answers. With
  // `memory`, what its run needs, which takes longer.
  std::vector<PlannedVariant> plan(const std::string& name, const SpacePoint& p,
                                   bool memory = true);

  // The base as it stands, at the same cost. UserErrors.
  std::vector<PlannedVariant> plan_base(const std::string& name, bool memory = true);
  std::string base_key();

  // What decides which points there are and what they give, as texts by what it is: base, data,
  // space, where ...
  std::vector<std::pair<std::string, std::string>> sections();

  // Candidates that were refused so far, of those that were asked for; and why the first was.
  int64_t refused() const { return refused_; }

  const std::string& first_refusal() const { return first_refusal_; }

 private:
  Study study_;
  std::vector<SearchTask> tasks_;
  DataCache data_;
  std::vector<std::pair<std::string, std::string>> said_;  // sections of the study, as texts
  std::unique_ptr<const Space> space_;
  std::vector<Condition> built_where_;  // those that a model must be built for
  AskedQuantities asked_;
  std::vector<ModelObjective> objectives_;
  MethodChoice method_;
  Vars vars_;
  bool looks_ = false;  // whether a point is built before it is accepted
  std::unordered_map<std::string, Candidate> candidates_;
  int64_t refused_ = 0;
  std::string first_refusal_;

  friend class ModelSpaceReader;

  PlanOptions plan_options(bool memory) const;
  std::set<std::string> sources_of_values(const Spec& base);
  Spec matched_base(const SearchTask& task);
  Candidate build(const SearchTask& task, const SpacePoint& p);
  Candidate build_on_tasks(const SpacePoint& p);
  PlannedVariant planned(std::string name, Spec spec, const std::optional<Match>& match,
                         bool memory);
};
}  // namespace cambium
