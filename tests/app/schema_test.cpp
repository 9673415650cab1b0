// The JSON Schema of specs: takes everything the program takes, and refuses unknown keys and values
// of a wrong type or range.
#include "app/schema/schema.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "app/tables/catalogue.h"
#include "app/tables/topics.h"
#include "blocks/block.h"
#include "core/system/files.h"
#include "places.h"
#include "tests/app/run_in_process.h"
#include "tests/support/json_schema.h"

namespace cambium::schema_test {
namespace {
namespace fs = std::filesystem;
using test::json_of;

test::SchemaValidator& schema() {
  static test::SchemaValidator validator(spec_schema());
  return validator;
}

std::string check_text(const std::string& text) {
  return schema().check(json_of(parse_yaml(text, "t.yaml")));
}

std::vector<std::string> yaml_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& f : fs::recursive_directory_iterator(std::string(CAMBIUM_SOURCE_DIR) + folder))
    if (f.path().extension() == ".yaml") files.push_back(f.path());
  std::ranges::sort(files);
  return files;
}

TEST(Schema, UsesOnlyCheckedKeywords) {
  EXPECT_EQ(schema().unknown_keywords(), std::set<std::string>{});
}

TEST(Schema, IsWhatTheCommandPrints) {
  const test::Ran ran = test::run_words({"schema"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(parse_json(ran.out, "schema"), spec_schema());
}

TEST(Schema, TakesEveryConfig) {
  const std::vector<std::string> files = yaml_files("/configs");
  EXPECT_GT(files.size(), 10u);
  for (const std::string& file : files) {
    EXPECT_EQ(schema().check(json_of(load_yaml(file))), "") << file;
  }
}

TEST(Schema, RefusesNumbersThatAreTooSmall) {
  const std::string head = "base: a.yaml\nvariants: {a: {}}\n";
  EXPECT_EQ(check_text(head + "budget: {steps: 1}\nseeds: {until: decided, at_most: 3}\n"), "");
  for (const char* wrong :
       {"budget: {steps: 0}", "budget: {samples: 0}", "seeds: {until: decided, at_most: 2}",
        "tune: {space: {vars.a: [1, 2]}, trials: 0}"})
    EXPECT_NE(check_text(head + wrong + "\n"), "") << wrong;
  EXPECT_EQ(check_text(head + "tune: {space: {vars.a: [1, 2]}, trials: 2}\n"), "");
}

TEST(Schema, TakesEveryBlockSample) {
  for (const Block* b : builtin_blocks())
    for (const BlockSample& s : b->samples)
      for (const char* definition : {"body", "open_body"})
        EXPECT_EQ(schema().check_as(definition, json_of(parse_yaml(s.yaml, "sample"))), "")
            << s.yaml;
}

// Examples are sections or one entry of a model; `extends` lets the others be missing.
TEST(Schema, TakesEveryExampleOfTheHelp) {
  for (const CatalogueEntry& e : catalogue()) {
    if (e.example.empty() || e.kind == "command" || e.kind == "operator" ||
        e.example.starts_with("cambium "))
      continue;
    const Json json = json_of(parse_yaml(e.example, e.name));
    if (json.is_array()) {
      EXPECT_EQ(schema().check_as("body", json), "") << e.example;
      continue;
    }
    Json spec = json;
    const bool of_a_study = std::ranges::any_of(study_keys(), [&](const Topic& t) {
      return t.name != "name" && t.name != "extends" && t.name != "vars" && json.contains(t.name);
    });
    if (e.kind == "search key" || e.kind == "method" || e.kind == "rung")
      spec.emplace("space", "table");
    else if (e.kind == "recipe key" || e.kind == "curation step")
      spec.emplace("sources", Json{{"a", "texts/"}});
    else if (of_a_study)
      spec.emplace("variants", Json{{"a", nullptr}});
    else
      spec["extends"] = "other.yaml";
    EXPECT_EQ(schema().check(spec), "") << e.kind << " " << e.name << ": " << e.example;
  }
}

// What `cambium check` says of the file, from its comment.
std::vector<std::string> errors_of(const std::string& text) {
  std::vector<std::string> errors;
  for (size_t at = text.find("error: "); at != text.npos; at = text.find("error: ", at + 1))
    errors.push_back(text.substr(at + 7, text.find('\n', at) - at - 7));
  return errors;
}

// About a key or a value by itself, not about what other values, files or data make of it.
bool is_about_keys_or_types(const std::string& error) {
  for (const char* other : {"unknown variable", "unknown tap", "unknown tag"})
    if (error.find(other) != error.npos) return false;
  for (const char* ours :
       {"unknown ", "' takes ", "cannot be '", "' must be ", "precision is", "' is a list of "})
    if (error.find(ours) != error.npos) return true;
  return false;
}

TEST(Schema, RefusesBrokenSpecs) {
  int refused = 0;
  for (const std::string& file : yaml_files("/tests/errors")) {
    const std::string text = read_file(file);
    if (std::ranges::none_of(errors_of(text), is_about_keys_or_types)) continue;
    if (text.find("\ndefine:") != text.npos) continue;  // whose names are no entries of the schema
    EXPECT_NE(schema().check(json_of(parse_yaml(text, file))), "") << file;
    ++refused;
  }
  EXPECT_GT(refused, 10);
}

const std::string kSpec = "data: fashion_mnist\nmodel: [{linear: 3}]\n";

TEST(Schema, TakesEveryFormOfAnEntry) {
  for (const char* model :
       {"[flatten]", "[flatten: ]", "[{linear: 4, bias: false}]", "[{linear: {width: 4}, as: x}]",
        "[{linear: $dim}]", "[{linear: '${dim * 4}'}]", "[[{linear: 4}], flatten]",
        "[{attention: 4, from: x, name: mix, share: s, freeze: true, recompute: false}]",
        "[{from: [a, b], combine: sum}]",
        "[{repeat: 3, pattern: AB, A: {linear: 4}, B: [flatten]}]",
        "[{residual: [{norm: rms}, {ffn: 4}], norm: layer}]", "[{parallel: [[], [{linear: 4}]]}]"})
    EXPECT_EQ(check_text(str("data: fashion_mnist\nmodel: ", model)), "") << model;
}

TEST(Schema, RefusesMistakesInAnEntry) {
  for (const char* model :
       {"[lineer]", "[{linear: 4, bais: false}]", "[{linear: {widht: 4}}]", "[{linear: many}]",
        "[{linear: 0}]", "[{linear: 4, bias: 1}]", "[{linear: 4, freeze: maybe}]",
        "[{attention: {position: left}}]", "[{repeat: 2, body: [lineer]}]", "linear"})
    EXPECT_NE(check_text(str("data: fashion_mnist\nmodel: ", model)), "") << model;
}

TEST(Schema, KnowsDefinitions) {
  const std::string use = "data: fashion_mnist\nmodel: [{mlp: 3}, {repeat: 2, body: [mlp]}]\n";
  EXPECT_EQ(check_text(use + "define: {mlp: {params: {width: 2}, body: [{linear: $width}]}}"), "");
  EXPECT_NE(check_text(use), "");
  EXPECT_NE(check_text(kSpec + "define: {mlp: {body: [{linear: many}]}}"), "");
}

TEST(Schema, KnowsEveryFormOfFreezeAndUnfreeze) {
  for (const char* more : {"freeze: embed", "freeze: [embed, \"*.ffn\"]", "freeze:",
                           "freeze: {names: [embed], mode: train}", "freeze: {names: embed}",
                           "unfreeze: {embed: 30%, residual.ffn: 300}", "unfreeze:"})
    EXPECT_EQ(check_text(kSpec + more), "") << more;
  for (const char* more : {"freeze: 3", "freeze: {mode: train}", "freeze: {names: [a], mode: on}",
                           "freeze: {names: [a], way: train}", "unfreeze: [embed]",
                           "unfreeze: {embed: [1]}", "unfreeze: {embed: 0}"})
    EXPECT_NE(check_text(kSpec + more), "") << more;
}

TEST(Schema, ChecksTheTrainSection) {
  for (const char* good :
       {"{optimizer: adamw}", "{optimizer: {muon: {lr: 1e-3, adamw: [\"*embed*\"]}}}",
        "{schedule: {cosine: {warmup: 5%}}}", "{schedule: {step: {warmup: 100, every: 30%}}}",
        "{batch: 1e3, groups: [{match: \"*.norm*\", weight_decay: 0}]}", "{batch: $b}",
        "{class_weights: [1, 2.5]}", "{loss: mae, best: val.r2}", "{loss: {huber: {delta: 0.5}}}"})
    EXPECT_EQ(check_text(kSpec + "train: " + good), "") << good;
  for (const char* bad :
       {"{optimizer: adamv}", "{optimizer: {adamw: {rl: 1}}}", "{optimizer: {sgd: {}, adam: {}}}",
        "{schedule: {cosine: {warmup: soon}}}", "{batch: 0}", "{batch: 1.5}", "{batch: many}",
        "{groups: [{lr_scale: 1}]}", "{groups: {match: a}}", "{bacth: 3}", "{best: loss}",
        "{loss: hubber}", "{loss: {huber: {delta: 0}}}", "{loss: {mse: {delta: 1}}}"})
    EXPECT_NE(check_text(kSpec + "train: " + bad), "") << bad;
}

TEST(Schema, ChecksTheAdaptSection) {
  for (const char* good :
       {"{lora: {rank: 4, on: \"*.q\"}}", "{lora: {on: [a, b], dropout: 0.1}, also: head}",
        "{from: adapters/mine}", "{ia3: {on: a, inputs: [b]}, bias_only: {}}", "{norms_only: }"})
    EXPECT_EQ(check_text(kSpec + "adapt: " + good), "") << good;
  for (const char* bad : {"[lora]", "{}", "{lorra: {on: a}}", "{lora: {rank: 0, on: a}}",
                          "{lora: 8}", "{prefix: {on: a, lenght: 2}}", "{also: {a: b}}"})
    EXPECT_NE(check_text(kSpec + "adapt: " + bad), "") << bad;
}

TEST(Schema, KnowsEncodersAndDecoders) {
  const std::string data = "data: {copy: {seq2seq: true}}\n";
  EXPECT_EQ(check_text(data + "encoder: [{embed: 4}]\ndecoder: [{cross_attention: {heads: 2}}]"),
            "");
  EXPECT_NE(check_text(data + "encoder: [{embed: 4}]"), "");
  EXPECT_NE(check_text(data + "encoder: [{embed: 4}]\ndecoder: [{embde: 4}]"), "");
}

TEST(Schema, KnowsDataThatChangesData) {
  const auto check = [](const char* data) {
    return check_text(str("model: [{linear: 3}]\ndata: ", data));
  };
  EXPECT_EQ(check("{masked: {rate: 0.2, of: {text_chars: {path: a, context: 8}}}}"), "");
  EXPECT_EQ(check("{masked: {of: parity}}"), "");
  for (const char* bad : {"masked", "{masked: {rate: 0.2}}", "{masked: {of: parrot}}",
                          "{masked: {of: {parity: {lenght: 3}}}}"})
    EXPECT_NE(check(bad), "") << bad;
}

TEST(Schema, ChecksStudies) {
  const std::string study = "base: a.yaml\nvariants: {a: {}, b: {model.1: x}, c: other.yaml}\n";
  EXPECT_EQ(check_text(study + "match: {params: 500k}\nbudget: {flops: 1e12}\nseeds: 3"), "");
  EXPECT_EQ(check_text(study + "match: {flops: baseline, tolerance: 2%}\nseeds: [1, 2]"), "");
  EXPECT_EQ(check_text(study + "metric: {val.r2: max}"), "");
  EXPECT_EQ(check_text(study + "alpha: 0.01\nleast_effect: 0.5\nvary: [vars.fold]"), "");
  for (const char* bad : {"seeds: 0", "budget: {epochs: 3}", "match: {parms: 1}", "metric: loss",
                          "metric: {val.loss: max}", "metric: {val.r2: min}", "model: []"})
    EXPECT_NE(check_text(study + bad), "") << bad;
}
}  // namespace
}  // namespace cambium::schema_test
