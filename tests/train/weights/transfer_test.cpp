// `init:`: a run starts with the weights of another, says of every tensor what became of it, and
// nothing about it is left to silence.
#include "train/weights/transfer.h"

#include <filesystem>

#include "core/tensor/safetensors.h"
#include "core/text/json.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::transfer_test {
namespace {
const std::string kBase =
    "model:\n"
    "  - embed: 8\n"
    "  - residual: [{norm: layer}, {ffn: {expand: 2}}]\n"
    "  - linear: $classes\n";

std::string data_of(int symbols) {
  return str("data: {markov_text: {symbols: ", symbols,
             ", order: 1, context: 12, train: 64, val: 16, test: 16}}\n");
}

class Transfers : public testing::Test {
 protected:
  Transfers() { train("base", data_of(6) + kBase + "train: {batch: 8, steps: 4}\n"); }

  test::Remember train(const std::string& run, const std::string& spec, int64_t pause_at = 0) {
    const Experiment e = test::open_text(folder_, spec);
    test::Remember seen;
    run_training(e,
                 {.folder = folder_.path(run),
                  .resume = has_checkpoint(folder_.path(run)),
                  .pause_at = pause_at},
                 seen);
    return seen;
  }

  // A spec that starts from the base; `more` are further keys of init.
  std::string spec(const std::string& more, const std::string& model = kBase,
                   const std::string& train = "{batch: 8, steps: 4}", int symbols = 6) const {
    return str("init:\n  from: ", folder_.path("base"), "\n", more, data_of(symbols), model,
               "train: ", train, "\n");
  }

  std::vector<UserError> errors_of(const std::string& text) const {
    return test::error_of<UserErrors>([&] { test::open_text(folder_, text); }).all;
  }

  std::vector<std::string> rows_of(const std::string& text) const {
    std::vector<std::string> out;
    const std::optional<Transfer> transfer = plan_transfer(test::open_text(folder_, text));
    for (const TransferRow& row : transfer.value().rows)
      if (row.fate != TransferFate::kTaken)
        out.push_back(str(name_of(row.fate), " ", row.from, " > ", row.to));
    return out;
  }

  Tensors weights(const std::string& run) const {
    return load_weights(folder_.path(run), true).tensors;
  }

  test::TempFolder folder_;
  test::OneThread one_thread_;
};

using Texts = std::vector<std::string>;

TEST_F(Transfers, ARunThatLearnsNothingEndsAsItsSource) {
  const auto seen =
      train("next", spec("", kBase, "{batch: 8, steps: 2, optimizer: {sgd: {lr: 0}}}"));
  EXPECT_EQ(std::ranges::count(seen.notes,
                               str("init: 9 tensors taken from '", folder_.path("base"), "'")),
            1);
  const Tensors was = weights("base"), is = weights("next");
  ASSERT_EQ(was.size(), 9u);
  ASSERT_EQ(is.size(), was.size());
  for (const auto& [name, t] : was)
    EXPECT_TRUE(std::ranges::equal(t.raw(), is.at(name).raw())) << name;
  const Json init = load_json(folder_.path("next/run.json")).at("init");
  EXPECT_EQ(init.at("from"), folder_.path("base"));
  ASSERT_EQ(init.at("tensors").size(), 9u);
  EXPECT_EQ(init.at("tensors")[0], (Json{{"fate", "taken"},
                                         {"from", "embed.table"},
                                         {"has", "[6,8]"},
                                         {"to", "embed.table"},
                                         {"wants", "[6,8]"}}));
  const Spec kept = load_spec(folder_.path("next/spec.yaml"));
  EXPECT_EQ(kept.section("init")->find("hash")->text, init.at("hash"));
}

TEST_F(Transfers, AFileOfTensorsIsASourceToo) {
  const Tensors was = weights("base");
  std::map<std::string, const Tensor*, std::less<>> named;
  for (const auto& [name, t] : was) named.emplace(name, &t);
  write_safetensors(folder_.path("base.safetensors"), named, {{"made", "elsewhere"}});
  const Experiment run = test::open_text(folder_, spec(""));
  const Experiment file =
      test::open_text(folder_, spec("", kBase), {"init.from=" + folder_.path("base.safetensors")});
  EXPECT_EQ(plan_transfer(run)->source.hash, plan_transfer(file)->source.hash);
  EXPECT_EQ(plan_transfer(file)->rows.size(), 9u);
}

TEST_F(Transfers, APausedRunGoesOnAsIfNothingHadBeenAlsoWithoutItsSource) {
  const std::string text = spec("", kBase, "{batch: 8, steps: 12, eval_every: 4, log_every: 4}");
  train("whole", text);
  train("parts", text, 5);
  train("parts", text, 9);
  std::filesystem::rename(folder_.path("base"), folder_.path("gone"));
  const std::string kept = read_file(folder_.path("parts/spec.yaml"));
  const auto seen = train("parts", kept);
  ASSERT_FALSE(seen.notes.empty());
  EXPECT_NE(seen.notes[0].find("which the weights come from, is gone"), std::string::npos)
      << seen.notes[0];
  const Checkpoint a = load_checkpoint(folder_.path("whole")),
                   b = load_checkpoint(folder_.path("parts"));
  EXPECT_EQ(b.state.step, 12);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, t] : a.tensors)
    EXPECT_TRUE(std::ranges::equal(t.raw(), b.tensors.at(name).raw())) << name;
  EXPECT_EQ(read_file(folder_.path("whole/log.jsonl")), read_file(folder_.path("parts/log.jsonl")));
  EXPECT_THROW(train("other", kept), UserError);  // but nothing begins
  EXPECT_FALSE(file_exists(folder_.path("other/spec.yaml")));
}

TEST_F(Transfers, AnotherSourceIsNoticed) {
  train("next", spec(""), 2);
  const std::string kept = read_file(folder_.path("next/spec.yaml"));
  const uint64_t before = spec_hash(test::open_text(folder_, spec("")).spec);
  std::filesystem::remove_all(folder_.path("base"));
  train("base", data_of(6) + kBase + "train: {batch: 8, steps: 5}\n");
  const Experiment e = test::open_text(folder_, spec(""));
  EXPECT_NE(spec_hash(e.spec), before);
  const auto resumed = test::error_of<UserError>([&] { train("next", spec("")); });
  EXPECT_NE(std::string(resumed.what()).find("these differ: init.hash (was "), std::string::npos)
      << resumed.what();
  EXPECT_NO_THROW(train("next", kept, 3));  // its weights are its own by now
  const auto begun = test::error_of<UserError>([&] { train("other", kept); });
  EXPECT_NE(std::string(begun.what()).find("are not those of the spec: hash (was "),
            std::string::npos)
      << begun.what();
}

TEST_F(Transfers, TensorsAreFreshOrUnusedByName) {
  const std::string renamed =
      "model:\n"
      "  - embed: 8\n"
      "  - residual: [{norm: layer}, {ffn: {expand: 2}}]\n"
      "  - {linear: $classes, name: head}\n";
  EXPECT_EQ(rows_of(spec("  fresh: [head]\n  unused: [\"linear.*\"]\n", renamed)),
            Texts({"fresh  > head.bias", "fresh  > head.weight", "unused linear.bias > ",
                   "unused linear.weight > "}));
  EXPECT_EQ(rows_of(spec("  map: {\"linear.*\": \"head.*\"}\n", renamed)), Texts());
  // What stands in the place of a fresh one is accounted for by that.
  EXPECT_EQ(rows_of(spec("  fresh: linear\n")),
            Texts({"fresh  > linear.bias", "fresh  > linear.weight",
                   "unused linear.bias > linear.bias", "unused linear.weight > linear.weight"}));
  // Names do not say it, and it can be meant in one way alone.
  const Transfer guessed = plan_transfer(test::open_text(folder_, spec("", renamed))).value();
  EXPECT_EQ(summary(guessed),
            str("9 tensors taken from '", folder_.path("base"), "' (2 by structure)"));
  EXPECT_NE(to_text(guessed).find("head.weight  [8,6]  from linear.weight  by structure"),
            std::string::npos)
      << to_text(guessed);
}

// Two heads of one shape: nobody says which is which.
TEST_F(Transfers, WhatCouldBeMeantInTwoWaysIsAnError) {
  const std::string two =
      "model:\n"
      "  - embed: 8\n"
      "  - residual: [{norm: layer}, {ffn: {expand: 2}}]\n"
      "  - {linear: 6, name: first}\n"
      "  - {linear: 8, name: middle}\n"
      "  - {linear: $classes, name: head}\n";
  const auto errors = errors_of(spec("", two));
  ASSERT_EQ(errors.size(), 8u);
  EXPECT_EQ(test::text_of(errors[1]),
            str("2:9: 'first.weight' [8,6] of the model is not in '", folder_.path("base"), "'"));
  EXPECT_EQ(errors[1].help, "map 'linear.weight', or say fresh: [\"first.weight\"]");
  EXPECT_EQ(test::text_of(errors[7]),
            str("2:9: 'linear.weight' [8,6] of '", folder_.path("base"), "' goes nowhere"));
  EXPECT_EQ(errors[7].help,
            "map it to 'head.weight' or 'first.weight', or say unused: [\"linear.weight\"]");
}

TEST_F(Transfers, OtherShapesNeedARule) {
  const std::string train = "{batch: 8, steps: 1, optimizer: {sgd: {lr: 0}}}";
  const auto errors = errors_of(spec("", kBase, train, 9));
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(test::text_of(errors[0]), str("2:9: 'embed.table' is [9,8] in the model and [6,8] in '",
                                          folder_.path("base"), "'"));
  EXPECT_EQ(errors[0].help,
            "say resize: {embed.table: by_rows or interpolate}, or fresh: [\"embed.table\"]");
  EXPECT_EQ(errors[2].help, "no rule resizes it: say fresh: [\"linear.weight\"]");
  const std::string rules = "  resize: {embed.table: by_rows}\n  fresh: [linear]\n";
  EXPECT_EQ(rows_of(spec(rules, kBase, train, 9))[0], "resized embed.table > embed.table");
  const auto seen = this->train("wide", spec(rules, kBase, train, 9));
  EXPECT_TRUE(std::ranges::any_of(seen.notes, [](const std::string& n) {
    return n.find("the data is not that of '") != n.npos && n.find("content (was ") != n.npos &&
           n.find("; the specs say data.markov_text.symbols (was 6, is 9)") != n.npos;
  }));
  const Tensors was = weights("base"), is = weights("wide");
  const auto table = was.at("embed.table").f32();
  EXPECT_TRUE(std::ranges::equal(table, is.at("embed.table").f32().first(table.size())));
  const auto wrong =
      errors_of(spec("  resize: {linear.weight: by_rows, embed: by_rows}\n"
                     "  fresh: [linear.bias]\n",
                     kBase, train, 9));
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_NE(test::text_of(wrong[0]).find("by_rows does not fit, more than its rows differ"),
            std::string::npos)
      << wrong[0].what();
  EXPECT_EQ(wrong[0].mark.line, 3);
}

TEST_F(Transfers, WhatCannotBeMeantHasAPlaceAndACure) {
  struct Case {
    std::string more, what, help;
  };

  const Case cases[] = {
      {"  fresh: [hed]\n", "3:11: no tensor of the model is called 'hed'", "embed"},
      {"  unused: [\"lnear.*\"]\n", "3:12: no tensor of the source is called 'lnear.*'", "linear"},
      {"  resize: {embd.table: by_rows}\n", "3:12: no tensor of the model is called 'embd.table'",
       "embed.table"},
      {"  resize: {embed.table: by_row}\n", "3:25: there is no rule 'by_row' to resize a tensor by",
       "by_rows"},
      {"  map: {\"encoder.*\": \"embed.*\"}\n",
       "3:9: no tensor of the checkpoint that an earlier rule leaves matches 'encoder.*'",
       "its names are such as"},
      {"  map: [a]\n", "3:8: 'map' is a map", "write map: {"},
      {"  frsh: [a]\n", "3:3: unknown key 'frsh' in init", "fresh"},
      {"  fresh: [[a]]\n", "3:11: a name of 'fresh' is text", "in quotes"},
      {"  hash: abc\n", "3:9: 'abc' is no hash of weights", "leave it out"},
      {"  fresh: \"*\"\n", "2:3: nothing of '", "leave init out"},
      {"  hash: [a]\n", "3:9: 'hash' is text", "leave it out"},
      {"  resize: {embed.table: [a]}\n", "3:25: the rule is text", "it is one of by_rows, "},
  };
  for (const Case& c : cases) {
    const auto errors = errors_of(spec(c.more));
    EXPECT_EQ(test::text_of(errors[0]).substr(0, c.what.size()), c.what);
    EXPECT_NE(errors[0].help.find(c.help), std::string::npos) << c.what << ": " << errors[0].help;
  }
  const auto none = errors_of(str("init: runs/base\n", data_of(6), kBase));
  EXPECT_EQ(test::text_of(none[0]), "1:7: 'init' is a map");
  for (const char* empty : {"init:\n", "init: {}\n"})
    EXPECT_NE(test::text_of(errors_of(str(empty, data_of(6), kBase))[0]).find("'init' is empty"),
              std::string::npos);
  const auto list = errors_of(str("init: {from: [a]}\n", data_of(6), kBase));
  EXPECT_EQ(test::text_of(list[0]), "1:14: 'from' is text");
  EXPECT_NE(list[0].help.find("the folder of a run"), std::string::npos) << list[0].help;
  const auto nothing = errors_of(str("init: {fresh: [a]}\n", data_of(6), kBase));
  EXPECT_EQ(test::text_of(nothing[0]), "1:7: 'init' does not say where weights come from");
}

TEST_F(Transfers, SourcesThatAreNoneAreRefusedAtTheirPlace) {
  replace_file(folder_.path("model.pt"), "PK");
  replace_file(folder_.path("broken.safetensors"), "no tensors");
  replace_file(folder_.path("lies.json"), R"({"weight_map":{"a":"a.safetensors"}})");
  std::filesystem::create_directory(folder_.path("empty"));
  const std::pair<std::string, std::string> cases[] = {
      {"model.pt", "is a pickle by its name, which runs code when it is read"},
      {"bases", "to start from"},
      {"empty", "holds no run with weights, no model.safetensors and no index of shards"},
      {"broken.safetensors", "broken.safetensors"},
      {"lies.json", "names the shard 'a.safetensors', which is not beside it"}};
  for (const auto& [path, what] : cases) {
    const auto errors =
        errors_of(str("init: {from: ", folder_.path(path), "}\n", data_of(6), kBase));
    ASSERT_EQ(errors.size(), 1u) << path;
    EXPECT_EQ(errors[0].mark.line, 1) << path;
    EXPECT_EQ(errors[0].mark.column, 14) << path;
    EXPECT_NE(std::string(errors[0].what()).find(what), std::string::npos) << errors[0].what();
    if (path == "bases") {
      EXPECT_NE(errors[0].help.find("/base'"), std::string::npos);
    }
    if (path == "model.pt") {
      EXPECT_NE(errors[0].help.find("safetensors"), std::string::npos);
    }
  }
}

TEST_F(Transfers, MistakesOfTheModelAndTheSectionAreToldTogether) {
  const auto errors = errors_of(spec("  frsh: [a]\n", "model: [{embd: 8}, {linear: $classes}]\n"));
  ASSERT_EQ(errors.size(), 2u);
  const std::string all = str(errors[0].what(), "; ", errors[1].what());
  EXPECT_NE(all.find("embd"), all.npos) << all;
  EXPECT_NE(all.find("unknown key 'frsh' in init"), all.npos) << all;
}
}  // namespace
}  // namespace cambium::transfer_test
