// References of operators with a gradient let a NaN through to every result that hears it. Allowed
// is, found by trying and not by name:
// - Decisions have no NaN to show: an input that is only compared (a mask), and a result that moves
//   in jumps alone (how many, which) are exempt.
// - Where numbers are chosen by their order and a result of integers says which, NaN is among the
//   chosen: some result that hears it shows it.
// - NaN may stand for a number that is not there. Then it is counted: a result tells that hears no
//   number in its place.
#include <gtest/gtest.h>

#include "tests/ops/hostile.h"

namespace cambium::hostile_reference_test {
namespace {
class DifferentiableReference : public testing::TestWithParam<const Op*> {
 protected:
  // Fails where results hide the NaN that replaced an element; `differs` are those that hear it.
  void expect_shown(const OpCase& c, const Hearers& fine, const Hearers& differs,
                    const std::vector<Ref>& base, const std::vector<Ref>& results) {
    std::vector<std::string> hidden;
    bool shown = false, chosen = false;
    for (size_t k = 0; k < base.size(); ++k) {
      const bool floats = is_float(c.out[k].type().dtype);
      const bool jumps = std::ranges::find(fine[k], true) == fine[k].end();
      for (int64_t j = 0; j < base[k].size(); ++j) {
        if (!differs[k][size_t(j)]) {
          if (jumps && results[k][j] != base[k][j]) return;  // it is counted
          continue;
        }
        chosen |= !floats;
        if (!floats || jumps) continue;
        shown |= std::isnan(results[k][j]);
        if (!std::isnan(results[k][j])) hidden.push_back(str("output ", k, "[", j, "]"));
      }
    }
    if (chosen && shown) return;
    for (size_t i = 0; i < std::min<size_t>(hidden.size(), 6); ++i)
      ADD_FAILURE() << hidden[i] << " hides the NaN that it hears";
  }
};

TEST_P(DifferentiableReference, LetsNaNThroughWhereItIsHeard) {
  const Op& op = *GetParam();
  for (const Sample& s : op.samples) {
    const std::vector<Place> places = places_of(s, holds_floats);
    if (places.empty() || places.size() > 1500) continue;
    OpCase c(op, s);
    const std::vector<Ref> base = c.reference();
    Hearers fine = different(base, base);
    std::vector<bool> decides(c.in.size(), false);
    for (size_t i = 0; i < c.in.size(); ++i) {
      if (!holds_floats(s.inputs[i])) continue;
      const Hearers of_input = heard_finely(c, i);
      decides[i] = !any_hears(of_input);
      for (size_t k = 0; k < fine.size(); ++k)
        for (size_t j = 0; j < fine[k].size(); ++j)
          if (of_input[k][j]) fine[k][j] = true;
    }
    Random random(2, stream_of(op.name));
    for (int round = 0; round < 12; ++round) {
      const Place at = places[random.below(uint32_t(places.size()))];
      if (decides[at.input]) continue;
      const auto differs = heard(c, at, base);
      const std::vector<Replaced> replaced = {{at, std::numeric_limits<double>::quiet_NaN()}};
      const Replacement held(c, replaced);
      SCOPED_TRACE(describe(s, replaced));
      expect_shown(c, fine, differs, base, c.reference());
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, DifferentiableReference,
                         testing::ValuesIn(ops_with(holds_floats, true)), name_of_op);
}  // namespace
}  // namespace cambium::hostile_reference_test
