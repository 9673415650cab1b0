#include "ops/product/support/grouped.h"

#include "graph/graph.h"
#include "ops/support/dnnl.h"

namespace cambium {
void require_counts(const Call& c, int i, int64_t groups) {
  const ValueType wanted{DType::kI32, {groups}};
  require(c.in[size_t(i)].type() == wanted, "counts must be ", wanted, ", one a matrix, got ",
          c.in[size_t(i)].type());
}

// The extents of one side of the product are given when it runs: oneDNN asks for a placeholder when
// the primitive is made, and for memory of the true extents at each run.
struct AnyProduct::Primitive {
  Engine* engine;
  dnnl::matmul primitive;
  std::string impl;
};

namespace {
struct Descriptions {
  MemoryDesc a, b, y;
};

Descriptions describe(const ProductSizes& z) {
  using Strides = dnnl::memory::dims;
  const Strides a = z.transpose_a ? Strides{1, z.m} : Strides{z.k, 1};
  const Strides b = z.transpose_b ? Strides{1, z.k} : Strides{z.n, 1};
  return {strided_md({z.m, z.k}, a, DType::kBf16), strided_md({z.k, z.n}, b, DType::kBf16),
          strided_md({z.m, z.n}, {z.n, 1})};
}

// oneDNN generates all its kernels for dnnl_sgemm, some megabytes, at the first call: while a plan
// is compiled, so that they are in the memory that is measured before training.
void generate_sgemm() {
  static const bool done = [] {
    const std::vector<float> ones(64 * 64, 1.0f);
    std::vector<float> y(64 * 64);
    return dnnl_sgemm('N', 'N', 64, 64, 64, 1.0f, ones.data(), 64, ones.data(), 64, 0.0f, y.data(),
                      64) == dnnl_success;
  }();
  ensure(done, "dnnl_sgemm of 64 x 64 x 64 failed");
}

ProductSizes filled(ProductSizes z, int64_t size) {
  (z.m == kAnySize ? z.m : z.k) = size;
  return z;
}
}  // namespace

AnyProduct::AnyProduct(Engine& e, const ProductSizes& z, DType dtype, bool add) : z_(z), add_(add) {
  if (dtype == DType::kF32) generate_sgemm();
  if (dtype == DType::kF32 || z.m * z.n * z.k == 0) return;
  const Descriptions d = describe(filled(z, DNNL_RUNTIME_DIM_VAL));
  dnnl::post_ops post;
  if (add) post.append_sum(1);
  dnnl::primitive_attr attr;  // with extents unknown, so is the scratch: oneDNN keeps its own
  attr.set_post_ops(post);
  const auto pd = make_pd<dnnl::matmul>(e, attr, d.a, d.b, d.y);
  primitive_ = std::make_shared<Primitive>(&e, dnnl::matmul(pd), pd.impl_info_str());
}

std::string AnyProduct::impl() const {
  return primitive_ ? primitive_->impl : "own";
}

void AnyProduct::run(int64_t size, const void* a, const void* b, float* y) const {
  const ProductSizes z = filled(z_, size);
  if (!primitive_) {
    const dnnl_status_t status = dnnl_sgemm(z.transpose_a ? 'T' : 'N', z.transpose_b ? 'T' : 'N',
                                            z.m, z.n, z.k, 1.0f, static_cast<const float*>(a),
                                            z.transpose_a ? z.m : z.k, static_cast<const float*>(b),
                                            z.transpose_b ? z.k : z.n, add_ ? 1.0f : 0.0f, y, z.n);
    ensure(status == dnnl_success, "dnnl_sgemm of ", z.m, " x ", z.n, " x ", z.k, " failed");
    return;
  }
  const Descriptions d = describe(z);
  const dnnl::engine& cpu = primitive_->engine->cpu;
  const auto memory = [&](const MemoryDesc& md, const void* at) {
    return dnnl::memory(md, cpu, const_cast<void*>(at));
  };
  primitive_->primitive.execute(primitive_->engine->stream, {{DNNL_ARG_SRC, memory(d.a, a)},
                                                             {DNNL_ARG_WEIGHTS, memory(d.b, b)},
                                                             {DNNL_ARG_DST, memory(d.y, y)}});
  primitive_->engine->stream.wait();
}
}  // namespace cambium
