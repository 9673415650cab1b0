// What the optimizer updates share: one node serves all parameters of a model, its work cut into
// fixed chunks over the tensors laid end to end.
#pragma once
#include <vector>

#include "graph/op.h"
#include "ops/support/partition.h"

namespace cambium {
// Elements [begin, end) of tensor `tensor`.
struct UpdatePiece {
  int tensor;
  int64_t begin, end;
};

// n tensors laid end to end, cut every 16384 elements and at the ends of tensors.
class UpdateChunks {
 public:
  UpdateChunks() = default;
  // Inputs [first, first + n) of the call.
  UpdateChunks(const Call& c, int first, int n);

  int64_t chunks() const { return int64_t(begin_.size()) - 1; }

  // Calls f(piece) for every piece, chunks in parallel; a chunk's pieces run in order.
  template <class F> void each(const F& f) const {
    parallel_for(chunks(), 1, [&](int64_t first, int64_t last) {
      for (int64_t i = begin_[size_t(first)]; i < begin_[size_t(last)]; ++i) f(pieces_[size_t(i)]);
    });
  }

  int64_t pieces() const { return int64_t(pieces_.size()); }

  // In the order of the tensors.
  const UpdatePiece& piece(int64_t i) const { return pieces_[size_t(i)]; }

  // Calls f(i, piece(i)) for every piece, as `each` does.
  template <class F> void each_numbered(const F& f) const {
    parallel_for(chunks(), 1, [&](int64_t first, int64_t last) {
      for (int64_t i = begin_[size_t(first)]; i < begin_[size_t(last)]; ++i)
        f(i, pieces_[size_t(i)]);
    });
  }

  // The same with the chunk's number.
  template <class F> void each_chunk(const F& f) const {
    parallel_for(chunks(), 1, [&](int64_t first, int64_t last) {
      for (int64_t chunk = first; chunk < last; ++chunk)
        f(chunk,
          std::span(pieces_).subspan(size_t(begin_[size_t(chunk)]),
                                     size_t(begin_[size_t(chunk) + 1] - begin_[size_t(chunk)])));
    });
  }

 private:
  std::vector<UpdatePiece> pieces_;
  std::vector<int64_t> begin_ = {0};  // chunk -> its first piece
};

// Per-tensor settings: an empty list means `fallback` for all. UserError unless it has n entries.
std::vector<double> per_tensor(std::span<const double> values, int n, double fallback,
                               std::string_view name);

// UserError unless inputs [first, first + groups * n) are f32 and group by group have the shapes of
// the first group; input `scalar` in [0, scalars) must be f32 [].
void check_update_inputs(const Call& c, int scalars, int first, int groups, int n);

// The types of inputs [first, first + count).
std::vector<ValueType> types_of(const Call& c, int first, int count);
}  // namespace cambium
