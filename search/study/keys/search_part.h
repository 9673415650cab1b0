// Search part: what a study that searches says beside what every study may say: what varies, what a
// point must fulfil, what is wanted of it, how the search goes on and who is judged in the end.
//   space: {vars.heads: [2, 4, 8]}
//   where: ["dim % heads == 0"]
//   objectives: {val.accuracy: max, flops: min}
//   reference: {val.accuracy: 0.5}
//   search: {method: {nsga2: {population: 20}}, trials: 40, lag: 8, seed: 0}
//   finalists: {count: 3, seeds: 5}
#pragma once
#include "search/study/tune_settings.h"

namespace cambium {
struct StudyFile;

// A method and its options, as `method:` names them.
struct MethodChoice {
  const Method* method = nullptr;  // null: none was named
  Attrs options = {};
};

struct SearchSettings {
  int64_t trials = 40, lag = 8, seed = 0;

  static constexpr auto fields = std::tuple{
      field("trials", &SearchSettings::trials, "how many are tried").in(1, 1'000'000),
      field("lag", &SearchSettings::lag,
            "trial t knows the results of trials up to t - lag: so many may run side by side")
          .in(1, 10'000),
      field("seed", &SearchSettings::seed, "of the search's own random numbers").in(0).any()};
};

// Those of the best trials that are judged again, by trainings that chose nothing.
struct FinalistSettings {
  int64_t count = 3, seeds = 5;
  std::vector<std::string> judged_by;

  static constexpr auto fields = std::tuple{
      field("count", &FinalistSettings::count,
            "the best, or of several objectives the front's ends and those that enclose most")
          .in(2, 100),
      field(
          "seeds", &FinalistSettings::seeds,
          "of a model: trainings of each, with seeds that the search did not use; a claim takes 3")
          .in(2, 100),
      field("judged_by", &FinalistSettings::judged_by,
            "of a table: columns, one a training of the first objective that chose nothing")};
};

struct Goal {  // of `objectives:`
  std::string name;
  bool maximize = false;
  Mark mark;
};

struct ReferenceValue {  // of `reference:`
  std::string name;
  double value = 0;
  Mark mark;
};

struct SearchPart {
  std::vector<Dimension> dimensions;  // empty: all rows of the table
  Mark space_mark;
  std::vector<Condition> where;
  std::vector<Goal> goals;
  Mark goals_mark;
  std::vector<ReferenceValue> reference;
  SearchSettings settings;
  MethodChoice method;
  std::optional<RungSettings> rungs;
  FinalistSettings finalists;
  std::optional<Yaml> finalists_yaml;  // where the study has them
};

// `name` or {name: {option: value}}. UserErrors; those of options go to `errors`.
MethodChoice read_method(const Yaml& yaml, const Vars& vars, Diagnostics& errors);

// The method that was named, or the natural one of so many objectives. UserError at `goals` for one
// that takes fewer, at its own place for options that do not go with the space.
MethodChoice settled_method(const SearchPart& part, const Space& space);

// Readers of keys (StudyKey::read).
void read_space(const Yaml& yaml, StudyFile& file);
void read_conditions(const Yaml& yaml, StudyFile& file);
void read_objectives(const Yaml& yaml, StudyFile& file);
void read_reference(const Yaml& yaml, StudyFile& file);
void read_search(const Yaml& yaml, StudyFile& file);
void read_finalists(const Yaml& yaml, StudyFile& file);
}  // namespace cambium
