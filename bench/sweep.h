// What the benches over sequence lengths share: adaptive medians, and tables, JSON and plots of
// one number by variant and length.
#pragma once
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/files.h"
#include "core/text/fmt.h"
#include "core/text/json.h"
#include "viz/plot/svg_plot.h"

namespace cambium {
// The median time in ms of f() over at least 3 runs and about `seconds`, after one that is not
// counted.
template <class F> double median_ms(double seconds, const F& f) {
  f();
  std::vector<double> times;
  const Stopwatch all;
  while (times.size() < 3 || (all.seconds() < seconds && times.size() < 200)) {
    const Stopwatch one;
    f();
    times.push_back(one.milliseconds());
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

// The row of an earlier run's JSON with these two values. UserError when there is none.
inline const Json& earlier(const Json& rows, std::string_view key, std::string_view name,
                           std::string_view length_key, int64_t length) {
  for (const Json& row : rows)
    if (row.at(std::string(key)) == name && row.at(std::string(length_key)) == length) return row;
  throw UserError(str("the file of --from has no ", name, " at T = ", length));
}

struct Sweep {
  std::vector<int64_t> lengths;
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;  // [name][length]
  std::vector<int64_t> parameters = {};     // of each name; empty: no such column
};

// A table in Markdown, one row a variant; `format` is that of one value ("{:.2f}").
inline void print_sweep(const Sweep& s, std::string_view title, std::string_view format) {
  std::printf("\n%s\n\n|", std::string(title).c_str());
  const bool sized = !s.parameters.empty();
  std::printf(sized ? " | parameters |" : " |");
  for (int64_t t : s.lengths) std::printf(" T = %lld |", static_cast<long long>(t));
  std::printf("\n|---|");
  for (size_t i = 0; i < s.lengths.size() + sized; ++i) std::printf("---:|");
  for (size_t i = 0; i < s.names.size(); ++i) {
    std::printf("\n| %s |", s.names[i].c_str());
    if (sized) std::printf(" %s |", fmt::format("{:.0f}k", double(s.parameters[i]) / 1e3).c_str());
    for (double v : s.values[i]) std::printf(" %s |", fmt::format(fmt::runtime(format), v).c_str());
  }
  std::printf("\n");
}

inline void write_sweep_plot(const std::string& path, const Sweep& s, const std::string& title,
                             const std::string& y_label) {
  LinePlot plot{.title = title, .x_label = "tokens of a sequence, T", .y_label = y_label};
  plot.log_x = plot.log_y = true;
  plot.height = 440;
  const std::vector<double> x(s.lengths.begin(), s.lengths.end());
  for (size_t i = 0; i < s.names.size(); ++i)
    plot.series.push_back(
        {.name = s.names[i],
         .colour = i,
         .band = {.x = x, .mean = s.values[i], .low = s.values[i], .high = s.values[i]},
         .curves = {}});
  replace_file(path, line_plot(plot));
}
}  // namespace cambium
