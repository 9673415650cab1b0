#include "data/audit/held_slicing.h"

#include "data/curation/support/words.h"

namespace cambium {
std::vector<AuditSlicing> slicings_of_documents(const HoldsDocuments& data, Split split,
                                                std::span<const std::string> wanted) {
  AuditIntake intake;
  Records records;
  std::vector<DocumentMeta> meta;
  std::vector<std::string_view> words;
  data.each_document(split, [&](const HeldDocument& d) {
    const size_t source = place_in(intake.sources, d.source);
    split_words(d.text, words);
    records.documents.push_back({.bytes = int64_t(d.text.size()),
                                 .words = int64_t(words.size()),
                                 .task = uint32_t(source),
                                 .language = place_in(records.languages, language_name(d.text))});
    meta.push_back(meta_of(d.meta, false));
  });
  for (size_t i = 0; i < intake.sources.size(); ++i)
    intake.tasks.push_back({.source = i, .split = split});
  add_meta(records, meta, 0);
  return make_slicings(intake, records, wanted);
}

std::vector<std::string> names_of_documents(const HoldsDocuments& data, Split split) {
  std::vector<std::string> names;
  data.each_document(split,
                     [&](const HeldDocument& d) { names.push_back(str(d.source, " ", d.id)); });
  return names;
}
}  // namespace cambium
