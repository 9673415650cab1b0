// TableAnswer: what a search of a table found, beside what uniform draws would have.
#pragma once
#include "core/text/json_forward.h"
#include "search/answer/best_of.h"
#include "search/answer/importance.h"
#include "search/replay/progress.h"
#include "search/replay/simulated_time.h"
#include "search/replay/table_study.h"

namespace cambium {
struct TableAnswer : FoundAnswer {
  int64_t space_size = 0;  // rows of the table that are points of the space
  // Points of the space without a row, none where they are too many to count or all rows are asked
  // for; and the key of the first.
  std::optional<int64_t> points, without_row;
  std::string first_without;
  // One objective: losses. NaN where nothing qualifies.
  double best = 0, best_of_table = 0, random_best = 0;
  // Two or three: none otherwise.
  std::optional<double> volume_of_table, random_volume;
  std::vector<ProgressPoint> progress;  // of one objective, or the hypervolume of two and three
  // Losses that no row of the space beats, each once; of several objectives.
  std::vector<std::vector<double>> front_of_table;
  int64_t untimed = 0;  // trials whose duration is empty or nan, taken as no time

  std::vector<size_t> finalists;  // trials: those that every column of judged_by judges
  std::optional<BestOf> judged;   // finalists in that order, where there are two at least

  struct Unjudged {
    size_t trial;
    std::string column;  // of judged_by: the first that is empty in its row
  };

  std::vector<Unjudged> unjudged;  // finalists too: nothing is known of the best of all

  struct Times {
    int64_t workers;
    SimulatedTime time;
  };

  std::vector<Times> times;  // where the table says how long trials take
};

TableAnswer answer_of(const TableStudy& study, const TableSearch& search);

Json answer_json(const TableStudy& study, const TableSearch& search, const TableAnswer& answer);
}  // namespace cambium
