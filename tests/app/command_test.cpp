// Commands: what they print, their exit codes, and suggestions for every misspelt word.
#include <filesystem>
#include <numeric>

#include <gtest/gtest.h>

#include "app/tables/catalogue.h"
#include "app/tables/model_table.h"
#include "app/tables/table.h"
#include "app/tables/train_view.h"
#include "core/system/files.h"
#include "core/text/json.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/json_schema.h"
#include "tests/support/tiny_experiment.h"
#include "viz/plot/text.h"

namespace cambium::command_test {
namespace {
using test::Ran;
using test::run_words;
using test::TempFolder;

const std::string kSpec = test::markov_spec("{batch: 8, steps: 6, log_every: 2}");

class Commands : public ::testing::Test {
 protected:
  Commands() { replace_file(spec(), kSpec); }

  std::string spec() const { return folder_.path("s.yaml"); }

  std::string path(const std::string& name) const { return folder_.path(name); }

  Json json_of(const std::vector<std::string>& args) {
    const Ran ran = run_words(args);
    EXPECT_EQ(ran.code, 0) << ran.err << ran.out;
    return parse_json(ran.out, "output");
  }

  TempFolder folder_;
};

TEST_F(Commands, MisspeltWordsGetASuggestion) {
  const auto err = [](const std::vector<std::string>& args, int code = kExitUsage) {
    const Ran ran = run_words(args);
    EXPECT_EQ(ran.code, code);
    return ran.err;
  };
  EXPECT_EQ(err({"trian"}), "error: unknown command 'trian'\n  help: did you mean 'train'?\n");
  EXPECT_EQ(err({"train", "x", "--resmue"}),
            "error: unknown option '--resmue'\n  help: did you mean '--resume'?\n");
  EXPECT_EQ(err({"train", "x", "--progress=plian"}),
            "error: '--progress' cannot be 'plian'\n  help: did you mean 'plain'?\n");
  EXPECT_EQ(err({"explain", "atention"}, kExitUser),
            "error: nothing is called 'atention'\n  help: did you mean 'attention'?\n");
  EXPECT_NE(err({"check", path("t.yaml")}, kExitUser).find(spec()), std::string::npos)
      << "near file names";
}

TEST_F(Commands, PassesAreListedLeftOutAndDumped) {
  EXPECT_NE(run_words({"passes"}).out.find("fuse_rope"), std::string::npos);
  EXPECT_EQ(json_of({"passes", "--json"})[0].at("name"), "fold_constants");
  const auto dump = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"graph", spec()});
    return run_words(more);
  };
  const std::string fused = dump({"--dump-after", "drop_dead"}).out;
  EXPECT_NE(fused.find("linear"), std::string::npos) << fused;
  EXPECT_NE(fused, dump({"--dump-after", "drop_dead", "--no-pass", "fuse_post_ops"}).out);
  EXPECT_EQ(dump({"--dump-after", "share_common", "-o", path("step.svg")}).code, 0);
  EXPECT_NE(read_file(path("step.svg")).find("<svg"), std::string::npos);
  EXPECT_EQ(dump({"--dump-after", "place_casts"}).code, kExitUser) << "not of f32";
  EXPECT_EQ(dump({"--dump-after", "drop_ded"}).code, kExitUser);
  EXPECT_EQ(dump({"--dump-to", path("x.txt")}).code, kExitUser);
  EXPECT_EQ(dump({"--no-pass", "drop_dead"}).code, kExitUser) << "it would change nothing";
  EXPECT_EQ(dump({"--dump-after", "drop_dead", "--depth", "2"}).code, kExitUser);
  EXPECT_EQ(
      dump({"--dump-after", "drop_dead", "-o", path("a.svg"), "--dump-to", path("b.svg")}).code,
      kExitUser);
}

TEST_F(Commands, ASearchByBeamsDrawsNothing) {
  const std::string want =
      "error: --beams looks for the likeliest text and draws nothing\n"
      "  help: leave out --temperature, --top-k, --top-p and --seed, or --beams\n";
  const std::vector<std::string> options[] = {
      {"--temperature", "0"}, {"--top-k", "3"}, {"--top-p", "0.5"}, {"--seed", "4"}};
  for (const auto& o : options)
    EXPECT_EQ(run_words({"generate", path("r"), "--beams", "2", o[0], o[1]}).err, want) << o[0];
}

TEST_F(Commands, WrongUseIsExplained) {
  EXPECT_EQ(run_words({"train"}).err,
            "error: cambium train needs SPEC\n  help: `cambium train --help` shows how\n");
  EXPECT_EQ(run_words({"train", "a", "b"}).err,
            "error: unexpected 'b'\n  help: `cambium train --help` shows how\n");
  EXPECT_EQ(run_words({"train", "a", "-o", "b"}).err.substr(0, 29),
            "error: unknown option '-o'\n  ");
  EXPECT_EQ(run_words({"train", "a", "--seed"}).err,
            "error: '--seed' needs one value\n  help: `cambium train --help` shows how\n");
  EXPECT_EQ(run_words({"train", "a", "--seed", "x"}).err,
            "error: '--seed' takes a whole number, got 'x'\n");
  EXPECT_EQ(run_words({"train", "a", "--threads", "0"}).err,
            "error: '--threads' must be at least 1, got 0\n");
}

TEST_F(Commands, EveryCommandHasHelpWithExamples) {
  EXPECT_NE(run_words({}).out.find("usage: cambium COMMAND"), std::string::npos);
  for (const Command* c : builtin_commands()) {
    std::vector<std::string> words = {"--help"};  // behind a name of one word or two
    const size_t space = c->name.find(' ');
    if (space != c->name.npos) words.insert(words.begin(), std::string(c->name.substr(space + 1)));
    words.insert(words.begin(), std::string(c->name.substr(0, space)));
    const Ran ran = run_words(words);
    EXPECT_EQ(ran.code, 0);
    EXPECT_NE(ran.out.find("examples\n  cambium "), std::string::npos) << c->name;
    EXPECT_NE(ran.out.find("--json"), std::string::npos) << c->name;
  }
}

TEST_F(Commands, CheckAnswersSizeAndCost) {
  const Json j = json_of({"check", spec(), "--json"});
  EXPECT_TRUE(j["ok"].get<bool>());
  EXPECT_GT(j["specs"][0]["parameters"].get<int64_t>(), 100);
  EXPECT_EQ(j["specs"][0]["steps"].get<int64_t>(), 6);
  EXPECT_GT(j["specs"][0]["training_bytes"].get<int64_t>(), 1000);
}

TEST_F(Commands, CheckLooksAtAllFilesAndReportsErrorsAsJson) {
  const Ran ran = run_words({"check", path("no1.yaml"), spec(), path("no2.yaml"), "--json"});
  EXPECT_EQ(ran.code, 1);
  const Json j = parse_json(ran.out, "output");
  EXPECT_FALSE(j["ok"].get<bool>());
  EXPECT_EQ(j["errors"].size(), 2u);
}

TEST_F(Commands, SetReplacesValuesAndItsErrorsShowTheArgument) {
  EXPECT_EQ(json_of({"check", spec(), "--json", "--set", "train.steps=9"})["specs"][0]["steps"], 9);
  const Ran ran = run_words({"check", spec(), "--set", "train.stesp=9"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.err.find("    1 | train.stesp=9\n      |       ^~~~~\n"), std::string::npos)
      << ran.err;
}

TEST_F(Commands, ShowTotalsAreTheSumOfTheLeaves) {
  const Json rows = json_of({"show", spec(), "--json"})["rows"];
  int64_t parameters = 0, bytes = 0;
  double flops = 0;
  for (size_t i = 1; i < rows.size(); ++i) {
    const bool leaf = i + 1 == rows.size() || rows[i + 1]["depth"] <= rows[i]["depth"];
    if (!leaf) continue;
    parameters += rows[i]["parameters"].get<int64_t>();
    bytes += rows[i]["activation_bytes"].get<int64_t>();
    flops += rows[i]["forward_flops"].get<double>();
  }
  EXPECT_EQ(parameters, rows[0]["parameters"].get<int64_t>());
  EXPECT_EQ(bytes, rows[0]["activation_bytes"].get<int64_t>());
  EXPECT_DOUBLE_EQ(flops, rows[0]["forward_flops"].get<double>());
  EXPECT_GT(parameters, 0);
}

TEST_F(Commands, ShowFoldsEqualNeighbours) {
  const std::string model = "model=[{embed: 8}, {repeat: 3, body: [{ffn: 2}]}, {linear: $classes}]";
  const std::string out = run_words({"show", spec(), "--set", model}).out;
  EXPECT_NE(out.find("0..2 x3"), std::string::npos) << out;
}

TEST_F(Commands, ShowPricesRecompute) {
  const std::string model =
      "model=[{embed: 8}, {repeat: 3, recompute: true, body: [{ffn: 2}]}, {linear: $classes}]";
  const std::vector<std::string> args = {"show", spec(), "--set", model, "--json"};
  EXPECT_FALSE(json_of({"show", spec(), "--json"}).contains("recompute"));
  const Json price = json_of(args)["recompute"];
  ASSERT_EQ(price["parts"].size(), 1u);
  EXPECT_EQ(price["parts"][0]["path"], "repeat");
  EXPECT_GT(price["parts"][0]["freed_bytes"].get<int64_t>(), 0);
  EXPECT_GT(price["extra_flops"].get<double>(), 0);
  EXPECT_LT(price["arena_after"].get<int64_t>(), price["arena_before"].get<int64_t>());
  const std::string out = run_words({"show", spec(), "--set", model}).out;
  EXPECT_NE(out.find("\nrecompute  not kept  extra a step  % of step\nrepeat  "), out.npos) << out;
  EXPECT_NE(out.find("\narena of a step: "), out.npos) << out;
}

TEST_F(Commands, ShowSaysWhatASequenceKeeps) {
  const std::string attention = "{attention: {heads: 2, causal: true}}";
  for (const auto& [block, says] :
       {std::pair<std::string, std::string>{attention, " symbols, growing with each\n"},
        {"gru", " symbols, as much as after the first\n"},
        {str("{parallel: [[", attention, "], [gru]]}"), " B of it growing with each\n"},
        {"{gru: {bidirectional: true}}", " none, every symbol needs the whole again: "}}) {
    const std::string model = str("model=[{embed: 8}, ", block, ", {linear: $classes}]");
    const std::string out =
        run_words({"show", spec(), "--set", model, "--set", "train.allow_leaks=true"}).out;
    const size_t line = out.find("\nstate of a sequence while generating: ");
    ASSERT_NE(line, out.npos) << out;
    EXPECT_NE(out.find(says, line), out.npos) << out;
  }
  const std::string gru = "model=[{embed: 8}, gru, {linear: $classes}]";
  const Json state = json_of({"show", spec(), "--set", gru, "--json"})["generation_state"];
  EXPECT_EQ(state["bytes"], 32);
  EXPECT_EQ(state["fixed_bytes"], 32);
}

TEST_F(Commands, ExpandedSpecsMeanTheSame) {
  for (const auto& f : std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/configs/models")) {
    const std::string name = f.path().stem();
    if (name.find("fashion") != name.npos || name.find("cora") != name.npos ||
        name.find("shakespeare") != name.npos || name.find("grid") != name.npos ||
        name.find("mutag") != name.npos || name.find("text_graph") != name.npos ||
        name.find("masked_chars") != name.npos)
      continue;  // their data may not be installed
    const Ran first = run_words({"show", f.path(), "--expand"});
    ASSERT_EQ(first.code, 0) << first.err;
    replace_file(path("e.yaml"), first.out);
    const Json a = json_of({"show", f.path(), "--json"}),
               b = json_of({"show", path("e.yaml"), "--json"});
    EXPECT_EQ(to_text(a["rows"]), to_text(b["rows"])) << name;
    EXPECT_EQ(run_words({"show", path("e.yaml"), "--expand"}).out, first.out) << name;
  }
}

TEST_F(Commands, TrainEvaluateResume) {
  const Json run =
      json_of({"train", spec(), "--run", path("r"), "--seed", "3", "--json", "--progress", "none"});
  EXPECT_TRUE(run["done"].get<bool>());
  EXPECT_EQ(run["step"].get<int64_t>(), 6);
  const Json e = json_of({"eval", path("r"), "--json"});
  EXPECT_EQ(to_text(e["metrics"]), to_text(run["test"]));
  const Ran again = run_words({"train", spec(), "--run", path("r"), "--progress", "none"});
  EXPECT_EQ(again.code, 1) << "a run is not overwritten";
  const Ran typo = run_words({"eval", path("q")});
  EXPECT_EQ(typo.code, 1);
  EXPECT_NE(typo.err.find("did you mean '" + path("r") + "'?"), std::string::npos) << typo.err;
}

TEST_F(Commands, PlainProgressHasNoControlCharacters) {
  const Ran ran = run_words({"train", spec(), "--run", path("r"), "--progress", "plain"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err.find('\r'), std::string::npos);
  EXPECT_EQ(ran.err.find('\x1b'), std::string::npos);
  EXPECT_NE(ran.err.find("step 6/6"), std::string::npos);
  EXPECT_NE(ran.out.find("test    loss"), std::string::npos);
}

TEST_F(Commands, TrainingStartsWithItsPredictedPeak) {
  const Ran ran = run_words({"train", spec(), "--run", path("run"), "--progress", "plain"});
  const std::string predicted =
      memory_text(load_json(path("run/run.json"))["predicted_bytes"].get<double>());
  EXPECT_NE(ran.err.find(str("memory  ", predicted, " at the peak, ")), ran.err.npos) << ran.err;
}

TEST_F(Commands, GraphAnswersAnOutlineAndADotFile) {
  EXPECT_NE(run_words({"graph", spec()}).out.find("embed"), std::string::npos);
  EXPECT_EQ(run_words({"graph", spec(), "-o", path("x.dot")}).code, 0);
  EXPECT_TRUE(read_file(path("x.dot")).starts_with("digraph"));
  EXPECT_EQ(run_words({"graph", spec(), "-o", path("x.gif")}).code, 1);
}

TEST_F(Commands, GraphAnswersTheModelOfThePictureInTheSchemaItPrints) {
  test::SchemaValidator schema(json_of({"schema", "--graph"}));
  const Json answer = json_of({"graph", spec(), "--json"});
  EXPECT_EQ(schema.check(answer.at("model")), "");
  EXPECT_EQ(answer.at("boxes"), answer.at("model").at("boxes").size());
  ASSERT_EQ(run_words({"graph", spec(), "-o", path("x.json")}).code, 0);
  EXPECT_EQ(load_json(path("x.json")), answer.at("model"));
}

TEST_F(Commands, ErrorsOfTheDiskAreRuntimeErrors) {
  EXPECT_EQ(run_words({"graph", spec(), "-o", "/nowhere/x.dot"}).code, 2);
}

TEST_F(Commands, ListsAndPagesNameEverything) {
  const std::string blocks = run_words({"blocks"}).out, ops = run_words({"ops"}).out;
  for (const char* word : {"attention", "gcn", "markov_text", "adamw", "cosine"})
    EXPECT_NE(blocks.find(word), std::string::npos) << word;
  EXPECT_NE(ops.find("cross_entropy_grad"), std::string::npos);
  for (const CatalogueEntry& e : catalogue()) {
    EXPECT_FALSE(e.doc.empty()) << e.name;
    for (const FieldInfo& f : e.options) EXPECT_FALSE(f.doc.empty()) << e.name << "." << f.name;
  }
  EXPECT_NE(run_words({"explain", "attention"}).out.find("kv_heads"), std::string::npos);
}

TEST_F(Commands, DoctorFindsThisMachineWell) {
  const Json j = json_of({"doctor", "--quick", "--json"});
  EXPECT_TRUE(j["ok"].get<bool>()) << to_text(j);
  EXPECT_GT(j["checks"][0]["count"].get<int>(), 30);
}

TEST(Terminal, RedrawsTheLiveLineAndClearsIt) {
  std::ostringstream out, err;
  {
    Terminal t(out, err, {.live = true, .width = 10});
    t.status("0123456789abc");
    t.note("done");
  }
  EXPECT_EQ(err.str(), "\r012345678\x1b[K\r\x1b[Kdone\n");
}

TEST(Table, AlignsColumns) {
  Table t({1});
  t.row({"a", "1", "x"});
  t.row({"long", "100", "y"});
  EXPECT_EQ(t.text(), "a       1  x\nlong  100  y\n");
}

TEST(Texts, AreReadable) {
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-1004), "-1,004");
  EXPECT_EQ(duration_text(190), "3m10s");
  EXPECT_EQ(duration_text(7300), "2h01m");
  EXPECT_EQ(bar_text(0.5, 4), "[==> ]");
  EXPECT_EQ(bar_text(1, 4), "[====]");
}
}  // namespace
}  // namespace cambium::command_test
