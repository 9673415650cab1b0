#include "train/profile/profile.h"

#include <algorithm>
#include <map>

#include "core/hash.h"
#include "core/system/clock.h"
#include "core/system/memory.h"
#include "graph/cost.h"
#include "train/run/machine.h"

namespace cambium {
namespace {
KernelTime describe(const Plan& plan, const PlanStep& step, double runs) {
  const Node &n = plan.graph.node(step.node), &last = plan.graph.node(step.nodes.back());
  KernelTime k;
  k.path = n.scope.path;
  k.out = last.outputs[0].text();
  k.impl = step.kernel.impl;
  k.phase = n.scope.phase;
  k.line = n.scope.mark.line;
  for (int id : step.nodes) {
    const Cost cost = cost_of(plan.graph, id);
    k.op += str(k.op.empty() ? "" : "+", plan.graph.node(id).kind());
    k.flops += runs * cost.flops;
    k.bytes += runs * cost.bytes;
  }
  if (step.nodes.size() == 1) return k;
  k.bytes = 0;  // what only the chain reads stays in the cache
  for (const auto* slots : {&step.in, &step.out})
    for (const Slot& s : *slots) k.bytes += runs * double(s.type.bytes());
  return k;
}

// The copies between layouts around kernel k, as a node of their own.
KernelTime describe_copies(const KernelTime& k, const LayoutCopies& copies, double runs,
                           double ms) {
  KernelTime c = k;
  c.op = "reorder";
  c.impl = copies.impl;
  c.flops = 0;
  c.bytes = runs * double(copies.bytes);
  c.ms = ms;
  return c;
}

// The times of each measured step, read off the executors' running sums.
class Readings {
 public:
  explicit Readings(std::vector<Executor*> executors) : executors_(std::move(executors)) {
    for (Executor* e : executors_) e->set_profiling(true);
  }

  void take(double step_ms) {
    std::vector<double> now;
    for (const Executor* e : executors_)
      for (size_t i = 0; i < e->profile().size(); ++i) {
        const LayoutCopies* copies = e->plan().steps[i].kernel.copies.get();
        now.push_back(e->profile()[i].total_ms);
        if (copies) now.push_back(copies->total_ms);
      }
    seen_.resize(now.size(), 0);
    std::vector<double> ms(now.size());
    for (size_t k = 0; k < now.size(); ++k) ms[k] = now[k] - seen_[k];
    seen_ = std::move(now);
    steps_.push_back({step_ms, std::move(ms)});
  }

  void forget_first(int64_t count) {
    forgotten_ = std::min(count, int64_t(steps_.size()));
    steps_.erase(steps_.begin(), steps_.begin() + forgotten_);
  }

  // Fills in every time but the roofline's.
  void summarise(Profile& p) {
    p.steps = int64_t(steps_.size());
    if (steps_.empty()) return;
    std::ranges::stable_sort(steps_, {}, &Step::ms);
    p.median_ms = steps_[steps_.size() / 2].ms;
    const size_t half = (steps_.size() + 1) / 2;
    const auto mean = [&](const auto& of) {
      double sum = 0;
      for (size_t i = 0; i < half; ++i) sum += of(steps_[i]);
      return sum / double(half);
    };
    p.step_ms = p.outside_ms = mean([](const Step& s) { return s.ms; });
    auto mean_of_next = [&, at = size_t(0)]() mutable {
      const size_t i = at++;
      return mean([i](const Step& s) { return s.kernel_ms[i]; });
    };
    for (const Executor* e : executors_)
      for (size_t i = 0; i < e->plan().steps.size(); ++i) {
        const double runs = double(e->profile()[i].runs) / double(p.steps + forgotten_);
        const PlanStep& step = e->plan().steps[i];
        KernelTime k = describe(e->plan(), step, runs);
        k.ms = mean_of_next();
        p.outside_ms -= k.ms;
        if (!step.kernel.copies) {
          p.kernels.push_back(std::move(k));
          continue;
        }
        const KernelTime copies = describe_copies(k, *step.kernel.copies, runs, mean_of_next());
        k.ms -= copies.ms;
        p.kernels.push_back(std::move(k));
        p.kernels.push_back(copies);
      }
  }

 private:
  struct Step {
    double ms;
    std::vector<double> kernel_ms;
  };

  std::vector<Executor*> executors_;
  std::vector<double> seen_;
  std::vector<Step> steps_;
  int64_t forgotten_ = 0;
};

std::string block_of(const std::string& path) {
  const size_t first = path.find('.');
  if (first == path.npos) return path;
  const size_t second = std::min(path.find('.', first + 1), path.size());
  const bool number =
      second > first + 1 && path.find_first_not_of("0123456789", first + 1) >= second;
  return path.substr(0, number ? second : first);
}

template <class Name> std::vector<GroupTime> group(const Profile& p, const Name& name_of_kernel) {
  std::map<std::string, GroupTime> groups;
  for (const KernelTime& k : p.kernels) {
    GroupTime& g = groups[name_of_kernel(k)];
    ++g.kernels;
    (k.phase == Phase::kForward    ? g.forward_ms
     : k.phase == Phase::kBackward ? g.backward_ms
                                   : g.update_ms) += k.ms;
    g.ms += k.ms;
    g.flops += k.flops;
    g.bytes += k.bytes;
    g.least_ms += k.least_ms;
  }
  std::vector<GroupTime> out;
  for (auto& [name, g] : groups) {
    g.name = name;
    out.push_back(std::move(g));
  }
  std::ranges::stable_sort(out, std::greater{}, &GroupTime::ms);
  return out;
}
}  // namespace

bool KernelTime::is_reference() const {
  return is_reference_impl(impl);
}

Work Profile::total() const {
  Work w{.ms = step_ms};
  for (const KernelTime& k : kernels) {
    w.flops += k.flops;
    w.bytes += k.bytes;
    w.least_ms += k.least_ms;
  }
  return w;
}

std::string_view name_of(Phase p) {
  constexpr std::string_view names[] = {"forward", "backward", "update"};
  return names[size_t(p)];
}

Profile profile_training(const Experiment& e, const ProfileOptions& options) {
  Profile p{.spec = e.spec.file, .hash = hash_name(spec_hash(e.spec)), .machine = machine_text()};
  Session session(e, usable_memory_bytes());
  p.predicted_bytes = session.predicted_peak_bytes();
  session.start(0);
  Readings readings(session.executors());
  for (int64_t done = 0; done < options.warm_up + options.steps; ++done) {
    if (options.go_on && !options.go_on(done)) break;
    const Stopwatch watch;
    session.step(done + 1);
    readings.take(watch.milliseconds());
  }
  readings.forget_first(options.warm_up);
  readings.summarise(p);
  if (p.steps == 0) return p;
  p.peak_bytes = peak_resident_bytes();  // before the roofline, which takes memory of its own
  p.roofline = measure_roofline();
  for (KernelTime& k : p.kernels) k.least_ms = p.roofline.least_ms(k.flops, k.bytes);
  return p;
}

std::vector<GroupTime> times_by_block(const Profile& p) {
  return group(p, [](const KernelTime& k) { return block_of(k.path); });
}

std::vector<GroupTime> times_by_op(const Profile& p) {
  return group(p, [](const KernelTime& k) { return k.op; });
}
}  // namespace cambium
