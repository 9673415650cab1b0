// Held slicing: held-out documents parted as an audit parts those of a corpus.
#pragma once
#include "data/audit/slicing.h"
#include "data/held_documents.h"

namespace cambium {
// As make_slicings, of the documents in their order. By split they are not parted.
std::vector<AuditSlicing> slicings_of_documents(const HoldsDocuments& data, Split split,
                                                std::span<const std::string> wanted);

// "docs a/b.txt": what each document is called.
std::vector<std::string> names_of_documents(const HoldsDocuments& data, Split split);
}  // namespace cambium
