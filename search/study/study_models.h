// Study models: what is wrong with the models of a study, said once, with the variants that have it
// and the line of the study that makes it so.
#pragma once
#include <functional>

#include "search/study/study.h"

namespace cambium {
// UserErrors with every model file that is missing or no spec, each once, at the line naming it.
void check_model_files(const Study& study);

class VariantErrors {
 public:
  explicit VariantErrors(const Study& study) : study_(study) {}

  // Runs `f` and keeps what is wrong with the variant instead of stopping at it.
  void collect(const Variant& variant, const std::function<void()>& f);

  // UserErrors. What stands in a model file has notes: of which variants it is, and what in the
  // study sets it so.
  void throw_if_any() const;

 private:
  struct Found {
    UserError error;
    std::vector<const Variant*> variants;
  };

  void add(const Variant& variant, const UserError& error);
  UserError with_notes(const Found& found) const;

  const Study& study_;
  std::vector<Found> found_;
};
}  // namespace cambium
