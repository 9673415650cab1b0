#include "core/rng.h"
#include "graph/executor.h"

namespace cambium {
void initialise(Tensor& t, const Init& init, uint64_t seed, std::string_view name) {
  if (t.type().dtype != DType::kF32) {
    ensure(init.kind == Init::kZeros, "state '", name, "' of dtype ", name_of(t.type().dtype),
           " can only start at zero");
    return;
  }
  Random random(seed, stream_of(name));
  for (float& x : t.f32()) {
    switch (init.kind) {
      case Init::kZeros:
        x = 0;
        break;
      case Init::kConstant:
        x = float(init.scale);
        break;
      case Init::kNormal:
        x = float(init.scale * random.normal());
        break;
      case Init::kUniform:
        x = float(init.scale * (2 * random.uniform() - 1));
        break;
    }
  }
}

void Store::add(const Plan& plan, uint64_t seed) {
  for (const Leaf& leaf : plan.store) {
    if (const auto it = tensors_.find(leaf.name); it != tensors_.end()) {
      ensure(it->second.type() == leaf.type, "'", leaf.name, "' is ", it->second.type(),
             " in the store and ", leaf.type, " in the plan");
      continue;
    }
    Tensor t(leaf.type);
    initialise(t, leaf.parameter.init, seed, leaf.name);
    tensors_.emplace(leaf.name, std::move(t));
  }
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
