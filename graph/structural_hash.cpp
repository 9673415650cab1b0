// Three walks, as in two rounds of Weisfeiler and Lehman's refinement (1968). The first gives each
// node what it is and all it is made from, the second all that reads it, which tells two parameters
// of one shape apart by their uses, and the third carries that to what is made from them.
#include "graph/structural_hash.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/hash.h"

namespace cambium {
namespace {
uint64_t hash_of_csr(const Csr& rows) {
  return joined_hash({hash_of(rows.begin), hash_of(rows.neighbour)});
}

uint64_t constant_hash(const Node& n) {
  if (n.constant) return hash_bytes(n.constant->raw());
  return n.adjacency ? hash_of_csr(n.adjacency->get().in) : 0;
}

std::string parameter_text(const ParameterInfo& p) {
  return str(' ', int(p.init.kind), ' ', std::bit_cast<uint64_t>(p.init.scale), p.decay, p.frozen);
}

// A multiset as one hash.
uint64_t unordered_hash(std::vector<uint64_t> hashes) {
  std::ranges::sort(hashes);
  return hash_of(hashes);
}

class StructuralHasher {
 public:
  explicit StructuralHasher(const Graph& g) : g_(g), count_(g.nodes().size()) {}

  uint64_t hash() {
    std::vector<uint64_t> own;
    for (const Node& n : g_.nodes()) own.push_back(own_hash(n));
    const std::vector<uint64_t> made = with_inputs(own);
    std::vector<uint64_t> all = with_inputs(with_uses(made));
    const uint64_t results = ends_hash(all);
    return joined_hash({unordered_hash(std::move(all)), results});
  }

 private:
  // Everything of the node but its name, its place and its inputs.
  uint64_t own_hash(const Node& n) {
    std::string text = str(int(n.role), ' ', n.kind(), ' ', int(n.scope.phase));
    for (const ValueType& t : n.outputs) text += str(' ', name_of(t.dtype), t.shape);
    if (n.op)
      for (const std::string& name : attributes_of(*n.op))
        text += str(' ', name, '=', n.attrs.find(name)->text());
    if (n.role == Role::kInput) text += str(' ', n.scope.path);
    if (n.role == Role::kParameter || n.role == Role::kState) text += parameter_text(n.parameter);
    return joined_hash({hash_text(text), constant_hash(n)});
  }

  // Those that are no names of random streams.
  const std::vector<std::string>& attributes_of(const Op& op) {
    const auto [known, fresh] = attributes_.try_emplace(&op);
    if (fresh)
      for (const FieldInfo& f : op.attrs.describe())
        if (f.type != "whole number" || !std::isinf(f.min) || !std::isinf(f.max))
          known->second.push_back(f.name);
    return known->second;
  }

  // The parameter that a narrow copy holds, as an input.
  int source_of(const Node& n) const {
    return n.copy_of.empty() ? -1 : g_.find(Role::kParameter, n.copy_of).value_or(-1);
  }

  static uint64_t port_hash(const std::vector<uint64_t>& h, Port p) {
    return p.node < 0 ? 0 : joined_hash({h[size_t(p.node)], uint64_t(p.output)});
  }

  std::vector<uint64_t> with_inputs(const std::vector<uint64_t>& before) const {
    std::vector<uint64_t> out;
    for (size_t id = 0; id < count_; ++id) {
      const Node& n = g_.node(int(id));
      std::vector<uint64_t> parts = {before[id]};
      for (Port p : n.inputs) parts.push_back(port_hash(out, p));
      if (const int source = source_of(n); source >= 0) parts.push_back(before[size_t(source)]);
      out.push_back(hash_of(parts));
    }
    return out;
  }

  std::vector<uint64_t> with_uses(const std::vector<uint64_t>& before) const {
    std::vector<std::vector<uint64_t>> uses(count_);
    const auto add = [&](Port p, uint64_t reader, uint64_t place) {
      if (p.node >= 0)
        uses[size_t(p.node)].push_back(joined_hash({uint64_t(p.output), reader, place}));
    };
    for (const Output& o : g_.outputs) add(o.port, hash_text(o.name), kOutput);
    for (const Update& u : g_.updates) {
      add(u.value, before[size_t(u.node)], kUpdate);
      add({u.node, 0}, port_hash(before, u.value), kUpdated);
    }
    for (size_t id = 0; id < count_; ++id)
      add({source_of(g_.node(int(id))), 0}, before[id], kCopied);
    std::vector<uint64_t> out(count_);
    for (size_t id = count_; id-- > 0;) {
      const Node& n = g_.node(int(id));
      out[id] = joined_hash({before[id], unordered_hash(std::move(uses[id]))});
      for (size_t i = 0; i < n.inputs.size(); ++i) add(n.inputs[i], out[id], i);
    }
    return out;
  }

  uint64_t ends_hash(const std::vector<uint64_t>& h) const {
    std::vector<uint64_t> ends;
    for (const Output& o : g_.outputs)
      ends.push_back(joined_hash({hash_text(o.name), port_hash(h, o.port)}));
    for (const Update& u : g_.updates)
      ends.push_back(joined_hash({kUpdate, h[size_t(u.node)], port_hash(h, u.value)}));
    return unordered_hash(std::move(ends));
  }

  // Places of a reader beside its operands, which are counted from 0.
  static constexpr uint64_t kOutput = uint64_t(-1), kUpdate = uint64_t(-2), kUpdated = uint64_t(-3),
                            kCopied = uint64_t(-4);

  const Graph& g_;
  const size_t count_;
  std::map<const Op*, std::vector<std::string>> attributes_;
};
}  // namespace

uint64_t structural_hash(const Graph& g) {
  return StructuralHasher(g).hash();
}
}  // namespace cambium
