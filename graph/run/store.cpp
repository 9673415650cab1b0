#include <algorithm>

#include "core/rng.h"
#include "core/system/parallel.h"
#include "core/tensor/bf16.h"
#include "graph/run/executor.h"

namespace cambium {
void initialise(Tensor& t, const Init& init, uint64_t seed, std::string_view name) {
  if (t.type().dtype != DType::kF32) {
    ensure(init.kind == Init::kZeros, "state '", name, "' of dtype ", name_of(t.type().dtype),
           " can only start at zero");
    return;
  }
  const std::span<float> to = t.f32();
  if (init.kind == Init::kZeros || init.kind == Init::kConstant) {
    std::ranges::fill(to, init.kind == Init::kConstant ? float(init.scale) : 0.0f);
    return;
  }
  // A normal number takes one block of the stream, two uniform ones share a block: any range of
  // blocks can be drawn on its own, and the numbers do not depend on the threads.
  const bool normal = init.kind == Init::kNormal;
  const int64_t a_block = normal ? 1 : 2, count = int64_t(to.size());
  parallel_for((count + a_block - 1) / a_block, 4096, [&](int64_t begin, int64_t end) {
    Random random(seed, stream_of(name), uint64_t(begin));
    for (int64_t i = begin * a_block; i < std::min(end * a_block, count); ++i)
      to[size_t(i)] = float(init.scale * (normal ? random.normal() : 2 * random.uniform() - 1));
  });
}

Tensor* Store::find(const Leaf& leaf) {
  auto& tensors = leaf.copy_of.empty() ? tensors_ : copies_;
  const auto it = tensors.find(leaf.copy_of.empty() ? leaf.name : leaf.copy_of);
  return it == tensors.end() ? nullptr : &it->second;
}

void Store::add(const Plan& plan, uint64_t seed) {
  std::vector<const Leaf*> lacking;
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
  for (const Leaf& leaf : plan.store) {
    if (const Tensor* t = find(leaf)) {
      ensure(t->type() == leaf.type, "'", leaf.name, "' is ", t->type(), " in the store and ",
             leaf.type, " in the plan");
      continue;
    }
    lacking.push_back(&leaf);
    offsets.push_back(bytes);
    bytes += whole_lines(leaf.type.bytes());
  }
  const Bytes block = allocate_bytes(bytes);
  for (size_t i = 0; i < lacking.size(); ++i) {
    const Leaf& leaf = *lacking[i];
    Tensor t(leaf.type, block, offsets[i]);
    if (leaf.copy_of.empty()) {
      initialise(t, leaf.parameter.init, seed, leaf.name);
      tensors_.emplace(leaf.name, std::move(t));
    } else {
      copies_.emplace(leaf.copy_of, std::move(t));
    }
  }
  refresh_copies();
}

void Store::refresh_copies() {
  for (auto& [name, copy] : copies_) {
    const std::span<const float> from = at(name).f32();
    auto* const to = reinterpret_cast<uint16_t*>(copy.data());
    parallel_for(int64_t(from.size()), 16384, [&](int64_t begin, int64_t end) {
      narrow_range(from.data() + begin, to + begin, end - begin);
    });
  }
}

void* Store::address(const Leaf& leaf) {
  Tensor* const t = find(leaf);
  ensure(t != nullptr, "the store has no '", leaf.name, "'");
  return t->data();
}

const Tensor& Store::at(std::string_view name) const {
  const auto it = tensors_.find(name);
  ensure(it != tensors_.end(), "the store has no '", name, "'");
  return it->second;
}

Tensor& Store::at(std::string_view name) {
  return const_cast<Tensor&>(std::as_const(*this).at(name));
}

bool Store::has(std::string_view name) const {
  return tensors_.find(name) != tensors_.end();
}
}  // namespace cambium
