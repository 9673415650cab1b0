// CTC: sequences of symbols of which nobody says at which frames they stand. Graves et al. 2006;
// formula: ops/loss/ctc.cpp.
#include "train/spec/loss.h"

namespace cambium::loss_ctc {
namespace {
struct Ctc {
  std::string per = "symbol";
  static constexpr auto fields = std::tuple{
      field("per", &Ctc::per,
            "what the mean is over; symbol: sequences, each divided by its length; example: "
            "sequences as they are")
          .one_of("symbol|example")};
};
}  // namespace

extern const Loss loss_ctc = {
    .name = "ctc",
    .doc =
        "negative log-likelihood, in nats, of a sequence that no one aligned with the frames: "
        "of all paths that leave it when repeats are joined and blanks dropped. A sequence that "
        "needs more frames than there are is not scored (PyTorch: infinity, or 0 in the mean)",
    .paper =
        "Graves et al. 2006, Connectionist temporal classification: labelling unsegmented "
        "sequence data with recurrent neural networks",
    .attrs = fields_of<Ctc>,
    .target = TargetKind::kSequences,
    .emit = [](const Attrs& attrs, const Args& more, const LossInputs& in) {
      Args args = more;
      args.push_back({"per", attrs.as<Ctc>().per});
      const Value loss = in.output.graph->emit("ctc", in.of_sequences(), args);
      return LossValues{loss, loss.nth(2)};
    }};
}  // namespace cambium::loss_ctc
