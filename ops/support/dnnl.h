// The only header that sees oneDNN. One source for oneDNN 2.6 and 3.x: every difference of the two
// APIs is in this file, and no other file asks for the version.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <dnnl.hpp>

#include "graph/op.h"

namespace cambium {
struct Engine {
  dnnl::engine cpu{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{cpu};
  bool own_only = false;  // turn oneDNN down wherever there is a kernel of our own (for tests)
};

using MemoryDesc = dnnl::memory::desc;

inline dnnl::memory::data_type dnnl_type(DType t) {
  return t == DType::kBf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

// Plain row-major; a scalar counts as one element of rank 1.
inline MemoryDesc dense_md(const Shape& s, DType type = DType::kF32) {
  dnnl::memory::dims dims(s.dims().begin(), s.dims().end());
  if (dims.empty()) dims = {1};
  dnnl::memory::dims strides(dims.size(), 1);
  for (size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  return {dims, dnnl_type(type), strides};
}

// Any layout given by strides in elements.
inline MemoryDesc strided_md(const dnnl::memory::dims& dims, const dnnl::memory::dims& strides,
                             DType type = DType::kF32) {
  return {dims, dnnl_type(type), strides};
}

// The implementation's choice of layout.
inline MemoryDesc any_md(const dnnl::memory::dims& dims, DType type = DType::kF32) {
  return {dims, dnnl_type(type), dnnl::memory::format_tag::any};
}

// Attributes with scratch memory from the caller. Copies of an attribute share state in oneDNN, so
// each primitive gets its own from here.
inline dnnl::primitive_attr caller_scratch(const dnnl::post_ops& post = {}) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_post_ops(post);
  return attr;
}

// Whether bf16 is multiplied by matrix tiles (Intel AMX), several times faster than by any vector
// kernel, ours included.
inline bool has_matrix_tiles() {
  const auto has = unsigned(dnnl::get_effective_cpu_isa());
  const auto wanted = unsigned(dnnl::cpu_isa::avx512_core_amx);
  return (has & wanted) == wanted;
}

#if DNNL_VERSION_MAJOR >= 3
using SoftmaxForward = dnnl::softmax_forward;
using SoftmaxBackward = dnnl::softmax_backward;
using PoolForward = dnnl::pooling_forward;
using PoolBackward = dnnl::pooling_backward;

// A primitive descriptor from its operation's arguments; throws dnnl::error when unsupported.
template <class P, class... A>
auto make_pd(Engine& e, const dnnl::primitive_attr& attr, const A&... args) {
  return typename P::primitive_desc(e.cpu, args..., attr);
}

// The same for a backward primitive, which needs its forward as a hint.
template <class P, class Hint, class... A>
auto make_backward_pd(Engine& e, const dnnl::primitive_attr& attr, const Hint& forward,
                      const A&... args) {
  return typename P::primitive_desc(e.cpu, args..., forward, attr);
}

inline void append_eltwise(dnnl::post_ops& post, dnnl::algorithm algorithm, float alpha,
                           float beta) {
  post.append_eltwise(algorithm, alpha, beta);
}
#else
using SoftmaxForward = dnnl::softmax_v2_forward;
using SoftmaxBackward = dnnl::softmax_v2_backward;
using PoolForward = dnnl::pooling_v2_forward;
using PoolBackward = dnnl::pooling_v2_backward;

template <class P, class... A>
auto make_pd(Engine& e, const dnnl::primitive_attr& attr, const A&... args) {
  return typename P::primitive_desc(typename P::desc(args...), attr, e.cpu);
}

template <class P, class Hint, class... A>
auto make_backward_pd(Engine& e, const dnnl::primitive_attr& attr, const Hint& forward,
                      const A&... args) {
  return typename P::primitive_desc(typename P::desc(args...), attr, e.cpu, forward);
}

inline void append_eltwise(dnnl::post_ops& post, dnnl::algorithm algorithm, float alpha,
                           float beta) {
  post.append_eltwise(1.0f, algorithm, alpha, beta);
}
#endif

inline void append_binary(dnnl::post_ops& post, dnnl::algorithm algorithm, const MemoryDesc& md) {
  post.append_binary(algorithm, md);
}

// The argument number of the second operand of post-op `position`.
inline int post_op_argument(int position) {
  return DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_SRC_1;
}

// True for oneDNN's plain-loop implementations, hundreds of times slower than the others.
inline bool is_reference_impl(std::string_view impl) {
  return impl.starts_with("ref") || impl.find(":ref") != std::string_view::npos;
}

// Whether a kernel of our own runs in its place.
inline bool turned_down(const Engine& e, std::string_view impl) {
  return e.own_only || is_reference_impl(impl);
}

// A primitive with prebuilt arguments: running it only points them at the buffers of the call.
// Copies share the memory objects.
class DnnlCall {
 public:
  // P is the primitive, pd its descriptor (made with caller_scratch attributes).
  template <class Pd>
  DnnlCall(Engine& engine, const dnnl::primitive& primitive, const Pd& pd)
      : engine_(&engine), primitive_(primitive), impl_(pd.impl_info_str()) {
    const MemoryDesc md = pd.scratchpad_desc();
    scratch_bytes_ = int64_t(md.get_size());
    if (scratch_bytes_ > 0) bind(DNNL_ARG_SCRATCHPAD, md, kScratch, 0);
  }

  DnnlCall& input(int argument, const MemoryDesc& md, int i) {
    return bind(argument, md, kInput, i);
  }

  DnnlCall& output(int argument, const MemoryDesc& md, int k) {
    return bind(argument, md, kOutput, k);
  }

  // A buffer at this offset of the kernel's scratch memory.
  DnnlCall& scratch(int argument, const MemoryDesc& md, int64_t offset) {
    return bind(argument, md, kScratch, offset);
  }

  // The primitive's own scratchpad moves to this offset of the kernel's scratch memory.
  DnnlCall& scratchpad_at(int64_t offset) {
    for (Bound& b : bound_)
      if (b.argument == DNNL_ARG_SCRATCHPAD) b.index = offset;
    return *this;
  }

  int64_t scratch_bytes() const { return scratch_bytes_; }

  const std::string& impl() const { return impl_; }

  void run(const KernelArgs& k) {
    for (Bound& b : bound_) b.memory.set_data_handle(address(b, k));
    primitive_.execute(engine_->stream, arguments_);
    engine_->stream.wait();
  }

 private:
  enum Where { kInput, kOutput, kScratch };

  struct Bound {
    int argument;
    Where where;
    int64_t index;
    dnnl::memory memory;
  };

  static void* address(const Bound& b, const KernelArgs& k) {
    if (b.where == kInput) return const_cast<void*>(k.in[b.index]);
    return b.where == kOutput ? k.out[b.index] : static_cast<void*>(k.scratch + b.index);
  }

  DnnlCall& bind(int argument, const MemoryDesc& md, Where where, int64_t index) {
    dnnl::memory memory(md, engine_->cpu, nullptr);
    bound_.push_back({argument, where, index, memory});
    arguments_.insert_or_assign(argument, memory);
    return *this;
  }

  Engine* engine_;
  dnnl::primitive primitive_;
  std::string impl_;
  int64_t scratch_bytes_ = 0;
  std::vector<Bound> bound_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

// A kernel that is one primitive.
inline Kernel dnnl_kernel(DnnlCall call) {
  const int64_t scratch = call.scratch_bytes();
  const std::string impl = call.impl();
  const auto shared = std::make_shared<DnnlCall>(std::move(call));
  return {.run = [shared](const KernelArgs& k) { shared->run(k); },
          .scratch_bytes = scratch,
          .impl = impl};
}
}  // namespace cambium
