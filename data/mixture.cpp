#include "data/mixture.h"

#include "core/text/fmt.h"

namespace cambium {
std::vector<MixedSource> mixture_of(const Dataset& data, int64_t examples, int64_t of) {
  const auto* mixed = dynamic_cast<const Mixed*>(&data);
  return mixed ? mixed->mixture(examples, of) : std::vector<MixedSource>();
}

std::unique_ptr<ExampleStream> epoch_stream(const Dataset& data, const EpochPlace& place) {
  const auto* mixed = dynamic_cast<const Mixed*>(&data);
  return mixed ? mixed->stream_at(place) : data.stream(place.seed);
}

std::string passes_text(const std::vector<MixedSource>& sources) {
  std::string out;
  for (const MixedSource& s : sources)
    if (s.symbols > 0)
      out += fmt::format("{}{} {:.2f} times", out.empty() ? "" : ", ", s.name, s.passes);
  return out;
}
}  // namespace cambium
