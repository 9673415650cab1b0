#include "train/growth/layers.h"

#include <algorithm>
#include <charconv>

#include "core/text/format.h"

namespace cambium {
namespace {
std::vector<std::string> segments_of(std::string_view name) {
  std::vector<std::string> out(1);
  for (const char c : name)
    if (c == '.')
      out.emplace_back();
    else
      out.back() += c;
  return out;
}

// -1: no number.
int64_t number_in(std::string_view segment) {
  int64_t n = -1;
  const auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), n);
  return error == std::errc() && end == segment.data() + segment.size() ? n : -1;
}

// How many layers stand below each path: "repeat" -> 12.
std::map<std::string, int64_t> layer_counts(const std::vector<std::string>& names) {
  std::map<std::string, int64_t> out;
  for (const std::string& name : names) {
    std::string path;
    for (const std::string& s : segments_of(name)) {
      if (const int64_t n = number_in(s); n >= 0) {
        int64_t& most = out[path];
        most = std::max(most, n + 1);
      }
      path += path.empty() ? s : "." + s;
    }
  }
  return out;
}

LayerOrigin layer_of(int64_t i, int64_t had, int64_t has, LayerGrowth kind) {
  if (has <= had) return {str(i), false};
  if (kind == LayerGrowth::kStack) return {str(i % had), i >= had};
  if (has % had != 0) return {str(std::min(i, had - 1)), i >= had};  // the new ones come last
  return {str(i / (has / had)), i % (has / had) != 0};
}

}  // namespace

std::string_view name_of(LayerGrowth kind) {
  static constexpr std::string_view kNames[] = {"identity", "stack", "repeat"};
  return kNames[size_t(kind)];
}

std::map<std::string, LayerOrigin> layer_origins(const std::vector<std::string>& small,
                                                 const std::vector<std::string>& large,
                                                 LayerGrowth kind) {
  const std::map<std::string, int64_t> had = layer_counts(small), has = layer_counts(large);
  std::map<std::string, LayerOrigin> out;
  for (const std::string& name : large) {
    LayerOrigin origin;
    std::string path;  // of the larger model
    for (const std::string& s : segments_of(name)) {
      std::string segment = s;
      if (const int64_t n = number_in(s); n >= 0)
        if (const auto was = had.find(origin.name); was != had.end()) {
          const LayerOrigin layer = layer_of(n, was->second, has.at(path), kind);
          segment = layer.name;
          origin.added |= layer.added;
        }
      origin.name += origin.name.empty() ? segment : "." + segment;
      path += path.empty() ? s : "." + s;
    }
    out.emplace(name, std::move(origin));
  }
  return out;
}
}  // namespace cambium
