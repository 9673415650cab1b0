// Tried: what trials of trained models gave, as plots want it: of the arms of a tuning, or of one
// search.
#pragma once
#include <string>
#include <vector>

#include "search/records/search_record.h"
#include "search/tune/tuning.h"
#include "viz/plot/figure.h"

namespace cambium {
struct TriedPoint {
  std::string name;            // "trial 7: lr 0.003"
  std::vector<double> values;  // the metric at the end of each rung that it reached; empty: failed
  NamedNumbers settings;       // those that are numbers
  bool best = false;

  double last() const { return values.empty() ? kUnknown : values.back(); }
};

struct TriedArm {
  std::string name;
  std::vector<TriedPoint> points;
  int64_t finished = 0, failed = 0;  // trained to the end; that gave nothing
  double flops = 0;                  // of all of them
};

struct TriedSetting {
  std::string name;
  bool log = false;
  double low = kUnknown, high = kUnknown;  // its range, where it has one
};

struct Tried {
  std::string metric;  // with its unit, as an axis says it
  bool maximize = false;
  std::vector<double> rungs;  // shares of a whole training, rising to 1; one: none
  bool counted = false;       // the shares are not known, and rungs are 1, 2, 3 ...
  std::vector<TriedSetting> settings;
  std::vector<TriedArm> arms;
};

// Of a tuning, whose values are shown as `label` says: accuracies in percent, times `scale`.
Tried tried_of(const Tuning& t, const std::string& label, double scale);
// Of a search over trained models, by its first objective: without arms where its trials have no
// rungs.
Tried tried_of(const SearchRecord& s);

// The worst that is drawn at its place. A single failed training may be a thousand times as bad as
// all others: what lies beyond the worse three quarters by more than four times the better half's
// extent is drawn at the edge.
double worst_shown(const Tried& t);

// The metric by the one setting, a line an arm, the best of each marked; and whether there is one
// setting alone, with three values or more of each of several arms.
std::string arms_plot(const Tried& t, const TriedSetting& setting);
bool shows_arms(const Tried& t);
// The metric at each rung, a line a point; those that went on to the end stand out, the best most.
std::string rungs_plot(const Tried& t, const TriedArm& arm);
// The metric by one setting; the best and the ends of the range are marked. All arms have the same
// axes.
std::string sensitivity_plot(const Tried& t, const TriedArm& arm, const TriedSetting& setting);
// FLOPs and trials of each arm.
std::string effort_plot(const Tried& t);

// Every picture that has something to show; the section of all is "Tuning".
std::vector<Figure> tried_figures(const Tried& t);
}  // namespace cambium
