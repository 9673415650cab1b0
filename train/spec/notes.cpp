#include "train/spec/notes.h"

#include <algorithm>

#include "blocks/auxiliary.h"
#include "core/text/fmt.h"
#include "train/graphs/unheard.h"
#include "train/spec/settle.h"

namespace cambium {
namespace {
constexpr int64_t kFewRows = 8;        // statistics of fewer are mostly noise
constexpr int64_t kMostRates = 65536;  // looked at; evenly spread over a longer run

class Notes {
 public:
  explicit Notes(Experiment& e) : e_(e) {}

  void add(std::string what, std::string help, const Mark& mark) {
    e_.notes.emplace_back(std::move(what), std::move(help), mark);
  }

  // Of an option of `train:`, at its place.
  void of_option(std::string_view option, std::string what, std::string help) {
    add(std::move(what), std::move(help), mark_of_option(e_, option));
  }

  bool given(std::string_view option) const { return mark_of_option(e_, option).known(); }

  const Experiment& experiment() const { return e_; }

 private:
  Experiment& e_;
};

void note_without_validation(Notes& notes) {
  for (const char* option : {"eval_every", "eval_batches", "patience", "stop_at", "best"})
    if (notes.given(option))
      notes.of_option(option, str(option, " does nothing: the data has no validation split"),
                      str("give the data a validation split, or leave ", option, " out"));
}

// How often something happens in a run that is shorter.
void note_intervals(Notes& notes, int64_t total) {
  const TrainOptions& o = notes.experiment().train.options;
  const std::tuple<const char*, int64_t, const char*> intervals[] = {
      {"eval_every", o.eval_every, "validation data is looked at once, at the end"},
      {"checkpoint_every", o.checkpoint_every, "the run is saved once, at the end"},
      {"log_every", o.log_every, "the log gets one line, at the end"}};
  for (const auto& [option, every, what] : intervals)
    if (every > total && notes.given(option))
      notes.of_option(
          option,
          str(option, " = ", every, " is more than the ", total, " steps of the run: ", what),
          str("use ", option, ": ", std::max<int64_t>(1, total / 10), ", or more steps"));
}

void note_patience(Notes& notes, int64_t evaluations) {
  const int64_t patience = notes.experiment().train.options.patience;
  if (patience > 0 && patience + 1 >= evaluations)
    notes.of_option("patience",
                    str("patience = ", patience,
                        " cannot end the run early: it takes a best "
                        "evaluation and ",
                        patience, " more, and the run has ", evaluations),
                    "evaluate more often (eval_every), or use a smaller patience");
}

void note_class_weights(Notes& notes) {
  const std::vector<double>& w = notes.experiment().train.options.class_weights;
  if (w.size() > 1 && std::ranges::all_of(w, [&](double x) { return x == w[0]; }))
    notes.of_option(
        "class_weights", "equal class_weights change nothing: the loss is divided by them",
        "give rare classes larger weights than common ones, or leave class_weights out");
}

void note_ema(Notes& notes) {
  if (notes.experiment().train.options.ema == 1)
    notes.of_option("ema",
                    "ema = 1 is never reached: step n keeps (1 + n) / (10 + n) of the average",
                    "use a share below 1, such as ema: 0.999");
}

void note_warmup(Notes& notes, int64_t warmup, int64_t total, double peak, double highest) {
  const Choice<Schedule>& s = notes.experiment().train.schedule;
  const std::string when =
      warmup == total
          ? "the rate reaches its peak in the last step alone"
          : fmt::format("the rate ends at {:.3g} and never reaches lr = {:.3g}", highest, peak);
  notes.add(str("the warm-up of ", warmup, " steps fills the run of ", total, ": ", when),
            "use a shorter warm-up, such as warmup: 5%, or more steps",
            mark_within(notes.experiment(), "schedule", "warmup", s.mark));
}

// What the rates of the run's steps are like.
struct Rates {
  double highest = 0;
  int64_t zeros = 0;    // steps without any
  bool change = false;  // behind the warm-up
};

Rates walk(const TrainSpec& train, int64_t warmup, int64_t total) {
  Rates r;
  std::optional<double> first;
  const int64_t stride = std::max<int64_t>(1, total / kMostRates);
  for (int64_t step = 1, next = 0; step <= total; step = next) {
    next = std::max(step + 1, std::min(step + stride, total));
    const double lr = train.lr(step, total);
    r.highest = std::max(r.highest, lr);
    if (lr == 0) r.zeros += next - step;
    if (step < warmup) continue;
    r.change = r.change || (first && lr != *first);
    if (!first) first = lr;
  }
  return r;
}

// Whether a schedule that follows evaluations would move in time when none brings progress.
bool can_react(const TrainSpec& train, int64_t evaluations) {
  if (evaluations > kMostRates) return true;
  const double peak = train.optimizer.record->peak_lr(train.optimizer.attrs);
  ScheduleState state;
  for (int64_t i = 0; i + 1 < evaluations && state.scale == 1; ++i)
    train.schedule.record->observe(train.schedule.attrs, peak, 1, false, state);
  return state.scale != 1;
}

void note_schedule(Notes& notes, int64_t total, int64_t evaluations) {
  const Experiment& e = notes.experiment();
  const TrainSpec& train = e.train;
  const Choice<Schedule>& s = train.schedule;
  const double peak = train.optimizer.record->peak_lr(train.optimizer.attrs);
  const int64_t warmup = s.record->warmup(s.attrs, total);
  if (peak == 0)
    return notes.add("lr = 0 moves nothing", "use a rate above 0",
                     mark_within(e, "optimizer", "lr", train.optimizer.mark));
  const Rates rates = walk(train, warmup, total);
  if (warmup > 1 && warmup >= total) return note_warmup(notes, warmup, total, peak, rates.highest);
  if (rates.zeros > 0)
    notes.add(str("schedule '", s.record->name, "' has the rate 0 at ", rates.zeros, " of ", total,
                  " steps, which then change nothing"),
              "use a larger factor or a min_lr above 0", s.mark);
  const bool still = s.record->observe ? !can_react(train, evaluations) : !rates.change;
  if (still && total > 1 && s.record->name != "constant")
    notes.add(str("schedule '", s.record->name, "' keeps one rate in this run of ", total, " steps",
                  s.record->observe ? str(" and ", evaluations, " evaluations") : ""),
              s.record->observe ? "evaluate more often (eval_every), or use a smaller patience"
                                : "shorten its stairs or its fall, or use schedule: constant",
              s.mark);
}

void note_optimizer(Notes& notes) {
  const Choice<Optimizer>& o = notes.experiment().train.optimizer;
  const int64_t every = o.record->curvature ? o.record->curvature->every(o.attrs) : 0;
  const int64_t total = notes.experiment().total_steps();
  if (const Mark mark = mark_within(notes.experiment(), "optimizer", "every", {});
      total > 1 && every >= total && mark.known())
    notes.add(str("every = ", every, " is as long as the run of ", total,
                  " steps: the curvature is estimated at the first alone"),
              "use a smaller every", mark);
  if (o.record->idle)
    o.record->idle(o.attrs, [&](std::string_view option, const std::string& why) {
      const Mark mark = mark_within(notes.experiment(), "optimizer", option, {});
      if (mark.known())
        notes.add(str(option, " of '", o.record->name, "' does nothing: ", why),
                  str("leave ", option, " out"), mark);
    });
}

// What the use takes means over, where it does.
std::optional<BatchMeans> batch_means(const Graph& g, int id) {
  const Node& n = g.node(id);
  if (!n.op || !n.op->batch_means) return {};
  auto& handles = const_cast<Graph&>(g);
  const std::vector<Value> in = handles.inputs_of(id), out = handles.outputs_of(id);
  return n.op->batch_means({in, n.attrs, out});
}

// Of each router whose balance is over fewer tokens of an update than it has experts.
void note_routers(Notes& notes, const Graph& training) {
  if (!std::ranges::count(training.outputs, kAuxiliaryLoss, &Output::name)) return;
  for (int id = 0; id < int(training.nodes().size()); ++id) {
    const Node& n = training.node(id);
    const auto means = batch_means(training, id);
    if (!means || means->shares == 0) continue;
    const int64_t tokens = means->rows * notes.experiment().train.options.accumulate;
    if (tokens < means->shares)
      notes.add(str("'", n.scope.path, "' balances ", means->shares, " experts over the ", tokens,
                    " tokens of an update, which cannot reach them all"),
                "use a larger batch or accumulate, or balance: 0", n.scope.mark);
  }
}

void note_unheard(Notes& notes, const Graph& training) {
  const Unheard unheard = unheard_in(training);
  if (unheard.data)
    notes.add("no answer depends on the data: the model does not read it",
              "let what reads the data reach the end: a tap, a `from` or `latents` leaves it out",
              notes.experiment().spec.root.mark);
  if (unheard.parameters > 0)
    notes.add(str("no answer depends on ", unheard.parameters,
                  " parameters, which count and never "
                  "learn; '",
                  unheard.first, "' is the first"),
              "leave its block out, or let what follows hear it", unheard.mark);
}

// Of each batch norm whose statistics are over few rows: an error over one, else a note.
void check_batch_norms(Notes& notes, const Graph& training, Diagnostics& errors) {
  for (int id = 0; id < int(training.nodes().size()); ++id) {
    const Node& n = training.node(id);
    const auto means = batch_means(training, id);
    if (!means || means->shares > 0) continue;
    const int64_t rows = means->rows;
    const std::string help = "use a larger batch (accumulate does not help), or norm: layer";
    if (rows == 1)
      errors.add(UserError(str("batch norm '", n.scope.path,
                               "' has one row to take statistics over, "
                               "so it gives 0 whatever it gets and nothing before it learns"),
                           help, n.scope.mark));
    else if (rows < kFewRows)
      notes.add(str("batch norm '", n.scope.path, "' takes its statistics over ", rows,
                    " rows a batch, which are mostly noise"),
                help, n.scope.mark);
  }
}
}  // namespace

int64_t evaluations(const Experiment& e) {
  if (e.evaluated_examples(Split::kValidation) == 0) return 0;
  const int64_t total = e.total_steps(), wanted = e.train.options.eval_every;
  const int64_t every = wanted > 0 ? wanted : e.updates_per_epoch();
  return (total + every - 1) / every;
}

void fit_batch(Experiment& e) {
  TrainOptions& o = e.train.options;
  const int64_t examples = e.data->count(Split::kTrain);
  if (examples < 1 || o.batch < 1 || o.accumulate < 1) return;  // reported elsewhere
  Notes notes(e);
  if (o.batch > examples) {
    if (notes.given("batch"))
      notes.of_option("batch",
                      str("batch = ", o.batch, " is more than the ", examples,
                          " training examples: a step takes them all"),
                      str("use batch: ", examples, " or less, or more data"));
    o.batch = examples;
  }
  const int64_t most = (examples + o.batch - 1) / o.batch;
  if (o.accumulate > most) {
    notes.of_option(
        "accumulate",
        str("accumulate = ", o.accumulate, " batches of ", o.batch, " are more than the ", examples,
            " training examples: a step takes them all, in ", most),
        str("use accumulate: ", most, " or less, or more data"));
    o.accumulate = most;
  }
}

void note_what_cannot_be(Experiment& e, const Graph& training, Diagnostics& errors) {
  if (!e.train.schedule || !e.train.optimizer) return;  // reported elsewhere
  Notes notes(e);
  const int64_t total = e.total_steps(), looks = evaluations(e);
  if (looks == 0)
    note_without_validation(notes);
  else
    note_patience(notes, looks);
  note_intervals(notes, total);
  note_class_weights(notes);
  note_ema(notes);
  note_schedule(notes, total, looks);
  note_optimizer(notes);
  note_routers(notes, training);
  note_unheard(notes, training);
  check_batch_norms(notes, training, errors);
}

std::string one_line(const Error& note) {
  const Mark& m = note.mark;
  return str(m.known() ? str(m.file, ":", m.line, ":", m.column, ": ") : "", note.what(),
             note.help.empty() ? "" : "; ", note.help);
}
}  // namespace cambium
