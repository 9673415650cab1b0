// Generation one symbol at a time: the same logits as over the whole text, for every sample of
// every block that says it works so, in two layers, also after the text is changed.
#include <cmath>

#include "tests/support/one_thread.h"
#include "tests/support/reach_case.h"
#include "tests/support/tiny_experiment.h"
#include "train/generate/generate.h"

namespace cambium::generate_steps_test {
namespace {
// One entry of a model's list where the stream is ids [B,T] or tokens [B,T,width].
struct StepCase {
  Yaml entry;
  Domain domain;
  int64_t context, width;
};

Yaml map_of(std::string key, Yaml value) {
  Yaml map;
  map.kind = Yaml::kMap;
  map.entries.push_back({std::move(key), {}, std::move(value)});
  return map;
}

// The use of `block` with an option more, such as "causal: true"; nullopt when the entry is another
// block's, such as a list around it.
std::optional<Yaml> with_option(const Yaml& entry, const Block& block, const std::string& option) {
  Yaml use = entry.is_scalar() ? map_of(entry.text, {}) : entry;
  if (!use.is_map() || use.entries[0].key != block.name) return std::nullopt;
  Yaml& value = use.entries[0].value;
  if (!value.is_map() && !value.is_null()) value = map_of(std::string(block.primary), value);
  value.kind = Yaml::kMap;
  const Yaml more = parse_yaml(option, "option");
  for (const YamlEntry& e : more.entries) {
    std::erase_if(value.entries, [&](const YamlEntry& old) { return old.key == e.key; });
    value.entries.push_back(e);
  }
  return use;
}

BlockCase built(const StepCase& c, bool training = false) {
  Yaml list;
  list.kind = Yaml::kList;
  list.items.push_back(c.entry);
  const Shape tokens{1, c.context, c.width}, ids{1, c.context};
  return BlockCase(to_yaml(list), c.domain, c.domain == Domain::kIds ? ids : tokens,
                   {.training = training});
}

bool builds(const StepCase& c) {
  try {
    built(c);
    return true;
  } catch (const UserErrors&) {
    return false;
  }
}

// Whether what it answers at each token can be generated from: one result a token, of which the
// graph claims that none hears a later one.
bool looks_back(const StepCase& c) {
  for (const bool training : {false, true}) {
    const BlockCase b = built(c, training);
    const Shape& out = b.out.shape();
    if (b.out.domain != Domain::kTokens || out[0] != 1 || out[1] != c.context) return false;
    const std::vector<Heard> claimed = claimed_by(b);
    for (size_t k = 0; k < claimed.size(); ++k)
      if (!claimed[k].nothing() && claimed[k].last_place > int64_t(k) / out.last()) return false;
  }
  return true;
}

// A sample as it is, or with what its block says keeps it from hearing later tokens, beside a norm
// of each token where the block's own looks at all. None: it is no such block's, or of no tokens.
std::optional<StepCase> case_of(const Block& block, const BlockSample& sample) {
  const bool ids = sample.domain == Domain::kIds;
  StepCase c{parse_yaml(sample.yaml, "sample"), ids ? Domain::kIds : Domain::kTokens, 12,
             ids ? 0 : sample.shape.last()};
  if (!builds(c) && sample.shape.rank() > 1) c.context = sample.shape[1];  // made for so many
  if (!builds(c)) return std::nullopt;
  if (looks_back(c)) return c;
  const std::string option(block.looks_back_with);
  if (std::ranges::count(option, ' ') != 1) return std::nullopt;
  const Yaml entry = c.entry;
  for (const std::string& more : {option, option + "\nnorm: rms"})
    if (const auto use = with_option(entry, block, more)) {
      c.entry = *use;
      if (builds(c) && looks_back(c)) return c;
    }
  return std::nullopt;
}

void put(Yaml& tree, const Yaml& entry) {  // in place of the scalar ENTRY
  if (tree.is_scalar() && tree.text == "ENTRY") tree = entry;
  for (Yaml& item : tree.items) put(item, entry);
  for (YamlEntry& e : tree.entries) put(e.value, entry);
}

// Ids of two symbols fit every table.
Experiment experiment_of(const StepCase& c) {
  const bool ids = c.domain == Domain::kIds;
  const std::string model =
      ids ? "[ENTRY, {linear: $classes}]"
          : str("[{embed: ", c.width,
                "}, {repeat: 2, body: [{norm: rms}, ENTRY, {linear: ", c.width,
                "}]}, {linear: $classes}]");
  Yaml spec = parse_yaml(
      str("data: {markov_text: {symbols: ", ids ? 2 : 7, ", order: 1, context: ", c.context,
          "}}\nmodel: ", model, "\ntrain: {batch: 4, steps: 3, optimizer: {adamw: {lr: 0.1}}}\n"),
      "spec.yaml");
  put(spec, c.entry);
  return open_experiment({"spec.yaml", std::move(spec)});
}

// Why a model cannot be built for one token at a time; empty when it can.
std::string refusal(const Experiment& e) {
  try {
    step_model_graph(e, 1);
    return "";
  } catch (const UserError& error) {
    return error.what();
  }
}

// Both ways of a trained model, and their logits.
class BothWays {
 public:
  // Untrained weights, some of which start at zero, are moved a little.
  explicit BothWays(const Experiment& e) : symbols_(int32_t(e.data->shape(1).classes)) {
    Progress silent;
    run_training(e, {.folder = folder_.path("run")}, silent);
    const auto weights = load_weights(folder_.path("run"), true).tensors;
    steps_ = std::make_unique<Generator>(e, weights, "run");
    whole_ = std::make_unique<Generator>(e, weights, "run", false);
  }

  void expect_same() {
    ASSERT_TRUE(steps_->cached());
    std::vector<int32_t> ids;
    for (int32_t t = 0; t < 14; ++t) {  // past most contexts, too
      ids.push_back(t * t % symbols_);
      expect_same_after(ids);
    }
  }

  void expect_same_of_other_texts() {
    const auto last = symbols_ - 1;
    const std::vector<int32_t> first = {1, 0, last, 1}, second = {1, 0, 0}, third = {1, 0};
    for (const auto& text : {first, second, third, third}) expect_same_after(text);
  }

 private:
  void expect_same_after(std::span<const int32_t> symbols) {
    const auto a = steps_->logits_after(symbols), b = whole_->logits_after(symbols);
    for (size_t k = 0; k < a.size(); ++k)
      EXPECT_NEAR(a[k], b[k], 1e-4 * std::max(1.0f, std::abs(b[k]))) << symbols.size();
  }

  const test::OneThread one_thread_;
  const test::TempFolder folder_;
  int32_t symbols_;
  std::unique_ptr<Generator> steps_, whole_;
};

std::vector<BlockTrial> trials_of_steps() {
  std::vector<BlockTrial> trials = block_trials();
  std::erase_if(trials, [](const BlockTrial& t) { return !t.block->steps; });
  return trials;
}

class GeneratorSteps : public ::testing::TestWithParam<BlockTrial> {};

// Such as `dilation`, where what a block says of itself does not hold for each of its options.
TEST_P(GeneratorSteps, GiveTheLogitsOfTheWholeText) {
  const std::optional<StepCase> c = case_of(*GetParam().block, GetParam().sample);
  if (!c) return;  // it hears later tokens, or answers at other places
  const Experiment e = experiment_of(*c);
  if (const std::string why = refusal(e); !why.empty()) {
    EXPECT_NE(why.find("one token at a time"), why.npos) << why;
    return;
  }
  BothWays both(e);
  both.expect_same();
  both.expect_same_of_other_texts();
}

INSTANTIATE_TEST_SUITE_P(Blocks, GeneratorSteps, ::testing::ValuesIn(trials_of_steps()),
                         [](const auto& info) {
                           return str(info.param.block->name, "_", info.index);
                         });

TEST(GeneratorStepsOfBlocks, EachHasASampleThatIsGeneratedFrom) {
  std::map<std::string_view, bool> stepped;  // blocks with a sample that looks back
  for (const BlockTrial& t : trials_of_steps()) {
    if (stepped[t.block->name]) continue;
    const std::optional<StepCase> c = case_of(*t.block, t.sample);
    stepped[t.block->name] = c && refusal(experiment_of(*c)).empty();
  }
  for (const auto& [name, does] : stepped) EXPECT_TRUE(does) << name;
}

// What no sample shows: windows at their limits, sparse attention with each kind of position, and
// blocks of two kinds side by side.
class GeneratorStepsOfMore : public ::testing::TestWithParam<const char*> {};

TEST_P(GeneratorStepsOfMore, GiveTheLogitsOfTheWholeText) {
  const StepCase c{parse_yaml(GetParam(), "case"), Domain::kTokens, 12, 8};
  BothWays both(experiment_of(c));
  both.expect_same();
  both.expect_same_of_other_texts();
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, GeneratorStepsOfMore,
    ::testing::Values(
        "attention: {heads: 4, kv_heads: 2, causal: true, kind: top_k, keep: 20, soft_cap: 1}",
        "attention: {heads: 2, causal: true, kind: block_sparse, block: 2, near: 0, random: 1}",
        "attention: {heads: 2, causal: true, kind: block_sparse, block: 2, near: 0, global: 2, "
        "random: 1, position: t5, buckets: 6, max_distance: 9, soft_cap: 2}",
        "attention: {heads: 2, causal: true, window: 1}",
        "attention: {heads: 4, kv_heads: 2, head_dim: 6, value_dim: 3, causal: true, window: 5, "
        "position: rope, rotary_dim: 4, gate: true}",
        "latent_attention: {heads: 2, kv_rank: 6, causal: true, scale: 0.5, soft_cap: 3}",
        "[{tap: a}, {norm: rms}, {cross_attention: {context: a, heads: 2, causal: true, position: "
        "rope}}]",
        "attention: {heads: 2, causal: true, window: 12}",
        "attention: {heads: 4, kv_heads: 2, causal: true, window: 5, position: alibi, sinks: true}",
        "attention: {heads: 2, causal: true, window: 4, position: t5, buckets: 6, max_distance: 9}",
        "parallel: [[{attention: {heads: 2, causal: true}}], [{mamba: 2}]]"));

TEST(GeneratorWithoutSteps, ABidirectionalWalkNeedsTheWholeText) {
  const test::TempFolder folder;
  const Experiment e =
      test::open_text(folder,
                      "data: {markov_text: {symbols: 3, context: 4}}\nmodel: [{embed: 4}, {gru: "
                      "{bidirectional: true}}, {linear: $classes}]\n"
                      "train: {batch: 4, steps: 1, allow_leaks: true}\n");
  Progress silent;
  run_training(e, {.folder = folder.path("run")}, silent);
  EXPECT_FALSE(Generator(e, load_weights(folder.path("run"), true).tensors, "run").cached());
}
}  // namespace
}  // namespace cambium::generate_steps_test
