#include "ops/loss/support/chunked_head.h"

#include <cmath>

#include "core/system/parallel.h"
#include "core/tensor/bf16.h"
#include "ops/support/scratch.h"

namespace cambium {
namespace {
using namespace chunked_head;

// The products of `rows` rows: logits (x, w, b), dx (dlogits, w) and dw (dlogits, x).
struct Products {
  Kernel logits, dx, first_dw, more_dw;

  Products(const Call& c, Engine& e, int64_t rows);

  int64_t scratch_bytes() const {
    int64_t most = 0;
    for (const Kernel* k : {&logits, &dx, &first_dw, &more_dw})
      most = std::max(most, k->scratch_bytes);
    return most;
  }
};

Kernel product(Engine& e, const MemoryDesc& a, const MemoryDesc& b, const MemoryDesc& bias,
               const MemoryDesc& y, bool accumulate) {
  dnnl::post_ops post;
  if (accumulate) post.append_sum(1);
  const auto pd = make_pd<dnnl::matmul>(e, caller_scratch(post), a, b, bias, y);
  DnnlCall call(e, dnnl::matmul(pd), pd);
  call.input(DNNL_ARG_SRC, a, 0).input(DNNL_ARG_WEIGHTS, b, 1).output(DNNL_ARG_DST, y, 0);
  if (bias.get_size() > 0) call.input(DNNL_ARG_BIAS, bias, 2);
  return dnnl_kernel(std::move(call));
}

Products::Products(const Call& c, Engine& e, int64_t rows) {
  const Sizes z(c);
  const int64_t K = z.depth, V = z.classes;
  const bool transposed = c.as<LinearCrossEntropy>().transpose;
  const DType type = c.dtype(kX);
  const dnnl::memory::dims w_rows =
      transposed ? dnnl::memory::dims{1, K} : dnnl::memory::dims{V, 1};
  const dnnl::memory::dims w_columns = {w_rows[1], w_rows[0]};
  const MemoryDesc none, y = dense_md({rows, V}), dy = dense_md({rows, V}, type);
  logits = product(e, dense_md({rows, K}, type), strided_md({K, V}, w_rows, type),
                   c.has(kBias) ? dense_md({1, V}) : none, y, false);
  if (!c.as<LinearCrossEntropy>().gradients) return;
  dx = product(e, dy, strided_md({V, K}, w_columns, type), none, dense_md({rows, K}), false);
  const MemoryDesc left =
      transposed ? strided_md({V, rows}, {1, V}, type) : strided_md({K, rows}, {1, K}, type);
  const MemoryDesc right = transposed ? dense_md({rows, K}, type) : dy;
  const MemoryDesc dw = transposed ? dense_md({V, K}) : dense_md({K, V});
  first_dw = product(e, left, right, none, dw, false);
  more_dw = product(e, left, right, none, dw, true);
}

CAMBIUM_SIMD void add_rows(const float* x, int64_t rows, int64_t ld, int64_t n, float* to) {
  for (int64_t r = 0; r < rows; ++r, x += ld)
#pragma GCC ivdep
    for (int64_t v = 0; v < n; ++v) to[v] += x[v];
}

class ChunkedHead {
 public:
  ChunkedHead(const Call& c, Engine& e)
      : z_(c),
        a_(c.as<LinearCrossEntropy>()),
        losses_{z_.classes, a_},
        type_(c.dtype(kX)),
        bias_(c.has(kBias)),
        chunk_(std::min(a_.chunk, z_.rows)),
        whole_(c, e, chunk_),
        rest_(c, e, z_.rows % chunk_ ? z_.rows % chunk_ : chunk_) {
    logits_ = scratch_.add_f32(chunk_ * z_.classes);
    narrow_ = scratch_.add(a_.gradients && type_ == DType::kBf16 ? 2 * chunk_ * z_.classes : 0);
    lse_ = scratch_.add_f32(chunk_);
    sums_ = scratch_.add_f32(chunk_);
    hits_ = scratch_.add(chunk_);
    products_ = scratch_.add(std::max(whole_.scratch_bytes(), rest_.scratch_bytes()));
  }

  int64_t scratch_bytes() const { return scratch_.bytes; }

  const std::string& impl() const { return whole_.logits.impl; }

  void run(const KernelArgs& k) const {
    const double scored = losses_.weight(k.i32(kTarget), z_.rows);
    double loss = 0;
    int64_t correct = 0;
    for (int64_t at = 0; at < z_.rows; at += chunk_) {
      const int64_t rows = std::min(chunk_, z_.rows - at);
      const Products& products = rows == chunk_ ? whole_ : rest_;
      auto* y = reinterpret_cast<float*>(k.scratch + logits_);
      auto* lse = reinterpret_cast<float*>(k.scratch + lse_);
      const int32_t* target = k.i32(kTarget) + at;
      call(products.logits, {x(k, at), k.in[kW], bias_ ? k.in[kBias] : nullptr}, y, k);
      loss += losses_.loss(y, target, rows, lse, reinterpret_cast<float*>(k.scratch + sums_));
      correct +=
          count_correct(y, target, rows, z_.classes, reinterpret_cast<uint8_t*>(k.scratch + hits_));
      if (!a_.gradients) continue;
      losses_.gradient(y, target, rows, lse, scored > 0 ? float(1 / scored) : 0, y);
      differentiate(k, products, at, rows, y);
    }
    k.out_f32(kLoss)[0] = float(scored > 0 ? loss / scored : 0);
    k.out_f32(kScored)[0] = float(scored);
    k.out_f32(kCorrect)[0] = float(correct);
  }

 private:
  const void* x(const KernelArgs& k, int64_t row) const {
    return static_cast<const std::byte*>(k.in[kX]) + row * z_.depth * size_of(type_);
  }

  bool counts(const KernelArgs& k, int64_t row) const {
    return a_.counts(k.i32(kTarget)[row], z_.classes);
  }

  bool is_finite_row(const void* x) const {
    for (int64_t i = 0; i < z_.depth; ++i) {
      const float v = type_ == DType::kBf16 ? from_bf16(static_cast<const uint16_t*>(x)[i])
                                            : static_cast<const float*>(x)[i];
      if (!std::isfinite(v)) return false;
    }
    return true;
  }

  // The chunk's rows of x, or `copy` of them with zeros in rows that do not count and are not
  // finite: their gradients are zero, and zero times NaN is not. Rare enough to allocate.
  const void* without_poison(const KernelArgs& k, int64_t at, int64_t rows,
                             std::vector<std::byte>& copy) const {
    const int64_t bytes = z_.depth * size_of(type_);
    for (int64_t r = 0; r < rows; ++r) {
      if (counts(k, at + r) || is_finite_row(x(k, at + r))) continue;
      const auto* all = static_cast<const std::byte*>(x(k, at));
      if (copy.empty()) copy.assign(all, all + rows * bytes);
      std::fill_n(copy.begin() + r * bytes, bytes, std::byte{0});
    }
    return copy.empty() ? x(k, at) : copy.data();
  }

  void call(const Kernel& kernel, std::initializer_list<const void*> in, void* out,
            const KernelArgs& k) const {
    kernel.run({.in = in.begin(), .out = &out, .scratch = k.scratch + products_});
  }

  // From the rows' gradients `dy` of the logits.
  void differentiate(const KernelArgs& k, const Products& products, int64_t at, int64_t rows,
                     const float* dy) const {
    const int64_t n = z_.classes;
    if (bias_)
      parallel_for(n, 4096, [&](int64_t begin, int64_t end) {
        float* db = k.out_f32(kDb) + begin;
        if (at == 0) std::fill_n(db, end - begin, 0.0f);
        add_rows(dy + begin, rows, n, end - begin, db);
      });
    const void* d = dy;
    if (type_ == DType::kBf16) {
      auto* narrow = reinterpret_cast<uint16_t*>(k.scratch + narrow_);
      parallel_for(rows * n, 8192, [&](int64_t begin, int64_t end) {
        narrow_range(dy + begin, narrow + begin, end - begin);
      });
      d = narrow;
    }
    call(products.dx, {d, k.in[kW]}, k.out_f32(kDx) + at * z_.depth, k);
    for (int64_t r = at; r < at + rows; ++r)  // zero, whatever the weights are
      if (!counts(k, r)) std::fill_n(k.out_f32(kDx) + r * z_.depth, z_.depth, 0.0f);
    const Kernel& dw = at == 0 ? products.first_dw : products.more_dw;
    std::vector<std::byte> cleared;
    const void* from = without_poison(k, at, rows, cleared);
    const void* left = a_.transpose ? d : from;
    call(dw, {left, a_.transpose ? from : d}, k.out[kDw], k);
  }

  Sizes z_;
  LinearCrossEntropy a_;
  RowLosses losses_;
  DType type_;
  bool bias_;
  int64_t chunk_;
  Products whole_, rest_;
  Scratch scratch_;
  int64_t logits_ = 0, narrow_ = 0, lse_ = 0, sums_ = 0, hits_ = 0, products_ = 0;
};
}  // namespace

Kernel chunked_head_kernel(const Call& c, Engine& e) {
  const auto head = std::make_shared<const ChunkedHead>(c, e);
  return {.run = [head](const KernelArgs& k) { head->run(k); },
          .scratch_bytes = head->scratch_bytes(),
          .impl = head->impl()};
}
}  // namespace cambium
