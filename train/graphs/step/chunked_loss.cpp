#include "train/graphs/step/chunked_loss.h"

#include <algorithm>

#include "train/spec/settle.h"

namespace cambium {
namespace {
constexpr int64_t kLeastBytes = int64_t{64} << 20;  // of logits that are worth it
constexpr int64_t kChunkBytes = int64_t{32} << 20;  // of logits at a time
constexpr int64_t kLeastRows = 256;                 // products of fewer run slowly

// What keeps the loss of this model from being taken some rows at a time; empty: nothing.
std::string hindrance(const Experiment& e, const Scored& s) {
  if (e.train.loss.record->name != "cross_entropy")
    return str("the loss is ", e.train.loss.record->name, ", not cross_entropy");
  if (e.train.options.accuracy == "macro") return "accuracy: macro counts over all logits";
  if (s.group) return "targets of some groups count more than others";
  if (!s.head) return "the model does not end in a linear block without activation";
  return "";
}
}  // namespace

int64_t loss_rows(const Experiment& e, const Scored& s) {
  const int64_t wanted = e.train.options.loss_rows, rows = s.output.shape().rows();
  const std::string why_not = hindrance(e, s);
  if (wanted > 0 && !why_not.empty())
    throw UserError(str("loss_rows = ", wanted, " is not possible: ", why_not),
                    "leave loss_rows out", mark_of_option(e, "loss_rows"));
  if (!why_not.empty()) return 0;
  if (wanted > 0) return wanted < rows ? wanted : 0;
  const int64_t row_bytes = s.output.shape().last() * int64_t(sizeof(float));
  if (rows * row_bytes < kLeastBytes) return 0;
  const int64_t chunk = std::max(kLeastRows, kChunkBytes / row_bytes / kLeastRows * kLeastRows);
  return chunk < rows ? chunk : 0;
}

ChunkedLoss emit_chunked_loss(const Scored& s, int64_t rows, Args more, bool gradients) {
  const Head& head = *s.head;
  more.push_back({"transpose", head.transposed});
  more.push_back({"gradients", gradients});
  more.push_back({"chunk", rows});
  std::vector<Value> in = {head.rows, head.weights, s.target};
  if (head.bias) in.push_back(head.bias);
  const Value loss = s.output.graph->emit("linear_cross_entropy", in, more);
  return {{loss, loss.nth(1)}, loss.nth(2)};
}
}  // namespace cambium
