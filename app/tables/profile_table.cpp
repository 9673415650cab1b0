#include "app/tables/profile_table.h"

#include <algorithm>

#include "app/tables/table.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string percent(double share) {
  return fixed(100 * share, 1);
}

// What every row begins with.
std::vector<std::string> numbers(const Work& w, double step_ms) {
  return {fixed(w.ms, 3), percent(w.ms / step_ms), percent(w.share()), fixed(w.gflops(), 1),
          fixed(w.gbytes(), 1)};
}

std::string rest_text(int64_t left, double ms, std::string_view what) {
  if (left == 0) return "";
  return str("... and ", left, " more ", what, left == 1 ? ", " : "s, ", fixed(ms, 3), " ms\n");
}

std::string advice(const Profile& p) {
  int64_t count = 0;
  double ms = 0;
  for (const KernelTime& k : p.kernels)
    if (k.is_reference()) {
      ++count;
      ms += k.ms;
    }
  if (count == 0) return "";
  return str("! ", count, count == 1 ? " kernel runs" : " kernels run",
             " oneDNN's plain reference loops: ", fixed(ms, 3), " ms, ", percent(ms / p.step_ms),
             " % of the step.\n  Extents that are multiples of 8 or 16 usually get a fast"
             " implementation.\n");
}
}  // namespace

std::string kernel_table(const Profile& p, int64_t top) {
  std::vector<KernelTime> kernels = p.kernels;
  std::ranges::stable_sort(kernels, std::greater{}, &KernelTime::ms);
  const auto shown = size_t(std::min<int64_t>(top, int64_t(kernels.size())));
  Table table({0, 1, 2, 3, 4, 8});
  table.row(
      {"ms", "% step", "% roofline", "GF/s", "GB/s", "phase", "op", "node", "line", "kernel"});
  double rest_ms = 0;
  for (size_t i = 0; i < kernels.size(); ++i) {
    const KernelTime& k = kernels[i];
    if (i >= shown) {
      rest_ms += k.ms;
      continue;
    }
    std::vector<std::string> row = numbers(k, p.step_ms);
    for (const std::string& cell :
         {std::string(name_of(k.phase)), k.op, visible(k.path),
          k.line > 0 ? str(k.line) : std::string("-"), str(k.is_reference() ? "! " : "", k.impl)})
      row.push_back(cell);
    table.row(std::move(row));
  }
  return table.text() + rest_text(int64_t(kernels.size() - shown), rest_ms, "kernel");
}

std::string group_table(const std::vector<GroupTime>& groups, std::string_view what,
                        const Profile& p, int64_t top) {
  const auto shown = size_t(std::min<int64_t>(top, int64_t(groups.size())));
  Table table({0, 1, 2, 3, 4, 5, 6, 7, 8});
  table.row({"ms", "% step", "% roofline", "GF/s", "GB/s", "forward", "backward", "update",
             "kernels", std::string(what)});
  double rest_ms = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    const GroupTime& g = groups[i];
    if (i >= shown) {
      rest_ms += g.ms;
      continue;
    }
    std::vector<std::string> row = numbers(g, p.step_ms);
    for (double ms : {g.forward_ms, g.backward_ms, g.update_ms})
      row.push_back(ms > 0 ? fixed(ms, 3) : "-");
    row.push_back(str(g.kernels));
    row.push_back(g.name.empty() ? "(model)" : visible(g.name));
    table.row(std::move(row));
  }
  return table.text() + rest_text(int64_t(groups.size() - shown), rest_ms, what);
}

std::string summary_text(const Profile& p) {
  const Work all = p.total();
  const auto count = double(std::max<size_t>(1, p.kernels.size()));
  return str("step      ", fixed(p.step_ms, 3), " ms, mean of the faster half of ", p.steps,
             " (median of all ", fixed(p.median_ms, 3), "): ", fixed(all.gflops(), 1), " GF/s, ",
             fixed(all.gbytes(), 1), " GB/s, ", percent(all.share()),
             " % of the roofline\noutside   ", fixed(p.outside_ms, 3), " ms of it outside the ",
             p.kernels.size(), " kernels, ", fixed(1e3 * p.outside_ms / count, 2),
             " us a kernel\nroofline  f32 GEMM ", fixed(p.roofline.gemm_gflops, 1),
             " GF/s, stream ", fixed(p.roofline.stream_gbytes, 1),
             " GB/s; above 100 %: bf16, operands from caches, or a busy machine\nmemory    ",
             memory_text(double(p.predicted_bytes)), " predicted for training, ",
             memory_text(double(p.peak_bytes)), " at most resident\nmachine   ", p.machine, "\n",
             advice(p));
}
}  // namespace cambium
