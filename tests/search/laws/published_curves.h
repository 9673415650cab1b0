// The nine curves of 25M parameters of Luo et al. 2025 in one table, under their protocol: a
// warm-up of 2,160 steps, the switch of wsdcon at step 8,000, and no row at step 24,000.
#pragma once
#include <string>
#include <vector>

#include "core/system/files.h"
#include "search/laws/schedule/curve.h"

namespace cambium::test {
inline const std::vector<std::string> kFittedCurves = {"cosine_24000", "constant_24000",
                                                       "wsdcon_9"};

// From a folder of files <curve>.csv with columns step, lr, loss.
inline std::vector<ScheduleCurve> published_curves(const std::string& folder) {
  std::vector<std::string> names = kFittedCurves;
  for (const char* name : {"constant_72000", "cosine_72000", "wsd_20000_24000", "wsdcon_18",
                           "wsdcon_3", "wsdld_20000_24000"})
    names.emplace_back(name);
  std::string lines = "curve,step,lr,loss\n";
  for (const std::string& name : names) {
    const std::string text = read_file(str(folder, "/", name, ".csv"));
    for (size_t at = text.find('\n') + 1, end = 0; at < text.size(); at = end + 1) {
      end = std::min(text.find('\n', at), text.size());
      const std::string line = text.substr(at, end - at);
      if (line.starts_with("24000,")) continue;
      if (name.starts_with("wsdcon") && line.starts_with("8064,")) {
        const size_t from = line.find(',') + 1;
        lines += str(name, ",7999,3e-4,\n", name, ",8000,",
                     line.substr(from, line.find(',', from) - from), ",\n");
      }
      lines += str(name, ",", line, "\n");
    }
  }
  return parse_curves(lines, "curves.csv", {.columns = {}, .warmup = 2160});
}
}  // namespace cambium::test
