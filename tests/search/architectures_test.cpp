// Architectures told apart by their structural hash: what a spec may change without making another
// model, and every file of configs/models.
#include <algorithm>
#include <regex>

#include "graph/structural_hash.h"
#include "places.h"
#include "tests/support/data/config_data.h"
#include "tests/support/tiny_experiment.h"

namespace cambium::architectures_test {
namespace {
uint64_t hash_of_model(const std::string& model) {
  const test::TempFolder folder;
  const std::string data =
      "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n";
  const Experiment e = test::open_text(folder, data + model);
  return structural_hash(model_of(e, 4, true).graph);
}

std::string mixer(const std::string& block, const std::string& second = "{ffn: 2}") {
  return "model:\n  - {embed: 8, name: " + block + "}\n  - residual: [{norm: layer}, " +
         "{attention: {heads: 2, causal: true, dropout: 0.1}, name: " + block + "1}]\n" +
         "  - residual: [{norm: layer}, " + second + "]\n  - linear: $classes\n";
}

// Nodes in the order in which they were built, without names, places and streams.
std::string nameless_text(const Graph& g) {
  static const std::regex names("stream=-?[0-9]+|  # [^\n]*");
  return std::regex_replace(to_text(g), names, "");
}

std::vector<std::string> model_files() {
  std::vector<std::string> files;
  for (const auto& f : std::filesystem::directory_iterator(CAMBIUM_SOURCE_DIR "/configs/models"))
    if (f.path().extension() == ".yaml") files.push_back(f.path().string());
  std::ranges::sort(files);
  return files;
}

// None for a config of data outside the repository, where there is none.
std::optional<Experiment> open_config(const std::string& file) {
  const Spec spec = load_spec(file);
  const Yaml* vars = spec.section("vars");
  const bool outside =
      vars && std::ranges::any_of(vars->entries, [](const YamlEntry& v) {
        return v.key == "cora" || v.key == "labelled" || v.key == "mutag" || v.key == "text";
      });
  if (outside && !std::filesystem::exists(test::data_path("graphs"))) return std::nullopt;
  const auto set = test::data_overrides(spec);
  return set ? std::optional(open_experiment(load_spec(file, *set))) : std::nullopt;
}
}  // namespace

TEST(Architectures, BlocksMayBeRenamed) {
  const uint64_t h = hash_of_model(mixer("a"));
  EXPECT_EQ(hash_of_model(mixer("a")), h);
  EXPECT_EQ(hash_of_model(mixer("stem")), h);
  EXPECT_EQ(hash_of_model("vars: {wide: 2}\n" + mixer("a", "{ffn: $wide}")), h);
}

TEST(Architectures, OptionsAndBlocksTellModelsApart) {
  std::vector<uint64_t> all;
  for (const char* second : {"{ffn: 2}", "{ffn: 3}", "{ffn: {expand: 2, activation: relu}}",
                             "{ffn: {expand: 2, dropout: 0.1}}", "{ffn: 2}, {ffn: 2}"})
    all.push_back(hash_of_model(mixer("a", second)));
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

TEST(Architectures, ConfigsAreToldApartUnlessTheirGraphsAreOne) {
  std::map<uint64_t, std::pair<std::string, std::string>> seen;  // file and text by hash
  for (const std::string& file : model_files()) {
    const std::optional<Experiment> e = open_config(file);
    if (!e) continue;
    const Graph& g = model_of(*e, 1, true).graph;
    const std::string text = nameless_text(g);
    const auto [other, fresh] = seen.try_emplace(structural_hash(g), file, text);
    if (!fresh) {
      EXPECT_EQ(other->second.second, text) << other->second.first << " and " << file;
    }
  }
  EXPECT_GT(seen.size(), 20u);
}
}  // namespace cambium::architectures_test
