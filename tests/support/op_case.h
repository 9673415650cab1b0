// OpCase: one op with the data of one of its samples, ready to be run through its reference and its
// kernel without a plan.
#pragma once
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>

#include "core/rng.h"
#include "graph/graph.h"
#include "ops/ops.h"
#include "ops/support/bf16.h"
#include "ops/support/dnnl.h"

namespace cambium {
// A directed graph of at most `edges` edges with self loops; the last of several nodes is isolated.
inline Adjacency random_adjacency(const Shape& s, Random& random) {
  const auto reachable = uint32_t(std::max<int64_t>(s[0] - (s[0] > 1), 0));
  std::vector<Edge> edges;
  for (int64_t e = 0; e < s[2] && reachable > 0; ++e)
    edges.emplace_back(e == 0 ? 0 : random.below(reachable), e == 0 ? 0 : random.below(reachable));
  return make_adjacency(s[0], edges, false);
}

class OpCase {
 public:
  OpCase(const Op& op, const Sample& sample, uint64_t seed = 1) : graph(builtin_ops()), op_(op) {
    Random random(seed, stream_of(op.name));
    for (const SampleInput& input : sample.inputs) add_input(input, random);
    out = graph.outputs_of(graph.emit(op.name, in, sample.args).node);
  }

  Call call() { return {in, graph.node(out[0].node).attrs, out}; }

  std::vector<Ref> reference() {
    std::vector<Ref> results;
    for (Value v : out) {
      results.emplace_back();
      if (v.type().dtype == DType::kAdjacency)
        results.back().adjacency = &answers_.emplace_back();
      else
        results.back().data.assign(size_t(v.shape().count()), 0.0);
    }
    if (op_.view)
      results[0] = data[0];
    else
      op_.reference(call(), data, results);
    return results;
  }

  // Element i of an input becomes x as its type holds it, for the reference and for the kernel.
  void put(size_t input, int64_t i, double x) {
    Tensor& t = tensors[input];
    double& held = data[input][i];
    if (t.type().dtype == DType::kF32) {
      held = t.f32()[size_t(i)] = float(x);
    } else if (t.type().dtype == DType::kBf16) {
      const uint16_t narrow = to_bf16(float(x));
      std::memcpy(t.raw().data() + 2 * i, &narrow, 2);
      held = from_bf16(narrow);
    } else {
      held = std::floor(x);
      store_integer(t, i, int64_t(held));
    }
  }

  // Runs the kernel once. Outputs and scratch are filled with NaN before, except that the outputs
  // named in `shared` lie in (a copy of) their input's buffer.
  std::vector<Tensor> run(const Kernel& kernel, std::span<const InPlace> shared = {}) {
    std::vector<Tensor> results;
    std::vector<const void*> sources;
    std::vector<void*> targets;
    for (const Tensor& t : tensors) sources.push_back(t.data());
    for (size_t i = 0; i < in.size(); ++i)
      if (!in[i]) sources[i] = nullptr;
    for (Value v : out) {
      results.emplace_back(v.type());
      std::memset(results.back().data(), 0xff, size_t(results.back().bytes()));
    }
    for (InPlace p : shared) {
      results[size_t(p.out)] = tensors[size_t(p.in)].clone();
      sources[size_t(p.in)] = results[size_t(p.out)].data();
    }
    for (Tensor& t : results) targets.push_back(t.data());
    Tensor scratch(DType::kU8, Shape{kernel.scratch_bytes});
    if (scratch.bytes() > 0) std::memset(scratch.data(), 0xff, size_t(scratch.bytes()));
    kernel.run({sources.data(), targets.data(), scratch.data()});
    return results;
  }

  Graph graph;
  std::vector<Value> in, out;
  std::vector<Ref> data;        // one an input
  std::vector<Tensor> tensors;  // the same numbers for the kernel

 private:
  void add_input(const SampleInput& input, Random& random) {
    data.emplace_back();
    tensors.emplace_back(input.absent ? ValueType{DType::kF32, Shape{0}} : input.type);
    in.push_back(input.absent ? Value{} : graph.input(str("x", in.size()), input.type));
    if (input.absent) return;
    if (input.type.dtype == DType::kAdjacency) {
      adjacencies_.push_back(
          std::make_shared<const Adjacency>(random_adjacency(input.type.shape, random)));
      data.back().adjacency = adjacencies_.back().get();
      std::memcpy(tensors.back().data(), &data.back().adjacency, sizeof(const Adjacency*));
      return;
    }
    data.back().data.resize(size_t(input.type.shape.count()));
    for (int64_t i = 0; i < input.type.shape.count(); ++i) {
      const double u = random.uniform(), in_range = input.lo + u * (input.hi - input.lo);
      const bool normal = input.type.dtype == DType::kF32 && input.lo >= input.hi;
      put(data.size() - 1, i, normal ? random.normal() : in_range);
    }
  }

  static void store_integer(Tensor& t, int64_t i, int64_t value) {
    if (t.type().dtype == DType::kI32)
      t.i32()[size_t(i)] = int32_t(value);
    else if (t.type().dtype == DType::kI64)
      t.i64()[size_t(i)] = value;
    else
      t.raw()[size_t(i)] = std::byte(value);
  }

  const Op& op_;
  std::vector<std::shared_ptr<const Adjacency>> adjacencies_;
  std::deque<Adjacency> answers_;  // of the reference
};

// The samples that this machine has kernels for: without bf16 products, those that multiply in bf16
// are left out.
inline std::vector<Sample> samples_here(const Op& op, Engine& engine) {
  std::vector<Sample> here;
  for (const Sample& s : op.samples) {
    const bool narrow = std::ranges::any_of(
        s.inputs, [](const SampleInput& i) { return i.type.dtype == DType::kBf16; });
    if (narrow && !has_bf16_products()) try {
        OpCase c(op, s);
        op.kernel(c.call(), engine);
      } catch (const std::exception&) {
        continue;
      }
    here.push_back(s);
  }
  return here;
}

// A value that is an adjacency.
inline const Adjacency& adjacency_of(const Tensor& t) {
  return **reinterpret_cast<const Adjacency* const*>(t.data());
}

inline bool same_edges(const Csr& a, const Csr& b) {
  return a.begin == b.begin && a.neighbour == b.neighbour;
}

// The same graph, its twin included.
inline bool same_graph(const Adjacency& a, const Adjacency& b) {
  return a.nodes == b.nodes && a.edges == b.edges && same_edges(a.in, b.in) &&
         same_edges(a.out, b.out) && a.out_edge == b.out_edge && a.inv_degree == b.inv_degree &&
         a.rsqrt_degree == b.rsqrt_degree && !a.looped == !b.looped &&
         (!a.looped || same_graph(*a.looped, *b.looped));
}

// Element i of a kernel's result as a double.
inline double number_at(const Tensor& t, int64_t i) {
  if (t.type().dtype == DType::kI32) return t.i32()[size_t(i)];
  if (t.type().dtype == DType::kI64) return double(t.i64()[size_t(i)]);
  if (t.type().dtype == DType::kF32) return t.f32()[size_t(i)];
  if (t.type().dtype == DType::kBf16) {
    uint16_t x = 0;
    std::memcpy(&x, t.raw().data() + 2 * i, 2);
    return from_bf16(x);
  }
  return double(t.raw()[size_t(i)]);
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() &&
         (a.bytes() == 0 || std::memcmp(a.data(), b.data(), size_t(a.bytes())) == 0);
}
}  // namespace cambium
