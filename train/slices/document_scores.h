// Document scores: what a model loses on each held-out document.
#pragma once
#include <functional>

#include "data/split.h"
#include "graph/run/executor.h"
#include "train/spec/experiment.h"

namespace cambium {
struct DocumentScore {
  int64_t targets = 0, bytes = 0;  // scored; of text that they stand for, 0 where that is not known
  double loss = 0, correct = 0;    // nats, and targets with the largest score; both summed
};

// Runs a plan of answers_graph of `batch` examples over the split. Of data that HoldsDocuments each
// document is one; else each example, whose target is one class, is. UserError for other data.
// `stop` is asked between batches; Stopped where it answers true.
std::vector<DocumentScore> score_documents(Executor& executor, const Dataset& data, Split split,
                                           int64_t batch, const std::function<bool()>& stop = {});
}  // namespace cambium
