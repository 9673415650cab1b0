// Schedule: the learning rate as a function of the step; one file in train/schedules/ defines one.
#pragma once
#include <optional>
#include <string_view>

#include "core/fields.h"

namespace cambium {
// What a schedule remembers of the evaluations so far; part of a run's state.
struct ScheduleState {
  double scale = 1;            // the rate is multiplied by this
  std::optional<double> best;  // of the metric
  int64_t stale = 0;           // evaluations since the best one
  int64_t cooldown = 0;        // evaluations that will not count

  bool operator==(const ScheduleState&) const = default;
};

struct Schedule {
  std::string_view name, doc, paper;
  FieldSet attrs = {};
  // The rate of update `step` (1 .. total) for a peak rate, before ScheduleState::scale: above 0 at
  // every step, at most the peak, and the peak itself at one step at least unless the warm-up is
  // longer than the run.
  double (*lr)(const Attrs&, double peak, int64_t step, int64_t total) = nullptr;
  int64_t (*warmup)(const Attrs&, int64_t total) = nullptr;  // steps up to the peak
  double (*lowest)(const Attrs&) = nullptr;  // min_lr, where there is one; null where not
  // Reacts to the metric of one evaluation on validation data; null: it does not look.
  void (*observe)(const Attrs&, double peak, double metric, bool higher_is_better,
                  ScheduleState&) = nullptr;
};

std::span<const Schedule* const> builtin_schedules();

// A length written as steps ("100") or as a share of the run ("5%"), in steps. UserError when it is
// neither, negative, or above 100%.
int64_t steps_of(std::string_view length, int64_t total);

// Linear from peak / warmup at step 1 to peak at step `warmup`; 1 from then on.
double warmup_factor(int64_t step, int64_t warmup);

// How far `step` has come from `begin` (0) to `end` (1), clamped.
double progress(int64_t step, int64_t begin, int64_t end);

// How far a fall has come that begins behind step `peak`: 0 there and 1 one step behind the run, so
// that the last step still learns, as in PyTorch, where the first of n steps has 0 / n and the last
// (n - 1) / n. A rate of min_lr = 0 at the last step would waste it.
double fallen(int64_t step, int64_t peak, int64_t total);

// For Schedule::warmup and Schedule::lowest of structs with these fields.
template <class A> int64_t warmup_of(const Attrs& attrs, int64_t total) {
  return steps_of(attrs.as<A>().warmup, total);
}

template <class A> double lowest_of(const Attrs& attrs) {
  return attrs.as<A>().min_lr;
}

namespace detail {
// Lengths may be written as numbers; fields keep them as text. Names the argument in an error.
Args with_lengths_as_text(std::span<const Arg> args, std::span<const FieldInfo> fields,
                          Diagnostics* errors);

template <class A> Attrs parse_schedule(std::span<const Arg> args, Diagnostics* errors) {
  const auto infos = describe_fields<A>();
  return Attrs(parse_fields<A>(with_lengths_as_text(args, infos, errors), errors));
}
}  // namespace detail

// Like fields_of, for structs whose text fields are all lengths.
template <class A>
constexpr FieldSet schedule_fields = {describe_fields<A>, detail::parse_schedule<A>};
}  // namespace cambium
