#include "app/tables/study/tuning_table.h"

#include <vector>

#include "app/tables/table.h"
#include "core/text/fmt.h"
#include "core/text/utf8.h"
#include "train/run/metrics.h"
#include "viz/plot/text.h"

namespace cambium {
namespace {
std::string last_word(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

std::string value_text(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.3g}", value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}
}  // namespace

std::string point_text(const Json& point) {
  std::string out;
  for (const auto& [path, value] : point.items())
    out += str(out.empty() ? "" : ", ", last_word(path), " ", value_text(value));
  return printable(out);
}

std::string tuning_table(const Tuning& t) {
  const bool share = is_share(t.metric);
  Table table({1, 3, 4, 5});
  table.row({"tuned", share ? t.metric + " (%)" : t.metric, "chosen", "trained to the end",
             "failed", "FLOP"});
  for (const TunedVariant& v : t.variants) {
    const TunedTrial* best = v.best < 0 ? nullptr : &v.trials[size_t(v.best)];
    table.row({printable(v.name),
               best && !best->values.empty()
                   ? fixed((share ? 100 : 1) * best->values.back(), share ? 2 : 4)
                   : "-",
               best ? point_text(best->point) : "-", str(v.finished), str(v.failed),
               compact(v.flops)});
  }
  std::string out = str("\n", table.text(), "- ", effort_text(t), "\n");
  for (const std::string& line : edge_advice(t)) out += str("- ", printable(line), "\n");
  return out;
}
}  // namespace cambium
