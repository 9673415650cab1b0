// Which slices the documents of a split fall to.
#include <algorithm>

#include "core/text/suggest.h"
#include "data/audit/held_slicing.h"
#include "train/slices/slice_scores.h"

namespace cambium {
namespace {
// Examples by the class that is asked for.
AuditSlicing by_label(const Dataset& data, Split split) {
  AuditSlicing out{.key = "label", .ordered = true};
  const auto* named = dynamic_cast<const NamesClasses*>(&data);
  if (named) out.values = named->class_names();
  for (int64_t c = int64_t(out.values.size()); c < data.shape(1).classes; ++c)
    out.values.push_back(str(c));
  Batch one = allocate_batch(data.shape(1));
  for (int64_t i = 0; i < data.count(split); ++i) {
    data.read(split, std::span(&i, 1), 0, one);
    out.of.push_back(uint16_t(std::max(0, one.target.i32()[0])));
  }
  return out;
}
}  // namespace

std::vector<AuditSlicing> slicings_of(const Dataset& data, Split split,
                                      std::span<const std::string> wanted) {
  const auto* documents = dynamic_cast<const HoldsDocuments*>(&data);
  if (documents && split == Split::kTrain)
    throw UserError("documents to train on are streamed, and not told apart",
                    "ask for slices of --split test or val");
  if (documents) return slicings_of_documents(*documents, split, wanted);
  const std::vector<std::string> known = {"label"};
  for (const std::string& key : wanted)
    if (key != "label")
      throw UserError(str("examples of this data have no '", key, "'"), suggestion(key, known));
  if (data.shape(1).classes > UINT16_MAX)
    throw UserError(str("there are ", data.shape(1).classes, " classes, too many for slices"),
                    "leave out --by");
  return {by_label(data, split)};
}
}  // namespace cambium
