// `adapt:`: what is trained, what stays, how a run goes on, and what is refused.
#include "train/adapters/adapt.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"
#include "tests/support/tiny_experiment.h"
#include "train/adapters/merge.h"
#include "train/graphs/plans.h"
#include "train/run/session.h"

namespace cambium::adapt_test {
namespace {
constexpr int64_t kEnough = std::numeric_limits<int64_t>::max() / 4;
constexpr std::string_view kData =
    "data: {markov_text: {symbols: 6, order: 1, context: 12, train: 64, val: 16, test: 16}}\n";
constexpr std::string_view kModel =
    "model:\n"
    "  - embed: 12\n"
    "  - residual: [{norm: layer}, {attention: {heads: 2, causal: true, bias: false}}]\n"
    "  - residual: [{norm: batch}, {ffn: {expand: 2, dropout: 0.1, activation: relu}}]\n"
    "  - {linear: $classes, name: head}\n";
const std::string kLora =
    "{lora: {rank: 2, dropout: 0.1, on: [\"*.q\", \"*.v\", \"*ffn*\", embed]}, also: [head]}";

std::string spec_of(const std::string& adapt, const std::string& train,
                    std::string_view model = kModel) {
  return str("adapt: ", adapt, "\n", kData, model, "train: ", train, "\n");
}

std::map<std::string, std::string> bytes_of(const Session& session) {
  std::map<std::string, std::string> out;
  for (const auto& [name, t] : session.tensors())
    out[name] = std::string(reinterpret_cast<const char*>(t->data()), size_t(t->bytes()));
  return out;
}

TEST(Adapt, TrainsWhatItSaysAndHoldsTheRest) {
  const test::TempFolder folder;
  const test::OneThread one_thread;
  for (const char* more : {"", ", accumulate: 2", ", ema: 0.9"}) {
    SCOPED_TRACE(more);
    const Experiment e = test::open_text(
        folder, spec_of(kLora, str("{batch: 8, steps: 3, optimizer: {adamw: {weight_decay: 0.1}}",
                                   more, "}")));
    Session session(e, kEnough);
    session.start(0);
    const auto before = bytes_of(session);
    for (int64_t n = 1; n <= 3; ++n) session.step(n);
    const auto after = bytes_of(session);
    const std::set<std::string> own = adapter_tensors(model_of(e, 8, true));
    EXPECT_EQ(own.size(), 10u);
    for (const Node& n : model_of(e, 8, true).graph.nodes()) {
      if (n.role != Role::kParameter && n.role != Role::kState) continue;
      const std::string& name = n.scope.path;
      const bool moves = own.contains(name) || name.starts_with("head.");
      EXPECT_EQ(after.at(name) != before.at(name), moves) << name;
    }
    for (const auto& [name, bytes] : after)  // moments of what is trained alone
      for (const char* held : {".embed.table", ".q.weight", ".o.weight", ".up.bias"})
        EXPECT_FALSE(name.starts_with("adam") && name.ends_with(held)) << name;
  }
}

std::vector<float> logits_of(const Experiment& e, const Tensors& weights) {
  Engine engine;
  const Plan plan = compile(run_passes(model_graph(e, 8, false), training_pipeline()), engine);
  Store store;
  store.add(plan, uint64_t(e.train.options.seed));
  for (const auto& [name, t] : weights)
    if (store.has(name)) std::ranges::copy(t.raw(), store.at(name).raw().begin());
  Executor executor(plan, store);
  Tensor x(DType::kI32, {8, 12});
  for (int32_t i = 0; int32_t & v : x.i32()) v = (i++ * 7) % 6;
  executor.set_input("x", x);
  executor.run();
  const std::span<const std::byte> out = executor.output("logits");
  std::vector<float> numbers(out.size() / sizeof(float));
  std::memcpy(numbers.data(), out.data(), out.size());
  return numbers;
}

double apart(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    size += double(b[i]) * b[i];
  }
  return std::sqrt(difference / size);
}

const char* const kMethods[] = {"{lora: {rank: 2, on: [\"*.q\", \"*.v\", \"*ffn*\", embed]}}",
                                "{rslora: {rank: 2, on: \"*\"}}",
                                "{dora: {rank: 2, on: \"*\"}}",
                                "{ia3: {on: [\"*.k\", \"*.v\"], inputs: \"*.down\"}}",
                                "{bottleneck: {width: 3, on: [\"*attention\", \"*ffn\"]}}",
                                "{prefix: {length: 3, on: \"*attention\"}}",
                                "{bias_only: {}}",
                                "{norms_only: {}}"};

class Runs : public testing::Test {
 protected:
  void train(const std::string& run, const std::string& spec, int64_t pause_at = 0) {
    const Experiment e = test::open_text(folder_, spec);
    test::Remember seen;
    run_training(e,
                 {.folder = folder_.path(run),
                  .resume = has_checkpoint(folder_.path(run)),
                  .pause_at = pause_at},
                 seen);
  }

  Experiment open(const std::string& spec) const { return test::open_text(folder_, spec); }

  Tensors weights(const std::string& run) const {
    return load_weights(folder_.path(run), false).tensors;
  }

  test::TempFolder folder_;
  test::OneThread one_thread_;
};

TEST_F(Runs, EveryMethodGoesOnBitForBitAndMergesWhereItCan) {
  for (const char* adapt : kMethods) {
    SCOPED_TRACE(adapt);
    const std::string spec = spec_of(adapt, "{batch: 8, steps: 6, optimizer: {adamw: {lr: 0.02}}}");
    train("whole", spec);
    train("parts", spec, 3);
    train("parts", spec);
    const Checkpoint a = load_checkpoint(folder_.path("whole")),
                     b = load_checkpoint(folder_.path("parts"));
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (const auto& [name, t] : a.tensors)
      EXPECT_EQ(std::memcmp(t.data(), b.tensors.at(name).data(), size_t(t.bytes())), 0) << name;
    const Experiment e = open(spec);
    const Tensors learned = weights("whole");
    Diagnostics none;
    const bool merges = std::ranges::all_of(parse_adapt(e.spec, e.vars, none)->uses,
                                            [](const AdaptUse& u) { return u.method->merges; });
    if (merges) {
      const Experiment plain = open_experiment(without_adapters(e.spec));
      EXPECT_LE(apart(logits_of(plain, merged(e, learned)), logits_of(e, learned)), 1e-5);
    } else {
      EXPECT_THROW(merged(e, learned), UserError);
    }
    std::filesystem::remove_all(folder_.path("whole"));
    std::filesystem::remove_all(folder_.path("parts"));
  }
}

TEST_F(Runs, AnInitTakesTheBaseAndAdaptersAreFresh) {
  train("base", str(kData, kModel, "train: {batch: 8, steps: 4}\n"));
  for (const char* adapt : kMethods) {
    SCOPED_TRACE(adapt);
    const std::string spec = str("init: {from: ", folder_.path("base"), "}\n",
                                 spec_of(adapt, "{batch: 8, steps: 2, optimizer: {sgd: {lr: 0}}}"));
    train("next", spec);
    const Experiment base = open(str(kData, kModel, "train: {batch: 8, steps: 4}\n"));
    // At rate 0 nothing moved: the answers are the base's, bit for bit.
    EXPECT_EQ(logits_of(open(spec), weights("next")),
              logits_of(base, load_weights(folder_.path("base"), true).tensors));
    std::filesystem::remove_all(folder_.path("next"));
  }
}

TEST_F(Runs, ATiedWeightIsAdaptedAtEveryUseAndMergesAsOne) {
  const std::string model =
      "model:\n  - {embed: 12, name: tokens}\n  - residual: [{norm: rms}, {ffn: 2}]\n"
      "  - linear: {tie: tokens}\n";
  const std::string spec = spec_of("{lora: {rank: 2, on: tokens}}", "{batch: 8, steps: 6}", model);
  train("tied", spec);
  const Experiment e = open(spec);
  const Tensors learned = weights("tied"), plain = merged(e, learned);
  EXPECT_EQ(plain.size(), learned.size() - 2);
  EXPECT_LE(
      apart(logits_of(open_experiment(without_adapters(e.spec)), plain), logits_of(e, learned)),
      1e-5);
}

TEST_F(Runs, GenerationHasTheSameAdapters) {
  for (const char* adapt : kMethods) {
    const Experiment e = open(spec_of(adapt, "{batch: 8, steps: 2}"));
    const Graph step = step_model_graph(e, 1);
    for (const std::string& name : adapter_tensors(model_of(e, 8, true)))
      EXPECT_TRUE(step.find(Role::kParameter, name)) << adapt << " " << name;
  }
}

TEST_F(Runs, CostsNoGradientOfWhatStays) {
  const std::string train = "{batch: 8, steps: 2}";
  const auto need = [&](const std::string& spec) {
    const Experiment e = open(spec);
    Engine engine;
    return std::pair(memory_need(e, compile_plans(e, engine)).total(), step_cost(e).flops_per_step);
  };
  const auto whole = need(str(kData, kModel, "train: ", train, "\n"));
  const auto adapted = need(spec_of("{lora: {rank: 1, on: [\"*.q\", \"*.v\"]}}", train));
  EXPECT_LT(adapted.first, whole.first);
  EXPECT_LT(adapted.second, whole.second);
}

TEST_F(Runs, RefusesWhatCannotBe) {
  const auto error = [&](const std::string& adapt, const std::string& before = "",
                         std::string_view model = kModel) {
    return test::error_of<UserErrors>(
               [&] { open(str(spec_of(adapt, "{batch: 8, steps: 3}", model), before)); })
        .all.at(0);
  };
  const auto expect = [&](const std::string& adapt, const std::string& text,
                          const std::string& help, const std::string& before = "") {
    const UserError e = error(adapt, before);
    EXPECT_EQ(test::text_of(e), text);
    EXPECT_NE(e.help.find(help), std::string::npos) << e.help;
  };
  expect("[lora]", "1:8: 'adapt' is a map of methods", "write adapt: {lora:");
  expect("{also: head}", "1:8: 'adapt' names no method", "write adapt: {lora:");
  expect("{lorra: {on: \"*\"}}", "1:9: there is no adapter 'lorra'", "'lora'");
  expect("{lora: 8}", "1:15: the options of 'lora' are a map", "rank: 8");
  expect("{lora: {rank: 2}}", "1:9: 'lora' does not say what it adapts", "names of weights");
  expect("{lora: {rank: 0, on: \"*.q\"}}", "1:22: 'rank' must be between 1 and 4096, got 0", "");
  expect("{lora: {on: [[a]]}}", "1:21: what 'on' names is text", "in quotes");
  expect("{lora: {rank: 2, on: \"*.qq\"}}", "1:29: no parameter of the model is called '*.qq'",
         "there is");
  expect("{lora: {rank: 2, on: \"*.up.bias\"}}",
         "1:29: lora can adapt nothing that '*.up.bias' meets: 'residual_2.ffn.up.bias': it is a "
         "vector [24]",
         "it can adapt 'embed.table'");
  expect("{lora: {rank: 8, on: \"*.q\"}}",
         "1:29: lora can adapt nothing that '*.q' meets: 'residual.attention.q.weight': an "
         "adapter of rank 8 has 192 numbers, [12,12] itself 144",
         "nothing of this model, as it is set");
  expect("{lora: {rank: 2, on: \"*.q\"}, ia3: {on: \"*.q\"}}",
         "1:47: ia3 can adapt nothing that '*.q' meets: 'residual.attention.q.weight': 'lora' "
         "adapts it",
         "");
  expect("{lora: {rank: 2, on: \"*.q\"}, also: residual.attention.q}",
         "1:29: lora can adapt nothing that '*.q' meets: 'residual.attention.q.weight': 'also' "
         "trains it itself",
         "");
  expect("{lora: {rank: 2, on: \"*.q\"}, also: heat}",
         "1:43: no parameter of the model is called 'heat'", "'head'");
  expect("{bottleneck: {on: \"*.atention\"}}", "1:26: no block of the model is called '*.atention'",
         "there is");
  expect("{prefix: {on: head}}", "1:22: no attention of the model is called 'head'", "there is");
  expect("{bias_only: {on: embed}}", "1:25: bias_only finds nothing in what 'embed' meets",
         "biases");
  expect("{lora: {rank: 2, on: \"*.q\"}, also: head}",
         "1:43: 'also' trains 'head.weight', and 'freeze' holds it", "one of them",
         "freeze: [head]\n");
  expect("{lora: {rank: 2, on: \"*.q\"}}", "1:8: no rule of mup is known for adapters", "leave out",
         "vars: {d: 4}\nparameterisation: {mup: {base: {vars.d: 2}}}\n");
}

TEST_F(Runs, RefusesAnAdapterThatNoAnswerHears) {
  const std::string model =
      "model:\n  - embed: 12\n  - tap: start\n  - {linear: 12, name: lost}\n"
      "  - {linear: $classes, from: start}\n";
  const UserError e = test::error_of<UserErrors>([&] {
                        open(spec_of("{lora: {rank: 2, on: lost}}", "{batch: 8, steps: 3}", model));
                      }).all.at(0);
  EXPECT_STREQ(e.what(), "no answer hears what lora adapts at 'lost.weight': it would never learn");
}

TEST_F(Runs, AWholeWeightIsSaidToBeOne) {
  const std::string model = "model:\n  - embed: 12\n  - lstm: 12\n  - {linear: $classes}\n";
  const Experiment e =
      open(spec_of("{lora: {rank: 2, on: [lstm, linear]}}", "{batch: 8, steps: 3}", model));
  std::map<std::string, AdapterForm> forms;
  for (const AdaptedPlace& p : model_of(e, 8, true).adapters->places) forms[p.path] = p.form;
  EXPECT_EQ(forms.at("linear.weight"), AdapterForm::kBeside);
  int64_t whole = 0;
  for (const auto& [path, form] : forms) whole += form == AdapterForm::kWhole;
  EXPECT_GE(whole, 1);
}
}  // namespace
}  // namespace cambium::adapt_test
