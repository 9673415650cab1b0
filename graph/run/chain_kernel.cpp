// The loop of a chain: blocks of 512 elements pass through all its ops while they are in the cache.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/system/parallel.h"
#include "core/tensor/bf16.h"
#include "graph/run/chains.h"

namespace cambium {
namespace {
constexpr int64_t kBlock = 512, kGrain = 16384;
constexpr int kMaxSlots = 48;

// Operands are numbered: inputs first, then the members' results.
struct Member {
  RangeFunction f;
  std::vector<int> operands;
};

struct Input {
  DType dtype;
  bool scalar;
};

struct Written {
  int member;
  DType dtype;
  bool direct;  // straight to memory: no later member reads an input that it may overwrite
};

struct Chain {
  int64_t count;
  std::vector<Input> in;
  std::vector<Member> members;
  std::vector<Written> out;

  // Elements [begin, begin + n) with n <= kBlock; `slots` has room for kMaxSlots blocks. `visit` is
  // told each member's results.
  template <class Visit>
  void run_block(const KernelArgs& k, int64_t begin, int64_t n, float* slots,
                 const Visit& visit) const {
    const float* value[kMaxSlots];
    for (size_t i = 0; i < in.size(); ++i) value[i] = load(k, int(i), begin, n, slots + i * kBlock);
    for (size_t m = 0; m < members.size(); ++m) {
      const size_t at = in.size() + m;
      float* y = slots + at * kBlock;
      for (size_t o = 0; o < out.size(); ++o)
        if (out[o].member == int(m) && out[o].direct) y = k.out_f32(int(o)) + begin;
      const float* operands[4];
      for (size_t i = 0; i < members[m].operands.size(); ++i)
        operands[i] = value[members[m].operands[i]];
      members[m].f(operands, y, n);
      value[at] = y;
      visit(int(m), y, n);
    }
    for (size_t o = 0; o < out.size(); ++o)
      if (!out[o].direct) store(k, int(o), begin, n, value[in.size() + size_t(out[o].member)]);
  }

 private:
  const float* load(const KernelArgs& k, int i, int64_t begin, int64_t n, float* slot) const {
    const auto [dtype, scalar] = in[size_t(i)];
    if (dtype == DType::kF32 && !scalar) return k.f32(i) + begin;
    if (scalar) {
      const float x =
          dtype == DType::kF32 ? *k.f32(i) : from_bf16(*static_cast<const uint16_t*>(k.in[i]));
      std::fill_n(slot, n, x);
    } else {
      widen_range(static_cast<const uint16_t*>(k.in[i]) + begin, slot, n);
    }
    return slot;
  }

  void store(const KernelArgs& k, int o, int64_t begin, int64_t n, const float* x) const {
    if (out[size_t(o)].dtype == DType::kBf16)
      truncate_range(x, static_cast<uint16_t*>(k.out[o]) + begin, n);
    else
      std::memcpy(k.out_f32(o) + begin, x, size_t(n) * sizeof(float));
  }
};

Chain build(Graph& g, const StepNodes& nodes, const ChainPorts& ports) {
  Chain chain{.count = g.node(nodes[0]).outputs[0].shape.count()};
  for (Port p : ports.in)
    chain.in.push_back({g.type(p).dtype, g.type(p).shape.count() == 1 && chain.count != 1});
  int last_full_read = -1;  // the last member that reads an input of full size
  for (int id : nodes) {
    const std::vector<Value> in = g.inputs_of(id), out = g.outputs_of(id);
    Member m{g.node(id).op->range({in, g.node(id).attrs, out}), {}};
    for (Port p : g.node(id).inputs) {
      const Port base = viewed(g, p);
      const auto input = std::ranges::find(ports.in, base);
      if (input != ports.in.end()) {
        const auto i = size_t(input - ports.in.begin());
        m.operands.push_back(int(i));
        if (!chain.in[i].scalar) last_full_read = int(chain.members.size());
      } else {
        const auto member = std::ranges::find(nodes, base.node);
        m.operands.push_back(int(ports.in.size()) + int(member - nodes.begin()));
      }
    }
    chain.members.push_back(std::move(m));
  }
  for (Port p : ports.out) {
    const int member = int(std::ranges::find(nodes, p.node) - nodes.begin());
    const DType dtype = g.type(p).dtype;
    chain.out.push_back({member, dtype, dtype == DType::kF32 && member >= last_full_read});
  }
  ensure(chain.in.size() + chain.members.size() <= size_t(kMaxSlots), "a chain of ",
         chain.members.size(), " nodes reads ", chain.in.size(), " values");
  return chain;
}
}  // namespace

void build_chain(Graph& g, const ChainPorts& ports, PlanStep& step) {
  const auto chain = std::make_shared<const Chain>(build(g, step.nodes, ports));
  step.kernel.run = [chain](const KernelArgs& k) {
    parallel_for(chain->count, kGrain, [&](int64_t begin, int64_t end) {
      alignas(64) float slots[kMaxSlots * kBlock];
      for (int64_t i = begin; i < end; i += kBlock)
        chain->run_block(k, i, std::min(kBlock, end - i), slots, [](int, const float*, int64_t) {});
    });
  };
  step.first_non_finite = [chain, nodes = step.nodes](const KernelArgs& k) {
    alignas(64) float slots[kMaxSlots * kBlock];
    size_t first = nodes.size();
    for (int64_t i = 0; i < chain->count; i += kBlock)
      chain->run_block(k, i, std::min(kBlock, chain->count - i), slots,
                       [&](int member, const float* x, int64_t n) {
                         const auto finite = [](float v) { return std::isfinite(v); };
                         if (size_t(member) < first && !std::all_of(x, x + n, finite))
                           first = size_t(member);
                       });
    return first < nodes.size() ? nodes[first] : -1;
  };
}
}  // namespace cambium
