// Profile: where the time of a training step goes, kernel by kernel, against what the machine can
// do.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/text/json_forward.h"
#include "train/profile/roofline.h"
#include "train/run/session.h"

namespace cambium {
struct Work {
  double ms = 0, flops = 0, bytes = 0;  // as graph/cost.h counts them
  double least_ms = 0;                  // what the roofline allows

  double gflops() const { return ms > 0 ? flops / ms * 1e-6 : 0; }  // 10^9 a second

  double gbytes() const { return ms > 0 ? bytes / ms * 1e-6 : 0; }

  // Of the roofline. Above 1 where products are bf16 (the roofline is that of f32), where operands
  // come from caches (it is that of memory), or where others kept the machine busy meanwhile.
  double share() const { return ms > 0 ? least_ms / ms : 0; }
};

// One kernel; all its runs in a step together. Copies between layouts around a convolution are a
// kernel "reorder" of their own.
struct KernelTime : Work {
  std::string path;           // whom it serves: "repeat.0.attention.q", "loss", "optimizer"
  std::string op, out, impl;  // out: type of the first result; impl: Kernel::impl
  Phase phase = Phase::kForward;
  int line = 0;  // of the spec; 0: none

  bool is_reference() const;  // fell to plain loops
};

struct Profile {
  std::string spec;  // the file's name
  std::string hash;  // hash_name of spec_hash()
  std::string machine;
  int64_t steps = 0;     // measured
  double median_ms = 0;  // of all of them, from one batch to the next
  // Means over the faster half of the steps: interruptions by others stay out, and the kernels
  // with `outside_ms` add up to `step_ms`.
  double step_ms = 0, outside_ms = 0;
  int64_t predicted_bytes = 0, peak_bytes = 0;  // of the whole process
  Roofline roofline;
  std::vector<KernelTime> kernels;  // in order of execution

  Work total() const;  // the whole step's
};

struct ProfileOptions {
  int64_t steps = 20, warm_up = 3;
  // Asked before each step with the number of steps done, warm-up included; false: stop here.
  std::function<bool(int64_t)> go_on = {};
};

// Trains for a few steps from the start, then measures the roofline. `steps` is 0 when stopped
// before one was measured. RuntimeError: memory, NaN.
Profile profile_training(const Experiment& e, const ProfileOptions& options);

struct GroupTime : Work {
  std::string name;
  int64_t kernels = 0;
  double forward_ms = 0, backward_ms = 0, update_ms = 0;
};

// Slowest first. A block is the first segment of a path with the number that may follow it:
// "repeat.0.attention.q" is in "repeat.0".
std::vector<GroupTime> times_by_block(const Profile& p);
std::vector<GroupTime> times_by_op(const Profile& p);

std::string_view name_of(Phase p);  // "forward", "backward", "update"

Json to_json(const Profile& p);
// UserError, with how to make one, when there is no such file or it holds something else.
Profile load_profile(const std::string& path);
}  // namespace cambium
