#include <algorithm>

#include "graph/onnx/use.h"

namespace cambium {
bool is_fixed(const OnnxSize& size) {
  return std::ranges::all_of(size, [&](int64_t n) { return n == size.front(); });
}

std::string OnnxWriter::free_name(const std::string& base) {
  const int n = used_[base]++;
  if (n == 0) return base;
  const std::string name = str(base, "_", n);
  return used_[name]++ == 0 ? name : free_name(base);
}

std::vector<std::string> OnnxWriter::emit(const std::string& op, std::vector<std::string> in,
                                          std::vector<OnnxAttribute> attributes, int outputs) {
  OnnxNode node{op, free_name(prefix.empty() ? op : prefix + "." + op),
                {}, std::move(in),
                {}, std::move(attributes)};
  while (!node.in.empty() && node.in.back().empty()) node.in.pop_back();
  for (int k = 0; k < outputs; ++k)
    node.out.push_back(k == 0 ? node.name + ".y" : str(node.name, ".y", k));
  std::vector<std::string> names = node.out;
  (into ? *into : graph.nodes).push_back(std::move(node));
  return names;
}

std::string OnnxWriter::constant(OnnxTensor tensor) {
  std::string key;
  if (tensor.data.size() <= 256) {
    key = str(int(tensor.type), ":");
    for (const int64_t d : tensor.dims) key += str(d, ",");
    key.append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
    if (const auto known = constants_.find(key); known != constants_.end()) return known->second;
  }
  const std::string name = free_name("constant");
  if (!key.empty()) constants_[key] = name;
  graph.tensors.emplace_back(name, std::move(tensor));
  return name;
}

void OnnxWriter::note_size(const OnnxSize& size, const std::string& value, int axis) {
  if (!is_fixed(size) && !into) places_.try_emplace(size, value, axis);
}

namespace {
OnnxSize combined(const OnnxSize& a, const OnnxSize& b, int64_t (*f)(int64_t, int64_t)) {
  OnnxSize c;
  for (size_t i = 0; i < a.size(); ++i) c.push_back(f(a[i], b[i]));
  return c;
}

// The constant c with size = c a; 0: there is none.
int64_t factor_of(const OnnxSize& size, const OnnxSize& a) {
  if (a.front() == 0 || size.front() % a.front() != 0) return 0;
  const int64_t c = size.front() / a.front();
  for (size_t i = 0; i < a.size(); ++i)
    if (size[i] != c * a[i]) return 0;
  return c;
}
}  // namespace

std::string OnnxWriter::size(const OnnxSize& wanted) {
  const auto number = [&](int64_t n) { return constant(onnx_i64({1}, {&n, 1})); };
  if (is_fixed(wanted)) return number(wanted.front());
  if (const auto known = sizes_.find(wanted); known != sizes_.end()) return known->second;
  // What computes a size stands in the outer graph, where all may read it.
  std::vector<OnnxNode>* const inner = std::exchange(into, nullptr);
  const auto made = [&](std::string name) {
    into = inner;
    return sizes_[wanted] = std::move(name);
  };
  const auto of = [&](const std::pair<std::string, int>& place) {
    if (place.second < 0) return place.first;
    return emit("Gather", {emit("Shape", {place.first}, {}, 1)[0], number(place.second)}, {}, 1)[0];
  };
  const auto join = [&](const char* op, const std::string& a, const std::string& b) {
    return emit(op, {a, b}, {}, 1)[0];
  };
  if (const auto at = places_.find(wanted); at != places_.end()) return made(of(at->second));
  for (const auto& [a, place] : places_)
    if (const int64_t c = factor_of(wanted, a)) return made(join("Mul", of(place), number(c)));
  for (const auto& [a, place] : places_)
    if (const int64_t c = factor_of(a, wanted)) return made(join("Div", of(place), number(c)));
  for (const auto& [a, place] : places_) {
    const OnnxSize rest = combined(wanted, a, [](int64_t x, int64_t y) { return x - y; });
    if (is_fixed(rest)) return made(join("Add", of(place), number(rest.front())));
  }
  for (const auto& [a, place] : places_)
    for (const auto& [b, other] : places_)
      if (const int64_t c =
              factor_of(wanted, combined(a, b, [](int64_t x, int64_t y) { return x * y; })))
        return made(join("Mul", join("Mul", of(place), of(other)), number(c)));
  for (const auto& [a, place] : places_)  // a multiple of one and a constant: 2 T - 1
    for (const int64_t c : {2, 3, 4}) {
      OnnxSize rest;
      for (size_t i = 0; i < a.size(); ++i) rest.push_back(wanted[i] - c * a[i]);
      if (is_fixed(rest))
        return made(join("Add", join("Mul", of(place), number(c)), number(rest.front())));
    }
  into = inner;
  std::string text;
  for (const int64_t n : wanted) text += str(text.empty() ? "" : ", ", n);
  throw UserError(str("an extent that is ", text, " at several sizes follows from no other"));
}
}  // namespace cambium
