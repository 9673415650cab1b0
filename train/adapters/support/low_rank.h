// Low rank: W + s A B, which LoRA and its kin share. A [in,r] and B [r,out] of W [in,out]; kernels
// [ky,kx,c,o] count as [ky kx c, o], and each of E experts [E,in,out] has its own pair.
#pragma once
#include <cmath>

#include "train/adapters/method.h"

namespace cambium {
struct LowRank {
  std::vector<std::string> on;
  int64_t rank = 8;
  double alpha = 16, dropout = 0;
  static constexpr auto fields = std::tuple{
      field("on", &LowRank::on,
            "weights, or blocks whose weights are meant; * stands for anything"),
      field("rank", &LowRank::rank, "columns of A and rows of B").in(1, 4096),
      field("alpha", &LowRank::alpha, "factor of what is added, before it is divided by the rank")
          .in(0, 1e6),
      field("dropout", &LowRank::dropout,
            "of what A hears, in training; only where A stands beside a product")
          .in(0, 0.99)};
};

struct LowRankShape {
  int64_t copies, in, out;  // copies: experts
};

inline LowRankShape low_rank_shape(const AdaptedWeight& w) {
  const Shape& s = w.shape;
  const bool experts = s.rank() == 3 && w.info.fan_in == std::vector{1};
  const int64_t copies = experts ? s[0] : 1, out = s.last();
  return {copies, s.count() / std::max<int64_t>(1, copies * out), out};
}

struct LowRankPair {
  Value a, b;
};

LowRankPair low_rank_pair(AdapterSite& site, const AdaptedWeight& w, int64_t rank);

// Why a pair, with `more` numbers beside it, does not pay; empty: it does.
std::string low_rank_refusal(const AdaptedWeight& w, int64_t rank, int64_t more = 0);

// W + s A B.
Value low_rank_whole(AdapterSite& site, const AdaptedWeight& w, Value weight, const LowRank& a,
                     double s);
// s (x A) B, or s (x B^T) A^T; of x times `scale` where given.
Value low_rank_term(AdapterSite& site, const AdaptedWeight& w, const ProductUse& use,
                    const LowRank& a, double s, Value scale = {});
}  // namespace cambium
