#include "search/candidates/model_space.h"

#include <set>

#include "core/system/files.h"
#include "search/candidates/patterns.h"
#include "tests/support/data/test_data.h"
#include "tests/support/expect_error.h"
#include "tests/support/one_thread.h"

namespace cambium::model_space_test {
namespace {
const std::string kModel =
    "vars: {dim: 16, hidden: 24, heads: 2, rate: 1e-3}\n"
    "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64, val: 16, test: 16}}\n"
    "model:\n"
    "  - embed: $dim\n"
    "  - repeat: 2\n"
    "    pattern: AF\n"
    "    A: {residual: [{norm: rms}, {attention: {heads: $heads, causal: true}}]}\n"
    "    B: {residual: [{norm: rms}, {attention: {heads: $heads, causal: true}}]}\n"
    "    G: {residual: [{norm: rms}, min_gru]}\n"
    "    F: {residual: [{norm: rms}, {ffn: {width: $hidden}}]}\n"
    "  - ffn: {width: $hidden}\n"
    "  - linear: $classes\n"
    "train: {batch: 8, steps: 4, optimizer: {adamw: {lr: $rate}}}\n";

class ModelSpaces : public ::testing::Test {
 protected:
  ModelSpaces() { replace_file(folder_.path("model.yaml"), kModel); }

  Spec spec(const std::string& yaml) {
    replace_file(folder_.path("s.yaml"), "base: model.yaml\n" + yaml);
    return load_spec(folder_.path("s.yaml"));
  }

  std::string error_in(const std::string& yaml) {
    const UserError e = test::error_of([&] { ModelSpace models(spec(yaml)); });
    return test::text_of(e) + (e.help.empty() ? "" : " | " + e.help);
  }

  const test::TempFolder folder_;
  const test::OneThread one_;
};

const std::string kGoal = "objectives: {val.loss: min}\n";

// The first dimension is a pattern, the second, if there is one, a list.
SpacePoint with_letters(const Space& space, const std::string& letters, int64_t choice = 0) {
  SpacePoint p{{{.active = true, .letters = letters}}};
  if (space.dimensions().size() > 1) p.genes.push_back({.active = true, .index = choice});
  return p;
}

TEST_F(ModelSpaces, TheRepeatFollowsThePattern) {
  ModelSpace m(spec("space: {model.1.pattern: {pattern: AGF, length: 1..5}}\n" + kGoal));
  const Spec s = m.spec(with_letters(m.space(), "AGFGA"));
  const Yaml& repeat = s.section("model")->items[1];
  EXPECT_EQ(repeat.find("pattern")->text, "AGFGA");
  EXPECT_EQ(repeat.find("repeat")->text, "5");
  const PlannedVariant p = m.plan("five", with_letters(m.space(), "AGFGA")).front();
  EXPECT_EQ(p.steps, 4);
  EXPECT_GT(p.needed_bytes, 0);
  EXPECT_EQ(p.spec.section("train")->find("best")->text, "val.loss");
  EXPECT_EQ(m.plan("again", with_letters(m.space(), "AGFGA"), false).front().needed_bytes, 0);
  EXPECT_EQ(of_one_letter(with_letters(m.space(), "AGFGA"), 0, 'G'),
            with_letters(m.space(), "GGGGG"));
}

TEST_F(ModelSpaces, StructureIsTheKeyAndNamesAreNot) {
  ModelSpace m(
      spec("space: {model.1.pattern: {pattern: ABGF, length: 2}, vars.rate: [1e-3, "
           "2e-3]}\n" +
           kGoal));
  const auto key = [&](const std::string& letters, int64_t rate) {
    return m.candidate(with_letters(m.space(), letters, rate)).key;
  };
  EXPECT_EQ(key("AF", 0), key("BF", 0));
  EXPECT_NE(key("AF", 0), key("AF", 1)) << "trained otherwise";
  EXPECT_NE(key("AF", 0), key("FA", 0));
  std::set<std::string> keys;
  m.space().for_each([&](const SpacePoint& p) {
    keys.insert(m.candidate(p).key);
    return true;
  });
  EXPECT_EQ(keys.size(), 2 * 9u) << "A and B are one letter of three";
  EXPECT_EQ(m.base_key(), key("AF", 0));
}

TEST_F(ModelSpaces, TwoFreeVariablesComeNear) {
  ModelSpace m(
      spec("space: {model.1.pattern: {pattern: AGF, length: 1..4}}\n"
           "match: {params: 12k, free: [vars.dim, vars.hidden]}\n" +
           kGoal));
  Random random(3, 0);
  double worst = 0;
  for (int i = 0; i < 20; ++i) {
    const SpacePoint p = m.space().draw(random);
    const Candidate& c = m.candidate(p);
    ASSERT_TRUE(c.ok()) << c.refusal;
    worst = std::max(worst, std::abs(c.match->deviation()));
    const PlannedVariant planned = m.plan("p", p, false).front();
    EXPECT_EQ(double(planned.cost.parameters), c.match->achieved);
    EXPECT_EQ(c.built.at("params"), c.match->achieved);
  }
  EXPECT_LE(worst, 0.02);
  EXPECT_LE(std::abs(m.plan_base("base").front().match->deviation()), 0.02);
}

TEST_F(ModelSpaces, AFreeVariableThatAModelDoesNotAskForStays) {
  replace_file(folder_.path("model.yaml"),
               "vars: {dim: 16, hidden: 24}\n"
               "data: {markov_text: {symbols: 6, order: 1, context: 8, train: 64}}\n"
               "model:\n  - embed: $dim\n  - repeat: 1\n    pattern: F\n"
               "    F: {ffn: {width: $hidden}}\n    L: {linear: $dim}\n  - linear: $classes\n"
               "train: {batch: 8, steps: 4}\n");
  ModelSpace m(
      spec("space: {model.1.pattern: {pattern: FL, length: 1}}\n"
           "match: {params: 2k, free: [vars.dim, vars.hidden], tolerance: 10%}\n" +
           kGoal));
  const Candidate& c = m.candidate(with_letters(m.space(), "L"));
  EXPECT_EQ(c.match->fine, std::vector<int64_t>{24});
  const Candidate& asks = m.candidate(with_letters(m.space(), "F"));
  ASSERT_TRUE(asks.ok()) << asks.refusal;
  EXPECT_LE(std::abs(asks.match->deviation()), 0.02) << "finer than the other can be";
}

// What the values alone tell is known by the space, what the model tells by building it.
TEST_F(ModelSpaces, ConditionsOnWhatIsBuiltRejectBeforeTraining) {
  ModelSpace m(
      spec("space: {model.1.pattern: {pattern: AGF, length: 1..3}, vars.heads: [1, 2, "
           "4]}\nwhere: [\"heads > 1\", \"state_bytes <= 1k\", \"pattern has G or dim < "
           "16\"]\nobjectives: {val.loss: min, state_bytes: min}\n"));
  EXPECT_EQ(m.space().dimensions()[1].choices.size(), 2u);
  std::map<std::string, int> accepted;
  m.space().for_each([&](const SpacePoint& p) {
    const Candidate& c = m.candidate(p);
    EXPECT_TRUE(c.ok());
    EXPECT_LE(c.built.at("state_bytes"), 1000);
    ++accepted[p.genes[0].letters];
    return true;
  });
  EXPECT_EQ(accepted["GAG"], 0) << "keys and values of 8 symbols";
  EXPECT_EQ(accepted["AFF"], 0) << "no G";
  EXPECT_EQ(accepted["GFG"], 2);
  const Candidate& refused = m.candidate(with_letters(m.space(), "A"));
  EXPECT_EQ(refused.refusal, "breaks 'state_bytes <= 1k': state_bytes = 1024");
  EXPECT_EQ(refused.broken->text(), "state_bytes <= 1k");
}

TEST_F(ModelSpaces, ErrorsHavePlacesAndCures) {
  const std::string space = "space: {model.1.pattern: {pattern: AGF, length: 2}}\n";
  const auto starts = [](const std::string& text, const std::string& with) {
    EXPECT_EQ(text.substr(0, with.size()), with);
  };
  EXPECT_EQ(error_in("space: {vars.head: [2, 4]}\n" + kGoal),
            "2:9: the model has no variable 'head' | did you mean 'vars.heads'?");
  EXPECT_EQ(error_in("space: {model.1.pattern: {pattern: AX, length: 2}}\n" + kGoal),
            "2:9: 'model.1.pattern': no blocks are called 'X' beside the pattern | it has A, B, G "
            "and F");
  EXPECT_EQ(error_in("space: {model.0.pattern: {pattern: AF, length: 2}}\n" + kGoal),
            "2:9: 'model.0.pattern' is no pattern of the model | name the pattern beside a "
            "repeat:, such as model.1.pattern");
  starts(error_in("space: {model.9.width: [2, 4]}\n" + kGoal), "2:15: ");
  EXPECT_EQ(error_in("space: {train.seed: [2, 4]}\n" + kGoal),
            "2:9: a search sets the seed of every training itself | leave train.seed out of the "
            "space");
  EXPECT_EQ(error_in("space: {train.steps: [2, 4]}\nbudget: {steps: 5}\n" + kGoal),
            "2:9: 'train.steps' changes nothing: budget: says how long every run trains | leave it "
            "out of the space, or remove budget:");
  EXPECT_EQ(error_in("space: {vars.dim: [8, 16]}\nmatch: {params: 5k}\n" + kGoal),
            "3:8: 'vars.dim' is varied by the space, and match would solve for it | leave it out "
            "of the space, or free another value");
  EXPECT_EQ(error_in(space + "objectives: {val.acuracy: max}\n"),
            "3:14: nothing gives a 'val.acuracy' | did you mean 'val.accuracy'?");
  EXPECT_EQ(error_in(space + "objectives: {val.mae: min}\n").substr(0, 36),
            "3:14: nothing gives a 'val.mae' | kn");
  EXPECT_EQ(error_in(space + "objectives: {val.accuracy: min}\n"),
            "3:14: val.accuracy is better when it is large | write val.accuracy: max");
  EXPECT_EQ(error_in(space + "objectives: {step_ms: min}\n").substr(0, 40),
            "3:14: 'step_ms' is measured, and not the");
  EXPECT_EQ(error_in(space + "objectives: {flops: min}\n"),
            "3:13: no objective asks for a training | add a metric of validation data, such as "
            "val.loss: min");
  EXPECT_EQ(error_in(space + kGoal + "where: [\"hedas > 1\"]\n"),
            "4:9: where: 'hedas > 1' asks for 'hedas', which is nothing here | did you mean "
            "'heads'?");
  EXPECT_EQ(error_in(space + kGoal + "finalists: {judged_by: [acc]}\n"),
            "4:13: models are judged by training them, not by columns | write finalists: {count: "
            "3, seeds: 5}");
  EXPECT_EQ(error_in(space + kGoal + "variant: {}\n").substr(0, 43),
            "4:1: unknown section of a search 'variant' ");
  EXPECT_EQ(error_in(kGoal),
            "1:1: the study has no 'space' | write space: {vars.heads: [2, 4, 8]}, or space: table "
            "for all its rows");
  EXPECT_EQ(error_in("space: table\n" + kGoal),
            "2:8: `space: table` is of a table's search | name what varies: {vars.heads: [2, 4, "
            "8]}");
  EXPECT_EQ(error_in("space: {vars.heads: {int: [4, 2]}}\n" + kGoal),
            "2:27: 'vars.heads': the range is empty: 4 is above 2 | write {int: [2, 4]}");
}

TEST_F(ModelSpaces, EveryTaskIsMatchedAndMustBeAModel) {
  const std::string tasks =
      "tasks: [{name: few}, {name: many, data: {markov_text: {symbols: 40, order: 1, context: 8, "
      "train: 64}}}]\n";
  const std::string yaml =
      "space: {model.1.pattern: {pattern: AGF, length: 1..3}}\n"
      "match: {params: 12k, free: [vars.dim, vars.hidden]}\n" +
      tasks + kGoal;
  ModelSpace m(spec(yaml));
  ASSERT_EQ(m.tasks().size(), 2u);
  const SpacePoint p = with_letters(m.space(), "G");
  const Candidate& c = m.candidate(p);
  ASSERT_TRUE(c.ok()) << c.refusal;
  for (size_t t = 0; t < 2; ++t) EXPECT_LE(std::abs(c.on(t).match->deviation()), 0.02);
  EXPECT_LT(c.on(1).match->value, c.on(0).match->value) << "a wide head leaves less to the rest";
  EXPECT_DOUBLE_EQ(c.built.at("flops"),
                   (c.on(0).built.at("flops") + c.on(1).built.at("flops")) / 2);
  const std::vector<PlannedVariant> planned = m.plan("p", p, false);
  EXPECT_EQ(planned[0].name, "p@few");
  EXPECT_EQ(planned[1].name, "p@many");
  EXPECT_EQ(double(planned[1].cost.parameters), c.on(1).match->achieved);
  ModelSpace wide(spec(str(yaml, "where: dim >= ", c.on(0).match->value, "\n")));
  EXPECT_TRUE(wide.candidate(p).refusal.starts_with("on task 'many': breaks 'dim >= "))
      << wide.candidate(p).refusal;
}

TEST_F(ModelSpaces, MistakesOfTasksHavePlaces) {
  const std::string space = "space: {vars.heads: [1, 2]}\n";
  EXPECT_EQ(error_in(space + kGoal + "tasks: [{vars.heads: 1, name: one}]\n"),
            "4:10: 'vars.heads' is varied by the space, and task 'one' sets it | leave it out of "
            "the task or of the space");
  EXPECT_EQ(error_in(space + kGoal + "tasks: [{name: one, metric: val.loss}]\n"),
            "4:21: the objectives of a search are those of all its tasks | leave metric: out of "
            "the task");
  EXPECT_TRUE(error_in(space +
                       "objectives: {val.accuracy: max}\ntasks: [{name: one}, {name: two, data: "
                       "{adding: {length: 8}}, model: [{linear: $dim}, {pool: mean}, {linear: "
                       "$outputs}], train.loss: mse}]\n")
                  .starts_with("3:14: task 'two' gives no 'val.accuracy', and an objective is its "
                               "mean over tasks | "));
  const UserError e = test::error_of([&] {
    ModelSpace models(spec(space + kGoal + "tasks: [{name: one}, {name: two, vars.dim: 15}]\n"));
  });
  ASSERT_FALSE(e.notes.empty());
  EXPECT_EQ(e.notes.back().text, "on task 'two'");
  EXPECT_EQ(e.notes.back().mark.line, 4);
}

TEST_F(ModelSpaces, ASpaceWithoutAModelIsRefused) {
  EXPECT_EQ(error_in("space: {vars.heads: [3, 5]}\n" + kGoal),
            "2:8: the space holds no valid model: of 2, 2 cannot be built | write what goes "
            "together as a condition, such as dim % heads == 0, or free another value");
  EXPECT_EQ(error_in("space: {vars.heads: [1, 2, 3]}\nwhere: params > 1G\n" + kGoal),
            "3:8: the space holds no valid model: of 3, 2 break 'params > 1G' | loosen the "
            "condition, or widen the space");
  const UserError e =
      test::error_of([&] { ModelSpace models(spec("space: {vars.heads: [3]}\n" + kGoal)); });
  ASSERT_EQ(e.notes.size(), 1u);
  EXPECT_NE(e.notes[0].text.find("heads"), std::string::npos) << e.notes[0].text;
  EXPECT_EQ(error_in("space: {vars.heads: [1, 2]}\nwhere: heads > 2\n" + kGoal).substr(0, 40),
            "3:8: no values fulfil 'heads > 2': the s");
}

// The mistakes of a base stand in its own file.
TEST_F(ModelSpaces, ABaseThatIsNoModelIsSaid) {
  const std::string space = "space: {vars.heads: [1, 2]}\n";
  replace_file(folder_.path("model.yaml"), kModel + "trian: {}\n");
  const UserError e = test::error_of([&] { ModelSpace models(spec(space + kGoal)); });
  EXPECT_TRUE(e.mark.file.ends_with("model.yaml"));
  replace_file(folder_.path("s.yaml"), "base: nothing.yaml\n" + space + kGoal);
  const UserError none =
      test::error_of([&] { ModelSpace models(load_spec(folder_.path("s.yaml"))); });
  EXPECT_EQ(none.mark.line, 1);
}
}  // namespace
}  // namespace cambium::model_space_test
