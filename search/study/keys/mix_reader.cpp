// The reader of `mix:`, and what a study with it may not say.
#include <algorithm>
#include <cmath>

#include "core/text/suggest.h"
#include "search/mixtures/support/form.h"
#include "search/study/mix_goal.h"
#include "search/study/study_readers.h"

namespace cambium {
namespace {
constexpr int64_t kFewestMixtures = 6;

// Keys that choose or judge what a study of mixtures chooses and judges itself.
constexpr std::pair<std::string_view, std::string_view> kNotOfMixtures[] = {
    {"scale", "sizes and mixtures are two studies"},
    {"tune", "every mixture is trained with the same settings: tune the variants first"},
    {"metric", "mix: {target: val.loss} says what is to be low"},
    {"tasks", "its variants are trained on mixtures of one corpus"},
    {"alpha", "its intervals are of 95 %"},
    {"least_effect", "its intervals are of 95 %"},
    {"vary", "its seeds are repeats on the same data"},
    {"published", "it compares no numbers of single runs"}};

class MixReader {
 public:
  MixReader(const Yaml& yaml, StudyFile& file) : yaml_(yaml), file_(file) {}

  MixGoal read();

 private:
  template <class F> void part(std::string_view name, const F& f) {
    const Yaml* value = yaml_.find(name);
    if (!value) return;
    try {
      f(*value);
    } catch (UserError& e) {
      if (!e.mark.known()) e.mark = value->mark;
      file_.errors.add(e);
    }
  }

  int64_t whole(const Yaml& value, std::string_view name, int64_t least, int64_t most) const {
    const double n = quantity(value, file_.vars, name);
    require(n == std::floor(n) && n >= double(least) && n <= double(most), "'", name,
            "' is a whole number from ", least, " to ", most, ", got ", n);
    return int64_t(n);
  }

  std::vector<std::pair<std::string, double>> weights(const Yaml& map, std::string_view what) const;
  void read_target(const Yaml& value);
  void read_draws();
  void read_forms(const Yaml& value);

  const Yaml& yaml_;
  StudyFile& file_;
  MixGoal goal_;
};

std::vector<std::pair<std::string, double>> MixReader::weights(const Yaml& map,
                                                               std::string_view what) const {
  std::vector<std::pair<std::string, double>> out;
  double sum = 0;
  for (const YamlEntry& e : map.entries) {
    const double weight = quantity(e.value, file_.vars, what);
    if (!(weight >= 0) || !std::isfinite(weight))
      throw UserError(str(what, ": '", e.key, "' has the weight ", weight), "use numbers from 0 on",
                      e.value.mark);
    out.emplace_back(e.key, weight);
    sum += weight;
  }
  require(sum > 0, what, ": has no weight above 0");
  for (auto& [name, weight] : out) weight /= sum;
  return out;
}

// Names of metrics are looked at with the data, which may have slices.
void MixReader::read_target(const Yaml& value) {
  goal_.target_mark = value.mark;
  require(value.is_scalar() || value.is_map(),
          "target: takes a metric such as val.loss, or a map of metrics and their weights");
  if (value.is_map())
    goal_.target = weights(value, "target");
  else
    goal_.target = {{value.text, 1.0}};
  for (const auto& [name, weight] : goal_.target)
    require(name.starts_with("val.") && !name.ends_with("."), "target: '", name,
            "' is no metric of validation data, such as val.loss");
}

void MixReader::read_draws() {
  part("around", [&](const Yaml& value) {
    goal_.around_mark = value.mark;
    require(value.is_map(), "around: is a map of sources and shares, {docs: 0.6, books: 0.4}");
    goal_.around = weights(value, "around");
  });
  part("temperature", [&](const Yaml& value) {
    goal_.temperature = quantity(value, file_.vars, "temperature");
    require(goal_.temperature >= 0 && goal_.temperature <= 10,
            "'temperature' is a number from 0 to 10, got ", goal_.temperature);
  });
  part("strength", [&](const Yaml& value) {
    require(value.is_list() && value.items.size() == 2,
            "strength: is the least and the greatest, such as [0.5, 10]");
    goal_.least_strength = quantity(value.items[0], file_.vars, "strength");
    goal_.most_strength = quantity(value.items[1], file_.vars, "strength");
    require(goal_.least_strength >= 1e-3 && goal_.least_strength <= goal_.most_strength &&
                goal_.most_strength <= 1e6,
            "strength: takes two rising numbers from 0.001 to 1e6, got ", goal_.least_strength,
            " and ", goal_.most_strength);
  });
  part("most_epochs", [&](const Yaml& value) {
    goal_.most_epochs = quantity(value, file_.vars, "most_epochs");
    require(goal_.most_epochs > 0, "'most_epochs' is a number above 0, got ", goal_.most_epochs);
  });
}

void MixReader::read_forms(const Yaml& value) {
  const std::vector<Yaml> one = {value};
  for (const Yaml& item : value.is_list() ? value.items : one) {
    require(item.is_scalar(), "forms: takes names such as linear, or a list of them");
    const MixtureForm& form = mixture_form_named(item.text);
    require(!std::ranges::count(goal_.forms, form.name), "forms: '", form.name, "' stands twice");
    goal_.forms.emplace_back(form.name);
  }
  require(!goal_.forms.empty(), "forms: is an empty list");
}

MixGoal MixReader::read() {
  goal_.mark = yaml_.mark;
  goal_.target = {{"val.loss", 1.0}};
  check_names(yaml_, part_names("mix"), "key of mix", file_.errors);
  part("runs",
       [&](const Yaml& value) { goal_.runs = whole(value, "runs", kFewestMixtures, 100'000); });
  part("target", [&](const Yaml& value) { read_target(value); });
  read_draws();
  part("forms", [&](const Yaml& value) { read_forms(value); });
  part("check", [&](const Yaml& value) { goal_.check = whole(value, "check", 0, 1000); });
  part("seed", [&](const Yaml& value) { goal_.seed = whole(value, "seed", 0, int64_t(1) << 53); });
  return std::move(goal_);
}
}  // namespace

void read_mix(const Yaml& yaml, StudyFile& file) {
  require(yaml.is_map(), "mix: is a map such as {runs: 24, target: val.loss, check: 3}");
  file.study.mix = std::make_shared<const MixGoal>(MixReader(yaml, file).read());
}

void settle_mixtures(StudyFile& file) {
  for (const auto& [key, why] : kNotOfMixtures)
    if (const Yaml* value = file.spec.section(key))
      file.errors.add(UserError(str("a study with mix: has no '", key, "': ", why),
                                str("remove ", key, ":"), value->mark));
  if (!file.study.looks.empty())
    file.errors.add(UserError("a study with mix: has no seeds that depend on what comes out",
                              "write seeds: 1", file.spec.section("seeds")->mark));
  file.study.metric = file.study.mix->target.front().first;  // of weights and progress alone
  file.study.metric_mark = file.study.mix->target_mark;
  if (!file.spec.section("seeds")) file.study.seeds = {0};
  if (!file.spec.section("evaluations")) file.study.evaluations = 1;
}
}  // namespace cambium
