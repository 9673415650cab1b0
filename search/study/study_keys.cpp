#include "search/study/study_keys.h"

#include <algorithm>
#include <cmath>

#include "search/study/keys/search_part.h"
#include "search/study/study_readers.h"
#include "search/verdict/decision.h"

namespace cambium {
namespace {
constexpr std::string_view kMergedAway = "extends";

constexpr StudyKeyPart kMatchParts[] = {
    {"params", "parameters every variant gets, or `baseline`", KeyForm::kCost},
    {"flops", "forward FLOPs of an example, or `baseline`", KeyForm::kCost},
    {"free", "the value a solver may change, or several: the first coarsely, the others finely",
     KeyForm::kTexts},
    {"tolerance", "how far from the goal a variant may end", KeyForm::kShare},
};

constexpr StudyKeyPart kSeedsParts[] = {
    {"until", "`decided`: until nothing is left to tell, looked at after 3, 5, 8, 12 ... seeds",
     KeyForm::kText},
    {"at_most", "seeds where it is not told before; 12 unless told", KeyForm::kNumber, kLeastSeeds},
};

// In the order of Budget::Kind.
constexpr StudyKeyPart kBudgetParts[] = {
    {"steps", "updates", KeyForm::kQuantity, 1},
    {"samples", "training examples, each as often as it is seen", KeyForm::kQuantity, 1},
    {"flops", "of all updates", KeyForm::kQuantity},
    {"seconds", "of all updates, as they are timed before the first run", KeyForm::kQuantity},
};

constexpr StudyKeyPart kTuneParts[] = {
    {"space",
     "what may be chosen: paths of the spec, each a list or {log: [a, b]}, {float: [a, b]}, "
     "{int: [a, b]}",
     KeyForm::kSpace},
    {"trials", "of each variant, the same for all; 12 unless told", KeyForm::kWhole, 2},
    {"method", "sobol up to 20 trials, then tpe, unless told", KeyForm::kMethod},
    {"rungs", "trials are compared at 1/9 and 1/3 of their training, and {keep: 1/3} go on",
     KeyForm::kRungs},
    {"seed", "of its runs; it judges nothing", KeyForm::kWhole},
    {"lag", "a trial knows the results of those 8 before it", KeyForm::kWhole, 1},
};

constexpr StudyKeyPart kScaleParts[] = {
    {"free", "variables that the size depends on; the first is solved to meet each size",
     KeyForm::kTexts},
    {"aspect", "how the others follow it: path -> an expression over the model's vars",
     KeyForm::kOverrides},
    {"follow",
     "what else is set for each run: path -> an expression over the model's vars, params, tokens, "
     "ratio (params by those of the smallest size) and steps",
     KeyForm::kOverrides},
    {"params", "the smallest and the largest size", KeyForm::kQuantities},
    {"sizes", "how many, spaced evenly in the logarithm; 4 unless told", KeyForm::kNumber},
    {"tokens_per_param", "lengths of the runs of each size", KeyForm::kQuantities},
    {"tokens", "lengths as tokens, equal for all sizes", KeyForm::kQuantities},
    {"flops", "lengths as training FLOPs, equal for all sizes: isoFLOP groups",
     KeyForm::kQuantities},
    {"hold_out", "largest: the law is fitted without the largest size, and judged by it",
     KeyForm::kText},
    {"tolerance", "how far from its place a size may lie; 25% unless told", KeyForm::kShare},
    {"law", "the law to fit; chosen by what varies unless told", KeyForm::kText},
    {"small_task",
     "the folder of a compare study of the same variants: whether it ranks them as their laws do",
     KeyForm::kText},
};

constexpr StudyKeyPart kMixParts[] = {
    {"runs", "mixtures that are drawn, each trained with every variant and seed; 32 unless told",
     KeyForm::kWhole, 6},
    {"target",
     "what is to be low at the end of a run: val.loss unless told, of a source "
     "val.loss.source.NAME, or a mean of several by weights",
     KeyForm::kTarget},
    {"around", "shares that mixtures are drawn around; the sizes of the sources unless told",
     KeyForm::kNumberOfEach},
    {"temperature", "power of those shares, 0.5 unless told: below 1 small sources come more often",
     KeyForm::kNumber},
    {"strength",
     "of the Dirichlet draws, from the least to the greatest, [0.1, 5] unless told: low is nearly "
     "one source, high is near `around`",
     KeyForm::kQuantities},
    {"most_epochs", "times that a run may read a source: mixtures beyond are not drawn",
     KeyForm::kNumber},
    {"forms",
     "of how the loss may depend on shares; all unless told, the one that foretells best "
     "is used",
     KeyForm::kTexts},
    {"check",
     "seeds, other than those of the runs, of the best mixture against the natural and the equal "
     "one; 3 unless told, 0: none",
     KeyForm::kWhole},
    {"seed", "of the draws; 0 unless told", KeyForm::kWhole},
};

constexpr StudyKey kKeys[] = {
    {"name",
     "of the study; otherwise the file's name",
     "name: which_mixer",
     KeyForm::kText,
     {},
     read_name,
     nullptr,
     kOfAll},
    {"base",
     "the model file that variants, and the points of a search, start from. Of a search also a "
     "table of results, a CSV file, that is searched in place of training: {table: runs.csv, key: "
     "architecture, columns: {accuracy: [accuracy_0, accuracy_1]}}. key: is the column (or "
     "columns) "
     "that names a row, columns: gives results names (several columns are their mean), seconds: is "
     "a column of durations",
     "base: ../models/conv_attention.yaml",
     KeyForm::kBase,
     {},
     read_base,
     nullptr,
     kOfAll},
    {.name = kMergedAway,
     .doc = "files the study builds on",
     .example = "extends: common.yaml",
     .form = KeyForm::kTexts,
     .of = kOfAll},
    {.name = "vars",
     .doc = "named values of the study file itself",
     .example = "vars: {size: 500k}",
     .form = KeyForm::kVars,
     .of = kOfAll},
    {"variants",
     "name -> overrides such as {model.1.pattern: A}, or a model file",
     "variants: {hybrid: {}, attention: {model.1.pattern: A}, other: other.yaml}",
     KeyForm::kVariants,
     {},
     read_variants},
    {"set",
     "overrides of every variant, or of the base of a search",
     "set: {train.batch: 64}",
     KeyForm::kOverrides,
     {},
     read_set,
     nullptr,
     kOfTrainings},
    {"parameterisation",
     "how starts and rates of every variant follow its size, as a spec says it: mup, completep or "
     "standard; with scale: from size to size, the settings being those of base",
     "parameterisation: {mup: {base: {vars.dim: 64}}}",
     KeyForm::kParameterisation,
     {},
     read_parameterisation,
     nullptr,
     kOfTrainings},
    {"evaluate",
     "data that all variants are judged by, apart from what each is trained on: name -> data as in "
     "a spec; with metric: val.loss.NAME it decides. Variants of different data need it",
     "evaluate: {books: {corpus: {path: corpora/books, context: 64}}}",
     KeyForm::kDataSets,
     {},
     read_evaluate,
     nullptr,
     kOfTrainings},
    {"match",
     "equal size or cost of all variants, or of all points of a search: a solver finds the free "
     "variables, the first coarsely, the others finely",
     "match: {params: 500k, free: [vars.dim, vars.hidden]}", KeyForm::kAllOf, kMatchParts,
     read_match, nullptr, kOfTrainings},
    {"scale", "a ladder of sizes and lengths, trained to find a scaling law of each variant",
     "scale: {free: [vars.dim, vars.depth], aspect: {vars.depth: \"round(dim / 48)\"}, params: "
     "[30k, 400k], sizes: 4, tokens_per_param: [5, 10, 20], hold_out: largest}",
     KeyForm::kAllOf, kScaleParts, read_scale, nullptr, kOfVariants},
    {"mix",
     "small trainings on many mixtures of a corpus's sources, to find the best mixture of each "
     "variant",
     "mix: {runs: 24, target: val.loss.source.books, check: 3}", KeyForm::kAllOf, kMixParts,
     read_mix, nullptr, kOfVariants},
    {"budget",
     "what every run may spend: steps, samples, flops (evaluation apart) or seconds of steps; with "
     "scale: the flops of all runs together",
     "budget: {flops: 2e13}", KeyForm::kOneOf, kBudgetParts, read_budget, nullptr, kOfTrainings},
    {"seeds",
     "how many, or which; or {until: decided, at_most: 12}: 3 seeds, then 5, 8 and 12 until every "
     "variant is told apart from the baseline, or is equivalent within least_effect",
     "seeds: 5", KeyForm::kSeeds, kSeedsParts, read_seeds},
    {"metric",
     "what decides: its best value on validation data chooses each run's weights, and what those "
     "reach on the test part compares the runs; without a test part validation data does both",
     "metric: {val.accuracy: max}",
     KeyForm::kMetric,
     {},
     read_metric,
     nullptr,
     kOfTrainings},
    {"tasks",
     "overrides that every variant is tried with, one after the other, each with a name: and a "
     "metric: of its own if need be; what comes out is told by task and over all of them. In a "
     "search every point is trained on each, at the cost that match: says, and an objective is its "
     "mean over them",
     "tasks: [{data: {in_context_recall: {}}}, {data: {selective_copying: {}}}]",
     KeyForm::kTasks,
     {},
     read_tasks,
     nullptr,
     kOfTrainings},
    {"alpha",
     "the chance of a false claim that all looks at a study together may take; 0.05 unless told",
     "alpha: 0.01",
     KeyForm::kNumber,
     {},
     read_alpha},
    {"least_effect",
     "the smallest difference that matters, in points of an accuracy, else in the metric's unit: "
     "compare says how many seeds show it, and claims equivalence within it; with tasks: in points "
     "of their scores",
     "least_effect: 0.5",
     KeyForm::kQuantity,
     {},
     read_least_effect},
    {"vary",
     "paths that take each run's seed as their value: a fold's number, or train.data_seed of data "
     "that "
     "is generated or cut at random; for parts of one data set, which overlap, variances are "
     "corrected",
     "vary: vars.fold",
     KeyForm::kTexts,
     {},
     read_vary},
    {"tune",
     "the settings of every variant are chosen by validation data, with the same effort for all, "
     "by runs that judge nothing",
     "tune: {space: {train.optimizer.adamw.lr: {log: [1e-4, 1e-2]}}, trials: 12}", KeyForm::kAllOf,
     kTuneParts, read_tune},
    {"baseline",
     "the variant that differences are taken to; the first without overrides unless told",
     "baseline: hybrid",
     KeyForm::kText,
     {},
     read_baseline},
    {.name = "evaluations", .example = "evaluations: 10", .of = kOfTrainings},
    {"published",
     "variant -> a number printed beside ours, in percent or nats",
     "published: {attention: 94.1}",
     KeyForm::kNumberOfEach,
     {},
     read_published},
    {.name = "jobs", .example = "jobs: 2", .of = kOfTrainings},
    {.name = "threads", .example = "threads: 1", .of = kOfTrainings},
};

std::vector<StudyKey> with_fields() {
  static const std::vector<FieldInfo> fields = describe_fields<Study>();
  std::vector<StudyKey> keys(std::begin(kKeys), std::end(kKeys));
  keys.insert(keys.end(), search_keys().begin(), search_keys().end());
  for (const FieldInfo& f : fields) {
    auto key = std::ranges::find(keys, f.name, &StudyKey::name);
    if (key == keys.end()) key = keys.insert(key, {.name = f.name});
    key->doc = f.doc;
    key->field = &f;
  }
  return keys;
}
}  // namespace

std::span<const StudyKey> study_key_list() {
  static const std::vector<StudyKey> keys = with_fields();
  return keys;
}

std::vector<std::string> study_sections(StudyKinds kind) {
  std::vector<std::string> names;
  for (const StudyKey& k : study_key_list())
    if (k.name != kMergedAway && (k.of & kind)) names.emplace_back(k.name);
  return names;
}

std::vector<FieldInfo> parts_of(const StudyKey& key) {
  std::vector<FieldInfo> out = key.options ? key.options() : std::vector<FieldInfo>();
  for (const StudyKeyPart& p : key.parts)
    out.push_back({.name = std::string(p.name),
                   .type = "part",
                   .doc = std::string(p.doc),
                   .default_text = "-",
                   .min = -HUGE_VAL,
                   .max = HUGE_VAL});
  return out;
}

std::vector<std::string> part_names(std::string_view key) {
  const auto found = std::ranges::find(study_key_list(), key, &StudyKey::name);
  ensure(found != study_key_list().end() && !found->parts.empty(), "'", key, "' has no parts");
  std::vector<std::string> names;
  for (const StudyKeyPart& p : found->parts) names.emplace_back(p.name);
  return names;
}
}  // namespace cambium
