#include "search/laws/schedule/curve.h"

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {
constexpr double kJump = 0.01;       // of the rate: such a step stands by itself
constexpr double kLeastRate = 1e-6;  // of the largest: a schedule that ends at 0 has no power of it
// Steps that are taken together in a curve, so that long ones cost no more than short ones.
constexpr double kBlocks = 512, kLeastBlock = 16;

// The sum of rates up to each step, step by step, and what changes after the warm-up.
class Walk {
 public:
  Walk(ScheduleCurve& curve, double steps) : curve_(curve) {
    block_ = std::max(kLeastBlock, steps / kBlocks);
  }

  void go_to(const CurveRow& to, double from_step, double from_rate, double warmup) {
    for (double t = from_step + 1; t <= to.step; ++t) {
      const double share = (t - from_step) / (to.step - from_step);
      const double rate = from_rate + share * (to.rate - from_rate);
      if (t > warmup) change(last_ - rate, rate, t);
      sum_ += rate;
      last_ = rate;
      most_ = std::max(most_, rate);
    }
    flush();
  }

  double sum() const { return sum_; }

  double most() const { return most_; }  // the largest rate

  void begin_at(double rate) { last_ = rate; }

 private:
  void change(double fall, double rate, double step) {
    if (fall == 0) return;
    const bool jump = std::abs(fall) > kJump * std::max(rate, last_);
    if (jump || (open_.fall != 0 && ((open_.fall > 0) != (fall > 0) || step - first_ >= block_)))
      flush();
    if (open_.fall == 0) first_ = step;
    open_.fall += fall;
    open_.rate += fall * rate;
    open_.before += fall * sum_;
    open_.step = step;
    if (jump) flush();
  }

  void flush() {
    if (open_.fall != 0)
      curve_.changes.push_back(
          {open_.fall, open_.rate / open_.fall, open_.before / open_.fall, open_.step});
    open_ = {};
  }

  ScheduleCurve& curve_;
  RateChange open_{};
  double first_ = 0, block_, sum_ = 0, last_ = 0, most_ = 0;
};

}  // namespace

bool ScheduleCurve::measured() const {
  return std::ranges::any_of(losses, [](double v) { return std::isfinite(v); });
}

ScheduleCurve curve_of(const RawCurve& raw, double warmup) {
  ScheduleCurve curve{.name = raw.name,
                      .steps = {},
                      .rates = {},
                      .losses = {},
                      .sums = {},
                      .changes = {},
                      .mark = raw.mark};
  Walk walk(curve, raw.rows.back().step);
  const CurveRow& first = raw.rows.front();
  double step = 0, rate = warmup > 0 ? 0 : first.rate;
  walk.begin_at(rate);
  if (warmup > 0 && warmup < first.step) {
    walk.go_to({warmup, first.rate, NAN}, step, rate, warmup);
    step = warmup, rate = first.rate;
  }
  for (const CurveRow& row : raw.rows) {
    walk.go_to(row, step, rate, warmup);
    step = row.step, rate = row.rate;
    if (step < warmup || !(walk.sum() > 0)) continue;
    curve.steps.push_back(step);
    curve.rates.push_back(rate);
    curve.losses.push_back(row.loss);
    curve.sums.push_back(walk.sum());
  }
  for (RateChange& c : curve.changes) c.rate = std::max(c.rate, kLeastRate * walk.most());
  return curve;
}
}  // namespace cambium
