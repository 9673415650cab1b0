// Held documents: what held-out targets are of, so that a loss can be told of parts of the data.
#pragma once
#include <functional>

#include "data/dataset.h"

namespace cambium {
struct HeldDocument {
  std::string source, id;
  std::string meta;  // an object of JSON, or empty
  std::string_view text;
};

// What a Dataset is too when its held-out examples are cut from documents.
class HoldsDocuments {
 public:
  virtual ~HoldsDocuments() = default;

  // Calls f for each document that targets of the split are of, in their order.
  virtual void each_document(Split split,
                             const std::function<void(const HeldDocument&)>& f) const = 0;

  // The document of each target of an example, by the order of each_document; -1 where none is.
  virtual void documents_of(Split split, int64_t example, std::span<int32_t> to) const = 0;
};

// What a Dataset is too when its classes have names.
class NamesClasses {
 public:
  virtual ~NamesClasses() = default;

  virtual std::vector<std::string> class_names() const = 0;
};
}  // namespace cambium
