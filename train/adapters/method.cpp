#include "train/adapters/method.h"

#include "core/rng.h"

namespace cambium {
Value AdapterSite::parameter(std::string_view suffix, Shape shape, ParameterInfo info) {
  std::string full = str(name, ".", suffix);
  if (const auto there = graph.find(Role::kParameter, full)) return graph.value({*there, 0});
  tensors.push_back(full);
  parameters += shape.count();
  return graph.parameter(std::move(full), std::move(shape), std::move(info));
}

Value AdapterSite::dropout(Value x, double p) {
  if (p == 0 || !training) return x;
  const auto rng = graph.find(Role::kInput, "rng");
  ensure(rng.has_value(), "an adapter with dropout in a graph without random numbers");
  return graph.emit("dropout", {x, graph.value({*rng, 0})},
                    {{"p", p}, {"stream", int64_t(stream_of(name + ".adapter_dropout"))}});
}

std::string_view what_is_adapted(AdapterPlace place) {
  static constexpr std::string_view kNames[] = {"weight", "block", "attention", "parameter"};
  return kNames[size_t(place)];
}

std::string adapter_name(const std::string& path) {
  constexpr std::string_view kWeight = ".weight";
  return path.ends_with(kWeight) ? path.substr(0, path.size() - kWeight.size()) : path;
}
}  // namespace cambium
