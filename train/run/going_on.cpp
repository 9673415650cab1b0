#include "train/run/going_on.h"

#include <charconv>

#include "data/mixture.h"
#include "train/run/machine.h"
#include "train/spec/data_paths.h"
#include "train/spec/settings.h"
#include "train/thaw/unfreeze.h"

namespace cambium {
namespace {
// None when the file is gone or was edited into what is no spec.
std::optional<Spec> spec_of_run(const std::string& folder) {
  try {
    return load_spec(folder + "/spec.yaml");
  } catch (const Error&) {
    return std::nullopt;
  }
}

[[noreturn]] void refuse_other_spec(const std::optional<Spec>& was, const Spec& is,
                                    const std::string& folder) {
  const std::string changed = was ? changed_settings(*was, is) : "";
  throw UserError(str("'", folder, "' was trained from another spec",
                      changed.empty() ? "" : "; these differ: ", changed),
                  str("go on with what it was trained from, ", folder,
                      "/spec.yaml, or start in another folder"));
}

bool is_length(const DifferingSetting& s) {
  return s.path == "train.steps" || s.path == "train.epochs";
}

// How many steps the run was to have, when nothing but that differs.
std::optional<int64_t> length_before(const Spec& was, const Experiment& e) {
  const std::vector<DifferingSetting> differ = differing_settings({&was, &e.spec});
  Experiment before = e;
  TrainOptions& o = before.train.options;
  for (const DifferingSetting& s : differ) {
    if (changes_nothing(s)) continue;
    if (!is_length(s)) return std::nullopt;
    int64_t& value = s.path == "train.steps" ? o.steps : o.epochs;
    const TrainOptions usual;
    value = s.path == "train.steps" ? usual.steps : usual.epochs;
    if (s.values[0] == "-") continue;
    const std::string& text = s.values[0];
    const char* end = text.data() + text.size();
    if (const auto [at, error] = std::from_chars(text.data(), end, value);
        error != std::errc() || at != end)
      return std::nullopt;
  }
  return before.total_steps();
}

// The first step so far whose rate would have been another in a run of the other length.
std::optional<int64_t> first_other_rate(const Experiment& e, int64_t steps, int64_t before) {
  const int64_t now = e.total_steps();
  for (int64_t n = 1; n <= steps; ++n)
    if (e.train.lr(n, before) != e.train.lr(n, now)) return n;
  return std::nullopt;
}

// Whether the run looks at validation data, and writes its log, after this step anyway.
bool is_looked_at(const Experiment& e, int64_t step) {
  const TrainOptions& o = e.train.options;
  const int64_t every = o.eval_every > 0 ? o.eval_every : e.updates_per_epoch();
  return step % every == 0 && step % o.log_every == 0;
}

// Why what `unfreeze:` lets learn did so, or not, at another step than in a run of the new length;
// empty where it did not. UserError when the checkpoint holds the tensors of another phase.
std::string moved_unfreezing(const Checkpoint& c, const Experiment& e, int64_t before,
                             const std::string& folder) {
  const std::vector<ThawPhase> was = phases_of(e, before), is = phases_of(e, e.total_steps());
  const int64_t step = c.state.step;
  const size_t k = phase_at(was, step);
  if (is[phase_at(is, step)].thawed != was[k].thawed)
    throw UserError(str("'", folder, "' is at step ", step, ", where a run of ", e.total_steps(),
                        " steps learns other parameters than one of ", before,
                        ": unfreeze gives a share of the run"),
                    "give the times of unfreeze in steps before the run begins");
  for (const int rule : was[k].thawed)
    if (const int64_t then = begin_of(was, rule), now = begin_of(is, rule); then != now)
      return str("the run was to have ", before, " steps and is taken to ", e.total_steps(),
                 ": parameters began to learn after step ", then, " and would have after ", now,
                 ", so this does not become a run of that length; times of "
                 "unfreeze in steps can be taken further");
  return "";
}

// Why a run taken to its new length becomes none of that length; empty where it does.
std::string note_on_length(const Checkpoint& c, const Experiment& e, int64_t before,
                           const std::string& folder) {
  const int64_t step = c.state.step, now = e.total_steps();
  if (now < step)
    throw UserError(str("'", folder, "' has ", step, " steps behind it, more than the ", now,
                        " it is to have now"),
                    "ask for more steps, or train in another folder");
  if (const std::string moved = moved_unfreezing(c, e, before, folder); !moved.empty())
    return moved;
  if (const auto n = first_other_rate(e, step, before))
    return str("the run was to have ", before, " steps and is taken to ", now,
               ": the rates of a run of that length differ from step ", *n,
               " on, so this does not become one; schedules that know no end (constant, "
               "inverse_sqrt, step) can be taken further");
  if (const auto* mixed = dynamic_cast<const Mixed*>(e.data.get()); mixed && mixed->knows_end())
    return str(
        "the run was to have ", before, " steps and is taken to ", now,
        ": its mixture changes at shares of the training, which were other steps, so this "
        "does not become a run of that length; stages that end at a number of windows can be "
        "taken further");
  if (step == before && !is_looked_at(e, step))
    return str("the run ended at step ", step, ", where a run of ", now,
               " steps writes no line of its log: this one's log has it, and where it is an "
               "evaluation the best may be another");
  return "";
}
}  // namespace

std::string made_with(const Experiment& e) {
  std::string text = machine_text();
  for (const std::string& pass : e.passes.off) text += ", without " + pass;
  return text;
}

bool is_over(const Experiment& e, const RunState& s) {
  const TrainOptions& o = e.train.options;
  const Metrics& m = s.evaluated;
  const bool out_of_patience = o.patience > 0 && s.stale >= o.patience;
  const bool good_enough =
      o.stop_at > 0 && (m.kind == TargetKind::kValues ? m.r2 : m.accuracy) >= o.stop_at;
  return s.step == e.total_steps() || out_of_patience || good_enough;
}

GoingOn going_on(const Checkpoint& c, const RunState& now, const Experiment& e,
                 const std::string& folder) {
  const std::optional<Spec> was = spec_of_run(folder);
  GoingOn out;
  std::vector<std::string>& notes = out.notes;
  if (c.state.spec_hash != now.spec_hash) {
    const auto before = was ? length_before(*was, e) : std::nullopt;
    if (!before) refuse_other_spec(was, e.spec, folder);
    out.other_length = note_on_length(c, e, *before, folder);
    if (!out.other_length.empty()) notes.push_back(out.other_length);
  }
  if (c.state.data.empty())
    notes.push_back(
        str("'", folder, "' does not say what data it was trained on: it may have been other"));
  else
    require_same_data(c.state.data, now.data, folder,
                      "put the data back as it was, or train in another folder", {},
                      read_from_text(e.spec, was ? &*was : nullptr));
  if (c.fell_back)
    notes.push_back(str("the newest checkpoint in '", folder, "' is damaged; going on from step ",
                        c.state.step));
  if (c.state.machine != now.machine)
    notes.push_back(str("the run was made on ", c.state.machine, ", this is ", now.machine,
                        ": results will not be equal bit for bit"));
  return out;
}
}  // namespace cambium
