// A small ladder on generated text: a residual transformer-free model of two free variables.
#pragma once
#include "core/system/files.h"
#include "search/ladder/ladder_plan.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"

namespace cambium::test {
class LadderFiles : public ::testing::Test {
 protected:
  LadderFiles() {
    replace_file(folder_.path("model.yaml"),
                 "vars: {dim: 8, depth: 1}\n"
                 "data: {markov_text: {symbols: 6, order: 1, context: 16, train: 512, val: 32, "
                 "test: 32}}\n"
                 "model:\n"
                 "  - {embed: $dim, name: tokens}\n"
                 "  - repeat: $depth\n"
                 "    body: [{residual: [{norm: rms}, {ffn: {expand: 2}}]}]\n"
                 "  - linear: {width: $classes}\n"
                 "train: {batch: 8, steps: 10, optimizer: {adamw: {lr: 1e-2}}}\n");
  }

  static std::string ladder(const std::string& scale, const std::string& more = "seeds: 2\n") {
    return "base: model.yaml\nscale: {" + scale + "}\n" + more;
  }

  Study load(const std::string& text) {
    replace_file(folder_.path("ladder.yaml"), text);
    return load_study(folder_.path("ladder.yaml"));
  }

  LadderPlan plan(const std::string& text) { return plan_ladder(load(text)); }

  // "line:column: what" of every error
  std::vector<std::string> errors(const std::string& text) {
    std::vector<std::string> out;
    try {
      plan(text);
    } catch (const UserErrors& e) {
      for (const UserError& one : e.all) out.push_back(text_of(one));
    } catch (const UserError& e) {
      out.push_back(text_of(e));
    }
    return out;
  }

  const TempFolder folder_;
};
}  // namespace cambium::test
