// What the tests of curation share: one step on texts.
#pragma once
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "core/xxhash.h"
#include "core/yaml/choice.h"
#include "data/curation/support/step.h"
#include "data/recipe/recipe.h"
#include "tests/support/data/test_data.h"

namespace cambium::test {
// The rule that drops the text; "" where it stays, as `text` then is.
class OneStep {
 public:
  explicit OneStep(const std::string& step) {
    const TempFolder folder;
    replace_file(folder.path("r.yaml"),
                 str("sources: {a: x.txt, b: y.txt}\nsteps: [", step, "]\n"));
    step_ = std::move(open_steps(load_recipe(folder.path("r.yaml"))).at(0));
  }

  std::string dropped_by(const std::string& text) {
    Draft d{.key = content_hash(text), .text = text};
    tally = {};
    const bool kept = step_->judge(0)->keep(d, tally);
    left = d.text;
    if (kept) return "";
    for (const auto& [name, rule] : tally.rules)
      if (rule.dropped > 0) return name;
    return "no rule";
  }

  Tally tally;
  std::string left;

 private:
  std::unique_ptr<CurationStep> step_;
};
}  // namespace cambium::test
